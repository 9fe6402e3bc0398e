/*
 * lab_bare(): the unikernel without Xen, in the lab's QEMU.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/qemu/kvm.h"
#include "machines/qemu/qemu.h"
#include "systems/cache.h"
#include "xenometer.h"

/* isa-debug-exit: QEMU exits with (value << 1) | 1, so never with 0. */
#define ENDED_BY_GUEST(status) (WIFEXITED(status) && (WEXITSTATUS(status) & 1))

static int wait_for_end(struct qemu *qemu, const char *elf, unsigned deadline_seconds)
{
    uint64_t until = deadline_seconds ? now_ms() + (uint64_t)deadline_seconds * 1000 : UINT64_MAX;
    char *text, *ending;

    stage_begin("running %s without Xen", elf);
    while ( !qemu_wait(qemu, 20) )
    {
        stage_tick();
        if ( cancelled() )
            return cancelled();
        if ( now_ms() >= until )
        {
            message("the deadline of %u s passed in bare mode", deadline_seconds);
            return STATUS_DEADLINE;
        }
    }
    /* 1 is also what QEMU exits with when it refuses its command line: then
     * it has said why. */
    text = qemu_messages(qemu);
    ending = *text || !ENDED_BY_GUEST(qemu->child.status) ? qemu_ending(qemu) : NULL;
    if ( ending )
        message("bare mode did not end by itself: %s", ending);
    free(text);
    if ( ending == NULL )
        return STATUS_OK;
    free(ending);
    return STATUS_ENVIRONMENT;
}

static int bare(const struct lab_options *options, const char *elf, int commands,
                int console, int results, unsigned deadline_seconds)
{
    struct machine machine;
    struct qemu qemu;
    int keep[6] = { -1, commands, console, results }, status;
    size_t kept = 4;

    if ( options->plugin )
    {
        keep[kept++] = options->plugin->library;
        keep[kept++] = options->plugin->record;
    }
    status = qemu_prepare(&qemu, &keep[0]);
    if ( status == STATUS_OK )
    {
        machine_bare(&machine, options, elf, keep[0], commands, console, results);
        status = qemu_start(&qemu, &machine, NULL, keep, kept);
        machine_free(&machine);
        close(keep[0]);
    }
    if ( status == STATUS_OK )
        status = wait_for_end(&qemu, elf, deadline_seconds);
    stage_end();
    qemu_end(&qemu);
    return status;
}

static int usable_clock(const struct lab_options *options)
{
    struct cache cache;
    char reason[160];
    bool usable;

    if ( options->clock != LAB_KVM )
        return STATUS_OK;
    cache_find(&cache, &architecture_x86, options->suite, options->cache);
    usable = kvm_known(&cache, reason, sizeof(reason)) || strncmp(reason, "not probed", 10) == 0;
    cache_close(&cache);
    if ( usable )
        return STATUS_OK;
    message("KVM is %s; use --clock=exact or --clock=fast", reason);
    return STATUS_ENVIRONMENT;
}

int lab_bare(const struct lab_options *options, const char *elf,
             const void *data, size_t size, void **out, size_t *out_size,
             char **text, unsigned deadline_seconds)
{
    int commands, console, results, status, error = 0;

    cancel_begin();
    stage_quiet(options->quiet);
    commands = memory_file("commands", 0);
    console = memory_file("console", 0);
    results = memory_file("results", 0);
    status = commands < 0 || console < 0 || results < 0 ? STATUS_ENVIRONMENT
                                                        : usable_clock(options);
    if ( status == STATUS_OK && access(elf, R_OK) )
    {
        message("cannot read %s: %s", elf, strerror(errno));
        status = STATUS_USAGE;
    }
    if ( status == STATUS_OK && (error = write_all(commands, data, size)) != 0 )
    {
        message("no memory for the commands: %s", strerror(error));
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
        status = bare(options, elf, size ? commands : -1, console, results, deadline_seconds);
    *out = memory_file_text(results, out_size);
    *text = memory_file_text(console, NULL);
    if ( commands >= 0 )
        close(commands);
    if ( console >= 0 )
        close(console);
    if ( results >= 0 )
        close(results);
    cancel_end();
    return status;
}
