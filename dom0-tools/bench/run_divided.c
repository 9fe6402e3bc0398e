/*
 * A run in two labs at the same time, each with some of the columns, or of a column's domains: an
 * exact lab is one thread, and counts what it executes, so that a figure is the same whatever else
 * the machine does.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/run_parts.h"
#include "catalogue/catalogue.h"
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

/* ----------------------------------------------------------------- divide -- */

#define LOAD_START   5u   /* a lab, and its program; in the unit of load() */
#define MAX_KINDS    64u

/* Domains of a column that are started alike, as a session sorts them (measure/session.c), and behind
 * them what dom0 does itself. */
struct kinds {
    row_needs needs[MAX_KINDS];
    size_t count;
    bool own;
};

static size_t kind_of(const struct kinds *kinds, const struct image_row *row)
{
    size_t i = 0;

    while ( i < kinds->count && kinds->needs[i] != (row->needs & DOMAIN_NEEDS) )
        i++;
    return i;
}

static struct kinds kinds_of(const struct selection *selection, const struct column *column)
{
    struct column_set only = columns_only(column);
    struct kinds kinds = { .count = 0 };

    for ( size_t i = 0; columns_have(&selection->columns, column) && i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];

        if ( !run_is_in(row, &only) )
            continue;
        if ( row_is_own(row) )
            kinds.own = true;
        else if ( kind_of(&kinds, row) == kinds.count && kinds.count < MAX_KINDS )
            kinds.needs[kinds.count++] = row->needs & DOMAIN_NEEDS;
    }
    return kinds;
}

/*
 * What a domain's life takes of a lab, in half seconds of a CPU: made, a headline's rows, and gone.  To
 * start a device model takes more than all else, and then disks that it serves.
 */
static unsigned load(const struct column *column, row_needs needs)
{
    return !column->device_model ? 5 : needs & DOMAIN_CONTROLLERS ? 18 : 12;
}

static unsigned load_of(const struct selection *selection, const struct column *column)
{
    struct kinds kinds = kinds_of(selection, column);
    unsigned sum = kinds.own ? load(column, 0) : 0;

    for ( size_t i = 0; i < kinds.count; i++ )
        sum += load(column, kinds.needs[i]);
    return sum;
}

/* The rows of a column whose kind is moved, or the others, with those that it skips. */
static struct selection part_of(const struct selection *all, const struct column *column,
                                const bool moved[MAX_KINDS], bool those)
{
    struct selection part = { .rows = xcalloc(all->count, sizeof(*part.rows)),
                              .columns = columns_only(column) };
    struct kinds kinds = kinds_of(all, column);

    for ( size_t i = 0; i < all->count; i++ )
    {
        size_t kind = run_is_in(all->rows[i], &part.columns) && !row_is_own(all->rows[i])
            ? kind_of(&kinds, all->rows[i]) : kinds.count;

        if ( (kind < kinds.count && moved[kind]) == those )
            part.rows[part.count++] = all->rows[i];
    }
    return part;
}

static struct selection columns_part(const struct selection *all, const struct column_set *columns)
{
    struct selection part = { .rows = xcalloc(all->count, sizeof(*part.rows)), .count = all->count,
                              .columns = *columns };

    memcpy(part.rows, all->rows, all->count * sizeof(*part.rows));
    return part;
}

/* Whole columns, those that take most first, each to the lab that has less; the loads. */
static void share_columns(const struct selection *selection, struct column_set of[2], unsigned loads[2])
{
    struct column_set open = { { false } };
    const struct column *next;

    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN && load_of(selection, c) )
            columns_add(&open, c);
    of[0] = of[1] = (struct column_set){ { false } };
    do
    {
        next = NULL;
        FOR_EACH_COLUMN(c)
            if ( columns_have(&open, c) && (!next || load_of(selection, c) > load_of(selection, next)) )
                next = c;
        if ( next )
        {
            int where = loads[0] > loads[1];

            loads[where] += load_of(selection, next);
            columns_add(&of[where], next);
            open.has[column_place(next)] = false;
        }
    } while ( next );
}

/*
 * The column of that lab that takes most, and which of its kinds the other lab is to take, those first by
 * which the longer of the two gets shortest; NULL: none.
 */
