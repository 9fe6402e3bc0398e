#include "machines/qemu/parts.h"

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

#define COPY_BLOCK 65536u

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
    int status = qemu_find_channel(instance, &slot, &found), error;

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
    struct qemu_own *own = instance->own;
    /* The memory file is ours: QEMU opens it by our process. */
    char *file = xasprintf("file:/proc/%d/fd/%d", (int)getpid(), state);
    bool by_file = own->qemu.major >= QEMU_MIGRATES_FILES;
    int status = own->ram < 0 ? STATUS_OK : qemu_ignore_shared(&own->qemu);

    if ( status == STATUS_OK && !by_file )
        status = qemu_pass_fd(&own->qemu, "state", state);
    if ( status == STATUS_OK )
        status = qemu_command(&own->qemu, "migrate",
                              json_pack("{s:s}", "uri", by_file ? file : "fd:state"), NULL);
    free(file);
    if ( status == STATUS_OK )
        status = wait_for_migration(&own->qemu);
    return status;
}

static uint64_t big_endian(const unsigned char *b)
{
    uint64_t value = 0;

    for ( int i = 0; i < 8; i++ )
        value = value << 8 | b[i];
    return value;
}

/*
 * From here on an instruction takes one nanosecond.  Virtual time is a bias plus the
 * instructions shifted; QEMU saves bias and instructions (7.2 and 10.0,
 * vmstate "timer/icount": a subsection's mark, the length of its name and the name, a version
 * of four bytes, both numbers), and takes the shift from its command line.  So the bias takes
 * over what the shift has made of the instructions so far.
 */
static int set_shift_to_zero(char *state, size_t size)
{
    static const char subsection[] = "\5\14timer/icount\0\0\0\1";
    char *found = memmem(state, size, subsection, sizeof(subsection) - 1);
    unsigned char *bias = (unsigned char *)found + sizeof(subsection) - 1;
    uint64_t instructions, sum;

    if ( !found || (size_t)(state + size - (char *)bias) < 16 )
    {
        message("this QEMU saves its instruction clock in a way unknown to xenometer");
        return STATUS_ENVIRONMENT;
    }
    instructions = big_endian(bias + 8);
    sum = big_endian(bias) + (instructions << MACHINE_BOOT_SHIFT) - instructions;
    for ( int i = 7; i >= 0; i--, sum >>= 8 )
        bias[i] = (unsigned char)sum;
    return STATUS_OK;
}

int qemu_save(struct instance *instance, const char *work)
{
    struct qemu_own *own = instance->own;
    char *ram = path_in(work, "ram"), *path = path_in(work, "state"), *data;
    int state = memory_file("state", 0), status = STATUS_ENVIRONMENT, error;
    size_t size;

    if ( state >= 0 )
        status = qemu_command(&own->qemu, "stop", NULL, NULL);
    if ( status == STATUS_OK && own->ram >= 0 )
        status = write_bar(instance, work);
    if ( status == STATUS_OK )
        status = migrate(instance, state);
    if ( status == STATUS_OK )
    {
        /* QEMU ends first: then nobody can change the memory any more. */
        qemu_end(&own->qemu);
        error = own->ram < 0 ? 0 : write_ram(own->ram, ram);
        if ( error )
            status = cache_error(ram, error);
    }
    if ( status == STATUS_OK )
    {
        data = memory_file_text(state, &size);
        if ( instance->options.clock == LAB_EXACT )
            status = set_shift_to_zero(data, size);
        error = status == STATUS_OK ? write_whole_file(path, data, size, 0666) : 0;
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

