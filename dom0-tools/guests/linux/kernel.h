/* Where dom0's own Linux is, to start a domain of it. */
#ifndef GUESTS_LINUX_KERNEL_H
#define GUESTS_LINUX_KERNEL_H

/* Strings are owned; all NULL before. */
struct guest_kernel {
    char *kernel;    /* absolute */
    char *driver;    /* xen-blkfront's module; NULL: built in */
    char *init;      /* our process 1 */
};

/*
 * Find dom0's kernel (`given`, or where distributions put it) and what belongs to it.
 * NULL, or what is missing and what to do (the caller's).  guest_kernel_free() in any case.
 */
char *guest_kernel_find(struct guest_kernel *, const char *given);
void guest_kernel_free(struct guest_kernel *);

#endif
