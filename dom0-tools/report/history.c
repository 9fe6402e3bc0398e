#include "report/history.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/pictures.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define ACROSS   3        /* panels */
#define PANEL    (PICTURE_WIDTH / ACROSS)
#define HEIGHT   170
#define LEFT     48       /* of a panel's area, for the scale */
#define RIGHT    12
#define ABOVE    34       /* for the row's name and figures */
#define BELOW    24       /* for the Xens' names */
#define HEAD     84

static const struct result *find(const struct results *results, const char *row,
                                 const struct column *column)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column == column && results->rows[i].outcome == OUTCOME_SUCCESS &&
             !strcmp(results->rows[i].row, row) )
            return &results->rows[i];
    return NULL;
}

/* One row on all Xens. */
struct panel {
    const struct results *all;
    const char *row;
    size_t count;
    double least, most;   /* per cent beside the first, of all lines */
    int x, y;             /* pixels, of its corner */
};

/* Per cent beside the first Xen that has a figure; false: this one has none, or nothing to compare. */
static bool change_at(const struct panel *p, const struct column *c, size_t at, double *percent)
{
    const struct result *first = NULL, *r = find(&p->all[at], p->row, c);

    for ( size_t i = 0; i < p->count && !first; i++ )
        first = find(&p->all[i], p->row, c);
    if ( !r || !first || !first->median )
        return false;
    *percent = ((double)r->median / (double)first->median - 1) * 100;
    return true;
}

/* Is there a line to draw: two figures of one mode? */
static bool measure(struct panel *p)
{
    bool any = false;

    p->least = -1;
    p->most = 1;
    FOR_EACH_COLUMN(c)
    {
        size_t figures = 0;
        double percent;

        for ( size_t i = 0; i < p->count && c->home == HOME_XEN; i++ )
            if ( change_at(p, c, i, &percent) )
            {
                figures++;
                p->least = percent < p->least ? percent : p->least;
                p->most = percent > p->most ? percent : p->most;
            }
        any |= figures > 1;
    }
    return any;
}

static double x_of(const struct panel *p, size_t at)
{
    return p->x + LEFT + (p->count > 1 ? (double)at / (double)(p->count - 1) : 0) *
                         (PANEL - LEFT - RIGHT);
}

static double y_of(const struct panel *p, double percent)
{
    return p->y + ABOVE + (p->most - percent) / (p->most - p->least) * (HEIGHT - ABOVE - BELOW);
}

static void draw_level(FILE *out, const struct panel *p, double percent)
{
    fprintf(out, "<line class=\"l\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
            "<text class=\"q\" font-size=\"11\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s%.0f %%</text>\n",
            p->x + LEFT, p->x + PANEL - RIGHT, y_of(p, percent), y_of(p, percent), p->x + LEFT - 6,
            y_of(p, percent) + 4, percent > 0 ? "+" : "", percent);
}

static void draw_line(FILE *out, const struct panel *p, const struct column *c, size_t colour)
{
    double percent;
    bool begun = false;

    fprintf(out, "<path class=\"s%zu\" stroke-width=\"2\" d=\"", colour);
    for ( size_t i = 0; i < p->count; i++ )
        if ( change_at(p, c, i, &percent) )
        {
            fprintf(out, "%c%.1f %.1f", begun ? 'L' : 'M', x_of(p, i), y_of(p, percent));
            begun = true;
        }
    fputs("\"/>\n", out);
    for ( size_t i = 0; i < p->count; i++ )
        if ( change_at(p, c, i, &percent) )
        {
            char *number = text_number(find(&p->all[i], p->row, c)->median);

            fprintf(out, "<circle class=\"c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>%s %s (%+.1f %%)</title>"
                    "</circle>\n", colour, x_of(p, i), y_of(p, percent), c->title, number, percent);
            free(number);
        }
}

static void draw_panel(FILE *out, const struct panel *p, const char *const *names)
{
    size_t colour = 0;

    fprintf(out, "<text class=\"t\" x=\"%d\" y=\"%d\" font-size=\"13\" font-weight=\"600\">", p->x + 16, p->y + 18);
    xml_text(out, p->row);
    fputs("</text>\n", out);
    draw_level(out, p, 0);
    if ( p->most > 2 )
        draw_level(out, p, p->most);
    if ( p->least < -2 )
        draw_level(out, p, p->least);
    for ( size_t i = 0; i < p->count; i++ )
    {
        /* The release alone: what is around it is in the head. */
        fprintf(out, "<text class=\"q\" font-size=\"11\" text-anchor=\"%s\" x=\"%.1f\" y=\"%d\">",
                i == 0 ? "start" : i + 1 == p->count ? "end" : "middle", x_of(p, i), p->y + HEIGHT - 8);
        fprintf(out, "%.*s</text>\n", (int)strcspn(names[i], " "), names[i]);
    }
    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN )
            draw_line(out, p, c, colour++);
}

static void draw_legend(FILE *out)
{
    size_t colour = 0;
    int x = 16;

    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN )
        {
            fprintf(out, "<circle class=\"c%zu\" cx=\"%d\" cy=\"66\" r=\"5\"/><text class=\"q\" x=\"%d\" y=\"71\">%s</text>\n",
                    colour++, x + 5, x + 15, c->title);
            x += 80;
        }
}

void history_picture(FILE *out, const struct results *all, const char *const *names, size_t count)
{
    struct panel *panels = xcalloc(all[0].count + 1, sizeof(*panels));
    size_t n = 0;

    for ( size_t i = 0; i < all[0].count; i++ )
    {
        struct panel p = { .all = all, .row = all[0].rows[i].row, .count = count };
        bool there = false;

        for ( size_t k = 0; k < n; k++ )
            there |= !strcmp(panels[k].row, p.row);
        if ( there || !measure(&p) )
            continue;
        p.x = (int)(n % ACROSS) * PANEL;
        p.y = HEAD + (int)(n / ACROSS) * HEIGHT;
        panels[n++] = p;
    }
    picture_begin(out, HEAD + (int)((n + ACROSS - 1) / ACROSS) * HEIGHT + 12, "What each path takes, by Xen",
                  "Change of the instructions that each path takes from one Xen to the next");
    fputs("<text class=\"q\" x=\"16\" y=\"50\">instructions, not time, beside the first: ", out);
    for ( size_t i = 0; i < count; i++ )
    {
        fputs(i ? ", " : "", out);
        xml_text(out, names[i]);
    }
    fputs("</text>\n", out);
    draw_legend(out);
    for ( size_t i = 0; i < n; i++ )
        draw_panel(out, &panels[i], names);
    fputs("</svg>\n", out);
    free(panels);
}
