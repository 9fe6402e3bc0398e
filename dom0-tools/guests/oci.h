/* The description of a container that OCI runtimes read (crun, runsc): config.json of a bundle. */
#ifndef GUESTS_OCI_H
#define GUESTS_OCI_H

struct app_cell;

/*
 * For the application as /xenometer-app in rootfs/, with the capabilities that container engines
 * leave a container.  OCI runtime specification 1.0, config.md and config-linux.md.  The
 * caller's; NULL after a message.
 */
char *oci_config(const struct app_cell *);

/* The number, outside, of its root user. */
int oci_root(const struct app_cell *);

#endif
