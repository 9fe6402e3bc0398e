/* The emulated interrupt path, to be set against event channels. */
#include "../arch/mode.h"
#include "../drivers/lapic.h"
#include "../harness/row.h"

#define NO_LAPIC "a PV guest has no local APIC: see event/send-self"

static const char *setup_lapic(struct row_run *r)
{
    (void)r;
    lapic_enable();
    interrupts_enable();
    return NULL;
}

/* Bare mode runs with interrupts off otherwise: nobody set the PIC up. */
static void teardown_lapic(struct row_run *r)
{
    (void)r;
    if ( boot_mode == MODE_BARE )
        interrupts_disable();
}

static void run_self_ipi(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = lapic_interrupts;

        sample_keep(r, i, TIMED(({
            lapic_self_ipi();
            while ( lapic_interrupts == before )
                cpu_relax();
        })));
        if ( lapic_interrupts != before + 1 )
            r->failure = "one interrupt was sent, another number arrived";
    }
}

ROW(interrupt_self_ipi_lapic) = {
    .name = "interrupt/self-ipi-lapic",
    .work = "signal oneself",
    .path = "LAPIC ICR, interrupt, EOI",
    .help = "send oneself an interrupt through the emulated LAPIC",
    .explanation =
        "Writes the LAPIC's interrupt command register with the shorthand \"self\", takes the interrupt and "
        "acknowledges it by EOI.  Under Xen the write and the EOI are memory accesses that exit and are "
        "decoded (vlapic_reg_write, vlapic_ipi), and the interrupt is injected on the way back in.  The "
        "emulated counterpart of event/send-self: two exits that must be decoded, against one hypercall.",
    .elsewhere = NO_LAPIC,
    .modes = MODES_HARDWARE, .operations = 1, .samples = 500, .warmup = 16,
    .setup = setup_lapic, .run = run_self_ipi, .teardown = teardown_lapic,
};

static void run_eoi(struct row_run *r)
{
    SAMPLES(r, lapic_write(LAPIC_EOI, 0));
}

ROW(interrupt_eoi) = {
    .name = "interrupt/eoi",
    .work = "complete an interrupt",
    .path = "LAPIC EOI",
    .help = "write the LAPIC's end-of-interrupt register",
    .explanation =
        "Writes EOI with no interrupt in service: the exit, the decoding and the look for something to "
        "complete (vlapic_EOI_set).  ISCA 2016 calls it virtual IRQ completion.  An event channel "
        "needs none: its pending bit is cleared in shared memory.",
    .elsewhere = NO_LAPIC,
    .modes = MODES_HARDWARE, .operations = 1, .samples = 500, .warmup = 16,
    .setup = setup_lapic, .run = run_eoi, .teardown = teardown_lapic,
};

static void run_tpr(struct row_run *r)
{
    SAMPLES(r, lapic_write(LAPIC_TPR, 0));
}

ROW(interrupt_tpr) = {
    .name = "interrupt/tpr",
    .work = "change the interrupt priority",
    .path = "LAPIC TPR by memory",
    .help = "write the LAPIC's task priority register",
    .explanation =
        "Writes the task priority register with the value it has, by its memory-mapped address: exit, "
        "decoding, and a look whether an interrupt became deliverable.  CR8 is the same register without "
        "memory; QEMU's TCG cannot run that one.",
    .elsewhere = NO_LAPIC,
    .modes = MODES_HARDWARE, .operations = 1, .samples = 500, .warmup = 16,
    .setup = setup_lapic, .run = run_tpr, .teardown = teardown_lapic,
};
