/*
 * Columns of the application in gVisor (runsc), whose kernel, the Sentry, is a process: by each
 * platform that catches its system calls.
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

/*
 * The Sentry runs in ring 0 of a guest of KVM that has the process's own address space, and the application in
 * its ring 3.  It sets XCR0 there: QEMU 7.2 has to be made to tell KVM (machines/qemu/cpu_plugin.c), or the first
 * switch to the application raises #GP at its XRSTOR.
 */
static int run_kvm(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = RUNSC("kvm"), .bundle = true,
                                            .namespaces = NAMESPACES, .cgroup = true });
}

COLUMN(gvisorkvm) = {
    APP_COLUMN_ALONE, .name = "gvisorkvm", .title = "gVisor KVM", .order = 165, .classes = "app",
    .what = "an application in gVisor, platform kvm",
    .note = "gVisor KVM: the Sentry in ring 0 of a guest of KVM, the application in its ring 3; only what the "
            "Sentry asks its host for leaves the guest.",
    .batch = run_kvm,
};
