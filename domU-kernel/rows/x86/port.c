/* Asking a device by port, by who answers. */
#include "../../arch/memory.h"
#include "../../drivers/device.h"
#include "../../drivers/x86/pmtimer.h"
#include "../../harness/row.h"
#include "../../lib/string.h"
#include "../../xen/console.h"

#define PORT_PIT        0x61u     /* PC/AT system control port B: PIT channel 2 */
#define PORT_IDE_STATUS 0x1f7u    /* ATA-6, 7.15: primary channel, status */
#define PORT_SERIAL_LSR 0x3fdu    /* 16550: line status, first serial port */
#define PORT_UNCLAIMED  0x1234u

#define NEEDS_DEVICES "only HVM, bare and QEMU's pc under KVM have emulated PC devices"

static void run_pit(struct row_run *r)
{
    SAMPLES(r, port_in8(PORT_PIT));
}

EXPLANATION(port_xen_pit) =
    "IN from port 0x61 exits; Xen finds that it emulates the port itself "
    "(handle_pio, hvm_io_intercept, handle_speaker_io) and resumes: dom0 is not "
    "involved.  Compare with port/qemu-ide, the same instruction answered by a "
    "process in dom0.  Under KVM it is the PIT that KVM has in the kernel; but QEMU as its "
    "monitor keeps this port for itself (pcspk), and a process answers.";
