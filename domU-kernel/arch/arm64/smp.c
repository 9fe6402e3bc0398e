#include "../smp.h"
#include "device_tree.h"
#include "smp.h"
#include "traps.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"
#include "../../drivers/arm64/gic.h"
#include "../../drivers/arm64/timer.h"
#include "../../xen/hypercall.h"
#include "../../xen/shared_info.h"

#include <xen/vcpu.h>

/* Arm DEN 0022, table 6: the 64-bit functions of PSCI, called by HVC #0. */
#define PSCI_CPU_OFF 0x84000002ul
#define PSCI_CPU_ON  0xc4000003ul

extern const u8 smp_entry[];   /* smp_entry.S */

/* Of a page of its own: Xen writes it by its frame. */
struct vcpu_info secondary_info __attribute__((section(".bss.pages"), aligned(4096)));

static bool there;
static u64 affinity;   /* of the second vCPU (MPIDR_EL1) */

static long psci(u64 function, u64 a, u64 b)
{
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = 0;

    __asm__ volatile ("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
                      :: "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                         "x15", "x16", "x17", "memory");
    return (long)x0;
}

void smp_init(const void *tree)
{
    const void *node = device_tree_find(tree, "device_type", "cpu", SECONDARY);

    there = node != NULL;
    if ( there )
        affinity = device_tree_number(tree, node, "reg", 0, 1);
}

/* ---- on the secondary ---- */

void smp_begin(void)
{
    traps_init_secondary();
    gic_init_secondary();
}

void smp_down(void)
{
    psci(PSCI_CPU_OFF, 0, 0);
}

/* ---- on vCPU 0 ---- */

void smp_interrupt_secondary(void)
{
    register_write(icc_sgi1r_el1, GIC_SGI_TO(SECONDARY));
    isb();
}

static const char *turn_on(void)
{
    long error = psci(PSCI_CPU_ON, affinity, (u64)smp_entry);

    if ( error )
        panic("the second vCPU does not start: PSCI error %ld", error);
    if ( !smp_comes_up() )
        panic("the second vCPU was started and says nothing");
    return NULL;
}

/* It has its first instructions anew, and then sleeps for its next function. */
void smp_up_again(void)
{
    turn_on();
}

const char *smp_boot(void)
{
    struct vcpu_register_vcpu_info info = { .mfn = page_frame(&secondary_info) };
    long error;

    if ( !there )
        return mode_is(MODE_BARE) ? "this machine has one CPU" : "this domain has one vCPU: give it vcpus=2";
    if ( mode_is(MODE_BARE) )
        return turn_on();
    error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_register_vcpu_info, SECONDARY, (u64)&info);
    if ( error )
        panic("Xen does not take the second vCPU's area: error %ld", error);
    /* Xen has marked all events pending, in case one was lost, and interrupts nobody who is down:
     * left so, no event would interrupt it ever. */
    secondary_info.evtchn_pending_sel = 0;
    secondary_info.evtchn_upcall_pending = 0;
    secondary.port = smp_own_port();
    return turn_on();
}

bool smp_blocked(void)
{
    return timer_runstate(SECONDARY)->state == RUNSTATE_blocked;
}
