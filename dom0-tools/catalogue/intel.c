#include "catalogue/intel.h"

#include "catalogue/image.h"

/*
 * Functions are those that ran, by the branches that Bochs took in Xen 4.20 between an exit and
 * the next (corei7_skylake_x); figures are instructions there and, behind "AMD", in QEMU.  The
 * first pattern that fits counts.
 */
static const struct {
    const char *pattern, *text;
} notes[] = {
    { "hypercall/*", "VM exit by VMCALL: vmx_vmexit_handler, hvm_hypercall, vmx_get_cpl between vmx_vmcs_enter "
      "and vmx_vmcs_exit, the handler, get_instruction_length; then what each VM entry takes: "
      "vmx_intr_assist, nvmx_switch_guest, vmx_vmenter_helper.  VMREAD and VMWRITE are "
      "instructions of their own, where SVM's VMCB is memory.  hypercall/null in PVH: 883 (AMD: 710); in "
      "PV, where XPTI changes CR3 twice: 256 (AMD: 248)." },
    { "exit/cpuid-*", "vmx_vmexit_handler, get_instruction_length, hvm_vmexit_cpuid, guest_cpuid, "
      "update_guest_eip.  exit/cpuid-basic in PVH: 873 (AMD: 725)." },
    { "exit/msr-read", "vmx_vmexit_handler, hvm_msr_read_intercept, guest_rdmsr, update_guest_eip, "
      "get_instruction_length.  In PVH 779 (AMD: 643)." },
    { "mmio/xen-lapic", "no VM exit where the CPU virtualizes the APIC's registers, as Bochs's Skylake does: the "
      "load reads the virtual-APIC page.  Xen has no APIC-access exit there either.  1 (AMD in PVH: 9,430).  Where "
      "it does not (--cpu=corei7_ivy_bridge_3770k), as mmio/xen-hpet: an EPT violation, and the instruction "
      "is fetched through the guest's page tables and emulated: 16,410." },
    { "mmio/*", "EPT violation: vmx_vmexit_handler, hvm_hap_nested_page_fault, the walk of the EPT "
      "(ept_next_level), handle_mmio_with_translation, hvm_emulate_one_insn.  VMX leaves no bytes of "
      "the instruction, as SVM's decode assists do: Xen walks the guest's page tables to fetch it "
      "(hvm_copy_from_guest_linear, guest_walk_tables_4_levels).  mmio/ioreq: 59,697 (AMD: 49,507)." },
    { "port/*", "VM exit by an I/O instruction: vmx_vmexit_handler, handle_pio, hvmemul_do_pio_buffer, "
      "hvm_io_intercept, update_guest_eip.  port/xen-pit: 1,663 (AMD: 1,461)." },
    { "exit/hlt-wake", "VM exit by HLT (hvm_hlt); the CPU delivers the interrupt at the VM entry, and its EOI does not "
      "exit.  In PVH 1,461 (AMD: 14,682)." },
    { "interrupt/vector-callback", "VM exit by VMCALL, as hypercall/*; Xen writes the upcall's vector into the VMCS, and "
      "the VM entry delivers it.  In PVH 5,940 (AMD: 4,892)." },
    { "interrupt/timer-*", "each tick is a VM exit by an external interrupt, Xen's own timer; Xen has no use for VMX's "
      "preemption timer.  The CPU delivers the guest's vector at the VM entry (virtual interrupt delivery), and "
      "its EOI does not exit.  interrupt/timer-lapic in PVH: 5,507 (AMD: 28,802)." },
    { "interrupt/ipi-*", "the write that sends to another vCPU exits (APIC write); with posted interrupts the other one "
      "does not have to.  Not measured: Bochs's CPU has none, and there is but one." },
    { "interrupt/x2apic-ipi-*", "the write that sends to another vCPU exits (WRMSR); with posted interrupts the other one "
      "does not have to.  Not measured: Bochs's CPU has none, and there is but one." },
    { "interrupt/*", "no VM exit: the CPU has the APIC's registers itself, and delivers what a guest sends itself "
      "(APIC-register virtualization, virtual interrupt delivery).  interrupt/eoi: 2 (AMD in PVH: 12,773); "
      "interrupt/self-ipi-lapic: 35 (AMD: 25,939)." },
    { "event/roundtrip-*", "waiting in PVH and HVM is two exits: HLT (hvm_hlt, vcpu_block) and, before the upcall, the "
      "interrupt window (vmx_update_cpu_exec_control)." },
    { "ring/echo-*", "waiting in PVH and HVM is two exits: HLT (hvm_hlt, vcpu_block) and, before the upcall, the "
      "interrupt window (vmx_update_cpu_exec_control)." },
};
#define NOTES (sizeof(notes) / sizeof(notes[0]))

const char *intel_note(const char *row)
{
    for ( size_t i = 0; i < NOTES; i++ )
        if ( row_matches(notes[i].pattern, row) )
            return notes[i].text;
    return NULL;
}

const char *intel_pattern(size_t i)
{
    return i < NOTES ? notes[i].pattern : NULL;
}
