/*
 * An NVMe disk (NVM Express Base 1.4): its first namespace, one pair of queues.
 *
 * Try it: -device nvme,drive=…,serial=1
 */
#ifndef DRIVERS_NVME_H
#define DRIVERS_NVME_H

#include "../disk.h"

#define NVME_ENTRIES 64u     /* of a queue: a page of commands */

/* Section 4.2: what we submit. */
struct nvme_command {
    u8 code, flags;
    u16 id;
    u32 space;               /* of names; 0: none */
    u64 reserved, metadata, data[2];
    u32 arguments[6];
};
_Static_assert(sizeof(struct nvme_command) == 64, "submission queue entry");

/* Section 4.6: what comes back. */
struct nvme_completion { u32 result, reserved; u16 head, queue, id, status; };
_Static_assert(sizeof(struct nvme_completion) == 16, "completion queue entry");

struct nvme_queue {
    struct nvme_command *commands;
    volatile struct nvme_completion *completions;
    u64 bells;               /* addresses of its two doorbells: submission, … */
    u64 head_bell;           /* … completion */
    u32 tail, published;     /* commands put, shown */
    u32 head, told;          /* completions taken, and said so; running freely */
};

struct nvme {
    struct disk disk;        /* first: struct disk_operations */
    u64 registers;
    struct nvme_queue admin, io;
    u64 *pages;              /* addresses of the buffer's pages: every list of them is a
                                part of this one */
};

extern const struct disk_operations nvme_operations;

#endif
