#include "guests/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/oci.h"
#include "lib/child.h"
#include "machines/lab.h"
#include "xenometer.h"

/* Of the batch's deadline, which is a unikernel's: a container takes longer to start, and its
 * commands are all rows. */
#define DEADLINES 10u

/*
 * As container engines do: what the image brings and what the container writes are layers of an
 * overlay; the latter is its root's.  (`user`: the number of root in its user namespace.)
 */
#define ROOTFS \
    "mkdir -p image layer work rootfs && mv " APP_PROGRAM " image/ && chown $user:$user layer && " \
    "mount -t overlay overlay -o lowerdir=image,upperdir=layer,workdir=work rootfs && "

const char *app_impossible(const struct lab_options *lab)
{
    if ( !lab )
        return "it runs on a Linux without Xen: use the lab";
    if ( lab->cpu )
        return "the lab without Xen runs in QEMU only: --cpu=amd";
    return lab->clock == LAB_KVM ? "the lab without Xen has the exact and the fast clock only" : NULL;
}

/* What of the run's machine is Xen's does not matter here. */
static struct lab_options linux_lab(const struct lab_options *of)
{
    return (struct lab_options){
        .clock = of->clock, .system = SYSTEM_LINUX, .without = of->without, .suite = of->suite,
        .cold = of->cold, .quiet = of->quiet, .cache = of->cache, .keep_logs = of->keep_logs,
    };
}

static int run(struct batch *b, const struct app_cell *cell, const struct lab_options *lab,
               const char *config, int out, int err)
{
    char *script = xasprintf("user=%s; %sexec 0<commands; %s",
                             strstr(cell->namespaces ? cell->namespaces : "", "user") ? "100000" : "0",
                             cell->bundle ? ROOTFS : "", cell->script);
    const char *argv[] = { "sh", "-c", script, NULL };
    struct lab_file push[] = {
        { .host_path = b->elf, .name = APP_PROGRAM },
        { .name = "commands", .data = b->commands, .size = b->size },
        { .name = "config.json", .data = config ? config : "", .size = config ? strlen(config) : 0 },
    };
    int inner = 0, status;

    status = lab_run(lab, &(struct lab_job){
        .argv = argv, .push = push, .push_count = sizeof(push) / sizeof(push[0]),
        .stdout_fd = out, .stderr_fd = err, .deadline_seconds = DEADLINES * b->deadline }, &inner);
    /* One that went wrong has left fewer results than commands; these are its last words. */
    if ( status == STATUS_OK && inner )
        dprintf(err, "%s with %s", cell->bundle ? "its runtime ended" : "it ended",
                inner > 128 ? strsignal(inner - 128) : "an error");
    free(script);
    return status;
}

int app_batch(struct batch *b, const struct app_cell *cell)
{
    struct lab_options lab = linux_lab(b->machine);
    char *config = cell->bundle ? oci_config(cell) : NULL;
    int out = memory_file("results", 0), err = memory_file("console", 0);
    int status = out < 0 || err < 0 || (cell->bundle && !config) ? STATUS_ENVIRONMENT
                                                                 : lab_prepare(&lab);

    if ( status == STATUS_ENVIRONMENT )
    {
        /* Others are measured all the same. */
        b->skip = "the lab without Xen cannot be had here; why was said when it was tried";
        status = STATUS_OK;
    }
    else if ( status == STATUS_OK )
        status = run(b, cell, &lab, config, out, err);
    if ( out >= 0 )
        b->results = memory_file_text(out, &b->results_size);
    if ( err >= 0 )
        b->console = memory_file_text(err, NULL);
    if ( out >= 0 )
        close(out);
    if ( err >= 0 )
        close(err);
    free(config);
    return status;
}
