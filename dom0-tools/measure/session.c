#include "session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "disk.h"
#include "domain.h"
#include "own.h"
#include "record.h"
#include "runner.h"
#include "xenometer.h"

#define MAX_LOST        12u   /* domains of one kind that may die or hang */

struct session {
    const struct session_options *options;
    const struct selection *selection;
    struct results *results;
    struct host host;
    struct domains domains;
    bool broken;                 /* this machine cannot go on */
    struct disk disk;            /* once a domain needed it */
    bool disk_ready;
    char *no_disk;               /* why there is none */
};

/* ----------------------------------------------------------------- modes -- */

/* Unpause, and let the rows run until they are through or the domain is lost. */
static char *drive(struct session *s, struct runner *r, struct guest *g)
{
    char *path, *error;

    r->domid = g->domid;
    r->console = &g->console;
    error = runner_start(r);
    if ( error )
        return error;
    if ( !xenctrl_unpause(s->host.xen, g->domid) )
        error = xasprintf("cannot unpause domain %u: %s", g->domid, strerror(errno));
    else
    {
        path = xenbus_console(s->host.bus, g->domid);
        console_open(&g->console, path);
        free(path);
        while ( r->phase != RUNNER_DONE && !session_interrupted && !s->broken )
            s->broken = host_turn(&s->host) != STATUS_OK;
        if ( r->trouble )
            error = xstrdup(r->trouble);
    }
    runner_finish(r);
    return error;
}

static void rest(struct session *s, const struct runner *r, enum mode mode,
                 const char *reason)
{
    for ( size_t i = r->next; i < r->count; i++ )
        record_add(s->results, r->rows[i], mode, OUTCOME_ERROR, reason);
}

/*
 * Rows of one mode with the same needs, in one domain if nothing goes wrong.  A
 * domain that is lost before its first row twice in a row will not do better
 * the next time.
 */
static const char *prepare_disk(struct session *s)
{
    if ( !s->disk_ready && !s->no_disk )
    {
        s->no_disk = disk_open(&s->disk);
        s->disk_ready = !s->no_disk;
    }
    return s->no_disk;
}

static void run_kind(struct session *s, enum mode mode, uint32_t needs,
                     const struct image_row **rows, size_t count)
{
    struct runner r = {
        .host = &s->host, .options = s->options, .rows = rows, .count = count,
        .results = s->results, .needs = needs,
    };
    unsigned lost = 0, fruitless = 0;
    struct disk_guest disk;
    struct guest g;
    char *error = NULL;

    if ( (needs & DOMAIN_DISK) && prepare_disk(s) )
    {
        for ( size_t i = 0; i < count; i++ )
            record_add(s->results, rows[i], mode, OUTCOME_SKIP, s->no_disk);
        return;
    }

    while ( r.next < r.count && !session_interrupted && !s->broken )
    {
        size_t before = r.next;

        free(error);
        message("%s: creating a domain", mode_name(mode));
        error = domain_create(&s->domains, mode, needs, NULL, NULL, &g);
        s->broken |= s->domains.no_xl;
        if ( error )
            break;   /* xl will say the same again */
        if ( needs & DOMAIN_DISK )
            error = disk_attach(&s->disk, &s->host, g.domid, &disk);
        if ( !error )
            error = drive(s, &r, &g);
        /* Its pages must be unmapped before the domain can go. */
        if ( needs & DOMAIN_DISK )
            disk_detach(&disk);
        domain_end(&s->domains, &g);
        if ( !error )
            continue;
        if ( !s->broken && !xenbus_alive(s->host.bus) )
        {
            free(error);
            error = xstrdup("lost the connection to xenstored; start Xen's services anew");
            s->broken = true;
        }
        fruitless = r.next == before ? fruitless + 1 : 0;
        progress("%s: %s", mode_name(mode), error);
        if ( fruitless == 2 || ++lost == MAX_LOST )
            break;
    }
    if ( s->broken && error )
        message("%s", error);
    else if ( r.next < r.count && !session_interrupted && !s->broken )
    {
        rest(s, &r, mode, lost == MAX_LOST
                 ? "not tried: too many domains of this mode were lost" : error);
        message("%s: %s", mode_name(mode), error);
    }
    free(error);
}

/* All rows of one mode; rows with the same needs share a domain. */
static void run_mode(struct session *s, enum mode mode, const struct image_row **rows,
                     size_t count)
{
    const struct image_row **kind = xcalloc(count, sizeof(*kind));
    bool *taken = xcalloc(count, sizeof(*taken));

    for ( size_t i = 0; i < count && !session_interrupted && !s->broken; i++ )
    {
        uint32_t needs = rows[i]->needs & DOMAIN_NEEDS;
        size_t n = 0;

        if ( taken[i] )
            continue;
        for ( size_t k = i; k < count; k++ )
            if ( (rows[k]->needs & DOMAIN_NEEDS) == needs )
            {
                kind[n++] = rows[k];
                taken[k] = true;
            }
        run_kind(s, mode, needs, kind, n);
    }
    free(kind);
    free(taken);
}

/* Rows of the selection that run in `mode`; the others get their skip. */
static size_t sort_out(struct session *s, enum mode mode, const char *impossible,
                       const struct image_row **rows)
{
    size_t count = 0;

    for ( size_t i = 0; i < s->selection->count; i++ )
    {
        const struct image_row *row = s->selection->rows[i];

        if ( row_is_own(row) )
            continue;
        if ( !(row->modes & mode) )
            record_add(s->results, row, mode, OUTCOME_SKIP,
                       *row->elsewhere ? row->elsewhere : "not in this mode");
        else if ( impossible )
            record_add(s->results, row, mode, OUTCOME_SKIP, impossible);
        else
            rows[count++] = row;
    }
    return count;
}

int session_run(const struct session_options *options, const struct selection *selection,
                struct results *results)
{
    static const enum mode modes[] = { MODE_PV, MODE_PVH, MODE_HVM };
    struct session s = {
        .options = options, .selection = selection, .results = results,
    };
    const struct image_row **rows = NULL;
    uint32_t possible, asked = selection->modes & MODES_XEN;
    int status = host_open(&s.host);

    if ( status != STATUS_OK )
        return status;
    s.domains = (struct domains){ .options = options, .host = &s.host };
    domains_destroy_stale(&s.domains);
    possible = xenctrl_modes(s.host.xen);
    if ( asked && !(asked & possible) && selection->modes == asked )
    {
        /* Everything asked for is out of reach: that is no run, not even skips. */
        message("%s: choose among --modes=%s", domain_impossible(possible, asked & MODE_PV ? MODE_PV : MODE_HVM),
                possible == MODE_PV ? "pv" : possible ? "pvh,hvm" : "bare (in the lab)");
        host_close(&s.host);
        return STATUS_ENVIRONMENT;
    }
    rows = xcalloc(selection->count, sizeof(*rows));
    for ( size_t i = 0; i < 3 && !session_interrupted && !s.broken; i++ )
    {
        size_t count;

        if ( !(asked & modes[i]) )
            continue;
        count = sort_out(&s, modes[i], domain_impossible(possible, modes[i]), rows);
        if ( count )
            run_mode(&s, modes[i], rows, count);
    }
    if ( !session_interrupted && !s.broken )
        s.broken = !own_run(&s.domains, selection, possible, results);
    if ( session_interrupted )
        status = 128 + session_interrupted;
    else if ( s.broken )
        status = STATUS_ENVIRONMENT;
    free(rows);
    if ( s.disk_ready )
        disk_close(&s.disk);
    free(s.no_disk);
    host_close(&s.host);
    return status;
}
