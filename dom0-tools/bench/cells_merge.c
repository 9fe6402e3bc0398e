#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cells.h"
#include "bench/cells_parts.h"
#include "bench/factors.h"
#include "catalogue/select.h"
#include "lib/files.h"
#include "report/beside.h"
#include "report/json.h"
#include "report/output.h"
#include "report/table.h"
#include "xenometer.h"

/* ------------------------------------------------------------------- read -- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

int plan_read(const char *directory, struct plan *plan)
{
    char *path = path_in(directory, "plan.json");
    json_error_t error;

    *plan = (struct plan){ .directory = realpath(directory, NULL) };
    plan->document = json_load_file(path, 0, &error);
    plan->key = text_of(plan->document, "key");
    plan->cells = json_object_get(plan->document, "cells");
    if ( !plan->document && access(path, F_OK) )
        message("%s has no plan: `xenometer run --plan=%s` writes one", directory, directory);
    else if ( !plan->document )
        message("%s, line %d: %s", path, error.line, error.text);
    else if ( strcmp(text_of(plan->document, "schema"), PLAN_SCHEMA) || !*plan->key ||
              !json_array_size(plan->cells) )
        message("%s is no plan of this xenometer's", path);
    else
    {
        free(path);
        return STATUS_OK;
    }
    free(path);
    return STATUS_USAGE;
}

void plan_free(struct plan *plan)
{
    json_decref(plan->document);
    free(plan->directory);
    *plan = (struct plan){ .directory = NULL };
}

char *plan_cell_path(const struct plan *plan, size_t number, const char *end)
{
    return xasprintf("%s/cells/%s.%s", plan->directory,
                     text_of(json_array_get(plan->cells, number), "name"), end);
}

enum cell_state plan_cell_state(const struct plan *plan, size_t number)
{
    char *path = plan_cell_path(plan, number, "json"), *failed = plan_cell_path(plan, number, "failed");
    json_t *document = json_load_file(path, 0, NULL);
    enum cell_state state = CELL_FOREIGN;

    if ( document && !strcmp(text_of(document, "plan"), plan->key) )
        state = CELL_DONE;
    else if ( access(path, F_OK) )
        state = access(failed, F_OK) ? CELL_MISSING : CELL_FAILED;
    json_decref(document);
    free(failed);
    free(path);
    return state;
}

/* ------------------------------------------------------------------ check -- */

/* A file in cells/ that no cell of the plan writes; the caller's.  NULL: there is none. */
static char *find_foreign(const struct plan *plan)
{
    char *path = path_in(plan->directory, "cells"), *foreign = NULL;
    DIR *directory = opendir(path);
    struct dirent *entry;

    while ( directory && !foreign && (entry = readdir(directory)) != NULL )
    {
        const char *dot = strrchr(entry->d_name, '.');
        bool known = !dot || strcmp(dot, ".json");

        for ( size_t i = 0; !known && i < json_array_size(plan->cells); i++ )
        {
            const char *name = text_of(json_array_get(plan->cells, i), "name");

            known = strlen(name) == (size_t)(dot - entry->d_name) &&
                    !strncmp(name, entry->d_name, strlen(name));
        }
        if ( !known )
            foreign = xstrdup(entry->d_name);
    }
    if ( directory )
        closedir(directory);
    free(path);
    return foreign;
}

/* Says what is missing; false: something of it is there that does not belong. */
static bool check_cells(const struct plan *plan, size_t *missing)
{
    char *foreign = find_foreign(plan);
    bool good = !foreign;

    *missing = 0;
    if ( foreign )
        message("%s/cells/%s belongs to no cell of the plan: take it away", plan->directory, foreign);
    for ( size_t i = 0; i < json_array_size(plan->cells); i++ )
    {
        enum cell_state state = plan_cell_state(plan, i);
        const char *name = text_of(json_array_get(plan->cells, i), "name");

        if ( state == CELL_FOREIGN )
        {
            message("%s/cells/%s.json is not of this plan, or no results: take it away, and run --cell=%zu",
                    plan->directory, name, i + 1);
            good = false;
        }
        else if ( state != CELL_DONE )
        {
            message("%s: %s; xenometer run --plan=%s --cell=%zu", name,
                    state == CELL_FAILED ? "it failed" : "it is not measured", plan->directory, i + 1);
            (*missing)++;
        }
    }
    free(foreign);
    return good;
}

/* ------------------------------------------------------------------ merge -- */

/* One column of a comparison. */
struct merged {
    char *name;
    struct results results;
};

