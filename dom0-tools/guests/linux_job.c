#include "guests/linux_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "machines/lab.h"
#include "xenometer.h"

/* Of the batch's deadline, which is a unikernel's: a sandbox takes longer to start, and its
 * commands are all rows. */
#define DEADLINES 10u

const char *linux_job_impossible(const struct lab_options *lab)
{
    if ( !lab )
        return "it runs on a Linux without Xen: use the lab";
    if ( lab->cpu )
        return "the lab without Xen runs in QEMU only: --cpu=amd";
    if ( lab->clock == LAB_KVM )
        return "the lab without Xen has the exact and the fast clock only";
    return lab->smp ? "the lab without Xen has one CPU" : NULL;
}

/* What of the run's machine is Xen's does not matter here. */
static struct lab_options linux_lab(const struct lab_options *of)
{
    return (struct lab_options){
        .clock = of->clock, .system = SYSTEM_LINUX, .without = of->without, .suite = of->suite,
        .cold = of->cold, .quiet = of->quiet, .cache = of->cache, .keep_logs = of->keep_logs,
    };
}

static int run(struct batch *b, const struct lab_options *lab, const char *script,
               const struct lab_file *files, size_t count, const char *what, int out, int err)
{
    char *whole = xasprintf("exec 0<commands; %s", script);
    const char *argv[] = { "sh", "-c", whole, NULL };
    struct lab_file *push = xcalloc(count + 1, sizeof(*push));
    int inner = 0, status;

    memcpy(push, files, count * sizeof(*push));
    push[count] = (struct lab_file){ .name = "commands", .data = b->commands, .size = b->size };
    status = lab_run(lab, &(struct lab_job){
        .argv = argv, .push = push, .push_count = count + 1,
        .stdout_fd = out, .stderr_fd = err, .deadline_seconds = DEADLINES * b->deadline }, &inner);
    /* One that went wrong has left fewer results than commands; these are its last words. */
    if ( status == STATUS_OK && inner )
        dprintf(err, "%s ended with %s", what, inner > 128 ? strsignal(inner - 128) : "an error");
    free(push);
    free(whole);
    return status;
}

int linux_job(struct batch *b, const char *script, const struct lab_file *files, size_t count,
              const char *what)
{
    struct lab_options lab = linux_lab(b->machine);
    int out = memory_file("results", 0), err = memory_file("console", 0);
    int status = out < 0 || err < 0 ? STATUS_ENVIRONMENT : lab_prepare(&lab);

    if ( status == STATUS_ENVIRONMENT )
    {
        /* Others are measured all the same. */
        b->skip = "the lab without Xen cannot be had here; why was said when it was tried";
        status = STATUS_OK;
    }
    else if ( status == STATUS_OK )
        status = run(b, &lab, script, files, count, what, out, err);
    if ( out >= 0 )
        b->results = memory_file_text(out, &b->results_size);
    if ( err >= 0 )
        b->console = memory_file_text(err, NULL);
    if ( out >= 0 )
        close(out);
    if ( err >= 0 )
        close(err);
    return status;
}
