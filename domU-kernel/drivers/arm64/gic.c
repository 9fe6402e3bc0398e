#include "gic.h"
#include "timer.h"
#include "../../arch/arm64/device_tree.h"
#include "../../arch/cpu.h"
#include "../../arch/interrupts.h"
#include "../../arch/mode.h"
#include "../../arch/smp.h"
#include "../../arch/traps.h"
#include "../../xen/events.h"

#include <xenometer/protocol.h>

/* IHI 0069, 12.9 "The GIC Distributor register map". */
#define GICD_CTLR            0x0000u
#define GICD_CTLR_ARE_G1     0x12u      /* affinity routing, Group 1 */
#define GICD_IGROUPR         0x0080u    /* a bit each */
#define GICD_ISENABLER       0x0100u
#define GICD_IPRIORITYR      0x0400u    /* a byte each */
#define GICD_ICFGR           0x0c00u    /* two bits each */
#define EDGE                 2u
/* 12.11: of a redistributor's two frames, the second. */
#define GICR_SGI_FRAME       0x10000u
#define GICR_SIZE            0x20000u   /* of a vCPU's */
#define GICR_IGROUPR0        0x0080u
#define GICR_ISENABLER0      0x0100u
#define GICR_IPRIORITYR      0x0400u
#define PRIORITY             0xa0u

u64 gic_distributor;
volatile u64 cpu_interrupts;
u64 device_interrupts;   /* there are no such devices */

static u64 redistributors;
static u32 upcall_interrupt;

u64 gic_redistributor(u32 vcpu)
{
    return redistributors + vcpu * GICR_SIZE;
}

/* SGIs, the upcall and the timers, at one priority, and the CPU interface (12.2). */
static void enable(u32 vcpu)
{
    u64 frame = gic_redistributor(vcpu) + GICR_SGI_FRAME;

    mmio_write32(frame + GICR_IGROUPR0, ~0u);
    for ( u32 i = 0; i < 32; i += 4 )
        mmio_write32(frame + GICR_IPRIORITYR + i, PRIORITY * 0x01010101u);
    mmio_write32(frame + GICR_ISENABLER0, 0xffffu | 1u << upcall_interrupt | 1u << timer_interrupt |
                                          1u << timer_physical_interrupt);
    register_write(icc_sre_el1, 1);
    isb();
    register_write(icc_pmr_el1, 0xff);
    register_write(icc_ctlr_el1, 0);   /* EOI deactivates, too */
    register_write(icc_igrpen1_el1, 1);
    isb();
}

void gic_init(const void *tree)
{
    const void *gic = device_tree_find(tree, "compatible", "arm,gic-v3", 0);
    const void *xen = device_tree_find(tree, "compatible", "xen,xen", 0);

    if ( !gic )
        panic("this domain has no GICv3: gic_version=\"v3\" in its config, on a host that has one");
    gic_distributor = device_tree_number(tree, gic, "reg", 0, 2);
    redistributors = device_tree_number(tree, gic, "reg", 4, 2);
    upcall_interrupt = xen ? device_tree_interrupt(tree, xen, 0) : 0;
    timer_find(tree);
    /* Without Xen 0: nobody sends that one. */
    if ( mode_is(MODE_ARM64) && (!upcall_interrupt || upcall_interrupt > 31) )
        panic("the device tree names no interrupt of Xen's");
    mmio_write32(gic_distributor + GICD_CTLR, GICD_CTLR_ARE_G1);
    enable(0);
}

void gic_init_secondary(void)
{
    enable(1);
}

static inline void end_of_interrupt(u32 number)
{
    register_write(icc_eoir1_el1, number);
}

void gic_interrupt(void)
{
    u32 number = (u32)register_read(icc_iar1_el1);

    if ( number >= GIC_SPECIAL )
        return;
    if ( number == upcall_interrupt )
        event_upcall();   /* before the end: its line is down then */
    else
    {
        if ( number == timer_interrupt )
            timer_virtual_fired();
        else if ( number == timer_physical_interrupt )
            timer_stop_physical();
        cpu_interrupts++;
    }
    end_of_interrupt(number);
}

void gic_interrupt_secondary(void)
{
    u32 number = (u32)register_read(icc_iar1_el1);

    if ( number >= GIC_SPECIAL )
        return;
    if ( number == upcall_interrupt )
        event_upcall_secondary();
    end_of_interrupt(number);
    /* EOI first: who waits for the count sees the interrupt completed. */
    if ( number != upcall_interrupt )
        secondary_interrupts++;
}

/* The monitor's, of KVM: an edge, for vCPU 0, which the routing's reset value (IROUTER) names. */
void interrupts_listen(void (*let_go)(void))
{
    u64 bits = VMM_INTERRUPT / 32 * 4, priority = gic_distributor + GICD_IPRIORITYR + VMM_INTERRUPT / 4 * 4;
    u64 trigger = gic_distributor + GICD_ICFGR + VMM_INTERRUPT / 16 * 4;

    (void)let_go;
    mmio_write32(gic_distributor + GICD_IGROUPR + bits, 1u << VMM_INTERRUPT % 32);
    mmio_write32(priority, PRIORITY * 0x01010101u);
    mmio_write32(trigger, EDGE << VMM_INTERRUPT % 16 * 2);
    mmio_write32(gic_distributor + GICD_ISENABLER + bits, 1u << VMM_INTERRUPT % 32);
}

/* Nothing is changed for a row that would have to be changed back. */
void interrupts_restore(void)
{
}
