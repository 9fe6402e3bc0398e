#include "measure/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/row_disk.h"
#include "backend/loop.h"
#include "backend/row_network.h"
#include "catalogue/catalogue.h"
#include "guests/domain.h"
#include "lib/lab_clock.h"
#include "measure/environment.h"
#include "measure/merge.h"
#include "measure/dom0_rows.h"
#include "measure/plan.h"
#include "measure/record.h"
#include "measure/runner.h"
#include "xenometer.h"

#define MAX_LOST        12u   /* domains of one kind that may die or hang */

/* Domains that are started alike: the rows of one column with the same needs. */
struct kind {
    const struct column *column;
    row_needs needs;
    const struct image_row **rows;  /* owned, not the rows */
    size_t count;
    unsigned boots;                 /* begun so far */
    unsigned lost;                  /* domains that died or hung */
    bool hopeless;                  /* nothing more to be had of it */
};

struct session {
    const struct session_options *options;
    const struct selection *selection;
    struct records records;
    struct host host;
    struct domains domains;
    bool broken;                 /* this machine cannot go on */
    struct row_disk disk;            /* once a domain needed it */
    struct row_network network;      /* likewise */
    bool network_ready;
    char *no_network;
};

/* --------------------------------------------------------------- columns -- */

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
        while ( r->phase != RUNNER_DONE && !loop_interrupted && !s->broken )
            s->broken = host_turn(&s->host) != STATUS_OK;
        if ( r->trouble )
            error = xstrdup(r->trouble);
    }
    runner_finish(r);
    return error;
}

/* Rows that already failed in this column are not tried again in later boots. */
static bool failed_before(const struct session *s, const struct column *column,
                          const struct image_row *row)
{
    for ( size_t i = 0; i < s->records.count; i++ )
    {
        const struct record *r = &s->records.list[i];

        if ( r->row == row && r->column == column && r->outcome >= OUTCOME_ERROR )
            return true;
    }
    return false;
}

static void rest(struct session *s, const struct runner *r, const char *reason)
{
    for ( size_t i = r->next; i < r->count; i++ )
        record_add(&s->records, r->rows[i], r->column, r->boot, OUTCOME_ERROR, reason);
}

static const char *prepare_network(struct session *s)
{
    if ( !s->network_ready && !s->no_network )
    {
        s->no_network = row_network_open(&s->network, &s->host, s->options->bridge);
        s->network_ready = !s->no_network;
    }
    return s->no_network;
}

/* No row of the kind can run on this machine: `reason`, and no boots. */
static void skip_kind(struct session *s, struct kind *kind, const char *reason)
{
    for ( size_t i = 0; i < kind->count; i++ )
        record_add(&s->records, kind->rows[i], kind->column, 0, OUTCOME_SKIP, reason);
    kind->hopeless = true;
}

/*
 * One boot of a kind, in one domain if nothing goes wrong.  A domain that is
 * lost before its first row twice in a row will not do better the next time.
 */
