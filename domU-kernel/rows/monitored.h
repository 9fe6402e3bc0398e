/*
 * The timed parts of rows whose memory a process outside the guest answers, or an eventfd of it that the
 * kernel rings: one code for each architecture.
 */
#ifndef ROWS_MONITORED_H
#define ROWS_MONITORED_H

#include "../drivers/device.h"
#include "../harness/row.h"

/* A register of the process's, in memory: it keeps what was written. */
static inline void run_memory_register(struct row_run *r)
{
    u64 address = device.ioreq_mmio;

    mmio_write32(address, 0x600df00d);
    SAMPLES(r, mmio_read32(address));
    if ( mmio_read32(address) != 0x600df00d )
        r->failure = "the register did not keep what was written";
}

/* Each doorbell counts: read at its place, how often it has been rung. */
static inline void check_rings(struct row_run *r, u32 rings)
{
    if ( rings != r->warmup + r->count )
        r->failure = "the monitor has not heard each ring";
}

/* A doorbell in memory, `offset` bytes into the process's page, rung by that value. */
static inline void run_memory_doorbell(struct row_run *r, u32 offset, u32 value)
{
    u64 address = device.ioreq_mmio + offset;
    u32 before = mmio_read32(address);

    SAMPLES(r, mmio_write32(address, value));
    check_rings(r, mmio_read32(address) - before);
}

#endif
