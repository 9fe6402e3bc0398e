/* The first root of a Linux domain: one program, and the driver it needs. */
#ifndef GUESTS_LINUX_INITRAMFS_H
#define GUESTS_LINUX_INITRAMFS_H

/*
 * A memory file with the initramfs: `init` as process 1, and `driver` as /xen-blkfront.ko
 * (NULL: none).  Nothing of it is left when this process ends, however it does.  -1 with
 * *error (the caller's).
 */
int initramfs_make(const char *init, const char *driver, char **error);

#endif