static const struct column *find_split(const struct selection *selection, const struct column_set *columns,
                                       const unsigned loads[2], bool moved[MAX_KINDS])
{
    const struct column *split = NULL;
    unsigned more = loads[0] > loads[1] ? loads[0] : loads[1], less = loads[0] + loads[1] - more + LOAD_START;
    struct kinds kinds = { .count = 0 };
    size_t best, left;

    FOR_EACH_COLUMN(c)
        if ( columns_have(columns, c) && c->home == HOME_XEN &&
             (!split || load_of(selection, c) > load_of(selection, split)) )
            split = c;
    if ( split )
        kinds = kinds_of(selection, split);
    left = kinds.count;
    do
    {
        unsigned longest = more;

        best = kinds.count;
        for ( size_t i = 0; left > 1 && i < kinds.count; i++ )
        {
            unsigned one = load(split, kinds.needs[i]), then = more - one > less + one ? more - one : less + one;

            if ( !moved[i] && one < more && then < longest )
            {
                best = i;
                longest = then;
            }
        }
        if ( best < kinds.count )
        {
            moved[best] = true;
            left--;
            more -= load(split, kinds.needs[best]);
            less += load(split, kinds.needs[best]);
        }
    } while ( best < kinds.count );
    return left < kinds.count ? split : NULL;
}

bool run_divide(const struct run_options *o, const struct selection *selection,
                struct run_share shares[2])
{
    struct column_set of[2];
    unsigned loads[2] = { 0, 0 };
    const struct column *split;
    bool moved[MAX_KINDS] = { false };
    int heavy, rest;

    shares[0] = shares[1] = (struct run_share){ .count = 0 };
    /* KVM and the fast clock have CPUs of their own to fill; what is traced is in one. */
    if ( o->clock != LAB_EXACT || o->layers || room(o) < 2 )
        return false;
    share_columns(selection, of, loads);
    heavy = loads[1] > loads[0];
    split = find_split(selection, &of[heavy], loads, moved);
    if ( loads[1] == 0 && !split )
        return false;
    if ( split )
        of[heavy].has[column_place(split)] = false;
    /* What has nothing to measure in a domain goes with what does, if anything there is whole. */
    rest = columns_any(&of[!heavy]) || !columns_any(&of[heavy]) ? !heavy : heavy;
    FOR_EACH_COLUMN(c)
        if ( columns_have(&selection->columns, c) && !(c->home == HOME_XEN && load_of(selection, c)) )
            columns_add(&of[rest], c);
    for ( int i = 0; i < 2; i++ )
    {
        if ( columns_any(&of[i]) )
            shares[i].part[shares[i].count++] = columns_part(selection, &of[i]);
        if ( split )
            shares[i].part[shares[i].count++] = part_of(selection, split, moved, i != heavy);
    }
    return true;
}

void run_shares_free(struct run_share shares[2])
{
    for ( int i = 0; i < 2; i++ )
        while ( shares[i].count )
            selection_free(&shares[i].part[--shares[i].count]);
}

/* -------------------------------------------------------------------- run -- */

/* One lab's, one part after the other; one deadline for all. */
static int run_parts(const struct run_options *o, const struct session_options *session,
                     const struct run_share *share,
                     int (*run)(const struct run_options *, const struct session_options *,
                                const struct selection *, struct results *), struct results *results)
{
    struct run_options rest = *o;
    struct timespec begun, now;
    int status = STATUS_OK;

    clock_gettime(CLOCK_MONOTONIC, &begun);
    for ( size_t i = 0; status == STATUS_OK && i < share->count; i++ )
    {
        uint64_t used;

        clock_gettime(CLOCK_MONOTONIC, &now);
        used = (uint64_t)(now.tv_sec - begun.tv_sec);
        /* What is left of it is never 0, which means none. */
        rest.deadline = used < o->deadline ? o->deadline - (uint32_t)used : 1;
        status = run(&rest, session, &share->part[i], results);
    }
    return status;
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
                const struct run_share shares[2],
                int (*run)(const struct run_options *, const struct session_options *,
                           const struct selection *, struct results *), struct results *results)
{
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
        status = run_parts(o, session, &shares[1], run, &others);
        report(out, status, &others);
    case -1:
        message("cannot start a process: %s", strerror(errno));
        status = STATUS_ENVIRONMENT;
        break;
    default:
        status = run_parts(o, session, &shares[0], run, results);
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
