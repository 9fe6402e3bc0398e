/* Asking a device by memory, by who answers. */
#include "../../arch/mode.h"
#include "../../drivers/device.h"
#include "../../drivers/x86/lapic.h"
#include "../../drivers/x86/pci.h"
#include "../../drivers/x86/virtio.h"
#include "../../harness/row.h"
#include "../monitored.h"

static void run_lapic(struct row_run *r)
{
    SAMPLES(r, lapic_read(LAPIC_VERSION));
    if ( (lapic_read(LAPIC_VERSION) & 0xff) == 0xff )
        r->failure = "the local APIC does not answer";
}

EXPLANATION(mmio_xen_lapic) =
    "A read of the local APIC's page faults in the nested page table; Xen decodes the "
    "instruction, whose bytes the CPU has saved (AMD's decode assists; x86emul_decode), walks the "
    "guest's page table for its operand (guest_walk_tables_4_levels), and emulates the read "
    "(hvm_hap_nested_page_fault, vlapic_mmio_read).  That is what makes memory-mapped registers "
    "dearer than ports: compare with port/xen-pit.  Where the CPU saves no bytes, Xen fetches them "
    "by another walk, 4,700 instructions more (--without=decodeassists).  CPUs with a virtual APIC "
    "serve this without an exit.";
