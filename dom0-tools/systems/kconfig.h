/*
 * How a Xen was configured (Kconfig), where it was left beside it.
 */
#ifndef SYSTEMS_KCONFIG_H
#define SYSTEMS_KCONFIG_H

/*
 * The configuration that belongs to the hypervisor at `xen`: .config in a source tree, or what its
 * install leaves beside it in boot/ ("xen-4.20.config").  NULL: none is there.  The caller's.
 */
char *kconfig_read(const char *xen);

/* Of it, what paths are known to depend on: "DEBUG=n SPECULATIVE_HARDEN_LOCK=y …".  The caller's;
 * NULL: none of it is there. */
char *kconfig_summary(const char *text);

#endif
