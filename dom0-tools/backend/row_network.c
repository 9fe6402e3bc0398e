#include "backend/row_network.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/bridge.h"
#include "backend/modules.h"
#include "xenometer.h"

#define READY_MS 5000u        /* for netback to see its device */
#define OWN_BRIDGE "xmbr"     /* and the process's id */

char *row_network_bridge_missing(const char *bridge)
{
    return bridge_exists(bridge) ? NULL
        : xasprintf("there is no bridge %s: `ip link add %s type bridge && ip link set %s up` makes one",
                    bridge, bridge, bridge);
}

/* Bridges that killed runs left behind. */
static void remove_stale(void)
{
    DIR *all = opendir("/sys/class/net");
    struct dirent *e;

    while ( all && (e = readdir(all)) )
    {
        unsigned pid;

        if ( sscanf(e->d_name, OWN_BRIDGE "%u", &pid) == 1 && bridge_exists(e->d_name) &&
             kill((pid_t)pid, 0) && errno == ESRCH )
            free(bridge_remove(e->d_name));
    }
    if ( all )
        closedir(all);
}

static char *open_bridge(struct row_network *n, const char *bridge)
{
    char *error;

    if ( bridge )
    {
        error = row_network_bridge_missing(bridge);
        if ( !error )
            snprintf(n->bridge, sizeof(n->bridge), "%s", bridge);
        return error;
    }
    error = module_load("bridge", NULL, &n->loaded_bridge);
    if ( error )
        return error;
    remove_stale();
    snprintf(n->bridge, sizeof(n->bridge), OWN_BRIDGE "%d", (int)getpid());
    error = bridge_make(n->bridge);
    n->made = !error;
    return error;
}

char *row_network_open(struct row_network *n, struct host *host, const char *bridge)
{
    char *error;

    *n = (struct row_network){ .host = host };
    error = open_bridge(n, bridge);
    if ( !error )
        error = module_load("xen-netback", NULL, &n->loaded_netback);
    if ( !error )
        error = module_load("tun", NULL, &n->loaded_tun);
    if ( !error )
        n->reflector = reflector_new(n->bridge, &error);
    if ( error )
        row_network_close(n);
    return error;
}

void row_network_close(struct row_network *n)
{
    reflector_free(n->reflector);
    if ( n->made )
        free(bridge_remove(n->bridge));
    module_unload("xen-netback", &n->loaded_netback);
    module_unload("tun", &n->loaded_tun);
    module_unload("bridge", &n->loaded_bridge);
    *n = (struct row_network){ 0 };
}

/* ---- QEMU's cards ---- */

/* One queue, and the queue's owner is told at once: what QEMU has by itself. */
static const char *const cards[] = {
    "virtio-net-pci,disable-legacy=on", "e1000", "rtl8139",
};
#define CARDS (sizeof(cards) / sizeof(*cards))

static void tap_name(char name[IFNAMSIZ], unsigned number)
{
    /* Process and number together have less than 12 digits. */
    snprintf(name, IFNAMSIZ, "xmt%d-%u", (int)getpid(), number % 10000);
}

char *row_network_cards(struct row_network *n)
{
    char *text = xstrdup("device_model_args_hvm=["), *before;

    n->tap += CARDS;
    for ( unsigned i = 0; i < CARDS; i++ )
    {
        char tap[IFNAMSIZ];

        before = text;
        tap_name(tap, n->tap + i);
        text = xasprintf("%s%s \"-netdev\", \"tap,id=wire%u,ifname=%s,script=no,downscript=no\", "
                         "\"-device\", \"%s,netdev=wire%u,romfile=,mac=00:16:3e:%02x:%02x:%02x\"",
                         before, i ? "," : "", i, tap, cards[i], i, 0x60 + i,
                         (unsigned)getpid() & 0xff, n->tap & 0xff);
        free(before);
    }
    before = text;
    text = xasprintf("%s ]", before);
    free(before);
    return text;
}

char *row_network_join_cards(struct row_network *n)
{
    char *error = NULL;

    for ( unsigned i = 0; i < CARDS && !error; i++ )
    {
        char tap[IFNAMSIZ];

        tap_name(tap, n->tap + i);
        error = bridge_join(n->bridge, tap);
    }
    return error ? error : reflector_look(n->reflector);
}

/* ---- Linux's netback ---- */

static struct xenbus_name netback_name(uint32_t domid)
{
    return (struct xenbus_name){ domid, ROW_NETWORK_NETBACK, "vif", "vif" };
}

/* An address in Xen's own block, the same in every run of one process number. */
static void make_address(char text[18], uint32_t domid, uint32_t device)
{
    snprintf(text, 18, "00:16:3e:%02x:%02x:%02x", 0x40 | device, (unsigned)getpid() & 0xff,
             domid & 0xff);
}

/* Wait for its driver, which says so and then makes the network interface. */
static char *wait_ready(struct row_network *n, const struct xenbus_name *name, const char *interface)
{
    const struct timespec tick = { .tv_nsec = 2000000 };

    for ( unsigned i = 0; i < READY_MS / 2; i++ )
    {
        XenbusState state = xenbus_backend_state(n->host->bus, name);

        if ( state == XenbusStateInitWait && if_nametoindex(interface) )
            return NULL;
        if ( state > XenbusStateInitWait )
            break;
        nanosleep(&tick, NULL);
    }
    return xasprintf("Linux's netback does not take the domain's interface (its state is %d): "
                     "see dom0's kernel log", (int)xenbus_backend_state(n->host->bus, name));
}

static char *attach_netback(struct row_network *n, uint32_t domid)
{
    struct xenbus_name name = netback_name(domid);
    char address[18], interface[IFNAMSIZ];
    const struct xenbus_key frontend[] = {
        { "handle", "0" }, { "mac", address }, { NULL, NULL },
    };
    /* What libxl and its script write, whose work is ours: netback wants one to be
     * named, and to have done. */
    const struct xenbus_key backend[] = {
        { "handle", "0" }, { "mac", address }, { "type", "vif" }, { "bridge", n->bridge },
        { "script", "/bin/true" }, { "hotplug-status", "connected" }, { NULL, NULL },
    };
    char *error;

    make_address(address, domid, ROW_NETWORK_NETBACK);
    snprintf(interface, sizeof(interface), "vif%u.%u", domid, ROW_NETWORK_NETBACK);
    error = xenbus_attach(n->host->bus, &name, frontend, backend, XenbusStateInitialising);
    if ( !error )
        error = wait_ready(n, &name, interface);
    if ( error )
        return error;
    error = bridge_join(n->bridge, interface);
    return error ? error : reflector_look(n->reflector);
}

char *row_network_attach(struct row_network *n, uint32_t domid, struct network_guest *g)
{
    char address[18], *error;

    *g = (struct network_guest){ .network = n, .domid = domid };
    make_address(address, domid, ROW_NETWORK_OWN);
    g->own = vif_new(n->host, domid, ROW_NETWORK_OWN, address, &error);
    return g->own ? attach_netback(n, domid) : error;
}

void row_network_detach(struct network_guest *g)
{
    struct xenbus_name name = netback_name(g->domid);

    if ( !g->network )
        return;
    vif_free(g->own);
    xenbus_detach(g->network->host->bus, &name);
}
