#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "merge.h"
#include "plan.h"
#include "record.h"
#include "runner.h"
#include "xenometer.h"
#include "xl.h"

#define CREATE_DEADLINE 60u   /* seconds for xl create */
#define GONE_DEADLINE   10u   /* for a domain to be gone */
#define MAX_LOST        12u   /* domains of one kind that may die or hang */
#define LARGE_MEMORY    "memory=160"   /* MiB, for DOMAIN_LARGE: what the lab can spare */

/* Domains that are started alike: the rows of one mode with the same needs. */
struct kind {
    enum mode mode;
    uint32_t needs;                 /* enum domain_need bits */
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
    unsigned domains;            /* created so far, for their names */
    int cpu;                     /* away from dom0, for a domain's vCPU; -1: none */
    bool broken;                 /* this machine cannot go on */
};

/* A domain of ours, from creation to its end. */
struct guest {
    uint32_t domid;
    char *name;
    struct console console;
};

/* ------------------------------------------------------------- domains -- */

static bool find_domain(struct session *s, const char *name, uint32_t *domid)
{
    size_t count;
    uint32_t *domids = xenbus_domains(s->host.bus, &count);
    bool found = false;

    for ( size_t i = 0; i < count && !found; i++ )
    {
        char *other = xenbus_domain_name(s->host.bus, domids[i]);

        found = other && !strcmp(other, name);
        if ( found )
            *domid = domids[i];
        free(other);
    }
    free(domids);
    return found;
}

static bool domain_exists(void *context, uint32_t domid)
{
    struct session *s = context;

    return xenctrl_domain(s->host.xen, domid).exists;
}

/* Destroy a domain and wait until Xen has let go of it. */
static void destroy(struct session *s, uint32_t domid)
{
    const struct timespec tick = { .tv_nsec = 50000000 };
    char *error;

    if ( !domain_exists(s, domid) )
        return;
    error = xl_destroy(domid, GONE_DEADLINE);
    if ( error && domain_exists(s, domid) )
    {
        progress("%s; asking Xen itself", error);
        xenctrl_destroy(s->host.xen, domid);
    }
    free(error);
    for ( unsigned i = 0; domain_exists(s, domid) && i < GONE_DEADLINE * 20; i++ )
        nanosleep(&tick, NULL);
    if ( domain_exists(s, domid) )
        message("domain %u cannot be destroyed: look at `xl list` and `xl dmesg`", domid);
}

/*
 * Domains that a killed run left: named after a process that is no more.
 */
static void destroy_stale(struct session *s)
{
    size_t count;
    uint32_t *domids = xenbus_domains(s->host.bus, &count);

    for ( size_t i = 0; i < count; i++ )
    {
        char *name = xenbus_domain_name(s->host.bus, domids[i]);
        unsigned pid;
        char mode[8];

        if ( name && sscanf(name, RUN_PREFIX "%7[a-z]-%u", mode, &pid) == 2 &&
             kill((pid_t)pid, 0) && errno == ESRCH )
        {
            message("destroying domain %u (%s), left behind by a killed run",
                    domids[i], name);
            destroy(s, domids[i]);
        }
        free(name);
    }
    free(domids);
    xenbus_remove_stale(s->host.bus, domain_exists, s);
}

/* xl takes settings as lines of Python-like text: quote a string for it. */
static char *setting(const char *key, const char *value)
{
    return xasprintf("%s=\"%s\"", key, value);
}

