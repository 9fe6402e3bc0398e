/* The emulated interrupt path, to be set against event channels. */
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../drivers/x86/lapic.h"
#include "../../harness/doubled.h"
#include "../../harness/row.h"
#include "../../xen/events.h"

#define NO_LAPIC "a PV guest has no local APIC: see event/send-self"

COLD static const char *setup_lapic(struct row_run *r)
{
    (void)r;
    lapic_enable();
    interrupts_enable();
    return NULL;
}

/* Bare mode runs with interrupts off otherwise: nobody set the PIC up. */
COLD static void teardown_lapic(struct row_run *r)
{
    (void)r;
    if ( boot_mode == MODE_BARE )
        interrupts_disable();
}

static void run_self_ipi(struct row_run *r)
{
    u32 doubled = 0;

    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        sample_keep(r, i, TIMED(({
            lapic_self_ipi();
            while ( cpu_interrupts == before )
                cpu_relax();
        })));
        doubled_check(r, cpu_interrupts - before, &doubled);
    }
}

EXPLANATION(interrupt_self_ipi_lapic) =
    "Writes the LAPIC's interrupt command register with the shorthand \"self\", takes the interrupt and "
    "acknowledges it by EOI.  Under Xen the write and the EOI are memory accesses that exit and are "
    "decoded (vlapic_reg_write, vlapic_ipi), and the interrupt is injected on the way back in.  The "
    "emulated counterpart of event/send-self: two exits that must be decoded, against one hypercall.";
