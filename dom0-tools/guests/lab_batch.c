#include "guests/lab_batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/host_batch.h"
#include "lib/child.h"
#include "machines/lab.h"
#include "xenometer.h"

const char *lab_batch_impossible(const struct lab_options *lab)
{
    if ( !lab )
        return "it is measured in the lab only: --host=lab";
    if ( lab->cpu )
        return "it is measured in QEMU only: --cpu=amd";
    if ( lab->clock == LAB_KVM )
        return "it is measured with the exact and the fast clock only";
    return NULL;
}

#define NOT_TO_BE_HAD "its lab cannot be had here; why was said when it was tried"

/* The run's machine; what of it is Xen's does not matter where there is none. */
static struct lab_options lab_of(const struct batch *b, enum lab_system system)
{
    struct lab_options lab = *b->machine;

    lab.system = system;
    if ( system != SYSTEM_XEN )
        lab.variant = (struct variant){ 0 };
    return lab;
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
        .stdout_fd = out, .stderr_fd = err, .deadline_seconds = b->deadline }, &inner);
    /* One that went wrong has left fewer results than commands; these are its last words. */
    if ( status == STATUS_OK && inner )
        dprintf(err, "%s ended with %s", what, inner > 128 ? strsignal(inner - 128) : "an error");
    free(push);
    free(whole);
    return status;
}

int lab_batch_kernel(struct batch *b, enum lab_system system, bool boot, char **path)
{
    struct lab_options lab = lab_of(b, system);
    int status = lab_guest_kernel(&lab, boot, path);

    if ( status == STATUS_ENVIRONMENT )
    {
        b->skip = NOT_TO_BE_HAD;
        free(*path);
        *path = NULL;
        status = STATUS_OK;
    }
    else if ( status == STATUS_OK && !*path )
        b->skip = "a firmware starts a Linux of its bzImage: --dom0-kernel=FILE has one of which that was not made";
    return status;
}

int lab_batch(struct batch *b, enum lab_system system, const char *script,
              const struct lab_file *files, size_t count, const char *what)
{
    struct lab_options lab;
    int out, err, status;

    if ( !b->machine )
        return host_batch(b, script, files, count, what);
    lab = lab_of(b, system);
    out = memory_file("results", 0);
    err = memory_file("console", 0);
    status = out < 0 || err < 0 ? STATUS_ENVIRONMENT : lab_prepare(&lab);

    if ( status == STATUS_ENVIRONMENT )
    {
        /* Others are measured all the same. */
        b->skip = NOT_TO_BE_HAD;
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