static void boot(struct session *s, struct kind *kind)
{
    const struct image_row **rows = xcalloc(kind->count, sizeof(*rows));
    struct runner r = {
        .host = &s->host, .column = kind->column, .options = s->options, .rows = rows,
        .records = &s->records, .boot = kind->boots++, .needs = kind->needs,
    };
    unsigned fruitless = 0;
    struct disk_guest disk;
    struct network_guest network;
    struct guest g;
    char *error = NULL, *extra[2] = { NULL, NULL };

    for ( size_t i = 0; i < kind->count; i++ )
        if ( !failed_before(s, kind->column, kind->rows[i]) )
            rows[r.count++] = kind->rows[i];
    while ( r.next < r.count && !loop_interrupted && !s->broken )
    {
        size_t before = r.next;

        free(error);
        network = (struct network_guest){ .network = NULL };
        message("%s: creating a domain (boot %u of %u)", kind->column->name, r.boot + 1,
                s->options->boots);
        extra[0] = kind->needs & DOMAIN_NICS ? row_network_cards(&s->network) : NULL;
        error = guest_start(&s->domains, kind->column, kind->needs, (const char *const *)extra,
                            NULL, &g);
        free(extra[0]);
        s->broken |= s->domains.no_xl;
        if ( error )
            break;   /* xl will say the same again */
        if ( kind->needs & DOMAIN_DISK )
            error = row_disk_attach(&s->disk, &s->host, g.domid, &disk);
        if ( !error && (kind->needs & DOMAIN_NICS) )
            error = row_network_join_cards(&s->network);
        if ( !error && (kind->needs & DOMAIN_NETWORK) )
            error = row_network_attach(&s->network, g.domid, &network);
        if ( !error )
            error = drive(s, &r, &g);
        /* Its pages must be unmapped before the domain can go. */
        if ( kind->needs & DOMAIN_DISK )
            row_disk_detach(&disk);
        row_network_detach(&network);
        guest_end(&s->domains, &g);
        if ( !error )
            continue;
        if ( !s->broken && !xenbus_alive(s->host.bus) )
        {
            free(error);
            error = xstrdup("lost the connection to xenstored; start Xen's services anew");
            s->broken = true;
        }
        fruitless = r.next == before ? fruitless + 1 : 0;
        progress("%s: %s", kind->column->name, error);
        if ( fruitless == 2 || ++kind->lost == MAX_LOST )
            break;
    }
    if ( s->broken && error )
        message("%s", error);
    else if ( r.next < r.count && !loop_interrupted && !s->broken )
    {
        kind->hopeless = true;
        rest(s, &r, kind->lost == MAX_LOST
                 ? "not tried: too many domains of this mode were lost" : error);
        message("%s: %s", kind->column->name, error);
    }
    free(error);
    free(rows);
}

/* -------------------------------------------------------------- the plan -- */

static struct kind *find_kind(struct kind **kinds, size_t *count,
                              const struct column *column, row_needs needs)
{
    for ( size_t i = 0; i < *count; i++ )
        if ( (*kinds)[i].column == column && (*kinds)[i].needs == needs )
            return &(*kinds)[i];
    *kinds = xrealloc(*kinds, (*count + 1) * sizeof(**kinds));
    (*kinds)[*count] = (struct kind){ .column = column, .needs = needs };
    return &(*kinds)[(*count)++];
}

/*
 * TCG exits at an intercepted RDTSCP with the reason RDTSC; Xen finds another
 * instruction than that and answers #GP, which no image of ours survives.
 */
static const char *impossible_here(const struct image_row *row, const struct column *column)
{
    return row->needs & DOMAIN_TSC_EMULATED && column_is(column, "hardware") && lab_clock_is_tcg()
               ? "QEMU's TCG reports a trapped RDTSCP as RDTSC, and Xen ends it with #GP"
               : NULL;
}

/* Sort the selection's rows into kinds; those that cannot run in the column get
 * their skip. */
static void sort_out(struct session *s, const struct column *column, const char *impossible,
                     struct kind **kinds, size_t *count)
{
    for ( size_t i = 0; i < s->selection->count; i++ )
    {
        const struct image_row *row = s->selection->rows[i];
        struct kind *kind;

        if ( row_is_own(row) )
            continue;
        if ( !columns_have(&row->columns, column) )
            record_add(&s->records, row, column, 0, OUTCOME_SKIP, row_elsewhere(row, column));
        else if ( impossible || impossible_here(row, column) )
            record_add(&s->records, row, column, 0, OUTCOME_SKIP,
                       impossible ? impossible : impossible_here(row, column));
        else if ( (row->needs & DOMAIN_SMP) && !s->domains.two_cpus )
            record_add(&s->records, row, column, 0, OUTCOME_SKIP,
                       "needs two CPUs, on two cores of one socket: one for each vCPU");
        else if ( (row->needs & DOMAIN_QDISK) && !disk_has_device_model() )
            record_add(&s->records, row, column, 0, OUTCOME_SKIP,
                       "this dom0 has no QEMU, which would be the backend");
        else if ( row->needs & xenctrl_lacks(s->host.xen) )
            record_add(&s->records, row, column, 0, OUTCOME_SKIP,
                       row->needs & DOMAIN_SHADOW ? "this Xen is built without shadow paging"
                                                  : "this CPU has no nested paging");
        else
        {
            kind = find_kind(kinds, count, column, row->needs & DOMAIN_NEEDS);
            kind->rows = xrealloc(kind->rows, (kind->count + 1) * sizeof(*kind->rows));
            kind->rows[kind->count++] = row;
        }
    }
}

