/*
 * An emulated device in this process: a port range and a memory page of an
 * HVM domain whose accesses Xen sends here as I/O requests, beside those it
 * sends to QEMU.  The same work as an echo on the data ring: a read returns
 * what was written there last.
 *
 * Faces domU-kernel/rows/x86/port.c and mmio.c.
 */
#ifndef BACKEND_IOREQ_H
#define BACKEND_IOREQ_H

#include <stdbool.h>
#include <stdint.h>

#include <xendevicemodel.h>
#include <xenforeignmemory.h>
#include <xen/hvm/ioreq.h>
#include <xenometer/protocol.h>

#include "backend/events.h"

struct ioreq_server;

#define IOREQ_NONE 0xffffu

/*
 * Make the server, claim IOREQ_PORTS ports from IOREQ_PORT_DEFAULT on and the
 * page at IOREQ_MMIO_DEFAULT, bind one channel of `events` per vCPU.  The
 * handles are borrowed.  `left`: the number of the one that another process left, which is
 * gone on with, and what waits for an answer of it gets one; or IOREQ_NONE.  NULL with
 * *error (the caller's) saying what failed; nothing is left then.
 */
struct ioreq_server *ioreq_open(xendevicemodel_handle *, xenforeignmemory_handle *,
                                struct events *, uint32_t domid,
                                uint32_t vcpus, uint32_t left, char **error);

/* Xen's number of it. */
uint32_t ioreq_id(const struct ioreq_server *);

/* Also where the domain is gone: Xen has then taken its part along. */
void ioreq_close(struct ioreq_server *);

/* ------------------------------------------- the device itself, pure C -- */

struct ioreq_registers {
    uint8_t ports[IOREQ_PORTS];
    uint8_t page[4096];
};

/* Guest-physical memory, for the string forms.  False: no such memory. */
struct guest_memory {
    void *context;
    bool (*copy)(void *context, uint64_t address, void *data, uint32_t size,
                 bool to_guest);
};

/*
 * Serve a request, the caller's private copy, and return the data for its
 * answer.  Accesses outside the registers read as ones and write nothing.
 */
uint64_t ioreq_serve(struct ioreq_registers *, const struct ioreq *,
                     const struct guest_memory *);

#endif
