/*
 * Columns whose guest is the application (dom0-tools/app): on the lab's Linux without Xen as a
 * process, in a container, in a sandbox; as process 1 of a Linux guest, of KVM or of Xen.
 */
#ifndef GUESTS_APP_H
#define GUESTS_APP_H

#include "catalogue/column.h"
#include "guests/lab_batch.h"

/* Files beside this program: the application, and KVM's monitor (guests/kvm/vmm.c). */
#define APP_PROGRAM "xenometer-app"
#define KVM_MONITOR "xenometer-vmm"

/* In front of the command that starts it, in a shell of the job's directory: says when. */
#define APP_START "./" APP_PROGRAM " --start "

/* The same where a guest's time stamp counter cannot be made the host's. */
#define APP_RELAY "./" APP_PROGRAM " --relay "

/* How it is shut in. */
struct app_cell {
    /*
     * Of a shell in the job's directory, where the application is and, with `bundle`, OCI's
     * config.json, the application's root in rootfs/ and the commands on standard input.  It
     * becomes the application, whose standard output goes on.
     */
    const char *script;
    bool bundle;
    const char *undo;            /* of a shell there, when it has ended or was killed; NULL: nothing */
    /* Of the bundle (guests/oci.h). */
    const char *namespaces;      /* "pid network", of OCI's names */
    bool seccomp;                /* configs/lab-linux/seccomp.json */
    bool cgroup;                 /* limits of memory, CPU and processes, which nothing reaches */
};

/* column.h: the whole of batch(), for a cell. */
int app_batch(struct batch *, const struct app_cell *);

/* What all of these columns say, and those of them that are not Xen's domains. */
#define APP_COLUMN \
    .home = HOME_BESIDE, .asked = true, .base = "native", .program = APP_PROGRAM, \
    .elsewhere = "measured by the unikernel, which is no process of a Linux", \
    .impossible = lab_batch_impossible
#define APP_COLUMN_ALONE APP_COLUMN, .alone = true

#endif
