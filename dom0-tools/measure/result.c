/*
 * Results in memory (result.h).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/image.h"
#include "measure/result.h"
#include "xenometer.h"

/* Every text of an environment: what is copied and freed. */
static const size_t environment_texts[] = {
#define TEXT(field) offsetof(struct environment, field)
    TEXT(host), TEXT(clock), TEXT(xen), TEXT(xen_build_id), TEXT(xen_debug), TEXT(xen_config),
    TEXT(xen_options), TEXT(dom0_options), TEXT(dom0_kernel), TEXT(dom0_modules), TEXT(linux_system), TEXT(qemu), TEXT(cpu), TEXT(architecture),
    TEXT(bochs), TEXT(below), TEXT(cpu_features), TEXT(pinned), TEXT(mitigations), TEXT(xenometer), TEXT(image),
    TEXT(started),
#undef TEXT
};
#define ENVIRONMENT_TEXTS (sizeof(environment_texts) / sizeof(environment_texts[0]))
_Static_assert(sizeof(struct environment) ==
               (ENVIRONMENT_TEXTS + 4) * sizeof(uint64_t),
               "a text that is not in the list, or a fifth number");

static char **environment_text(struct environment *e, size_t i)
{
    return (char **)(void *)((char *)e + environment_texts[i]);
}

struct environment environment_copy(const struct environment *e)
{
    struct environment copy = *e;

    for ( size_t i = 0; i < ENVIRONMENT_TEXTS; i++ )
    {
        char **text = environment_text(&copy, i);

        *text = *text ? xstrdup(*text) : NULL;
    }
    return copy;
}

bool results_one_architecture(const struct results *a, const struct results *b)
{
    const char *one = a->environment.architecture, *other = b->environment.architecture;

    return !one || !other || !strcmp(one, other);
}

bool environment_has(const struct environment *e, const char *feature)
{
    size_t length = strlen(feature);

    for ( const char *list = e->cpu_features; list; list = strchr(list, ',') )
    {
        list += *list == ',';
        if ( !strncmp(list, feature, length) && (list[length] == ',' || !list[length]) )
            return true;
    }
    return false;
}

struct result *results_add(struct results *results)
{
    struct result *r;

    if ( results->count == results->capacity )
    {
        results->capacity = results->capacity ? 2 * results->capacity : 32;
        results->rows = xrealloc(results->rows,
                                 results->capacity * sizeof(*results->rows));
    }
    r = &results->rows[results->count++];
    memset(r, 0, sizeof(*r));
    return r;
}

void results_free(struct results *results)
{
    struct environment *e = &results->environment;

    for ( size_t i = 0; i < results->count; i++ )
    {
        struct result *r = &results->rows[i];

        free(r->row);
        free(r->work);
        free(r->path);
        free(r->against);
        free(r->reason);
        free(r->raw);
        free(r->boot_medians);
        free(r->distribution);
    }
    free(results->rows);
    for ( size_t i = 0; i < ENVIRONMENT_TEXTS; i++ )
        free(*environment_text(e, i));
    memset(results, 0, sizeof(*results));
}

void results_merge(struct results *to, struct results *from)
{
    for ( size_t i = 0; i < from->count; i++ )
        *results_add(to) = from->rows[i];
    from->count = 0;
    if ( !to->environment.host )
    {
        to->environment = from->environment;
        from->environment = (struct environment){ 0 };
    }
    results_free(from);
}

enum outcome results_worst(const struct results *results)
{
    enum outcome worst = OUTCOME_SUCCESS;

    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome > worst )
            worst = results->rows[i].outcome;
    return worst;
}

static int compare_results(const void *a, const void *b, void *context)
{
    const struct result *x = a, *y = b;
    const struct image_row *p = image_find(context, x->row);
    const struct image_row *q = image_find(context, y->row);

    /* A row the catalogue does not know cannot come from it; at the end then. */
    if ( p != q )
        return !p ? 1 : !q ? -1 : p < q ? -1 : 1;
    return column_before(y->column, x->column) - column_before(x->column, y->column);
}

void results_sort(struct results *r, const struct image *image)
{
    qsort_r(r->rows, r->count, sizeof(*r->rows), compare_results, (void *)image);
}
