#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/batch.h"
#include "bench/layers.h"
#include "bench/run_parts.h"
#include "catalogue/catalogue.h"
#include "measure/environment.h"
#include "xenometer.h"

static void replace(char **field, const char *value)
{
    free(*field);
    *field = value && *value ? xstrdup(value) : NULL;
}

/* Does the row run in any of these columns? */
bool run_is_in(const struct image_row *row, const struct column_set *columns)
{
    struct column_set common = columns_common(&row->columns, columns);

    return columns_any(&common);
}

const char *run_clock_name(enum lab_clock clock)
{
    switch ( clock )
    {
    case LAB_EXACT: return "exact";
    case LAB_FAST:  return "fast";
    case LAB_KVM:   return "kvm";
    }
    return "?";
}

/* What only the layers were looked up by. */
static void drop_raw(struct results *results)
{
    for ( size_t i = 0; i < results->count; i++ )
    {
        free(results->rows[i].raw);
        results->rows[i].raw = NULL;
        results->rows[i].raw_count = 0;
    }
}

/* The domains, or the guests of another column: one QEMU, with the plugin for layers in it. */
static int run_part(const struct run_options *o, struct lab_options *lab,
                    const struct session_options *session, const struct selection *selection,
                    const struct column *beside, struct results *results)
{
    struct layers layers;
    /* With two CPUs the clock counts both, and no layers would add up. */
    bool traced = o->layers && !lab->smp && !(beside && beside->asked);
    int status = traced ? layers_begin(&layers, lab, session->elf) : STATUS_OK, ended;

    if ( status != STATUS_OK )
        return status;
    status = beside ? batch_run(beside, lab, session, selection, results)
                    : run_in_dom0(o, lab, session, selection, results);
    if ( traced )
    {
        ended = layers_end(&layers, lab, status == STATUS_OK, results);
        if ( status == STATUS_OK )
            status = ended;
    }
    return status;
}

/* Is it a row of another program than these columns' guests have? */
static bool is_program(const struct image_row *row, const struct column_set *columns)
{
    const char *program = columns_first(columns)->program;

    return program && row->program ? strcmp(row->program, program) != 0
                                   : program || row->program;
}

struct selection run_selection(const struct selection *all, const struct column_set *columns,
                               bool smp, bool both)
{
    struct selection p = { .rows = xcalloc(all->count, sizeof(*p.rows)),
                           .columns = columns_common(&all->columns, columns) };

    for ( size_t i = 0; i < all->count; i++ )
    {
        bool runs = run_is_in(all->rows[i], &p.columns);

        if ( is_program(all->rows[i], columns) )
            continue;
        if ( both ? !smp : smp == ((all->rows[i]->needs & DOMAIN_SMP) && runs) )
            p.rows[p.count++] = all->rows[i];
    }
    return p;
}

/* Where vCPUs are, for the environment of a document that has both kinds of row. */
static void describe_smp(struct environment *e)
{
    char *text;

    if ( !e->pinned )
        return;   /* there are no others */
    text = xasprintf("%s; in rows with two: 2 CPUs, dom0 and vCPU 0 on the first, "
                     "vCPU 1 on the second", e->pinned);
    free(e->pinned);
    e->pinned = text;
}

/* Those of a column that needs no Xen. */
static int run_beside(const struct run_options *o, struct lab_options *lab,
                      const struct session_options *session, const struct selection *selection,
                      const struct column *column, bool one, struct results *results)
{
    struct column_set only = columns_only(column);
    struct selection own = run_selection(selection, &only, lab->smp, one);
    int status = STATUS_OK;

    if ( own.count && column->impossible(lab) )
        batch_skip(column, &own, column->impossible(lab), results);
    else if ( own.count )
        status = run_part(o, lab, session, &own, column, results);
    selection_free(&own);
    return status;
}

/*
 * All rows whose domain has one vCPU run on one CPU, the reference, whatever
 * else is asked for; the others in a machine with CPUs enough.
 */
static int run_machine(const struct run_options *o, bool smp,
                       const struct session_options *session,
                       const struct selection *selection, struct results *results)
{
    struct lab_options lab = { .clock = o->clock, .smp = smp, .suite = o->suite,
                               .without = o->without, .cpu = o->cpu, .variant = o->variant,
                               .cold = o->cold };
    bool one = !lab_cpu_smp(o->cpu);
    struct column_set in_dom0 = columns_every();
    struct selection xen;
    struct results own = { 0 };
    int status = STATUS_OK;

    FOR_EACH_COLUMN(c)
        in_dom0.has[column_place(c)] = c->home != HOME_BESIDE;
    xen = run_selection(selection, &in_dom0, smp, one);
    if ( xen.count && columns_any(&xen.columns) )
    {
        status = lab_prepare(&lab);
        if ( status == STATUS_OK )
            status = run_part(o, &lab, session, &xen, NULL, &own);
        if ( smp )
            describe_smp(&results->environment);
        results_merge(results, &own);
    }
    selection_free(&xen);
    FOR_EACH_COLUMN(c)
        if ( status == STATUS_OK && c->home == HOME_BESIDE && columns_have(&selection->columns, c) )
            status = run_beside(o, &lab, session, selection, c, one, results);
    return status;
}