/* `needs`: enum domain_need bits; those that are Xen's to give become settings. */
static char *create(struct session *s, enum mode mode, uint32_t needs, struct guest *g)
{
    const char *settings[6] = { NULL };
    size_t count = 2;
    char *config = xasprintf("%s/%s.cfg", s->options->config_dir, mode_name(mode));
    char *image = realpath(s->options->elf, NULL);
    char *name, *kernel, *error, *pin = NULL;
    bool missing = false;

    *g = (struct guest){ .console.fd = -1 };
    g->name = xasprintf(RUN_PREFIX "%s-%d-%u", mode_name(mode), (int)getpid(),
                        s->domains++);
    name = setting("name", g->name);
    /* HVM starts the image in the place of its firmware. */
    kernel = setting(mode == MODE_HVM ? "firmware_override" : "kernel",
                     image ? image : s->options->elf);
    settings[0] = name;
    settings[1] = kernel;
    if ( needs & DOMAIN_SMP )
        settings[count++] = "vcpus=2";
    else if ( s->cpu >= 0 )
        settings[count++] = pin = xasprintf("cpus=\"%d\"", s->cpu);
    if ( needs & DOMAIN_LARGE )
        settings[count++] = LARGE_MEMORY;
    if ( access(config, R_OK) )
        error = xasprintf("cannot read %s: %s", config, strerror(errno));
    else if ( image && strpbrk(image, "\"\\\n") )
        error = xasprintf("xl cannot take the path %s: move the image", image);
    else
        error = xl_create(config, settings, CREATE_DEADLINE, &missing);
    if ( missing )
        s->broken = true;
    /* Also where it failed: there may be a domain, half made. */
    if ( !find_domain(s, g->name, &g->domid) )
    {
        if ( !error )
            error = xasprintf("xl made no domain named %s", g->name);
    }
    else if ( error )
        destroy(s, g->domid);
    free(config);
    free(image);
    free(name);
    free(kernel);
    free(pin);
    if ( error )
        free(g->name);
    return error;
}

static void guest_end(struct session *s, struct guest *g)
{
    console_close(&g->console);
    destroy(s, g->domid);
    free(g->name);
}

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

/* Rows that already failed in this mode are not tried again in later boots. */
static bool failed_before(const struct session *s, enum mode mode,
                          const struct image_row *row)
{
    for ( size_t i = 0; i < s->records.count; i++ )
    {
        const struct record *r = &s->records.list[i];

        if ( r->row == row && r->mode == mode && r->outcome >= OUTCOME_ERROR )
            return true;
    }
    return false;
}

static void rest(struct session *s, const struct runner *r, enum mode mode,
                 const char *reason)
{
    for ( size_t i = r->next; i < r->count; i++ )
        record_add(&s->records, r->rows[i], mode, r->boot, OUTCOME_ERROR, reason);
}

/*
 * One boot of a kind, in one domain if nothing goes wrong.  A domain that is
 * lost before its first row twice in a row will not do better the next time.
 */
static void boot(struct session *s, struct kind *kind)
{
    const struct image_row **rows = xcalloc(kind->count, sizeof(*rows));
    struct runner r = {
        .host = &s->host, .options = s->options, .rows = rows,
        .records = &s->records, .boot = kind->boots++, .needs = kind->needs,
    };
    unsigned fruitless = 0;
    struct guest g;
    char *error = NULL;

    for ( size_t i = 0; i < kind->count; i++ )
        if ( !failed_before(s, kind->mode, kind->rows[i]) )
            rows[r.count++] = kind->rows[i];
    while ( r.next < r.count && !session_interrupted && !s->broken )
    {
        size_t before = r.next;

        free(error);
        message("%s: creating a domain (boot %u of %u)", mode_name(kind->mode), r.boot + 1,
                s->options->boots);
        error = create(s, kind->mode, kind->needs, &g);
        if ( error )
            break;   /* xl will say the same again */
        error = drive(s, &r, &g);
        guest_end(s, &g);
        if ( !error )
            continue;
        if ( !s->broken && !xenbus_alive(s->host.bus) )
        {
            free(error);
            error = xstrdup("lost the connection to xenstored; start Xen's services anew");
            s->broken = true;
        }
        fruitless = r.next == before ? fruitless + 1 : 0;
        progress("%s: %s", mode_name(kind->mode), error);
        if ( fruitless == 2 || ++kind->lost == MAX_LOST )
            break;
    }
    if ( s->broken && error )
        message("%s", error);
    else if ( r.next < r.count && !session_interrupted && !s->broken )
    {
        kind->hopeless = true;
        rest(s, &r, kind->mode, kind->lost == MAX_LOST
                 ? "not tried: too many domains of this mode were lost" : error);
        message("%s: %s", mode_name(kind->mode), error);
    }
    free(error);
    free(rows);
}

