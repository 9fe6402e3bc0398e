/*
 * What the toolstack asks of the domain, by keys that the domain watches (Xen's
 * docs/misc/xenstore-paths, ~/control, ~/memory/target): xl shutdown, reboot, save,
 * migrate, sysrq, mem-set.
 */
#ifndef XEN_CONTROL_H
#define XEN_CONTROL_H

#include "../arch/types.h"

enum control_wish {
    WISH_NONE,
    WISH_POWEROFF,
    WISH_REBOOT,
    WISH_SUSPEND,    /* to be saved, or migrated */
};

/*
 * Watch these keys from now on, and look at them.  Not while somebody measures how fast the
 * domain boots: it takes a dozen requests.  Twice is once.
 */
void control_listen(void);
bool control_listens(void);

/* After a suspend what was wished for is done, and in a new domain (not `same`) the watches
 * are gone. */
void control_done(bool same);

/* What can be done only while no row runs: to be called then, with each piece of news. */
void control_idle(void);

/* Look at the keys, if the watches say so: what the toolstack wants.  It was told that we
 * heard; what we do not do was said on the console. */
enum control_wish control_look(void);

/* Wait until it wants something. */
enum control_wish control_await(void);

/* The same for people: "asked to shut down (xl shutdown)". */
const char *control_reason(enum control_wish);

#endif
