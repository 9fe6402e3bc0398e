#include "../smp.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"
#include "smp.h"
#include "traps.h"
#include "../../drivers/x86/lapic.h"
#include "../../lib/string.h"
#include "../../xen/events.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/pv_paging.h"

#include <xen/errno.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/vcpu.h>

extern const u8 smp_trampoline[], smp_trampoline_end[];   /* smp_entry.S */
extern u8 page_map[];                     /* entry/x86/pvh.S: the level 4 table */

/* ---- on the secondary ---- */

/* Called by traps_entry.S with interrupts off.  EOI first: who waits for the count sees the interrupt completed. */
void smp_interrupt(void);
void smp_interrupt(void)
{
    lapic_write(LAPIC_EOI, 0);
    secondary_interrupts++;
}

void smp_interrupt_x2apic(void);
void smp_interrupt_x2apic(void)
{
    msr_write(MSR_X2APIC_EOI, 0);
    secondary_interrupts++;
}

void smp_begin(void)
{
    if ( boot_mode == MODE_PV )
        return;
    traps_init_secondary();
    secondary.apic_id = lapic_read(LAPIC_ID) >> 24;
    lapic_enable_secondary();
}

void smp_down(void)
{
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_down, SECONDARY, 0);
}

/* ---- on vCPU 0 ---- */

void smp_interrupt_secondary(void)
{
    lapic_write(LAPIC_ICR_HIGH, secondary.apic_id << 24);
    lapic_write(LAPIC_ICR_LOW, ICR_ASSERT | VECTOR_LAPIC);
}

void smp_up_again(void)
{
    if ( hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_up, SECONDARY, 0) )
        panic("the second vCPU does not come up again");
}

/* Where a function's frame begins: RSP + 8 divisible by 16 (SysV ABI, 3.2.2). */
#define STACK_START ((u64)smp_stack_top - 8)

static long initialise_pv(void)
{
    u32 pages = (sizeof(struct vcpu_guest_context) + PAGE_SIZE - 1) / PAGE_SIZE;
    struct vcpu_guest_context *c = pages_alloc(pages);
    long error;

    /* Same page tables, same flat segments, its own callbacks. */
    c->flags = VGCF_in_kernel;
    c->user_regs.rip = (u64)smp_main;
    c->user_regs.rsp = STACK_START;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = STACK_START;
    c->ctrlreg[3] = pv_base_frame() << PAGE_SHIFT;
    traps_of_secondary(c);
    vcpu_info_of(SECONDARY)->evtchn_upcall_mask = 1;
    error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, SECONDARY, (u64)c);
    pages_free(c, pages);
    return error;
}

/* AMD APM vol. 2, 3.1.7: what 64-bit mode with paging has in EFER. */
#define EFER_LONG_MODE 0x500ul   /* LME, LMA */

static long initialise_hvm(void)
{
    struct vcpu_hvm_context c = { .mode = VCPU_HVM_MODE_64B };

    c.cpu_regs.x86_64.rip = (u64)smp_main;
    c.cpu_regs.x86_64.rsp = STACK_START;
    c.cpu_regs.x86_64.rflags = 2;   /* bit 1 is always set; IF clear */
    c.cpu_regs.x86_64.cr0 = SMP_CR0;
    c.cpu_regs.x86_64.cr3 = (u64)page_map;
    c.cpu_regs.x86_64.cr4 = SMP_CR4;
    c.cpu_regs.x86_64.efer = EFER_LONG_MODE;
    return hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, SECONDARY, (u64)&c);
}

static const char *start_xen(void)
{
    long error = boot_mode == MODE_PV ? initialise_pv() : initialise_hvm();

    if ( error == -XEN_ENOENT )
        return "this domain has one vCPU: give it vcpus=2";
    if ( error )
        panic("Xen does not take the second vCPU's state: error %ld", error);
    secondary.port = smp_own_port();
    error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_up, SECONDARY, 0);
    if ( error )
        panic("the second vCPU does not start: error %ld", error);
    if ( !smp_comes_up() )
        panic("the second vCPU was started and says nothing");
    return NULL;
}

#define SMP_TRAMPOLINE 0x8000ul   /* page number 8: the vector of the start-up IPI */

static const char *start_bare(void)
{
    memcpy((void *)SMP_TRAMPOLINE, smp_trampoline, (size_t)(smp_trampoline_end - smp_trampoline));
    lapic_enable();
    /* SDM vol. 3, 9.4.4.1; one start-up IPI is enough for CPUs with SVM or VMX. */
    lapic_write(LAPIC_ICR_LOW, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_INIT);
    for ( u32 i = 0; i < 1000; i++ )
        cpu_relax();
    lapic_write(LAPIC_ICR_LOW, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_STARTUP |
                               SMP_TRAMPOLINE >> PAGE_SHIFT);
    return smp_comes_up() ? NULL : "this machine has one CPU";
}

const char *smp_boot(void)
{
    return boot_mode == MODE_BARE ? start_bare() : start_xen();
}

bool smp_blocked(void)
{
    struct vcpu_runstate_info info = { .state = RUNSTATE_running };

    return !hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, SECONDARY, (u64)&info) &&
           info.state == RUNSTATE_blocked;
}
