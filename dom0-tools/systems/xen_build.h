/*
 * Xen built from a source tree with other Kconfig options, out of the tree: in the cache, where the
 * same sources and options are built once.
 */
#ifndef SYSTEMS_XEN_BUILD_H
#define SYSTEMS_XEN_BUILD_H

/*
 * `source`: a tree of Xen's, configured or not; its objects make it quick.  `options`: "DEBUG=n
 * PV32=n", set on top of its .config, else of its defaults.  *xen gets the path of the xen.gz, with
 * xen-syms.map and the configuration beside it; the caller's, and there until the process ends, when
 * later builds may take its room (cache_built).  An enum status; said why: no tree, an option that
 * Kconfig does not take, what the compiler said.
 */
int xen_build(const char *source, const char *options, char **xen);

#endif