static uint64_t seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec;
}

/* Those whose vCPU is alone, then the others; one deadline for both. */
static int run_machines(const struct run_options *o, const struct session_options *session,
                        const struct selection *selection, struct results *results)
{
    struct run_options rest = *o;
    uint64_t begun = seconds();
    int status = run_machine(o, false, session, selection, results);

    if ( status == STATUS_OK )
    {
        /* What is left of it is never 0, which means none. */
        uint64_t used = seconds() - begun;

        rest.deadline = used < o->deadline ? o->deadline - (uint32_t)used : 1;
        status = run_machine(&rest, true, session, selection, results);
    }
    return status;
}

void run_skip_unmeasured(const struct selection *selection, struct results *results)
{
    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct selection one = { .rows = &selection->rows[i], .count = 1 };
        bool any = false;

        for ( size_t k = 0; k < results->count && !any; k++ )
            any = !strcmp(results->rows[k].row, row->name);
        FOR_EACH_COLUMN(c)
            if ( !any && columns_have(&selection->columns, c) )
                batch_skip(c, &one, NULL, results);
    }
}

/* Was anything measured in a column that needs no Xen, or in one of another program on Xen? */
static bool was_measured(const struct results *results, bool alone)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome != OUTCOME_SKIP &&
             (alone ? results->rows[i].column->alone
                    : !results->rows[i].column->alone && results->rows[i].column->program) )
            return true;
    return false;
}

/* The kernel and the runtimes of columns that ran without Xen. */
static int describe_linux(struct lab_options lab, struct results *results)
{
    struct lab_facts facts;
    int status;

    if ( !was_measured(results, true) )
        return STATUS_OK;
    lab.system = SYSTEM_LINUX;
    lab.variant = (struct variant){ 0 };
    status = lab_facts(&lab, &facts);
    if ( status == STATUS_OK )
        replace(&results->environment.linux_system, facts.linux_system);
    return status;
}

int run_lab(const struct run_options *o, const struct session_options *session,
            const struct selection *selection, struct results *results)
{
    struct lab_options lab = { .clock = o->clock, .suite = o->suite, .without = o->without,
                               .cpu = o->cpu, .variant = o->variant, .cold = o->cold };
    struct run_share shares[2];
    struct lab_facts facts;
    char *features, *kconfig;
    int status;

    if ( run_divide(o, selection, shares) )
    {
        char *program = NULL;

        /* Once, not by both at a time. */
        status = lab_prepare(&lab);
        if ( status == STATUS_OK )
            status = lab_program(&lab, &program);
        free(program);
        if ( status == STATUS_OK )
            status = run_divided(o, session, shares, run_machines, results);
    }
    else
        status = run_machines(o, session, selection, results);
    run_shares_free(shares);
    if ( status == STATUS_OK )
        run_skip_unmeasured(selection, results);
    if ( o->layers && !o->raw )
        drop_raw(results);
    if ( status != STATUS_OK || (status = lab_facts(&lab, &facts)) != STATUS_OK )
        return status;

    /* What only this side knows; the lab's dom0 lives in 2026-01-01. */
    if ( !results->environment.host )
        environment_lab(&results->environment, run_clock_name(o->clock));
    /* Domains that say nothing of the Xen below them. */
    if ( !results->environment.xen && was_measured(results, false) )
    {
        replace(&results->environment.xen, facts.xen);
        replace(&results->environment.dom0_kernel, facts.dom0_kernel);
    }
    replace(lab_cpu_slow(o->cpu) ? &results->environment.bochs : &results->environment.qemu, facts.version);
    replace(&results->environment.cpu, facts.cpu);
    replace(&results->environment.xen_options, o->variant.xen_options);
    replace(&results->environment.dom0_options, o->variant.dom0_options);
    kconfig = variant_kconfig(&o->variant);
    replace(&results->environment.xen_config, kconfig);
    free(kconfig);
    features = lab_features(&lab);
    if ( features )
        replace(&results->environment.cpu_features, features);
    free(features);
    environment_started(&results->environment);
    return describe_linux(lab, results);
}
