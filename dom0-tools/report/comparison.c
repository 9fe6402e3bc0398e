/*
 * Two results files set side by side (comparison.h).
 */
#include <stdlib.h>
#include <string.h>

#include "report/comparison.h"
#include "report/ratio.h"
#include "xenometer.h"

/* The result of that row and mode (the last, if measured twice), or NULL. */
static const struct result *find(const struct results *results,
                                 const struct result *like)
{
    for ( size_t i = results->count; i-- > 0; )
        if ( results->rows[i].column == like->column &&
             strcmp(results->rows[i].row, like->row) == 0 )
            return &results->rows[i];
    return NULL;
}

static void find_interval(struct change *c)
{
    c->has_interval = ratio_interval(c->after, c->before, c->interval);
}

static void compare_medians(struct change *c, const struct allowance *allowed)
{
    bool repeats = !c->after->dom0 && !c->after->blocks;
    double percent = !repeats && allowed->percent_dom0 > allowed->percent ? allowed->percent_dom0
                                                                          : allowed->percent;
    uint64_t moved;
    double before = (double)c->before->median, after = (double)c->after->median;

    if ( c->before->median == c->after->median )
        return;
    c->kind = CHANGE_MEDIAN;
    /* From nothing to something: beyond every threshold. */
    c->percent = before > 0 ? 100 * (after - before) / before : 100 * after;
    moved = c->after->median > c->before->median ? c->after->median - c->before->median
                                                 : c->before->median - c->after->median;
    c->counts = moved > allowed->ticks &&
                (before <= 0 || (c->percent < 0 ? -c->percent : c->percent) > percent);
    find_interval(c);
}

static void add(struct comparison *comparison, const struct result *before,
                const struct result *after, const struct allowance *allowed)
{
    struct change *c = &comparison->changes[comparison->count++];

    *c = (struct change){ .before = before, .after = after };
    if ( before == NULL )
        c->kind = CHANGE_NEW;
    else if ( after == NULL )
    {
        c->kind = CHANGE_GONE;
        c->counts = true;
    }
    else if ( before->outcome != after->outcome )
    {
        c->kind = CHANGE_OUTCOME;
        c->counts = after->outcome != OUTCOME_SUCCESS;
    }
    else if ( before->outcome == OUTCOME_SUCCESS )
        compare_medians(c, allowed);
    comparison->beyond += c->counts;
}

/* Files of before there was a list are of the lab whose CPU had what QEMU has. */
static const char *features(const struct results *results)
{
    const char *list = results->environment.cpu_features;

    return list ? list : "svm,npt";
}

static bool features_differ(const struct results *before, const struct results *after)
{
    const char *from = before->environment.host, *to = after->environment.host;

    /* Two computers are what somebody wants to compare. */
    return from && to && !strncmp(from, "lab-", 4) && !strncmp(to, "lab-", 4) &&
           strcmp(features(before), features(after)) != 0;
}

bool comparison_make(const struct results *before, const struct results *after,
                     const struct allowance *allowed, struct comparison *comparison,
                     char **error)
{
    const char *old_clock = before->environment.clock;
    const char *new_clock = after->environment.clock;

    if ( old_clock == NULL || new_clock == NULL ||
         strcmp(old_clock, new_clock) != 0 )
    {
        *error = xasprintf("they show different clocks, %s and %s: those "
                           "figures cannot be compared",
                           old_clock ? old_clock : "an unknown one",
                           new_clock ? new_clock : "an unknown one");
        return false;
    }
    if ( !results_one_architecture(before, after) )
    {
        *error = xasprintf("they are of two instruction sets, %s and %s: a count of one says nothing of a "
                           "count of the other", before->environment.architecture,
                           after->environment.architecture);
        return false;
    }
    if ( !allowed->across_features && features_differ(before, after) )
    {
        *error = xasprintf("their CPUs have different features, %s and %s, so their figures "
                           "differ by more than what was changed: --across-features compares them "
                           "nevertheless", features(before), features(after));
        return false;
    }

    *comparison = (struct comparison){ 0 };
    comparison->changes = xcalloc(before->count + after->count,
                                  sizeof(*comparison->changes));
    for ( size_t i = 0; i < after->count; i++ )
        if ( find(after, &after->rows[i]) == &after->rows[i] )
            add(comparison, find(before, &after->rows[i]), &after->rows[i],
                allowed);
    for ( size_t i = 0; i < before->count; i++ )
        if ( find(before, &before->rows[i]) == &before->rows[i] &&
             find(after, &before->rows[i]) == NULL )
            add(comparison, &before->rows[i], NULL, allowed);
    return true;
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->changes);
    *comparison = (struct comparison){ 0 };
}

const char *change_name(enum change_kind kind)
{
    static const char *const names[] = {
        [CHANGE_NONE] = "same", [CHANGE_MEDIAN] = "changed",
        [CHANGE_OUTCOME] = "outcome", [CHANGE_NEW] = "new",
        [CHANGE_GONE] = "gone",
    };

    return names[kind];
}

/* What one says only where the other says something too. */
static const char *known(const char *one, const char *other)
{
    return other ? one : NULL;
}

char *comparison_factors(const struct results *before,
                         const struct results *after)
{
    const struct environment *b = &before->environment;
    const struct environment *a = &after->environment;
    const struct {
        const char *name, *before, *after;
    } factors[] = {
        { "host", b->host, a->host },
        { "Xen", b->xen, a->xen },
        /* Older files do not say these. */
        { "Xen's build", known(b->xen_build_id, a->xen_build_id),
          known(a->xen_build_id, b->xen_build_id) },
        { "Xen's debug", known(b->xen_debug, a->xen_debug), known(a->xen_debug, b->xen_debug) },
        { "Xen's Kconfig", known(b->xen_config, a->xen_config), known(a->xen_config, b->xen_config) },
        { "Xen's options", b->xen_options ? b->xen_options : "the lab's",
          a->xen_options ? a->xen_options : "the lab's" },
        { "dom0's options", b->dom0_options ? b->dom0_options : "the lab's",
          a->dom0_options ? a->dom0_options : "the lab's" },
        { "dom0 kernel", b->dom0_kernel, a->dom0_kernel },
        { "Linux without Xen", known(b->linux_system, a->linux_system),
          known(a->linux_system, b->linux_system) },
        { "QEMU", b->qemu, a->qemu },
        { "Bochs", b->bochs, a->bochs },
        { "hypervisor below", b->below, a->below },
        { "CPU", b->cpu, a->cpu },
        { "pinning", b->pinned, a->pinned },
        { "mitigations", b->mitigations, a->mitigations },
        { "xenometer", b->xenometer, a->xenometer },
        { "unikernel", known(b->image, a->image), known(a->image, b->image) },
    };
    char *text = NULL;

    for ( size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++ )
    {
        const char *from = factors[i].before ? factors[i].before : "unknown";
        const char *to = factors[i].after ? factors[i].after : "unknown";
        char *longer;

        if ( strcmp(from, to) == 0 )
            continue;
        longer = xasprintf("%s%s%s (%s, now %s)", text ? text : "",
                           text ? ", " : "", factors[i].name, from, to);
        free(text);
        text = longer;
    }
    return text;
}