/* -------------------------------------------------------------- the plan -- */

static struct kind *find_kind(struct kind **kinds, size_t *count, enum mode mode,
                              uint32_t needs)
{
    for ( size_t i = 0; i < *count; i++ )
        if ( (*kinds)[i].mode == mode && (*kinds)[i].needs == needs )
            return &(*kinds)[i];
    *kinds = xrealloc(*kinds, (*count + 1) * sizeof(**kinds));
    (*kinds)[*count] = (struct kind){ .mode = mode, .needs = needs };
    return &(*kinds)[(*count)++];
}

/* Sort the selection's rows into kinds; those that cannot run in `mode` get
 * their skip. */
static void sort_out(struct session *s, enum mode mode, const char *impossible,
                     struct kind **kinds, size_t *count)
{
    for ( size_t i = 0; i < s->selection->count; i++ )
    {
        const struct image_row *row = s->selection->rows[i];
        struct kind *kind;

        if ( !(row->modes & mode) )
            record_add(&s->records, row, mode, 0, OUTCOME_SKIP,
                       *row->elsewhere ? row->elsewhere : "not in this mode");
        else if ( impossible )
            record_add(&s->records, row, mode, 0, OUTCOME_SKIP, impossible);
        else
        {
            kind = find_kind(kinds, count, mode, row->needs & DOMAIN_NEEDS);
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
    for ( size_t i = 0; i < steps && !session_interrupted && !s->broken; i++ )
        if ( !kinds[order[i]].hopeless )
            boot(s, &kinds[order[i]]);
    free(order);
}

static const char *impossible(uint32_t possible, enum mode mode)
{
    if ( possible & mode )
        return NULL;
    return mode == MODE_PV ? "this Xen is built without PV"
                           : "this CPU has no VMX or SVM, or it is disabled in the firmware";
}

int session_run(const struct session_options *options, const struct selection *selection,
                struct results *results)
{
    static const enum mode modes[] = { MODE_PV, MODE_PVH, MODE_HVM };
    struct session s = { .options = options, .selection = selection };
    uint32_t possible, asked = selection->modes & MODES_XEN;
    struct kind *kinds = NULL;
    size_t count = 0;
    int status = host_open(&s.host);

    if ( status != STATUS_OK )
        return status;
    destroy_stale(&s);
    s.cpu = xenctrl_spare_cpu(s.host.xen);
    possible = xenctrl_modes(s.host.xen);
    if ( asked && !(asked & possible) && selection->modes == asked )
    {
        /* Everything asked for is out of reach: that is no run, not even skips. */
        message("%s: choose among --modes=%s", impossible(possible, asked & MODE_PV ? MODE_PV : MODE_HVM),
                possible == MODE_PV ? "pv" : possible ? "pvh,hvm" : "bare (in the lab)");
        host_close(&s.host);
        return STATUS_ENVIRONMENT;
    }
    for ( size_t i = 0; i < 3; i++ )
        if ( asked & modes[i] )
            sort_out(&s, modes[i], impossible(possible, modes[i]), &kinds, &count);
    run_kinds(&s, kinds, count);
    merge_records(&s.records, options->boots, options->keep_raw, results);
    if ( session_interrupted )
        status = 128 + session_interrupted;
    else if ( s.broken )
        status = STATUS_ENVIRONMENT;
    for ( size_t i = 0; i < count; i++ )
        free(kinds[i].rows);
    free(kinds);
    records_free(&s.records);
    host_close(&s.host);
    return status;
}
