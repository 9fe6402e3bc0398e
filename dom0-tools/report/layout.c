/*
 * The comparison table before it is printed (layout.h): groups and cells.
 */
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/layout.h"
#include "report/ratio.h"
#include "report/text.h"
#include "xenometer.h"

/* The group of that work, in order of appearance. */
static struct layout_group *find_group(struct layout *layout, const char *work)
{
    struct layout_group *group;

    for ( size_t i = 0; i < layout->count; i++ )
        if ( strcmp(layout->groups[i].work, work) == 0 )
            return &layout->groups[i];
    layout->groups = xrealloc(layout->groups, (layout->count + 1) *
                                              sizeof(*layout->groups));
    group = &layout->groups[layout->count++];
    *group = (struct layout_group){ .work = work };
    return group;
}

static struct layout_row *find_row(struct layout_group *group, const char *name)
{
    struct layout_row *row;

    for ( size_t i = 0; i < group->count; i++ )
        if ( strcmp(group->rows[i].name, name) == 0 )
            return &group->rows[i];
    group->rows = xrealloc(group->rows, (group->count + 1) *
                                        sizeof(*group->rows));
    row = &group->rows[group->count++];
    *row = (struct layout_row){ .name = name, .reaches = "" };
    return row;
}

static void fill_cell(const struct result *r, const struct ratio *ratio,
                      struct layout_cell *cell, bool utf8, bool shortened)
{
    if ( r->outcome == OUTCOME_SKIP )
    {
        cell->kind = CELL_SKIP;
        cell->median = xstrdup(utf8 ? "\u2013" : "-");
        return;
    }
    if ( r->outcome != OUTCOME_SUCCESS )
    {
        cell->kind = CELL_BAD;
        cell->median = xstrdup(outcome_name(r->outcome));
        return;
    }
    cell->kind = CELL_FIGURE;
    cell->median = shortened ? text_short_number(r->median) : text_number(r->median);
    if ( r->p99 != r->median && r->median != 0 )
        cell->spread = text_change(r->median, r->p99);
    if ( ratio->to == NULL )
        return;
    cell->ratio = text_ratio(r->median, ratio->to->median, utf8);
    cell->cheapest = r->median == ratio->to->median;
}

static void free_cell(struct layout_cell *cell)
{
    free(cell->median);
    free(cell->ratio);
    free(cell->spread);
    *cell = (struct layout_cell){ 0 };
}

static const char *reaches(const struct result *r, enum narrowing narrowing)
{
    static const char *const words[2][2][2] = {
        { { "", "waits" }, { "dom0", "dom0, waits" } },
        { { "", "w" }, { "d", "dw" } },
    };

    return words[narrowing >= NARROW_REACHES][r->dom0][r->blocks];
}

struct layout *layout_make(const struct results *results, bool utf8, enum narrowing narrowing)
{
    struct layout *layout = xcalloc(1, sizeof(*layout));
    struct ratio *ratios = ratios_make(results);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        size_t c = column_place(r->column);
        struct layout_row *row = find_row(find_group(layout, work_of(r)),
                                          r->row);
        struct layout_cell *cell = &row->cells[c];

        /* A row measured twice in one column shows its last result. */
        free_cell(cell);
        fill_cell(r, &ratios[i], cell, utf8, narrowing >= NARROW_FIGURES);
        row->reaches = reaches(r, narrowing);
        columns_add(&layout->columns, r->column);
        layout->ratios.has[c] |= cell->ratio != NULL && narrowing < NARROW_RATIOS;
        layout->spreads.has[c] |= cell->spread != NULL && narrowing < NARROW_SPREADS;
        layout->reaches |= r->dom0 || r->blocks;
    }
    free(ratios);
    return layout;
}

void layout_free(struct layout *layout)
{
    for ( size_t g = 0; g < layout->count; g++ )
    {
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            for ( size_t c = 0; c < COLUMNS_MAX; c++ )
                free_cell(&layout->groups[g].rows[i].cells[c]);
        free(layout->groups[g].rows);
    }
    free(layout->groups);
    free(layout);
}
