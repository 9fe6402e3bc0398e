#include "machines/job_data.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "xenometer.h"

/* A cursor in the job area. */
struct place {
    unsigned char *memory;
    uint64_t offset, end;
    bool full;
};

static void put(struct place *place, const void *data, size_t size)
{
    if ( size > place->end - place->offset )
        place->full = true;
    if ( place->full || size == 0 )
        return;
    memcpy(place->memory + place->offset, data, size);
    place->offset += size;
}

static void align(struct place *place)
{
    static const char zeros[8];

    put(place, zeros, channel_align(place->offset) - place->offset);
}

static int put_file(struct place *place, const struct lab_file *file)
{
    const void *data = file->data;
    size_t size = file->size;
    char *read = NULL;

    if ( strchr(file->name, '/') || strlen(file->name) > 255 || *file->name == '\0' )
    {
        message("a file pushed into the lab cannot be called '%s'", file->name);
        return STATUS_USAGE;
    }
    if ( data == NULL )
    {
        data = read = read_whole_file(file->host_path, &size);
        if ( read == NULL )
        {
            message("cannot read %s: %s", file->host_path, strerror(errno));
            return STATUS_USAGE;
        }
    }
    align(place);
    put(place, &(struct channel_file){ .size = size,
        .name_length = (uint32_t)strlen(file->name) }, sizeof(struct channel_file));
    put(place, file->name, strlen(file->name));
    align(place);
    put(place, data, size);
    free(read);
    return STATUS_OK;
}

int job_data_write(struct channel_header *header, const struct lab_job *job, uint32_t flags)
{
    struct place place = { .memory = (unsigned char *)header, .offset = CHANNEL_JOB,
                           .end = CHANNEL_JOB + CHANNEL_JOB_SIZE };
    int status = STATUS_OK;

    header->magic = CHANNEL_MAGIC;
    header->version = CHANNEL_VERSION;
    header->flags = flags;
    header->argument_count = 0;
    for ( ; job->argv[header->argument_count]; header->argument_count++ )
        put(&place, job->argv[header->argument_count],
            strlen(job->argv[header->argument_count]) + 1);
    header->fetch_count = (uint32_t)job->fetch_count;
    for ( size_t i = 0; i < job->fetch_count; i++ )
        put(&place, job->fetch[i].name, strlen(job->fetch[i].name) + 1);
    header->push_count = (uint32_t)job->push_count;
    for ( size_t i = 0; status == STATUS_OK && i < job->push_count; i++ )
        status = put_file(&place, &job->push[i]);
    header->job_length = place.offset - CHANNEL_JOB;
    if ( status == STATUS_OK && place.full )
    {
        message("the files for the lab are larger than %llu MiB together",
                CHANNEL_JOB_SIZE >> 20);
        status = STATUS_USAGE;
    }
    /* All of the job before the word that announces it; the guest's first
     * look comes after QEMU's start anyway. */
    __atomic_store_n(&header->job_state, CHANNEL_JOB_SET, __ATOMIC_RELEASE);
    return status;
}

int tail_copy(struct tail *tail, const struct channel_header *header)
{
    /* The agent stored the bytes before this length. */
    uint64_t length = __atomic_load_n(&tail->stream->length, __ATOMIC_ACQUIRE);
    int error = 0;

    if ( length > tail->capacity )
        length = tail->capacity;    /* no agent of ours says so */
    if ( length <= tail->copied )
        return STATUS_OK;
    if ( tail->fd >= 0 && !tail->failed )
        error = write_all(tail->fd, (const char *)header + tail->area + tail->copied,
                          length - tail->copied);
    tail->copied = length;
    if ( error == 0 )
        return STATUS_OK;
    tail->failed = true;
    /* `… | head`: nobody wants to hear of it. */
    if ( error == EPIPE )
        return 128 + SIGPIPE;
    message("cannot write the %s of dom0's command: %s", tail->name, strerror(error));
    return STATUS_FAILED;
}

int tail_finish(const struct tail *tail)
{
    uint64_t lost = tail->stream->lost;

    if ( lost == 0 )
        return STATUS_OK;
    message("dom0's command wrote more than %llu MiB to its %s: the last %llu bytes are lost; "
            "write to a file there and fetch it, or less",
            (unsigned long long)tail->capacity >> 20, tail->name, (unsigned long long)lost);
    return STATUS_FAILED;
}

/* One record at *offset; moves it on.  False when the area is damaged. */
static bool next_file(const struct channel_header *header, uint64_t *offset, uint64_t end,
                      struct channel_file *file, const void **data)
{
    const char *memory = (const char *)header;
    uint64_t at = *offset;

    if ( at > end || end - at < sizeof(*file) )
        return false;
    memcpy(file, memory + at, sizeof(*file));
    at = channel_align(at + sizeof(*file) + file->name_length);
    if ( at > end || file->size > end - at )
        return false;
    *data = memory + at;
    *offset = channel_align(at + file->size);
    return true;
}

int job_data_fetch(const struct channel_header *header, const struct lab_job *job)
{
    uint64_t offset = CHANNEL_FILES, length = header->files_length;
    int status = STATUS_OK;

    if ( length > CHANNEL_FILES_SIZE )
        length = 0;
    for ( size_t i = 0; i < job->fetch_count; i++ )
    {
        const struct lab_file *wanted = &job->fetch[i];
        struct channel_file file;
        const void *data;
        int error;

        if ( !next_file(header, &offset, CHANNEL_FILES + length, &file, &data) )
        {
            message("what dom0 sent of '%s' is damaged", wanted->name);
            return STATUS_FAILED;
        }
        if ( file.found != CHANNEL_FILE_WHOLE )
        {
            message(file.found == CHANNEL_FILE_MISSING
                    ? "dom0's command left no file '%s'"
                    : "dom0's file '%s' is too large to fetch (48 MiB together)", wanted->name);
            status = STATUS_FAILED;
            continue;
        }
        error = write_whole_file(wanted->host_path, data, file.size, 0666);
        if ( error )
        {
            message("cannot write %s: %s", wanted->host_path, strerror(error));
            status = STATUS_FAILED;
        }
    }
    return status;
}
