/*
 * A run in two labs at the same time, each with some of the columns: an exact lab is one thread,
 * and counts what it executes, so that a figure is the same whatever else the machine does.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/run_parts.h"
#include "lib/cancel.h"
#include "lib/child.h"
#include "report/json.h"
#include "xenometer.h"

/* KiB that two labs take, their snapshot's pages included: in QEMU these are shared. */
#define MEMORY       (1536ul << 10)
#define MEMORY_BOCHS (2560ul << 10)

static unsigned cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* KiB that can be had without swapping; 0: unknown. */
static unsigned long memory(void)
{
    FILE *f = fopen("/proc/meminfo", "r");
    char line[128];
    unsigned long available = 0;

    while ( f && fgets(line, sizeof(line), f) )
        sscanf(line, "MemAvailable: %lu", &available);
    if ( f )
        fclose(f);
    return available;
}

static unsigned room(const struct run_options *o)
{
    if ( o->labs )
        return o->labs;
    return cpus() >= 2 && memory() >= (lab_cpu_slow(o->cpu) ? MEMORY_BOCHS : MEMORY) ? 2 : 1;
}

static bool is_wanted(const struct selection *selection, const struct column *column)
{
    struct column_set only = columns_only(column);
    bool any = false;

    for ( size_t i = 0; i < selection->count && !any; i++ )
        any = run_is_in(selection->rows[i], &only);
    return any && columns_have(&selection->columns, column);
}

bool run_divide(const struct run_options *o, const struct selection *selection,
                struct column_set *here, struct column_set *beside)
{
    unsigned load[2] = { 0, 0 };

    *here = selection->columns;
    *beside = (struct column_set){ 0 };
    /* KVM and the fast clock have CPUs of their own to fill; what is traced is in one. */
    if ( o->clock != LAB_EXACT || o->layers || room(o) < 2 )
        return false;
    /* To start a device model takes more than all else: columns that have one first. */
    for ( int heavy = 1; heavy >= 0; heavy-- )
        FOR_EACH_COLUMN(c)
            if ( c->home == HOME_XEN && c->device_model == heavy && is_wanted(selection, c) )
            {
                int where = load[0] > load[1];

                load[where] += heavy ? 4 : 1;
                beside->has[column_place(c)] = where;
                here->has[column_place(c)] = !where;
            }
    return load[1] > 0;
}

/* The child's part: its results go into `out`. */
static void __attribute__((noreturn))
report(int out, int status, const struct results *results)
{
    char *text = results_to_json(results);
    FILE *f = fdopen(out, "w");

    if ( f )
    {
        fputs(text, f);
        fclose(f);
    }
    _exit(status);
}

int run_divided(const struct run_options *o, const struct session_options *session,
                const struct selection *selection, const struct column_set *here,
                const struct column_set *beside,
                int (*run)(const struct run_options *, const struct session_options *,
                           const struct selection *, struct results *), struct results *results)
{
    struct selection part = *selection;
    struct results others = { 0 };
    int out = memory_file("results", 0), status, ended = STATUS_OK;
    struct child child;
    char *text;
    size_t size;

    if ( out < 0 )
        return STATUS_ENVIRONMENT;
    cancel_begin();
    switch ( child_fork(&child) )
    {
    case 0:
        part.columns = *beside;
        status = run(o, session, &part, &others);
        report(out, status, &others);
    case -1:
        message("cannot start a process: %s", strerror(errno));
        status = STATUS_ENVIRONMENT;
        break;
    default:
        part.columns = *here;
        status = run(o, session, &part, results);
    }
    /* One that went wrong is the end of both. */
    while ( status == STATUS_OK && !child_wait(&child, 100) )
        if ( cancelled() )
            status = cancelled();
    if ( status == STATUS_OK )
        ended = child_exit_status(&child);
    child_kill(&child);
    text = memory_file_text(out, &size);
    if ( status == STATUS_OK && size )
        status = results_from_json(text, size, "the other lab's answer", &others)
            ? STATUS_ENVIRONMENT : STATUS_OK;
    /* Where vCPUs are: both have said it, one of them also of rows with two. */
    if ( others.environment.pinned && results->environment.pinned &&
         strlen(others.environment.pinned) > strlen(results->environment.pinned) )
    {
        char *said = results->environment.pinned;

        results->environment.pinned = others.environment.pinned;
        others.environment.pinned = said;
    }
    results_merge(results, &others);
    free(text);
    close(out);
    cancel_end();
    return status ? status : ended;
}
