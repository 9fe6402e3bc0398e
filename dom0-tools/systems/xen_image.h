/*
 * A Xen of the user's own: what `make -C xen` or a package leaves, checked before anything is
 * booted, and the symbols that belong to it.
 */
#ifndef SYSTEMS_XEN_IMAGE_H
#define SYSTEMS_XEN_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_TEXT 65u   /* hexadecimal digits of the longest one, and a NUL */

struct xen_image {
    char *data;                     /* unpacked: an ELF that a multiboot loader takes */
    size_t size;                    /* bytes */
    char build_id[BUILD_ID_TEXT];   /* "" where it has none */
};

/*
 * Read xen.gz, xen, or xen-syms of an x86-64 build, which becomes what the first two are.
 * STATUS_USAGE, said why, when it is none of these: something else, of another architecture,
 * damaged or cut off.  xen_image_free() in any case.
 */
int xen_image_read(const char *path, struct xen_image *);
void xen_image_free(struct xen_image *);

/* Whether a word of Xen's command line, such as "eager-fpu", is anywhere in it. */
bool xen_image_knows(const char *data, size_t size, const char *word);

/* Where the symbols of the Xen at `path` are by the habits of xen's Makefile, of make install
 * and of Debian's packages; the caller's.  NULL: in none of these places. */
char *xen_symbols_find(const char *path);

/*
 * The functions of that Xen as lines of "ADDRESS T NAME" (the caller's), from xen-syms.map or
 * an xen-syms with its symbol table.  STATUS_USAGE, said why, when it is neither, or of another
 * build: an ELF tells its build id, a map where that has to be.
 */
int xen_symbols_read(const char *path, const struct xen_image *, char **text);

#endif
