/*
 * `xenometer net`: a network interface, for any domain whose kernel has a netif
 * frontend, with a neighbour at the other end who sends every frame back.
 *
 * Try, in dom0:  xenometer net my-guest
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/vif.h"
#include "catalogue/select.h"
#include "bench/serve.h"
#include "xenometer.h"

#define DEFAULT_DEVICE 1u     /* most domains have 0 */
#define MAX_DEVICE     255u

struct net_options {
    const char *domain, *address;
    uint32_t device;
};

static const struct argp_option options_table[] = {
    { "device", 'd', "N", 0, "The interface's number in the domain (default 1)", 0 },
    { "mac", 'm', "ADDRESS", 0, "The interface's address (default: a random one, 00:16:3e:…)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 },
};

/* Six bytes in hexadecimal, that one interface can have: no group's, not all zero. */
static bool is_address(const char *text)
{
    static const char none[] = "00:00:00:00:00:00";
    char expected[sizeof(none)];
    unsigned byte[6];

    if ( strlen(text) != strlen(none) || text[strspn(text, "0123456789abcdefABCDEF:")] ||
         sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x", &byte[0], &byte[1], &byte[2], &byte[3],
                &byte[4], &byte[5]) != 6 )
        return false;
    snprintf(expected, sizeof(expected), "%02x:%02x:%02x:%02x:%02x:%02x", byte[0] & 0xff,
             byte[1] & 0xff, byte[2] & 0xff, byte[3] & 0xff, byte[4] & 0xff, byte[5] & 0xff);
    return !strcasecmp(text, expected) && !(byte[0] & 1) && strcmp(text, none);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct net_options *o = state->input;

    switch ( key )
    {
    case 'v': verbose = true; return 0;
    case 'd':
        return parse_count("--device", argument, 0, MAX_DEVICE, &o->device) ? EINVAL : 0;
    case 'm':
        o->address = argument;
        if ( is_address(argument) )
            return 0;
        message("--mac=%s: must be the address of one interface, such as 00:16:3e:00:00:01",
                argument);
        return EINVAL;
    case ARGP_KEY_ARG:
        if ( state->arg_num )
            return ARGP_ERR_UNKNOWN;
        o->domain = argument;
        return 0;
    case ARGP_KEY_END:
        if ( o->domain )
            return 0;
        message("the domain is missing; `xenometer net --help` shows how");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "DOMAIN",
    .doc = "Give a domain, named or by its number, a network interface whose frames all come "
           "back, until Ctrl-C or the domain's end."
           "\vExamples:\n"
           "  xenometer net my-guest\n"
           "  xenometer net my-guest --device=2 --mac=00:16:3e:00:00:02\n\n"
           "The neighbour is fe:ff:ff:ff:ff:ff.  It exchanges the two addresses of every frame "
           "to it; there is no wire, and nobody else.  (Of frames to everybody it sends those "
           "of EtherType 0x88b5 back, and answers no ARP.)\n\n"
           "Ctrl-C detaches the interface as `xl network-detach` does.  Where this program was "
           "killed, start it again with the same arguments: the domain keeps its interface, and "
           "loses the frames that were under way.\n\n"
           "Exit status: 0 fine, 1 the interface was lost, 2 usage, 3 something is missing on "
           "this machine, 4 the domain did not let go of the interface.",
};

static struct split *begin(struct host *h, uint32_t domid, const void *options, char **error)
{
    const struct net_options *o = options;
    struct vif *v = vif_new(h, domid, o->device, o->address, error);

    if ( !v )
        return NULL;
    message("network interface %u of domain %u, %s, has its frames back; Ctrl-C ends this",
            o->device, domid, vif_address(v));
    return vif_split(v);
}

static void end(struct split *s)
{
    struct vif *v = vif_of(s);
    struct vif_count count = vif_count(v);

    message("%llu frames sent back, %llu dropped", (unsigned long long)count.reflected,
            (unsigned long long)count.dropped);
    vif_free(v);
}

static const struct served device = {
    .driver = "xen-netfront", .busy = "does it respond?", .begin = begin, .end = end,
};

int command_net(int argc, char **argv)
{
    struct net_options o = { .device = DEFAULT_DEVICE };

    if ( argp_parse(&parser, argc, argv, 0, NULL, &o) )
        return STATUS_USAGE;
    return serve(o.domain, &device, &o, NULL, false);
}
