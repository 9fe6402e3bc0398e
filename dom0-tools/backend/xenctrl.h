/*
 * What we ask libxenctrl.  It has no stable ABI, so that xenctrl.c is the only
 * file that includes xenctrl.h and would have to change with it.
 */
#ifndef BACKEND_XENCTRL_H
#define BACKEND_XENCTRL_H

#include <stdbool.h>
#include <stdint.h>

#include <xenometer/row.h>

struct xentoollog_logger;
struct xenctrl;

/*
 * A logger for Xen's libraries that prints only with --verbose: what they have
 * to say at length we say in one line.  Static; needs no closing.
 */
struct xentoollog_logger *xenctrl_logger(void);

/* NULL after a message: not a dom0, or not root. */
struct xenctrl *xenctrl_open(void);
void xenctrl_close(struct xenctrl *);

struct domain_state {
    bool exists, dying, paused, shutdown;
    uint32_t reason;        /* SHUTDOWN_* of xen/sched.h, with `shutdown` */
    enum mode mode;         /* as the domain was built */
    uint32_t vcpus;         /* highest vCPU number + 1 */
    uint32_t online_vcpus;
};

/* State of a domain; `exists` is false when there is none of that number. */
struct domain_state xenctrl_domain(struct xenctrl *, uint32_t domid);

/*
 * Why a domain ended, for people: "crashed", "was destroyed", "shut itself
 * down (poweroff)".  NULL while it lives; a suspended one does, until it is destroyed.
 */
const char *xenctrl_end(const struct domain_state *);

/* False with errno set. */
bool xenctrl_unpause(struct xenctrl *, uint32_t domid);

/* Let another vCPU run on this physical CPU, if one wants to. */
void xenctrl_yield(struct xenctrl *);

/*
 * The domain's TSC minus ours, in ticks: 0 in PV; PVH and HVM domains begin at 0
 * when Xen makes their vCPU.  *doubt: how much the true one may differ.
 * False with errno set.
 */
bool xenctrl_tsc_offset(uint32_t domid, enum mode mode, uint64_t *offset, uint64_t *doubt);

/* The cheapest hypercall there is, through privcmd: Xen's version, -1 with errno. */
int xenctrl_null(struct xenctrl *);

/*
 * A new event channel port in domain `domid` that domain `remote` may bind to, as
 * a toolstack makes them.  The domain's own from then on.  -1 with errno.
 */
int xenctrl_alloc_port(struct xenctrl *, uint32_t domid, uint32_t remote);

/* The last resort where xl cannot: frees what Xen holds of the domain. */
bool xenctrl_destroy(struct xenctrl *, uint32_t domid);

/* The modes this Xen and CPU can start: no VMX or SVM, no PVH and HVM. */
uint32_t xenctrl_modes(struct xenctrl *);

/* The enum domain_need bits that this Xen cannot give: shadow paging, mostly. */
row_needs xenctrl_lacks(struct xenctrl *);

/* Strings are the caller's; NULL for unknown. */
char *xenctrl_version(struct xenctrl *);       /* "4.17.7" */
char *xenctrl_build_id(struct xenctrl *);      /* in hexadecimal */
char *xenctrl_debug(struct xenctrl *);         /* "y" or "n": is it a debug build, by its boot log */
char *xenctrl_mitigations(struct xenctrl *);   /* Xen's own words at boot */
/* The CPU's features for domains that Xen uses, with commas between: "vmx,ept,vpid"; NULL where
 * its boot log does not tell any more. */
char *xenctrl_features(struct xenctrl *);
/*
 * Two CPUs for the vCPUs of a domain: on different cores of one socket, and where
 * there are enough, off the core of CPU 0, which dom0 has as a rule.  False: this
 * machine has no two such.  In any case cpus[1] is the best for who needs one.
 */
bool xenctrl_two_cpus(struct xenctrl *, unsigned cpus[2]);


/* Physical CPUs that are online; 0: unknown. */
unsigned xenctrl_cpus(struct xenctrl *);

/* MiB that Xen has free for domains; 0: unknown. */
uint64_t xenctrl_free_memory(struct xenctrl *);
char *xenctrl_pinned(struct xenctrl *);        /* dom0's vCPUs and our domains, in words */
uint64_t xenctrl_tsc_hz(struct xenctrl *);     /* 0: unknown */

/* The mitigations as told in Xen's boot log. */
char *xenctrl_mitigations_in(const char *log);
/* Whether it is a debug build. */
char *xenctrl_debug_in(const char *log);
/* The same for the CPU's features. */
char *xenctrl_features_in(const char *log);

/* A CPU that no vCPU of dom0 may run on, where dom0 is pinned; -1: there is none. */
int xenctrl_spare_cpu(struct xenctrl *);

#endif
