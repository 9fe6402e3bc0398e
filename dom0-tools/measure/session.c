#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "disk.h"
#include "record.h"
#include "runner.h"
#include "xenometer.h"
#include "xl.h"

#define CREATE_DEADLINE 60u   /* seconds for xl create */
#define GONE_DEADLINE   10u   /* for a domain to be gone */
#define MAX_LOST        12u   /* domains of one kind that may die or hang */

/* What domain needs are to xl; memory in MiB, for memory/random-walk-256mib.
 * The virtio devices have version 1 only, and a second bell, by port; the network
 * has no wire behind it and sends 10 ms after the bell. */
static const struct { uint32_t need; const char *setting; } need_settings[] = {
    { DOMAIN_SMP, "vcpus=2" },
    { DOMAIN_LARGE, "memory=272" },
    { DOMAIN_ON_DEMAND, "maxmem=64" },
    { DOMAIN_SHADOW, "hap=0" },
    { DOMAIN_DEVICES, "vga=\"stdvga\"" },
    { DOMAIN_DEVICES, "videoram=16" },
    { DOMAIN_DEVICES, "memory=64" },
    { DOMAIN_DEVICES, "device_model_args_hvm=[ \"-device\", "
      "\"virtio-rng-pci,disable-legacy=on,modern-pio-notify=on,vectors=2\", \"-device\", "
      "\"virtio-net-pci,disable-legacy=on,romfile=,tx=timer,x-txtimer=10000000\" ]" },
};
#define NEED_SETTINGS (sizeof(need_settings) / sizeof(need_settings[0]))

struct session {
    const struct session_options *options;
    const struct selection *selection;
    struct results *results;
    struct host host;
    unsigned domains;            /* created so far, for their names */
    bool broken;                 /* this machine cannot go on */
    struct disk disk;            /* once a domain needed it */
    bool disk_ready;
    char *no_disk;               /* why there is none */
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
    xenbus_remove_stale(s->host.bus, DEVICE_CLASS, domain_exists, s);
}

/* xl takes settings as lines of Python-like text: quote a string for it. */
static char *setting(const char *key, const char *value)
{
    return xasprintf("%s=\"%s\"", key, value);
}

/* `needs`: enum domain_need bits; those that are Xen's to give become settings. */
static char *create(struct session *s, enum mode mode, uint32_t needs, struct guest *g)
{
    const char *settings[2 + NEED_SETTINGS + 1] = { NULL };
    size_t count = 2;
    char *config = xasprintf("%s/%s.cfg", s->options->config_dir, mode_name(mode));
    char *image = realpath(s->options->elf, NULL);
    char *name, *kernel, *error;
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
    for ( size_t i = 0; i < NEED_SETTINGS; i++ )
        if ( needs & need_settings[i].need )
            settings[count++] = need_settings[i].setting;
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
        error = create(s, mode, needs, &g);
        if ( error )
            break;   /* xl will say the same again */
        if ( needs & DOMAIN_DISK )
            error = disk_attach(&s->disk, &s->host, g.domid, &disk);
        if ( !error )
            error = drive(s, &r, &g);
        /* Its pages must be unmapped before the domain can go. */
        if ( needs & DOMAIN_DISK )
            disk_detach(&disk);
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

        if ( !(row->modes & mode) )
            record_add(s->results, row, mode, OUTCOME_SKIP,
                       *row->elsewhere ? row->elsewhere : "not in this mode");
        else if ( impossible )
            record_add(s->results, row, mode, OUTCOME_SKIP, impossible);
        else if ( row->needs & xenctrl_lacks(s->host.xen) )
            record_add(s->results, row, mode, OUTCOME_SKIP,
                       row->needs & DOMAIN_SHADOW ? "this Xen is built without shadow paging"
                                                  : "this CPU has no nested paging");
        else
            rows[count++] = row;
    }
    return count;
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
    struct session s = {
        .options = options, .selection = selection, .results = results,
    };
    const struct image_row **rows = NULL;
    uint32_t possible, asked = selection->modes & MODES_XEN;
    int status = host_open(&s.host);

    if ( status != STATUS_OK )
        return status;
    destroy_stale(&s);
    possible = xenctrl_modes(s.host.xen);
    if ( asked && !(asked & possible) && selection->modes == asked )
    {
        /* Everything asked for is out of reach: that is no run, not even skips. */
        message("%s: choose among --modes=%s", impossible(possible, asked & MODE_PV ? MODE_PV : MODE_HVM),
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
        count = sort_out(&s, modes[i], impossible(possible, modes[i]), rows);
        if ( count )
            run_mode(&s, modes[i], rows, count);
    }
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
