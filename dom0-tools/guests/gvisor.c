/*
 * Columns of the application in gVisor (runsc), whose kernel, the Sentry, is a process: by each
 * platform that catches its system calls.  Platform kvm does not run in the lab, and this is why: the
 * Sentry, in ring 0 of a guest of KVM, switches to the application for the first time and restores its
 * vector registers; XRSTOR raises #GP (vector 13 in runsc's log).  It had allowed these registers by
 * XSETBV, which QEMU's TCG (7.2) does not intercept (row exit/xsetbv says so): KVM never learns it, and
 * loads an XCR0 with x87 alone at the next entry.
 */
#include "guests/app.h"

#define RUNSC(platform) "exec image/" APP_PROGRAM " --start runsc --platform=" platform " --network=none run --bundle . xenometer"
#define NAMESPACES "pid network ipc uts mount"

static int run_systrap(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = RUNSC("systrap"), .bundle = true,
                                            .namespaces = NAMESPACES, .cgroup = true });
}

COLUMN(gvisor) = {
    APP_COLUMN_ALONE, .name = "gvisor", .title = "gVisor", .order = 150, .classes = "app",
    .what = "an application in gVisor, platform systrap, its default",
    .note = "gVisor: system calls go to the Sentry, a kernel in a process: on the one CPU of this lab "
            "each is a switch to it and back.",
    .batch = run_systrap,
};

static int run_ptrace(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = RUNSC("ptrace"), .bundle = true,
                                            .namespaces = NAMESPACES, .cgroup = true });
}

COLUMN(gvisorptrace) = {
    APP_COLUMN_ALONE, .name = "gvisorptrace", .title = "ptrace", .order = 160, .classes = "app",
    .what = "an application in gVisor, platform ptrace, its oldest",
    .note = "ptrace: gVisor by ptrace in the place of systrap.",
    .batch = run_ptrace,
};
