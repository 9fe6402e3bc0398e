/*
 * `xenometer disk`: serve an image as a virtual disk, to any domain whose kernel
 * has a blkif frontend.
 *
 * Try, in dom0:  truncate -s 1G disk.img; xenometer disk my-guest disk.img
 */
#include <argp.h>
#include <errno.h>
#include <string.h>

#include "backend/vbd.h"
#include "bench/serve.h"
#include "xenometer.h"

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

static struct split *begin(struct host *h, uint32_t domid, const void *options, char **error)
{
    const struct disk_options *o = options;
    struct vbd *v = vbd_new(h, domid, o->device, o->image, o->readonly, error);

    if ( !v )
        return NULL;
    message("%s serves domain %u; Ctrl-C ends this", o->image, domid);
    return vbd_split(v);
}

static void end(struct split *s)
{
    struct vbd *v = vbd_of(s);

    message("%llu requests served", (unsigned long long)vbd_requests(v));
    vbd_free(v);
}

static const struct served device = {
    .driver = "xen-blkfront", .busy = "is it mounted?", .begin = begin, .end = end,
};

int command_disk(int argc, char **argv)
{
    struct disk_options o = { 0 };

    parse_device("xvdb", &o.device);
    if ( argp_parse(&parser, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    return serve(o.domain, &device, &o, o.image, !o.readonly);
}