ROW(interrupt_self_ipi_lapic,
    .setup = setup_lapic, .run = run_self_ipi, .teardown = teardown_lapic) = {
    .name = "interrupt/self-ipi-lapic",
    .work = "signal oneself",
    .path = "LAPIC ICR, interrupt, EOI",
    .help = "send oneself an interrupt through the emulated LAPIC",
    .explanation = explanation_interrupt_self_ipi_lapic,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_eoi(struct row_run *r)
{
    SAMPLES(r, lapic_write(LAPIC_EOI, 0));
}

EXPLANATION(interrupt_eoi) =
    "Writes EOI with no interrupt in service: the exit, the decoding and the look for something to "
    "complete (vlapic_EOI_set).  ISCA 2016 calls it virtual IRQ completion.  An event channel "
    "needs none: its pending bit is cleared in shared memory.";
ROW(interrupt_eoi, .setup = setup_lapic, .run = run_eoi, .teardown = teardown_lapic) = {
    .name = "interrupt/eoi",
    .work = "complete an interrupt",
    .path = "LAPIC EOI",
    .help = "write the LAPIC's end-of-interrupt register",
    .explanation = explanation_interrupt_eoi,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_tpr(struct row_run *r)
{
    SAMPLES(r, lapic_write(LAPIC_TPR, 0));
}

EXPLANATION(interrupt_tpr) =
    "Writes the task priority register with the value it has, by its memory-mapped address: exit, "
    "decoding, and a look whether an interrupt became deliverable.  CR8 is the same register without "
    "memory; QEMU's TCG cannot run that one.  QEMU's pc under KVM has KVM tell it of each access by memory, as it would "
    "patch the instruction in an old 32-bit guest (vapic_report_tpr_access): that takes all registers out of the "
    "kernel and back.";
ROW(interrupt_tpr, .setup = setup_lapic, .run = run_tpr, .teardown = teardown_lapic) = {
    .name = "interrupt/tpr",
    .work = "change the interrupt priority",
    .path = "LAPIC TPR by memory",
    .help = "write the LAPIC's task priority register",
    .explanation = explanation_interrupt_tpr,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

static void run_lapic_trap(struct row_run *r)
{
    SAMPLES(r, lapic_read(LAPIC_ID));
}

EXPLANATION(interrupt_lapic_trap) =
    "ISCA 2016 (Dall et al.) calls it interrupt controller trap: from the guest to the interrupt controller that "
    "the hypervisor emulates, and back.  Here a read of the LAPIC's identifier, which has no effect: the same path as "
    "mmio/xen-lapic, set beside the writes interrupt/tpr and interrupt/eoi.";
ROW(interrupt_lapic_trap,
    .setup = setup_lapic, .run = run_lapic_trap, .teardown = teardown_lapic) = {
    .name = "interrupt/lapic-trap",
    .work = "access the interrupt controller",
    .path = "LAPIC identifier by memory",
    .help = "read a LAPIC register that changes nothing: one trap",
    .explanation = explanation_interrupt_lapic_trap,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_x2apic(struct row_run *r)
{
    const char *reason = lapic_enter_x2apic();

    (void)r;
    if ( !reason )
        interrupts_enable();
    return reason;
}

COLD static void teardown_x2apic(struct row_run *r)
{
    lapic_leave_x2apic();
    teardown_lapic(r);
}

static void run_x2apic(struct row_run *r)
{
    u32 doubled = 0;

    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        sample_keep(r, i, TIMED(({
            x2apic_self_ipi();
            while ( cpu_interrupts == before )
                cpu_relax();
        })));
        doubled_check(r, cpu_interrupts - before, &doubled);
    }
}

EXPLANATION(interrupt_self_ipi_x2apic) =
    "As interrupt/self-ipi-lapic, with the LAPIC in x2APIC mode: its registers are MSRs, so the two exits "
    "(SELF IPI, EOI) need no memory access decoded (guest_wrmsr_x2apic).  The difference between the two rows is that "
    "decoding.";
ROW(interrupt_self_ipi_x2apic,
    .setup = setup_x2apic, .run = run_x2apic, .teardown = teardown_x2apic) = {
    .name = "interrupt/self-ipi-x2apic",
    .work = "signal oneself",
    .path = "x2APIC SELF IPI, interrupt, EOI",
    .help = "send oneself an interrupt through the LAPIC in x2APIC mode",
    .explanation = explanation_interrupt_self_ipi_x2apic,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- pending already ---- */

static void run_sti(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        interrupts_disable();
        lapic_self_ipi();   /* pends */
        sample_keep(r, i, TIMED(__asm__ volatile ("sti\n\tnop" ::: "memory")));
    }
}

EXPLANATION(interrupt_self_ipi_sti) =
    "STI with an interrupt from the LAPIC pending: Xen has asked the CPU to exit as soon as the guest can take it (interrupt "
    "window), injects the vector, and the EOI exits.  exit/hlt-wake is the same by HLT.";
ROW(interrupt_self_ipi_sti, .setup = setup_lapic, .run = run_sti, .teardown = teardown_lapic) = {
    .name = "interrupt/self-ipi-sti",
    .work = "take an interrupt that is pending",
    .path = "STI",
    .help = "allow interrupts with one pending, and take it",
    .explanation = explanation_interrupt_self_ipi_sti,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/*
 * The priority class above the vector's.  Its own would hold it back as well (SDM
 * vol. 3, 10.8.3.1), but QEMU's TCG lets a virtual interrupt of equal priority
 * through, and Xen's interrupt window would exit for ever.
 */
#define TPR_ABOVE ((VECTOR_LAPIC & 0xf0) + 0x10)

static void run_tpr_lowered(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        lapic_write(LAPIC_TPR, TPR_ABOVE);
        lapic_self_ipi();   /* pends */
        if ( cpu_interrupts != before )
            r->failure = "an interrupt came that the task priority holds back";
        sample_keep(r, i, TIMED(({
            lapic_write(LAPIC_TPR, 0);
            while ( cpu_interrupts == before )
                cpu_relax();
        })));
    }
}

EXPLANATION(interrupt_self_ipi_tpr) =
    "The LAPIC's task priority holds an interrupt back; lowering it exits, Xen finds the interrupt deliverable "
    "and injects it on the way in; the EOI exits.  The difference to interrupt/tpr is the delivery.";
ROW(interrupt_self_ipi_tpr,
    .setup = setup_lapic, .run = run_tpr_lowered, .teardown = teardown_lapic) = {
    .name = "interrupt/self-ipi-tpr",
    .work = "take an interrupt that is pending",
    .path = "LAPIC TPR lowered",
    .help = "lower the task priority with an interrupt pending, and take it",
    .explanation = explanation_interrupt_self_ipi_tpr,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- as far as the handler ---- */

static u32 local_port, remote_port;

COLD static const char *setup_callback(struct row_run *r)
{
    (void)r;
    remote_port = event_alloc_unbound(DOMID_SELF);
    local_port = event_bind_interdomain(DOMID_SELF, remote_port);
    event_unmask(remote_port);
    traps_stamp(true);
    return NULL;
}

COLD static void teardown_callback(struct row_run *r)
{
    (void)r;
    traps_stamp(false);
    event_close(local_port);
    event_close(remote_port);
}

/* Ticks from before `send` to the first instruction of the handler. */
#define UNTIL_HANDLER(r, send)                                                  \
    FOR_EACH_SAMPLE(r, i)                                                       \
    {                                                                           \
        u64 begin = tsc_begin();                                                \
                                                                                \
        send;                                                                   \
        while ( trap_stamp < begin )                                            \
            cpu_relax();                                                        \
        sample_keep(r, i, trap_stamp - begin);                                  \
    }

static void run_callback(struct row_run *r)
{
    UNTIL_HANDLER(r, event_send(local_port));
}

EXPLANATION(interrupt_vector_callback) =
    "Sends an event to this vCPU; its handler's first instruction reads the TSC.  Xen sets the pending bit and injects "
    "the vector named by HVM_PARAM_CALLBACK_IRQ past any LAPIC (evtchn_send, hvm_assert_evtchn_irq): no "
    "acknowledgement is due.  The same in event/send-self goes on until the return.  Compare with "
    "interrupt/vector-lapic.";
ROW(interrupt_vector_callback,
    .setup = setup_callback, .run = run_callback, .teardown = teardown_callback) = {
    .name = "interrupt/vector-callback",
    .work = "reach the handler of a signal to oneself",
    .path = "EVTCHNOP_send, callback vector",
    .help = "from an event to oneself to its handler's first instruction",
    .explanation = explanation_interrupt_vector_callback,
    .elsewhere = "only PVH and HVM have a callback vector: PV has a callback address (event/send-self)",
    .columns = "pvh hvm", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_vector(struct row_run *r)
{
    traps_stamp(true);
    return setup_lapic(r);
}

COLD static void teardown_vector(struct row_run *r)
{
    traps_stamp(false);
    teardown_lapic(r);
}

static void run_vector(struct row_run *r)
{
    UNTIL_HANDLER(r, lapic_self_ipi());
}

EXPLANATION(interrupt_vector_lapic) =
    "As interrupt/vector-callback, by the LAPIC's interrupt command register: the write exits and is decoded, the "
    "vector is injected.  The difference to interrupt/self-ipi-lapic is the handler, with its EOI.";
ROW(interrupt_vector_lapic,
    .setup = setup_vector, .run = run_vector, .teardown = teardown_vector) = {
    .name = "interrupt/vector-lapic",
    .work = "reach the handler of a signal to oneself",
    .path = "LAPIC ICR, interrupt",
    .help = "from a LAPIC interrupt to oneself to its handler's first instruction",
    .explanation = explanation_interrupt_vector_lapic,
    .elsewhere = NO_LAPIC,
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};