static void run_kinds(struct session *s, struct kind *kinds, size_t count)
{
    size_t steps = count * s->options->boots;
    size_t *order = xcalloc(steps, sizeof(*order));

    plan_order(count, s->options->boots, s->options->seed, order);
    for ( size_t i = 0; i < steps && !loop_interrupted && !s->broken; i++ )
    {
        struct kind *kind = &kinds[order[i]];

        if ( !kind->hopeless && (kind->needs & DOMAIN_DISKS) && row_disk_open(&s->disk) )
            skip_kind(s, kind, row_disk_open(&s->disk));
        if ( !kind->hopeless && (kind->needs & DOMAIN_NETWORKS) && prepare_network(s) )
            skip_kind(s, kind, s->no_network);
        if ( !kind->hopeless )
            boot(s, kind);
    }
    free(order);
}

int session_run(const struct session_options *options, const struct selection *selection,
                struct results *results)
{
    struct session s = { .options = options, .selection = selection };
    struct column_set domains = columns_at(HOME_XEN), asked, here = { { false } };
    uint32_t possible;
    struct kind *kinds = NULL;
    size_t count = 0;
    int status = host_open(&s.host);

    if ( status != STATUS_OK )
        return status;
    s.domains = (struct domains){ .options = options, .host = &s.host, .disk = &s.disk };
    domains_destroy_stale(&s.domains);
    possible = xenctrl_modes(s.host.xen);
    s.domains.spare_cpu = xenctrl_spare_cpu(s.host.xen);
    s.domains.two_cpus = xenctrl_two_cpus(s.host.xen, s.domains.cpus);
    FOR_EACH_COLUMN(c)
        if ( columns_have(&domains, c) && !domain_impossible(possible, c) )
            columns_add(&here, c);
    asked = columns_common(&selection->columns, &domains);
    domains = columns_common(&asked, &here);
    if ( columns_any(&asked) && !columns_any(&domains) &&
         columns_equal(&selection->columns, &asked) )
    {
        char *choice = columns_text(&here, ",");

        /* Everything asked for is out of reach: that is no run, not even skips. */
        message("%s: choose among --modes=%s", domain_impossible(possible, columns_first(&asked)),
                *choice ? choice : "bare (in the lab)");
        free(choice);
        host_close(&s.host);
        return STATUS_ENVIRONMENT;
    }
    FOR_EACH_COLUMN(c)
        if ( columns_have(&asked, c) )
            sort_out(&s, c, domain_impossible(possible, c), &kinds, &count);
    run_kinds(&s, kinds, count);
    if ( !loop_interrupted && !s.broken )
        s.broken = !dom0_rows_run(&s.domains, selection, possible, &s.records);
    merge_records(&s.records, options->boots, options->keep_raw, results);
    if ( loop_interrupted )
        status = 128 + loop_interrupted;
    else if ( s.broken )
        status = STATUS_ENVIRONMENT;
    row_disk_close(&s.disk);
    if ( s.network_ready )
        row_network_close(&s.network);
    free(s.no_network);
    for ( size_t i = 0; i < count; i++ )
        free(kinds[i].rows);
    free(kinds);
    records_free(&s.records);
    host_close(&s.host);
    return status;
}
