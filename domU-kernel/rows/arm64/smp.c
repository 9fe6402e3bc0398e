/* From one vCPU to another, and to oneself, by the interrupt controller's own way. */
#include "../smp.h"
#include "../../arch/interrupts.h"
#include "../../drivers/arm64/gic.h"
#include "../../harness/doubled.h"

static inline void send(u32 vcpu)
{
    register_write(icc_sgi1r_el1, GIC_SGI_TO(vcpu));
    isb();
}

static void run_self(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        sample_keep(r, i, TIMED(({
            send(0);
            while ( cpu_interrupts == before )
                cpu_relax();
        })));
        if ( cpu_interrupts != before + 1 )
            r->failure = "one interrupt was sent to oneself, another number arrived";
    }
}

EXPLANATION(interrupt_sgi_self) =
    "Writes ICC_SGI1R_EL1 for this vCPU, takes the interrupt, acknowledges it (ICC_IAR1_EL1) and ends it "
    "(ICC_EOIR1_EL1).  The write traps: Xen decodes it (vgic_v3_emulate_sgi1r, vgic_to_sgi), puts the interrupt "
    "into a list register and returns (KVM: vgic_v3_dispatch_sgi); acknowledging and ending it the hardware does by itself.  Compare with "
    "event/send-self, whose upcall is such an interrupt, too.";
ROW(interrupt_sgi_self, .run = run_self) = {
    .name = "interrupt/sgi-self",
    .work = "signal oneself",
    .path = "ICC_SGI1R_EL1, interrupt, EOI",
    .help = "send oneself a software-generated interrupt and take it",
    .explanation = explanation_interrupt_sgi_self,
    .columns = "arms", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- acknowledging and ending, apart from sending ---- */

COLD static const char *setup_masked(struct row_run *r)
{
    (void)r;
    interrupts_disable();
    return NULL;
}

COLD static void teardown_masked(struct row_run *r)
{
    (void)r;
    interrupts_enable();
}

/* The number of the interrupt that was taken and ended. */
static inline u32 complete(void)
{
    u32 number = (u32)register_read(icc_iar1_el1);

    register_write(icc_eoir1_el1, number);
    isb();
    return number;
}

static void run_eoi(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u32 number;

        send(0);
        sample_keep(r, i, TIMED(number = complete()));
        if ( number != GIC_SGI_ROW )
            r->failure = "another interrupt was pending than was sent";
    }
}

EXPLANATION(interrupt_eoi) =
    "Acknowledges a pending interrupt (ICC_IAR1_EL1) and ends it (ICC_EOIR1_EL1), its handler left out: it stands in a "
    "list register, so that the CPU interface does both without Xen.  The virtual IRQ completion of Dall et al., ISCA "
    "2016.  Where it is an exit: interrupt/eoi on x86 without APIC virtualization, and interrupt/eoi-many here.";
ROW(interrupt_eoi, .setup = setup_masked, .run = run_eoi, .teardown = teardown_masked) = {
    .name = "interrupt/eoi",
    .work = "complete an interrupt",
    .path = "ICC_IAR1_EL1, ICC_EOIR1_EL1",
    .help = "acknowledge and end an interrupt that is pending",
    .explanation = explanation_interrupt_eoi,
    .columns = "arms", .operations = 1, .samples = 500, .warmup = 16,
};

#define MANY 8u   /* twice the list registers of a Cortex-A57, and of QEMU's */

static void run_eoi_many(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u32 seen = 0;

        for ( u32 n = GIC_SGI_ROW; n < GIC_SGI_ROW + MANY; n++ )
            register_write(icc_sgi1r_el1, (u64)n << 24 | 1);
        isb();
        sample_keep(r, i, TIMED(for ( u32 n = 0; n < MANY; n++ ) seen |= 1u << (complete() & 31)));
        if ( seen != ((1u << MANY) - 1) << GIC_SGI_ROW )
            r->failure = "not each interrupt that was sent was pending once";
    }
}

EXPLANATION(interrupt_eoi_many) =
    "As interrupt/eoi, of eight interrupts that are pending at once, and a CPU has four list registers: Xen keeps the rest "
    "(lr_pending) and asks for a maintenance interrupt when the registers run empty (ICH_HCR_EL2.UIE), at which it puts the "
    "next ones in (maintenance_interrupt, gic_restore_pending_irqs).  The figure is of one completion; times eight, less "
    "eight times interrupt/eoi, it is what the maintenance interrupts take.";
ROW(interrupt_eoi_many, .setup = setup_masked, .run = run_eoi_many, .teardown = teardown_masked) = {
    .name = "interrupt/eoi-many",
    .work = "complete an interrupt",
    .path = "8 pending, 4 list registers: maintenance interrupt",
    .help = "acknowledge and end eight interrupts, more than there are list registers",
    .explanation = explanation_interrupt_eoi_many,
    .columns = "arms", .operations = MANY, .samples = 500, .warmup = 16,
};

static inline __attribute__((always_inline))
void run_other(struct row_run *r, bool asleep)
{
    u32 doubled = 0;

    second_begin(asleep ? second_sleep : second_spin);
    FOR_EACH_SAMPLE(r, i)
    {
        u32 before = secondary_interrupts;

        if ( asleep )
            smp_wait_asleep();
        sample_keep(r, i, TIMED(({
            send(1);
            while ( secondary_interrupts == before )
                cpu_relax();
        })));
        doubled_check(r, secondary_interrupts - before, &doubled);
    }
    second_end();
}

static void run_busy(struct row_run *r)
{
    run_other(r, false);
}

static void run_halted(struct row_run *r)
{
    run_other(r, true);
}

EXPLANATION(interrupt_sgi_busy) =
    "Writes ICC_SGI1R_EL1 for the other vCPU, which spins on a physical CPU of its own: the write traps, Xen "
    "queues the interrupt, and interrupts that CPU, which puts it into a list register; the handler there "
    "acknowledges and ends it without Xen and counts; the sender sees the count.  KVM does the same "
    "(vgic_v3_dispatch_sgi, kvm_vcpu_kick) for vCPUs that are threads.  Counted instructions are those "
    "of both CPUs.  The virtual IPI of Dall et al., ISCA 2016.  Compare with event/ipi.";
ROW(interrupt_sgi_busy, .setup = second_setup, .run = run_busy) = {
    .name = "interrupt/sgi-busy",
    .work = "signal another vCPU",
    .path = "ICC_SGI1R_EL1, interrupt and EOI there",
    .help = "software-generated interrupt from one vCPU to another that is running",
    .explanation = explanation_interrupt_sgi_busy,
    .columns = "arms", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};

EXPLANATION(interrupt_sgi_halted) =
    "As interrupt/sgi-busy, to a vCPU that has executed WFI and is blocked in Xen, its physical CPU idle: the "
    "scheduler wakes it (vgic_inject_irq, vcpu_unblock, schedule) first.  Under KVM it is a thread that sleeps "
    "(kvm_vcpu_wfi, kvm_vcpu_wake_up), for longer than KVM would look for an interrupt before that (halt_poll_ns, "
    "500 us).  Counted instructions are those of both "
    "CPUs.";
ROW(interrupt_sgi_halted, .setup = second_setup, .run = run_halted) = {
    .name = "interrupt/sgi-halted",
    .work = "signal another vCPU",
    .path = "ICC_SGI1R_EL1 to a vCPU in WFI",
    .help = "software-generated interrupt from one vCPU to another that sleeps",
    .explanation = explanation_interrupt_sgi_halted,
    .columns = "arms", .needs = DOMAIN_SMP, .flags = ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 16,
};