ROW(mmio_xen_lapic, .run = run_lapic) = {
    .name = "mmio/xen-lapic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, LAPIC inside Xen",
    .help = "read the local APIC's version register, emulated inside Xen",
    .explanation = explanation_mmio_xen_lapic,
    .elsewhere = "a PV guest has no local APIC",
    .columns = "hardware", .flags = ROW_HEADLINE | ROW_APIC,
    .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_ioreq(struct row_run *r)
{
    (void)r;
    return device.ioreq_mmio ? NULL : "the backend has no ioreq server for this domain";
}

EXPLANATION(mmio_ioreq) =
    "A read of a page that the backend registered with its ioreq server.  As "
    "port/ioreq, but Xen has to walk the guest's page table and decode the "
    "instruction before it can ask, so the difference to port/ioreq is the cost "
    "of decoding.";
ROW(mmio_ioreq, .setup = setup_ioreq, .run = run_memory_register) = {
    .name = "mmio/ioreq",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by memory read, our own process",
    .help = "read a memory-mapped register that the backend process emulates",
    .explanation = explanation_mmio_ioreq,
    .elsewhere = "only HVM has an ioreq server for memory",
    .columns = "hvm kvms", .needs = SERVICE_IOREQ,
    .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

/* 82093AA data sheet, 3.1: index register at 0, data at 0x10. */
#define IOAPIC 0xfec00000ul
/* IA-PC HPET 1.0a, 2.3.4: general capabilities and ID at 0, counter at 0xf0. */
#define HPET   0xfed00000ul

static void run_ioapic(struct row_run *r)
{
    SAMPLES(r, mmio_read32(IOAPIC));
}

EXPLANATION(mmio_xen_ioapic) =
    "As mmio/xen-lapic, another device inside Xen (vioapic_read).";
ROW(mmio_xen_ioapic, .run = run_ioapic) = {
    .name = "mmio/xen-ioapic",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, I/O APIC inside Xen",
    .help = "read the I/O APIC's index register, emulated inside Xen",
    .explanation = explanation_mmio_xen_ioapic,
    .elsewhere = "only HVM, bare and KVM have an I/O APIC",
    .columns = "pc kvms", .operations = 1, .samples = 500, .warmup = 16,
};

COLD static const char *setup_hpet(struct row_run *r)
{
    (void)r;
    /* The upper half of the capabilities is the period, never 0 or all ones. */
    return mmio_read32(HPET + 4) - 1 >= 0x05f5e100 ? "no HPET at 0xfed00000" : NULL;
}

static void run_hpet(struct row_run *r)
{
    SAMPLES(r, mmio_read32(HPET + 0xf0));
}

EXPLANATION(mmio_xen_hpet) =
    "As mmio/xen-lapic, another device inside Xen (hpet_read).";
ROW(mmio_xen_hpet, .setup = setup_hpet, .run = run_hpet) = {
    .name = "mmio/xen-hpet",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, HPET inside Xen",
    .help = "read the HPET's counter, emulated inside Xen",
    .explanation = explanation_mmio_xen_hpet,
    .elsewhere = "only HVM, bare and QEMU's pc under KVM have an HPET",
    .columns = "pc", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- QEMU's devices ---- */

#define ONLY_HVM "only HVM and QEMU's pc under KVM have a device model"

static struct virtio_device entropy;

COLD static const char *setup_register(struct row_run *r)
{
    (void)r;
    return virtio_open(&entropy, VIRTIO_ENTROPY, 0);
}

static void run_register(struct row_run *r)
{
    SAMPLES(r, mmio_read32(entropy.common + VIRTIO_FEATURES));
    /* The upper word was selected last; all devices of version 1 have bit 32. */
    if ( !(mmio_read32(entropy.common + VIRTIO_FEATURES) & 1) )
        r->failure = "the device's register does not hold its features";
}

COLD static void teardown_register(struct row_run *r)
{
    (void)r;
    virtio_close(&entropy, NULL, 0);
}

EXPLANATION(mmio_qemu_register) =
    "A read of the feature register of a virtio device, in a BAR: as port/qemu-ide, and before it Xen walks the guest's "
    "page table, decodes the instruction and looks for the ioreq server that claimed the address.  "
    "Compare with mmio/ioreq, the same way to a smaller process.";
ROW(mmio_qemu_register,
    .setup = setup_register, .run = run_register, .teardown = teardown_register) = {
    .name = "mmio/qemu-register",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by memory read, QEMU in dom0",
    .help = "read a device's register in memory, answered by QEMU",
    .explanation = explanation_mmio_qemu_register,
    .elsewhere = ONLY_HVM,
    .columns = "hvm kvmpc", .needs = DOMAIN_DEVICES, .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};

/* IBM VGA: the memory window of graphics modes. */
#define VGA_MEMORY 0xa0000ul

/* IBM VGA: registers of sequencer (0x3c4) and graphics controller (0x3ce). */
static void vga_write(u16 index_port, u8 index, u8 value)
{
    port_out8(index_port, index);
    port_out8((u16)(index_port + 1), value);
}

COLD static const char *setup_vga(struct row_run *r)
{
    (void)r;
    if ( pci_find(0x1234, 0x1111) == PCI_SLOTS )   /* QEMU docs/specs/standard-vga.txt */
        return "the domain has no VGA (vga=\"stdvga\")";
    /* Chain 4, all planes writable, window at 0xa0000: bytes as they come. */
    vga_write(0x3c4, 2, 0x0f);
    vga_write(0x3c4, 4, 0x0e);
    vga_write(0x3ce, 5, 0x00);
    vga_write(0x3ce, 6, 0x05);
    vga_write(0x3ce, 8, 0xff);
    return NULL;
}

static void run_vga(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
        sample_keep(r, i, TIMED(mmio_write32(VGA_MEMORY, i)));
    if ( mmio_read32(VGA_MEMORY) != r->warmup + r->count - 1 )
        r->failure = "the screen's memory does not hold what was written last";
}

EXPLANATION(mmio_qemu_vga_buffered) =
    "A write to the VGA window at 0xa0000: Xen decodes it, puts it "
    "into a shared ring of 511 and sends QEMU an event (stdvga_mem_write, ioreq_send); the vCPU goes on at "
    "once.  Compare with mmio/qemu-register, which waits.  When QEMU runs "
    "is the scheduler's business: a sample in which it does is an outlier.";
ROW(mmio_qemu_vga_buffered, .setup = setup_vga, .run = run_vga) = {
    .name = "mmio/qemu-vga-buffered",
    .work = "tell a dom0 process something, no answer",
    .path = "VM exit by memory write, buffered for QEMU",
    .help = "write to the VGA's memory, which Xen collects for QEMU",
    .explanation = explanation_mmio_qemu_vga_buffered,
    .elsewhere = "only HVM has a device model that Xen collects writes for: under KVM QEMU maps this memory",
    .columns = "hvm", .needs = DOMAIN_DEVICES, .flags = ROW_DOM0,
    .operations = 1, .samples = 200, .warmup = 8,
};

/* ---- nobody's ---- */

#define NOBODY 0xf9000000ul   /* in the hole below 4 GiB, away from drivers/x86/pci.c's */

static void run_npt_fault(struct row_run *r)
{
    SAMPLES(r, mmio_read32(NOBODY));
    if ( boot_mode != MODE_BARE && ~mmio_read32(NOBODY) )
        r->failure = "somebody answers at an address that nobody claims";
}

EXPLANATION(mmio_npt_fault) =
    "A read of a guest-physical page that is neither RAM nor a device: the nested page fault as such, the look into "
    "Xen's table, decoding the instruction, the search for a device, and all ones as the answer.  "
    "The floor of the memory-mapped rows, as port/unclaimed is of the ports; memory/demand-fault is "
    "the nested page fault that ends without decoding.";
ROW(mmio_npt_fault, .run = run_npt_fault) = {
    .name = "mmio/npt-fault",
    .work = "enter the hypervisor and return",
    .path = "VM exit by memory read, nobody answers",
    .help = "read guest-physical memory that does not exist",
    .explanation = explanation_mmio_npt_fault,
    .elsewhere = "a PV guest has no nested page table: see pv/writable-pt-fault",
    .columns = "hardware", .operations = 1, .samples = 500, .warmup = 16,
};
