/*
 * The wire of all net rows: one bridge in dom0 with a reflector on it, and a
 * domain's interfaces, by every path there is.
 */
#ifndef BACKEND_ROW_NETWORK_H
#define BACKEND_ROW_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/host.h"
#include "backend/reflector.h"
#include "backend/vif.h"

/* Numbers of the domain's network interfaces, by path. */
#define ROW_NETWORK_NETBACK 0u   /* Linux's xen-netback */
#define ROW_NETWORK_OWN     1u   /* backend/vif.c in this process, which is no port of the bridge */

struct row_network {
    struct host *host;
    char bridge[IFNAMSIZ];
    bool made;                             /* the bridge is ours */
    bool loaded_bridge, loaded_netback, loaded_tun;   /* modules that row_network_close() unloads */
    unsigned tap;                          /* number of the next domain's first tap device */
    struct reflector *reflector;
};

/*
 * The bridge `bridge`, or with NULL one of our own that leads nowhere else; the
 * reflector on it, and Linux's backend driver.  NULL, or why not (the caller's to
 * free); then nothing is left behind.
 */
char *row_network_open(struct row_network *, struct host *, const char *bridge);
void row_network_close(struct row_network *);

/* The wire as one domain has it. */
struct network_guest {
    struct row_network *network;
    uint32_t domid;
    struct vif *own;
};

/*
 * Network cards for the QEMU of a domain still to be made: a setting of xl (the
 * caller's).  QEMU makes their tap devices, which row_network_join_cards() then
 * makes ports of the bridge; they go with it.
 */
char *row_network_cards(struct row_network *);
char *row_network_join_cards(struct row_network *);

/*
 * Give a paused domain its interfaces, and wait until the backends are ready for the
 * frontend.  NULL, or why not (the caller's).  row_network_detach() in any case.
 */
char *row_network_attach(struct row_network *, uint32_t domid, struct network_guest *);
void row_network_detach(struct network_guest *);

/* Is there a bridge of that name?  NULL, or what is wrong (the caller's). */
char *row_network_bridge_missing(const char *bridge);

#endif
