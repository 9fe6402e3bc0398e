/*
 * A guest of KVM that others signal by an irqfd: a thread of its monitor, and another guest on the same CPU.
 * Try: xenometer run sched/vm-switch-irqfd interrupt/irqfd --modes=kvm
 */
#include "../arch/interrupts.h"
#include "../arch/traps.h"
#include "../drivers/device.h"
#include "../harness/row.h"

#define ONLY_KVM "an irqfd is Linux's: it interrupts a guest of KVM"

static inline void vmm_write(u32 offset, u32 value)
{
    mmio_write32(device.ioreq_mmio + offset, value);
}

static inline u32 vmm_read(u32 offset)
{
    return mmio_read32(device.ioreq_mmio + offset);
}

/* Halts until more interrupts have come than the `seen` ones.  How many then. */
static inline u64 await(u64 seen)
{
    u64 now;

    /* Masked, so that it cannot come between the look and the halt. */
    for ( interrupts_disable(); cpu_interrupts == seen; interrupts_disable() )
        interrupts_enable_and_halt();
    now = cpu_interrupts;
    interrupts_enable();
    return now;
}

/* ---- a thread of the monitor ---- */

COLD static const char *setup_answers(struct row_run *r)
{
    (void)r;
    interrupts_listen(NULL);
    interrupts_enable();
    traps_stamp(true);
    vmm_write(VMM_ANSWERS_OFFSET, 1);
    return NULL;
}

COLD static void teardown_answers(struct row_run *r)
{
    (void)r;
    vmm_write(VMM_ANSWERS_OFFSET, 0);
    traps_stamp(false);
}

static void run_answers(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts, sent;

        vmm_write(VMM_ANSWER_OFFSET, 0);
        await(before);
        sent = vmm_read(VMM_ANSWERED_OFFSET);
        sent |= (u64)vmm_read(VMM_ANSWERED_OFFSET + 4) << 32;
        sample_keep(r, i, trap_stamp - sent);
        if ( cpu_interrupts != before + 1 )
            r->failure = "one signal was answered by more than one";
        else if ( trap_stamp < sent )
            r->error = "the host's clock is not the guest's here: Linux 5.16 or newer, on ARM64 6.4";
    }
}

EXPLANATION(interrupt_irqfd) =
    "The vCPU is halted.  A thread of the monitor reads the clock and writes an eventfd that is an irqfd of KVM "
    "(KVM_IRQFD), as QEMU does to complete a request of virtio's, and then sleeps: KVM makes the interrupt pending "
    "(irqfd_wakeup, kvm_arch_set_irq_inatomic: on x86 a message, on ARM64 an interrupt of the distributor's) and wakes the "
    "vCPU's thread, Linux switches to it on the same CPU, KVM enters the guest, and its handler's first instruction "
    "reads the clock.  The I/O latency in of Dall et al., ISCA 2016; the other way is port/eventfd and mmio/eventfd.";
ROW(interrupt_irqfd, .setup = setup_answers, .run = run_answers, .teardown = teardown_answers) = {
    .name = "interrupt/irqfd",
    .work = "wake a guest by an interrupt",
    .path = "eventfd written by a process, an irqfd inside KVM",
    .help = "from a process's write to an irqfd to the halted guest's handler",
    .explanation = explanation_interrupt_irqfd, .elsewhere = ONLY_KVM,
    .columns = "kvm kvmarm64", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};

/* ---- another guest ---- */

static u64 seen;

COLD static const char *setup_peer(struct row_run *r)
{
    interrupts_listen(NULL);
    interrupts_enable();
    seen = cpu_interrupts;
    if ( r->command->half == PEER_SECOND )
        vmm_write(VMM_SIGNAL_OFFSET, 0);   /* I am there */
    else
        vmm_write(VMM_PEER_OFFSET, r->command->id);
    return NULL;
}

COLD static void teardown_peer(struct row_run *r)
{
    /* Each switch is to who halts, the last one as well: the second waits for a last signal. */
    if ( r->command->half == PEER_SECOND )
    {
        await(seen);
        return;
    }
    vmm_write(VMM_SIGNAL_OFFSET, 0);
    if ( vmm_read(VMM_PEER_OFFSET) )
        r->error = "the second guest did not end well";
}

static void run_peer(struct row_run *r)
{
    bool first = r->command->half != PEER_SECOND;

    if ( first )
        seen = await(seen);
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = seen;

        if ( first )
            sample_keep(r, i, TIMED((vmm_write(VMM_SIGNAL_OFFSET, 0), seen = await(before))));
        else
            sample_keep(r, i, TIMED((seen = await(before), vmm_write(VMM_SIGNAL_OFFSET, 0))));
        if ( seen != before + 1 )
            r->failure = "one signal was answered by more than one";
    }
}

EXPLANATION(sched_vm_switch_irqfd) =
    "Two guests of this image, each of a process of its own, share the CPU.  The first rings a doorbell in memory, whose "
    "eventfd is the irqfd of the second, and halts; Linux switches to the second's thread, which KVM enters with the "
    "interrupt; the second does the same back.  A sample is there and back, the figure half of it.  No process runs "
    "outside its guest: all is in the kernel (ioeventfd_write, irqfd_wakeup, kvm_vcpu_block, schedule).  The VM switch of "
    "Dall et al., ISCA 2016, as sched/vm-switch is under Xen.";
ROW(sched_vm_switch_irqfd, .setup = setup_peer, .run = run_peer, .teardown = teardown_peer) = {
    .name = "sched/vm-switch-irqfd",
    .work = "switch to another domain",
    .path = "eventfd between two guests of KVM on one CPU",
    .help = "signal another guest, halt, and be woken by it; per switch",
    .explanation = explanation_sched_vm_switch_irqfd, .elsewhere = ONLY_KVM,
    .columns = "kvm kvmarm64", .flags = ROW_BLOCKS,
    .operations = 2, .samples = 500, .warmup = 16,
};