static bool same(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

/* What differs between two environments that must be one; NULL: nothing. */
static const char *differs(const struct environment *a, const struct environment *b)
{
    const struct { const char *name, *a, *b; } fields[] = {
        { "host", a->host, b->host }, { "instruction set", a->architecture, b->architecture },
        { "clock", a->clock, b->clock }, { "Xen", a->xen, b->xen },
        { "Xen's build", a->xen_build_id, b->xen_build_id },
        { "Xen's options", a->xen_options, b->xen_options },
        { "dom0's options", a->dom0_options, b->dom0_options },
        { "dom0's kernel", a->dom0_kernel, b->dom0_kernel },
        { "Linux without Xen", a->linux_system, b->linux_system },
        { "unikernel", a->image, b->image }, { "xenometer", a->xenometer, b->xenometer },
    };

    /* Bare has neither Xen nor dom0. */
    for ( size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++ )
        if ( fields[i].a && fields[i].b && !same(fields[i].a, fields[i].b) )
            return fields[i].name;
    /* Counted instructions are those of the emulated CPU, whatever it is emulated on. */
    return !same(a->clock, "instructions") && a->cpu && b->cpu && !same(a->cpu, b->cpu) ? "CPU" : NULL;
}

/* What only some cells know. */
static void take_texts(struct environment *to, struct environment *from)
{
    char **const fields[][2] = {
        { &to->xen, &from->xen }, { &to->xen_build_id, &from->xen_build_id },
        { &to->xen_debug, &from->xen_debug }, { &to->dom0_kernel, &from->dom0_kernel },
        { &to->linux_system, &from->linux_system },
        { &to->mitigations, &from->mitigations }, { &to->cpu_features, &from->cpu_features },
    };
    char *text;

    for ( size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++ )
        if ( !*fields[i][0] )
        {
            *fields[i][0] = *fields[i][1];
            *fields[i][1] = NULL;
        }
    /* That of rows with two CPUs tells of those with one, too. */
    if ( from->pinned && (!to->pinned || strlen(from->pinned) > strlen(to->pinned)) )
    {
        text = to->pinned;
        to->pinned = from->pinned;
        from->pinned = text;
    }
}

static int add_cell(const struct plan *plan, size_t number, struct merged *m)
{
    char *path = plan_cell_path(plan, number, "json");
    struct results cell = { .count = 0 };
    const char *difference;
    int status = results_read(path, &cell);

    if ( status == STATUS_OK && m->results.count )
    {
        difference = differs(&m->results.environment, &cell.environment);
        if ( difference )
        {
            message("%s does not belong to the cells before it: another %s", path, difference);
            status = STATUS_USAGE;
        }
        else
            take_texts(&m->results.environment, &cell.environment);
    }
    if ( status == STATUS_OK )
        results_merge(&m->results, &cell);
    else
        results_free(&cell);
    free(path);
    return status;
}

/* The one of that name, made if need be. */
static struct merged *find_side(struct merged **list, size_t *count, const char *name)
{
    for ( size_t i = 0; i < *count; i++ )
        if ( !strcmp((*list)[i].name, name) )
            return &(*list)[i];
    *list = xrealloc(*list, (*count + 1) * sizeof(**list));
    (*list)[*count] = (struct merged){ .name = xstrdup(name) };
    return &(*list)[(*count)++];
}

static int show(const struct cells_merge *o, const struct merged *list, size_t count)
{
    struct results *all = xcalloc(count, sizeof(*all));
    const char **names = xcalloc(count, sizeof(*names));
    int status = STATUS_OK;

    for ( size_t i = 0; i < count && status == STATUS_OK; i++ )
    {
        char *path = o->output ? count > 1 ? factor_output(o->output, list[i].name) : xstrdup(o->output)
                               : NULL;

        all[i] = list[i].results;
        names[i] = list[i].name;
        if ( path )
            status = results_write(path, &list[i].results);
        free(path);
    }
    if ( status == STATUS_OK && o->json )
    {
        char *text = results_to_json(&all[0]);

        fputs(text, stdout);
        free(text);
    }
    else if ( status == STATUS_OK && count > 1 )
        beside_print(stdout, all, names, count);
    else if ( status == STATUS_OK )
        table_print(stdout, &all[0]);
    free(names);
    free(all);
    return status;
}

int cells_merge(const struct cells_merge *o)
{
    struct image *image = select_catalogue(NULL);
    struct merged *list = NULL;
    struct plan plan;
    size_t count = 0, missing = 0;
    int status = image ? plan_read(o->directory, &plan) : STATUS_ENVIRONMENT;

    if ( status != STATUS_OK )
        plan = image ? plan : (struct plan){ .directory = NULL };
    else if ( !check_cells(&plan, &missing) )
        status = STATUS_USAGE;
    else if ( missing && (!o->partial || missing == json_array_size(plan.cells)) )
    {
        message("%zu of %zu cells are missing: nothing is merged%s", missing, json_array_size(plan.cells),
                o->partial ? "" : " (--partial does with what there is)");
        status = STATUS_FAILED;
    }
    for ( size_t i = 0; status == STATUS_OK && i < json_array_size(plan.cells); i++ )
        if ( plan_cell_state(&plan, i) == CELL_DONE )
            status = add_cell(&plan, i, find_side(&list, &count,
                                                  text_of(json_array_get(plan.cells, i), "side")));
    if ( status == STATUS_OK && o->json && count > 1 )
    {
        message("--json is for one side, and these are %zu: --output=FILE writes each", count);
        status = STATUS_USAGE;
    }
    for ( size_t i = 0; i < count; i++ )
        results_sort(&list[i].results, image);
    if ( status == STATUS_OK )
        status = show(o, list, count);
    for ( size_t i = 0; i < count; i++ )
    {
        free(list[i].name);
        results_free(&list[i].results);
    }
    free(list);
    plan_free(&plan);
    image_free(image);
    return status;
}
