/*
 * A doorbell that KVM itself takes, by an eventfd that the monitor has put at a port and at an
 * address (KVM_IOEVENTFD): no process runs.  Read at the same place, the monitor tells how often it
 * has rung.  Try: xenometer run 'port/eventfd*' mmio/eventfd --modes=kvm
 */
#include "../../drivers/device.h"
#include "../../harness/row.h"
#include "../monitored.h"

#define ONLY_KVM "an eventfd is Linux's: a guest of KVM rings it"
#define TELL     "tell a dom0 process something, no answer"

/* The port's 32 bits are any, or those of which an eventfd was put there. */
static void ring_port(struct row_run *r, u16 port, u32 value)
{
    u32 before = port_in32(port);

    SAMPLES(r, port_out32(port, value));
    check_rings(r, port_in32(port) - before);
}

static void run_port(struct row_run *r)
{
    ring_port(r, VMM_EVENT_PORT, 0);
}

EXPLANATION(port_eventfd) =
    "OUT to a port at which KVM has an eventfd: KVM finds it on its bus of ports (kvm_io_bus_write, "
    "ioeventfd_write), counts it up, wakes who waits for it (nobody does here), and the guest goes on.  The way "
    "back to the monitor's process and the next KVM_RUN are saved: compare with port/ioreq.  virtio's doorbells "
    "for vhost are such.";
ROW(port_eventfd, .run = run_port) = {
    .name = "port/eventfd", .work = TELL, .path = "VM exit by OUT, an eventfd inside KVM",
    .help = "OUT to a port that rings an eventfd of KVM's monitor",
    .explanation = explanation_port_eventfd, .elsewhere = ONLY_KVM,
    .columns = "kvm", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_match(struct row_run *r)
{
    ring_port(r, VMM_MATCH_PORT, VMM_MATCH);
}

EXPLANATION(port_eventfd_match) =
    "The same where the eventfd is for one value only (KVM_IOEVENTFD_FLAG_DATAMATCH), as virtio has one for each "
    "queue: KVM compares what was written.";
ROW(port_eventfd_match, .run = run_match) = {
    .name = "port/eventfd-datamatch", .work = TELL, .path = "VM exit by OUT, an eventfd for that value",
    .help = "OUT of the value that rings an eventfd", .against = "port/eventfd",
    .explanation = explanation_port_eventfd_match, .elsewhere = ONLY_KVM,
    .columns = "kvm", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_memory(struct row_run *r)
{
    run_memory_doorbell(r, VMM_EVENT_OFFSET, 0);
}

EXPLANATION(mmio_eventfd) =
    "A write to an address at which KVM has an eventfd: a fault of the nested page table, the instruction "
    "decoded to learn what is written, then as port/eventfd.";
ROW(mmio_eventfd, .run = run_memory) = {
    .name = "mmio/eventfd", .work = TELL, .path = "VM exit by memory write, an eventfd inside KVM",
    .help = "write to memory that rings an eventfd of KVM's monitor", .against = "port/eventfd",
    .explanation = explanation_mmio_eventfd, .elsewhere = ONLY_KVM,
    .columns = "kvm", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_memory_match(struct row_run *r)
{
    run_memory_doorbell(r, VMM_MATCH_OFFSET, VMM_MATCH);
}

EXPLANATION(mmio_eventfd_match) =
    "As mmio/eventfd, where the eventfd is for one value only: what KVM compares it has decoded before in either case.";
ROW(mmio_eventfd_match, .run = run_memory_match) = {
    .name = "mmio/eventfd-datamatch", .work = TELL, .path = "VM exit by memory write, an eventfd for that value",
    .help = "write to memory the value that rings an eventfd", .against = "mmio/eventfd",
    .explanation = explanation_mmio_eventfd_match, .elsewhere = ONLY_KVM,
    .columns = "kvm", .operations = 1, .samples = 1000, .warmup = 16,
};
