/*
 * Columns of the application in a container, started by crun (an OCI runtime in C, podman's):
 * what a container is made of, one by one and together.
 */
#include "guests/app.h"

/* The container's name is the job's directory's: more than one may run on a host. */
#define NAME "\"${PWD##*/}\""
#define CRUN(cgroups) "exec image/" APP_PROGRAM " --start crun --cgroup-manager=" cgroups " run --bundle . " NAME
#define UNDO "crun delete --force " NAME
#define NAMESPACES "pid network ipc uts mount cgroup user"

static int run_namespaces(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = CRUN("disabled"), .bundle = true, .undo = UNDO,
                                            .namespaces = NAMESPACES });
}

COLUMN(namespaces) = {
    APP_COLUMN_ALONE, .name = "namespaces", .title = "namespaces", .order = 120, .classes = "app",
    .here = "root unshare crun cgroup2 userns",
    .what = "an application in namespaces of all kinds but time (crun)",
    .batch = run_namespaces,
};

static int run_seccomp(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = CRUN("disabled"), .bundle = true, .undo = UNDO,
                                            .namespaces = "mount", .seccomp = true });
}

COLUMN(seccomp) = {
    APP_COLUMN_ALONE, .name = "seccomp", .title = "seccomp", .order = 130, .classes = "app", .here = "root unshare crun cgroup2",
    .what = "an application behind podman's default seccomp filter (crun)",
    .note = "seccomp: the filter alone, podman's default; of namespaces only that for mounts, which "
            "crun needs.",
    .batch = run_seccomp,
};

static int run_container(struct batch *b)
{
    return app_batch(b, &(struct app_cell){ .script = CRUN("cgroupfs"), .bundle = true, .undo = UNDO,
                                            .namespaces = NAMESPACES, .seccomp = true,
                                            .cgroup = true });
}

COLUMN(container) = {
    APP_COLUMN_ALONE, .name = "container", .title = "container", .order = 140, .classes = "app",
    .here = "root unshare crun cgroup2 userns",
    .what = "an application in a container: namespaces, seccomp, cgroup v2 limits (crun)",
    .batch = run_container,
};
