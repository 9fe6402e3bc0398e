/* Asking a device by memory, by who answers. */
#include "../drivers/device.h"
#include "../drivers/lapic.h"
#include "../harness/row.h"

static void run_lapic(struct row_run *r)
{
    SAMPLES(r, lapic_read(LAPIC_VERSION));
    if ( (lapic_read(LAPIC_VERSION) & 0xff) == 0xff )
        r->failure = "the local APIC does not answer";
}

ROW(mmio_xen_lapic) = {
    .name = "mmio/xen-lapic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, LAPIC inside Xen",
    .help = "read the local APIC's version register, emulated inside Xen",
    .explanation =
        "A read of the local APIC's page faults in the nested page table; Xen walks "
        "the guest's page table, fetches and decodes the instruction, and emulates "
        "the read (hvm_hap_nested_page_fault, vlapic_mmio_read).  The decoding is "
        "what makes memory-mapped registers dearer than ports: compare with "
        "port/xen-pit.  CPUs with a virtual APIC serve this without an exit.",
    .elsewhere = "a PV guest has no local APIC",
    .modes = MODES_HARDWARE, .flags = ROW_HEADLINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_lapic,
};

static const char *setup_ioreq(struct row_run *r)
{
    (void)r;
    return device.ioreq_mmio ? NULL : "the backend has no ioreq server for this domain";
}

static void run_ioreq(struct row_run *r)
{
    u64 address = device.ioreq_mmio;

    mmio_write32(address, 0x600df00d);
    SAMPLES(r, mmio_read32(address));
    if ( mmio_read32(address) != 0x600df00d )
        r->failure = "the register did not keep what was written";
}

ROW(mmio_ioreq) = {
    .name = "mmio/ioreq",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by memory read, our own process",
    .help = "read a memory-mapped register that the backend process emulates",
    .explanation =
        "A read of a page that the backend registered with its ioreq server.  As "
        "port/ioreq, but Xen has to walk the guest's page table and decode the "
        "instruction before it can ask, so the difference to port/ioreq is the cost "
        "of decoding.",
    .elsewhere = "only HVM has an ioreq server for memory",
    .modes = MODE_HVM, .needs = SERVICE_IOREQ,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
    .setup = setup_ioreq, .run = run_ioreq,
};

/* 82093AA data sheet, 3.1: index register at 0, data at 0x10. */
#define IOAPIC 0xfec00000ul
/* IA-PC HPET 1.0a, 2.3.4: general capabilities and ID at 0, counter at 0xf0. */
#define HPET   0xfed00000ul

static void run_ioapic(struct row_run *r)
{
    SAMPLES(r, mmio_read32(IOAPIC));
}

ROW(mmio_xen_ioapic) = {
    .name = "mmio/xen-ioapic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, I/O APIC inside Xen",
    .help = "read the I/O APIC's index register, emulated inside Xen",
    .explanation = "As mmio/xen-lapic, another device inside Xen (vioapic_read).",
    .elsewhere = "only HVM and bare have an I/O APIC",
    .modes = MODE_HVM | MODE_BARE, .operations = 1, .samples = 500, .warmup = 16,
    .run = run_ioapic,
};

static const char *setup_hpet(struct row_run *r)
{
    (void)r;
    /* The upper half of the capabilities is the period, never 0 or all ones. */
    return mmio_read32(HPET + 4) - 1 >= 0x05f5e100 ? "no HPET at 0xfed00000" : NULL;
}

static void run_hpet(struct row_run *r)
{
    SAMPLES(r, mmio_read32(HPET + 0xf0));
}

ROW(mmio_xen_hpet) = {
    .name = "mmio/xen-hpet",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, HPET inside Xen",
    .help = "read the HPET's counter, emulated inside Xen",
    .explanation = "As mmio/xen-lapic, another device inside Xen (hpet_read).",
    .elsewhere = "only HVM and bare have an HPET",
    .modes = MODE_HVM | MODE_BARE, .operations = 1, .samples = 500, .warmup = 16,
    .setup = setup_hpet, .run = run_hpet,
};
