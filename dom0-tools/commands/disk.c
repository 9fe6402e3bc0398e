/*
 * `xenometer disk`: serve an image as a virtual disk, to any domain whose kernel
 * has a blkif frontend.
 *
 * Try, in dom0:  truncate -s 1G disk.img; xenometer disk my-guest disk.img
 */
#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/vbd.h"
#include "measure/session.h"
#include "xenometer.h"

#define PATIENCE 10u   /* seconds for the domain to let go of the disk */
#define GONE_MS  500u  /* for it to see that the device went */

struct disk_options {
    const char *domain, *image;
    uint32_t device;
    bool readonly;
};

static const struct argp_option options_table[] = {
    { "device", 'd', "NAME", 0, "The disk's name in the domain: xvda to xvdp (default xvdb)", 0 },
    { "readonly", 'r', NULL, 0, "The domain may not write", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 },
};

/* xen docs/man/xen-vbd-interface: major 202, 16 numbers a disk. */
static bool parse_device(const char *name, uint32_t *device)
{
    if ( strlen(name) != 4 || strncmp(name, "xvd", 3) || name[3] < 'a' || name[3] > 'p' )
        return false;
    *device = 202u << 8 | (uint32_t)(name[3] - 'a') << 4;
    return true;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct disk_options *o = state->input;

    switch ( key )
    {
    case 'r': o->readonly = true; return 0;
    case 'v': verbose = true;     return 0;
    case 'd':
        if ( parse_device(argument, &o->device) )
            return 0;
        message("--device=%s: must be xvda to xvdp", argument);
        return EINVAL;
    case ARGP_KEY_ARG:
        if ( state->arg_num == 0 )
            o->domain = argument;
        else if ( state->arg_num == 1 )
            o->image = argument;
        else
            return ARGP_ERR_UNKNOWN;
        return 0;
    case ARGP_KEY_END:
        if ( o->image )
            return 0;
        message("%s is missing; `xenometer disk --help` shows how",
                o->domain ? "the image" : "the domain");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "DOMAIN IMAGE",
    .doc = "Serve IMAGE, a file or block device, as a disk to a domain, named or by its "
           "number, until Ctrl-C or the domain's end."
           "\vExamples:\n"
           "  truncate -s 1G disk.img\n"
           "  xenometer disk my-guest disk.img\n"
           "  xenometer disk my-guest backup.img --device=xvdc --readonly\n\n"
           "Ctrl-C asks the domain to let go of the disk first.  Where this program was "
           "killed, start it again with the same arguments: it goes on where it was.\n\n"
           "What the storage refuses (no space left, an image cut short) is an error to the "
           "domain.  An image that grows leaves the disk as large as it was.\n\n"
           "Exit status: 0 fine, 1 the disk was lost, 2 usage, 3 something is missing on "
           "this machine, 4 the domain did not let go of the disk.",
};

/* By name or number among the domains xenstored knows. */
static bool find(struct host *h, const char *wanted, uint32_t *domid)
{
    size_t count;
    uint32_t *domids = xenbus_domains(h->bus, &count);
    bool found = false;

    for ( size_t i = 0; i < count && !found; i++ )
    {
        char *name = xenbus_domain_name(h->bus, domids[i]);
        char *number = xasprintf("%u", domids[i]);

        found = (name && !strcmp(name, wanted)) || !strcmp(number, wanted);
        if ( found )
            *domid = domids[i];
        free(name);
        free(number);
    }
    free(domids);
    return found;
}

static bool lives(struct host *h, uint32_t domid)
{
    struct domain_state s = xenctrl_domain(h->xen, domid);

    return !xenctrl_end(&s);
}

static void too_long(void *context)
{
    *(bool *)context = true;
}

/* The domain may still write: ask it to close, and wait for that. */
static int let_go(struct host *h, struct vbd *v, const struct disk_options *o, uint32_t domid)
{
    bool late = false;
    struct loop_timer timer = { .expired = too_long, .context = &late };
    int status = STATUS_OK, first = session_interrupted;

    session_interrupted = 0;   /* a second Ctrl-C ends the waiting */
    loop_timer_set(&h->loop, &timer, SECONDS(PATIENCE));
    vbd_close(v);
    while ( status == STATUS_OK && !vbd_closed(v) && !vbd_trouble(v) && !late &&
            !session_interrupted && lives(h, domid) )
        status = host_turn(h);
    loop_timer_clear(&h->loop, &timer);
    if ( status == STATUS_OK && !vbd_closed(v) && !vbd_trouble(v) && lives(h, domid) )
    {
        message("%s did not let go of the disk (is it mounted?): taken away all the same",
                o->domain);
        status = STATUS_DEADLINE;
    }
    session_interrupted = first;
    return status;
}

static int serve(struct host *h, const struct disk_options *o)
{
    uint32_t domid;
    struct vbd *v;
    char *error;
    int status = STATUS_OK;

    if ( !find(h, o->domain, &domid) )
    {
        message("there is no domain %s; `xl list` shows them", o->domain);
        return STATUS_ENVIRONMENT;
    }
    v = vbd_new(h, domid, o->device, o->image, o->readonly, &error);
    if ( !v )
    {
        message("%s", error);
        free(error);
        return STATUS_ENVIRONMENT;
    }
    message("%s serves domain %u; Ctrl-C ends this", o->image, domid);
    while ( status == STATUS_OK && !session_interrupted && !vbd_trouble(v) && lives(h, domid) )
        status = host_turn(h);
    if ( status == STATUS_OK && session_interrupted )
        status = let_go(h, v, o, domid);
    if ( status == STATUS_OK && vbd_trouble(v) && lives(h, domid) )
        status = STATUS_FAILED;   /* it was said already */
    message("%llu requests served", (unsigned long long)vbd_requests(v));
    vbd_free(v);
    /* When a watch tells Linux of a change, it looks whether the directory is there: the next
     * disk of that name, made before it has looked, would be the old one to it, closed. */
    if ( lives(h, domid) )
        nanosleep(&(struct timespec){ .tv_nsec = GONE_MS * 1000000 }, NULL);
    return status;
}

int command_disk(int argc, char **argv)
{
    struct disk_options o = { 0 };
    struct host h;
    int status;

    parse_device("xvdb", &o.device);
    if ( argp_parse(&parser, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    status = host_open(&h);
    if ( status == STATUS_OK )
    {
        status = serve(&h, &o);
        host_close(&h);
    }
    return status;
}
