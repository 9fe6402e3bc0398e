/*
 * A device by memory that a process answers, or an eventfd inside KVM: the same work as x86's mmio/ioreq and
 * mmio/eventfd.  Try: xenometer run --cpu=arm64 mmio/ioreq mmio/eventfd --modes=kvmarm64
 */
#include "../../arch/cpu.h"
#include "../../drivers/device.h"
#include "../../harness/row.h"
#include "../monitored.h"

EXPLANATION(mmio_ioreq) =
    "Reads a register in memory that KVM's monitor, a process, emulates: a stage-2 abort whose syndrome says which "
    "register and width, so that nothing is decoded; KVM finds no memory and no device of its own there "
    "(io_mem_abort, kvm_io_bus_read), leaves KVM_RUN to the process, and is entered again with the answer "
    "(kvm_handle_mmio_return).  Compare with mmio/gic-distributor, which KVM answers itself.";
ROW(mmio_ioreq, .run = run_memory_register) = {
    .name = "mmio/ioreq",
    .work = "ask a dom0 process and get its answer",
    .path = "stage-2 abort by a read, our own process",
    .help = "read a memory-mapped register that a process emulates",
    .explanation = explanation_mmio_ioreq,
    .elsewhere = "Debian's Xen for ARM64 has no ioreq servers: its option for them is off",
    .columns = "kvmarm64", .needs = SERVICE_IOREQ, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

static void run_eventfd(struct row_run *r)
{
    run_memory_doorbell(r, VMM_EVENT_OFFSET, 0);
}

EXPLANATION(mmio_eventfd) =
    "A write to an address at which KVM has an eventfd: a stage-2 abort, the search on KVM's bus of devices "
    "(kvm_io_bus_write, ioeventfd_write), which counts the eventfd up and wakes who waits for it (nobody does here), and "
    "the guest goes on.  virtio's doorbells are such: the I/O latency out of Dall et al., ISCA 2016.";
ROW(mmio_eventfd, .run = run_eventfd) = {
    .name = "mmio/eventfd",
    .work = "tell a dom0 process something, no answer",
    .path = "stage-2 abort by a write, an eventfd inside KVM",
    .help = "write to memory that rings an eventfd of KVM's monitor",
    .explanation = explanation_mmio_eventfd,
    .elsewhere = "an eventfd is Linux's: a guest of KVM rings it",
    .columns = "kvmarm64", .operations = 1, .samples = 1000, .warmup = 16,
};
