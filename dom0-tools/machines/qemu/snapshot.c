#include "machines/qemu/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/channel.h"
#include "xenometer.h"

#define BOOT_DEADLINE 300000u   /* ms; a boot takes 6 to 20 s */
#define COPY_BLOCK    65536u

bool snapshot_exists(const struct cache *cache, const struct lab_options *options)
{
    char *path = xasprintf("%s/%s/state", cache->lab, machine_name(options));
    bool there = access(path, R_OK) == 0;

    free(path);
    return there;
}

/* Until the agent polls for a job. */
static int wait_for_agent(struct instance *instance)
{
    uint64_t until = now_ms() + BOOT_DEADLINE;
    char *ending, *text;

    while ( __atomic_load_n(&instance->header->agent_state, __ATOMIC_ACQUIRE) != CHANNEL_WAITING )
    {
        if ( cancelled() )
            return cancelled();
        if ( qemu_wait(&instance->qemu, 20) )
        {
            ending = qemu_ending(&instance->qemu);
            text = xasprintf("the lab did not boot: %s", ending);
            instance_explain(instance, text);
            free(text);
            free(ending);
            return STATUS_ENVIRONMENT;
        }
        if ( instance_panicked(instance) )
        {
            /* Let it finish its last words. */
            qemu_wait(&instance->qemu, 500);
            instance_explain(instance, "the lab did not boot: panic");
            return STATUS_ENVIRONMENT;
        }
        if ( now_ms() > until )
        {
            instance_explain(instance, "the lab did not boot in 300 s");
            return STATUS_DEADLINE;
        }
        stage_tick();
    }
    return STATUS_OK;
}

/* Copy the guest's memory, leaving holes for zeros: most of it. */
static int write_ram(int from, const char *path)
{
    static const char zeros[COPY_BLOCK];
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), error = 0;
    char *ram;

    if ( fd < 0 )
        return errno;
    ram = mmap(NULL, MACHINE_RAM, PROT_READ, MAP_SHARED, from, 0);
    if ( ram == MAP_FAILED || ftruncate(fd, (off_t)MACHINE_RAM) )
        error = errno;
    for ( uint64_t offset = 0; error == 0 && offset < MACHINE_RAM; )
    {
        ssize_t n = COPY_BLOCK;

        if ( memcmp(ram + offset, zeros, COPY_BLOCK) != 0 )
            n = pwrite(fd, ram + offset, COPY_BLOCK, (off_t)offset);
        if ( n < 0 && errno != EINTR )
            error = errno;
        if ( n > 0 )
            offset += (uint64_t)n;
        stage_tick();
    }
    /* Before the directory's final name says that the snapshot is there. */
    if ( error == 0 && fdatasync(fd) )
        error = errno;
    if ( ram != MAP_FAILED )
        munmap(ram, MACHINE_RAM);
    close(fd);
    return error;
}

static int wait_for_migration(struct qemu *qemu)
{
    for ( ;; )
    {
        json_t *answer;
        const char *text, *reason;
        int status = qemu_command(qemu, "query-migrate", NULL, &answer);
        bool ended;

        if ( status != STATUS_OK )
            return status;
        text = json_string_value(json_object_get(answer, "status"));
        ended = text && strcmp(text, "completed") == 0;
        if ( text && strcmp(text, "failed") == 0 )
        {
            reason = json_string_value(json_object_get(answer, "error-desc"));
            message("QEMU could not save the lab's state: %s", reason ? reason : "no reason given");
            status = STATUS_ENVIRONMENT;
        }
        json_decref(answer);
        if ( ended || status != STATUS_OK )
            return status;
        qemu_wait(qemu, 10);
        stage_tick();
    }
}

static int write_bar(struct instance *instance, const char *work)
{
    char *path = path_in(work, "bar"), *text;
    unsigned long long address;
    uint64_t found = 0;
    unsigned slot = 0;
    int status = instance_find_channel(instance, &slot, &found), error;

    if ( status == STATUS_OK )
    {
        address = found;
        text = xasprintf("%u %llx\n", slot, address);
        error = write_whole_file(path, text, strlen(text), 0666);
        if ( error )
            status = cache_error(path, error);
        free(text);
    }
    free(path);
    return status;
}

/*
 * QEMU writes its state into memory first: of an error while it writes to a
 * file, or to a program, not much would be known.
 */
static int migrate(struct instance *instance, int state)
{
    int status = instance_ignore_shared(&instance->qemu);

    if ( status == STATUS_OK )
        status = qemu_pass_fd(&instance->qemu, "state", state);
    if ( status == STATUS_OK )
        status = qemu_command(&instance->qemu, "migrate",
                              json_pack("{s:s}", "uri", "fd:state"), NULL);
    if ( status == STATUS_OK )
        status = wait_for_migration(&instance->qemu);
    return status;
}

static int save(struct instance *instance, const char *work)
{
    char *ram = path_in(work, "ram"), *path = path_in(work, "state"), *data;
    int state = memory_file("state", 0), status = STATUS_ENVIRONMENT, error;
    size_t size;

    if ( state >= 0 )
        status = qemu_command(&instance->qemu, "stop", NULL, NULL);
    if ( status == STATUS_OK )
        status = write_bar(instance, work);
    if ( status == STATUS_OK )
        status = migrate(instance, state);
    if ( status == STATUS_OK )
    {
        /* QEMU ends first: then nobody can change the memory any more. */
        qemu_end(&instance->qemu);
        error = write_ram(instance->ram, ram);
        if ( error )
            status = cache_error(ram, error);
    }
    if ( status == STATUS_OK )
    {
        data = memory_file_text(state, &size);
        error = write_whole_file(path, data, size, 0666);
        if ( error )
            status = cache_error(path, error);
        free(data);
    }
    if ( state >= 0 )
        close(state);
    free(path);
    free(ram);
    return status;
}

int snapshot_make(struct cache *cache, const struct lab_options *options)
{
    const char *name = machine_name(options);
    char *directory = xasprintf("%s.new", name), *work = path_in(cache->lab, directory);
    char *final = path_in(cache->lab, name);
    struct lab_options untraced = *options;
    struct instance instance;
    int status, error;

    untraced.plugin = NULL;
    stage_begin("booting Xen and dom0 for the snapshot (clock: %s)", name);
    remove_tree(work);
    error = make_directories(work);
    status = instance_prepare(&instance, &untraced);
    if ( error )
        status = cache_error(work, error);
    if ( status == STATUS_OK )
        status = instance_boot(&instance, cache, -1);
    if ( status == STATUS_OK )
        status = wait_for_agent(&instance);
    instance_keep_logs(&instance, options->keep_logs);
    if ( status == STATUS_OK )
        status = save(&instance, work);
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    instance_end(&instance);
    if ( status == STATUS_OK )
        remove_tree(final);
    if ( status == STATUS_OK && rename(work, final) )
        status = cache_error(final, errno);
    remove_tree(work);
    stage_end();
    free(final);
    free(work);
    free(directory);
    return status;
}