ROW(port_xen_pit, .run = run_pit) = {
    .name = "port/xen-pit",
    .work = "enter the hypervisor and return",
    .path = "VM exit by IN, PIT inside Xen",
    .help = "IN from the PIT's port, emulated inside Xen",
    .explanation = explanation_port_xen_pit,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc kvm", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static u16 pmtimer_port;

COLD static const char *setup_pmtimer(struct row_run *r)
{
    (void)r;
    pmtimer_port = pmtimer_find();
    return pmtimer_port ? NULL : "no ACPI PM timer that counts was found";
}

static void run_pmtimer(struct row_run *r)
{
    SAMPLES(r, port_in32(pmtimer_port));
}

EXPLANATION(port_xen_pmtimer) =
    "IN from the PM timer's port exits; Xen computes the timer's value from its "
    "own clock (handle_pmt_io) and resumes.  It differs from port/xen-pit by the "
    "device's arithmetic only.";
ROW(port_xen_pmtimer, .setup = setup_pmtimer, .run = run_pmtimer) = {
    .name = "port/xen-pmtimer",
    .work = "enter the hypervisor and return",
    .path = "VM exit by IN, PM timer inside Xen",
    .help = "IN from the ACPI PM timer, emulated inside Xen",
    .explanation = explanation_port_xen_pmtimer,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_ide(struct row_run *r)
{
    (void)r;
    /* ATA-6, 7.15: with no controller the bus floats and reads as ones. */
    return port_in8(PORT_IDE_STATUS) == 0xff ? "no IDE controller at port 0x1f7" : NULL;
}

static void run_ide(struct row_run *r)
{
    SAMPLES(r, port_in8(PORT_IDE_STATUS));
}

EXPLANATION(port_qemu_ide) =
    "IN from port 0x1f7 exits; no device inside Xen claims it, so Xen writes an "
    "I/O request into a page shared with the device model, sends it an event "
    "and blocks the vCPU (ioreq_send).  dom0 wakes QEMU, which finds the "
    "register, answers and notifies; Xen completes the instruction.  The guest "
    "executes one instruction of it.  Compare with port/ioreq: the same way to a "
    "smaller process.";
ROW(port_qemu_ide, .setup = setup_ide, .run = run_ide) = {
    .name = "port/qemu-ide",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by IN, QEMU in dom0",
    .help = "IN from the IDE status register, answered by QEMU",
    .explanation = explanation_port_qemu_ide,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc", .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

COLD static const char *setup_serial(struct row_run *r)
{
    (void)r;
    return port_in8(PORT_SERIAL_LSR) == 0xff ? "no serial port at 0x3f8" : NULL;
}

static void run_serial(struct row_run *r)
{
    SAMPLES(r, port_in8(PORT_SERIAL_LSR));
}

EXPLANATION(port_qemu_serial) =
    "As port/qemu-ide, another device of the same process: the difference between the "
    "two is QEMU's own work on the register.";
ROW(port_qemu_serial, .setup = setup_serial, .run = run_serial) = {
    .name = "port/qemu-serial",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by IN, QEMU in dom0",
    .help = "IN from the serial port's line status, answered by QEMU",
    .explanation = explanation_port_qemu_serial,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

static void run_unclaimed(struct row_run *r)
{
    SAMPLES(r, port_in8(PORT_UNCLAIMED));
}

EXPLANATION(port_unclaimed) =
    "IN from port 0x1234 exits; Xen finds neither an internal device nor an "
    "ioreq server for it and completes it with all ones.  The figure is the "
    "search itself, the floor of all port exits.  KVM asks its monitor, a process, which has to know "
    "that nobody is there.";
ROW(port_unclaimed, .run = run_unclaimed) = {
    .name = "port/unclaimed",
    .work = "enter the hypervisor and return",
    .path = "VM exit by IN, nobody answers",
    .help = "IN from a port that no device claims",
    .explanation = explanation_port_unclaimed,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc kvms", .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_ioreq(struct row_run *r)
{
    (void)r;
    return device.ioreq_port ? NULL : "the backend has no ioreq server for this domain";
}

static void run_ioreq(struct row_run *r)
{
    u16 port = (u16)device.ioreq_port;

    port_out32(port, 0x600df00d);
    SAMPLES(r, port_in32(port));
    if ( port_in32(port) != 0x600df00d )
        r->failure = "the register did not keep what was written";
}

EXPLANATION(port_ioreq) =
    "IN from a port that the backend registered with an ioreq server of its own: "
    "the same process that serves ring/echo-64b answers a trapped instruction.  "
    "Xen writes the request into a shared page, sends an event, and blocks the "
    "vCPU until the answer.  The difference to ring/echo-64b is the path alone: "
    "exit and emulation on one side, ring and hypercalls on the other.  Under KVM the vCPU is a thread of "
    "that process: its ioctl returns with the request, nobody has to be woken.";
ROW(port_ioreq, .setup = setup_ioreq, .run = run_ioreq) = {
    .name = "port/ioreq",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by IN, our own process",
    .help = "IN from a port that the backend process emulates",
    .explanation = explanation_port_ioreq,
    .elsewhere = NEEDS_DEVICES,
    .columns = "hvm kvms", .needs = SERVICE_IOREQ,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

#define BATCH 64u   /* bytes by one REP INSB */

static u8 *batch;

COLD static const char *setup_batched(struct row_run *r)
{
    const char *reason = setup_ioreq(r);

    if ( !reason )
        batch = pages_alloc(1);
    return reason;
}

COLD static void teardown_batched(struct row_run *r)
{
    (void)r;
    pages_free(batch, 1);
}

static void run_batched(struct row_run *r)
{
    port_out8((u16)device.ioreq_port, 0x5a);
    FOR_EACH_SAMPLE(r, i)
    {
        void *to = batch;
        u64 count = BATCH;

        memset(batch, 0, BATCH);
        sample_keep(r, i, TIMED({
            __asm__ volatile ("rep insb" : "+D"(to), "+c"(count)
                              : "d"((u16)device.ioreq_port) : "memory");
        }));
        for ( u32 n = 0; n < BATCH; n++ )
            if ( batch[n] != 0x5a )
                r->failure = "the string read brought other bytes than the register has";
    }
}

EXPLANATION(port_ioreq_batched) =
    "REP INSB of 64 bytes from the port of port/ioreq: Xen decodes the instruction, translates the address "
    "and sends one request for all 64 (hvmemul_rep_ins); the process stores them through a "
    "mapping of the guest's page, made for it.  One exit, one wake-up and one mapping for 64 bytes: compare per byte "
    "with port/ioreq.  Emulated IDE moves its sectors like this.";
ROW(port_ioreq_batched,
    .setup = setup_batched, .run = run_batched, .teardown = teardown_batched) = {
    .name = "port/ioreq-batched",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by REP INSB, our own process",
    .help = "read 64 bytes by REP INSB from a port of the backend process, per byte",
    .explanation = explanation_port_ioreq_batched,
    .elsewhere = NEEDS_DEVICES,
    .columns = "hvm kvms", .needs = SERVICE_IOREQ, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = BATCH, .samples = 200, .warmup = 8,
};

/* ---- more devices, by who answers ---- */

#define PORT_ROW(identifier, row_name, who, what, port_number, row_columns)         \
    static void run_##identifier(struct row_run *r)                                 \
    {                                                                               \
        SAMPLES(r, port_in8(port_number));                                          \
    }                                                                               \
    EXPLANATION(port_##identifier) = \
        "IN from " what ": as port/xen-pit, another device inside Xen."; \
    ROW(port_##identifier, .run = run_##identifier) = {                             \
        .name = "port/" row_name,                                                   \
        .work = "enter the hypervisor and return",                                  \
        .path = "VM exit by IN, " who,                                              \
        .help = "IN from " what ", emulated inside Xen",                            \
        .explanation = explanation_port_##identifier,                               \
        .elsewhere = NEEDS_DEVICES,                                                 \
        .columns = row_columns,                                                     \
        .operations = 1, .samples = 500, .warmup = 16,                              \
    }

PORT_ROW(xen_pic, "xen-pic", "PIC inside Xen", "the interrupt controller's mask register", 0x21u,
         "pc kvms");
PORT_ROW(xen_rtc, "xen-rtc", "RTC inside Xen", "the clock's data port", 0x71u, "pc");

/* Edge or level for each line, 82374EB: the first chip's.  One byte; more at once KVM does not take. */
#define PORT_ELCR 0x4d0u

static void run_elcr(struct row_run *r)
{
    u8 value = port_in8(PORT_ELCR);

    SAMPLES(r, port_out8(PORT_ELCR, value));
}

EXPLANATION(port_xen_elcr) =
    "OUT to the interrupt controller's edge/level register, with what it has: as port/xen-pic, the other way.  Xen's PIC "
    "(vpic_intercept_elcr_io) and KVM's (elcr_ioport_write) take it; under QEMU's microvm QEMU does.";
ROW(port_xen_elcr, .run = run_elcr) = {
    .name = "port/xen-elcr",
    .work = "enter the hypervisor and return",
    .path = "VM exit by OUT, PIC inside Xen",
    .help = "OUT to the PIC's edge/level register, emulated inside Xen",
    .explanation = explanation_port_xen_elcr,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc kvms",
    .operations = 1, .samples = 500, .warmup = 16,
};

static void run_pci_config(struct row_run *r)
{
    SAMPLES(r, port_in32(0xcfcu));
}

EXPLANATION(port_pci_config) =
    "IN from port 0xcfc with the host bridge selected: Xen looks up which ioreq server "
    "owns the function (ioreq_server_select) and asks it, here QEMU.";
ROW(port_pci_config, .run = run_pci_config) = {
    .name = "port/pci-config",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by IN, PCI configuration",
    .help = "IN from PCI configuration space, answered by QEMU",
    .explanation = explanation_port_pci_config,
    .elsewhere = NEEDS_DEVICES,
    .columns = "pc", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

#define PORT_DEBUG 0xe9u

/* One line in all: with less than 200 characters Xen prints it at its end only. */
COLD static const char *setup_debug(struct row_run *r)
{
    (void)r;
    print("xenometer: ");
    return NULL;
}

static void run_debug(struct row_run *r)
{
    SAMPLES(r, port_out8(PORT_DEBUG, '.'));
}

COLD static void teardown_debug(struct row_run *r)
{
    (void)r;
    print("\n");
}

EXPLANATION(port_debug_0xe9) =
    "OUT to port 0xe9: Xen keeps the character until the line ends, when it prints all of them to its own log "
    "(hvm_print_line; console/debug-port-line).  No process in dom0 is involved.";
ROW(port_debug_0xe9, .setup = setup_debug, .run = run_debug, .teardown = teardown_debug) = {
    .name = "port/debug-0xe9",
    .work = "print one character",
    .path = "VM exit by OUT, Xen's debug console",
    .help = "OUT of one character to Xen's debug console",
    .explanation = explanation_port_debug_0xe9,
    .elsewhere = "a PV guest has no ports",
    .columns = "hardware", .operations = 1, .samples = 64, .warmup = 4,
};
