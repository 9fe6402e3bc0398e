/*
 * The shared memory between the host program and the agent in the lab's dom0:
 * the BAR of an ivshmem-plain device there (in Bochs, a disk), a memory file here.
 *
 * One job per boot or snapshot load.  The host writes the job area and
 * `job_state` before the guest runs its first instruction and nothing
 * afterwards: so nothing timed by the host reaches the guest, and two runs of
 * one job are identical to the instruction.  Everything else is written by the
 * agent and read by the host while it runs.
 *
 * The agent is a real program on a real kernel that a measured domain may have
 * upset: the host checks each length against the area before using it.
 */
#ifndef MACHINES_CHANNEL_H
#define MACHINES_CHANNEL_H

#include <stdint.h>

#define CHANNEL_MAGIC    0x424d4c58u      /* "XLMB" */
#define CHANNEL_VERSION  1u

/* PCI identity of ivshmem (QEMU docs/specs/ivshmem-spec.txt); BAR 2 is the memory. */
#define CHANNEL_VENDOR   0x1af4
#define CHANNEL_DEVICE   0x1110

/* The device that ends QEMU: isa-debug-exit, any write to this port. */
#define CHANNEL_EXIT_PORT 0xf4

/* The disk, with the machine's firmware on another. */
#define CHANNEL_DISK "/dev/sda"

/* Areas, in bytes from the start.  The file is sparse: unused space is free. */
#define CHANNEL_MIB       (1024ull * 1024)
#define CHANNEL_SIZE      (128 * CHANNEL_MIB)
/* As a disk: whole cylinders of 16 heads and 63 sectors of 512 bytes. */
#define CHANNEL_HEADS     16u
#define CHANNEL_SECTORS   63u
#define CHANNEL_SECTOR    512u
#define CHANNEL_CYLINDERS 261u
#define CHANNEL_FILE_SIZE ((uint64_t)CHANNEL_CYLINDERS * CHANNEL_HEADS * CHANNEL_SECTORS * \
                           CHANNEL_SECTOR)
#define CHANNEL_JOB       4096ull
#define CHANNEL_JOB_SIZE  (32 * CHANNEL_MIB - 4096)
#define CHANNEL_OUT       (32 * CHANNEL_MIB)
#define CHANNEL_OUT_SIZE  (32 * CHANNEL_MIB)
#define CHANNEL_ERR       (64 * CHANNEL_MIB)
#define CHANNEL_ERR_SIZE  (16 * CHANNEL_MIB)
#define CHANNEL_FILES     (80 * CHANNEL_MIB)
#define CHANNEL_FILES_SIZE (48 * CHANNEL_MIB)

enum channel_job_state {
    CHANNEL_NO_JOB  = 0,
    CHANNEL_JOB_SET = 1,
};

enum channel_agent_state {
    CHANNEL_BOOTING = 0,
    CHANNEL_WAITING = 1,      /* the agent polls job_state; the snapshot is taken here */
    CHANNEL_RUNNING = 2,
    CHANNEL_DONE    = 3,      /* exit_status and the files area are valid */
    CHANNEL_FAILED  = 4,      /* `error` says why the job could not be run */
};

#define CHANNEL_INTERACTIVE 1u  /* flag: on dom0's console instead of the streams */

/*
 * An append-only stream.  The agent writes `length` and `lost`, the host only
 * reads.  Data first, then `length` with release order: who has seen a length
 * (acquire) sees all bytes below it.
 */
struct channel_stream {
    uint64_t length;          /* bytes valid in the area */
    uint64_t lost;            /* bytes that did not fit */
};

/* At offset 0. */
struct channel_header {
    uint32_t magic, version;

    /* Host writes, agent reads. */
    uint32_t job_state;       /* last of all, with release order */
    uint32_t flags;
    uint32_t argument_count;  /* NUL-terminated strings at CHANNEL_JOB … */
    uint32_t fetch_count;     /* … then names to fetch … */
    uint32_t push_count;      /* … then, 8-aligned, channel_file records */
    uint32_t reserved;
    uint64_t job_length;      /* bytes used in the job area */

    /* Agent writes, host reads. */
    uint32_t agent_state;     /* after everything it announces, with release order */
    int32_t  exit_status;
    struct channel_stream out, err;
    uint64_t files_length;    /* records in the files area, one per name to fetch */
    char     error[256];
};

/*
 * A file in the job area or the files area: this, the name, padding to 8, the
 * content, padding to 8.
 */
struct channel_file {
    uint64_t size;            /* bytes of content */
    uint32_t name_length;     /* bytes, no NUL */
    uint32_t found;           /* files area: 0 missing, 1 whole, 2 did not fit */
};

enum { CHANNEL_FILE_MISSING, CHANNEL_FILE_WHOLE, CHANNEL_FILE_TOO_BIG };

static inline uint64_t channel_align(uint64_t offset)
{
    return (offset + 7) & ~7ull;
}

#endif
