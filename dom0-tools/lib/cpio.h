/*
 * Entries of a cpio archive ("newc", by libarchive) that Linux unpacks as its first
 * root: all root's, all of one time, so that equal trees are equal bytes.
 */
#ifndef LIB_CPIO_H
#define LIB_CPIO_H

#include <archive.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * One entry: a directory, `size` bytes of file, or with `link` a symbolic link to that.
 * `mode` has its type and permissions.  0 or errno.
 */
int cpio_put(struct archive *, const char *path, mode_t mode, const char *link,
             const void *data, size_t size);

/* The file at `source`, with these permissions.  0 or errno. */
int cpio_put_file(struct archive *, const char *path, const char *source, mode_t mode);

#endif
