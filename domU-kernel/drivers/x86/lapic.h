/*
 * The local APIC, memory-mapped (SDM vol. 3, chapter 10; AMD APM vol. 2, 16).
 * Emulated inside Xen in PVH and HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_LAPIC_H
#define DRIVERS_LAPIC_H

#include "../../arch/cpu.h"
#include "../../arch/interrupts.h"
#include "../../arch/types.h"

#include <xenometer/protocol.h>

#define LAPIC_ADDRESS  0xfee00000ul
#define LAPIC_ID       0x020u   /* bits 24 to 31 */
#define LAPIC_VERSION  0x030u
#define LAPIC_TPR      0x080u   /* task priority */
#define LAPIC_EOI      0x0b0u
#define LAPIC_SPURIOUS 0x0f0u
#define LAPIC_ICR_LOW  0x300u   /* interrupt command: writing it sends */
#define LAPIC_ICR_HIGH 0x310u   /* bits 24 to 31: the APIC ID it goes to */
#define LAPIC_LVT_TIMER 0x320u
#define LAPIC_TIMER_INITIAL 0x380u
#define LAPIC_TIMER_CURRENT 0x390u
#define LAPIC_TIMER_DIVIDE  0x3e0u

/* The interrupt command register's low half (SDM vol. 3, figure 10-12), with
 * the vector in bits 0 to 7; fixed delivery and physical destination are 0. */
#define ICR_INIT         0x00500u
#define ICR_STARTUP      0x00600u
#define ICR_ASSERT       0x04000u
#define ICR_ALL_BUT_SELF 0xc0000u

/* The vector that cpu_interrupts counts; free for rows to use. */
#define VECTOR_LAPIC    VMM_VECTOR
#define VECTOR_X2APIC   0x42   /* counted there too, acknowledged by MSR */
#define VECTOR_DEVICE   0x43   /* of devices, see lapic_device */
#define VECTOR_SPURIOUS 0x4f   /* low bits all ones, as old APICs want it */

static inline u32 lapic_read(u32 offset)
{
    return mmio_read32(LAPIC_ADDRESS + offset);
}

static inline void lapic_write(u32 offset, u32 value)
{
    mmio_write32(LAPIC_ADDRESS + offset, value);
}

/* Send VECTOR_LAPIC to this CPU: destination shorthand "self", fixed delivery
 * (SDM vol. 3, figure 10-12). */
static inline void lapic_self_ipi(void)
{
    lapic_write(LAPIC_ICR_LOW, 0x40000u | VECTOR_LAPIC);
}

/* arch/interrupts.h: cpu_interrupts are those with VECTOR_LAPIC or VECTOR_X2APIC,
 * device_interrupts those with VECTOR_DEVICE; each is acknowledged by an EOI. */

/*
 * Of the device whose interrupt is VECTOR_DEVICE: makes it let go of its line, before the
 * EOI.  A line that is level-triggered and still up then interrupts at once again.
 * NULL: it has no line (MSI).
 */
extern void (*lapic_device)(void);

/* Software-enable it; VECTOR_LAPIC arrives from now on.  Bare: nothing else
 * does, the two 8259 that the firmware left running are masked. */
void lapic_enable(void);
void lapic_enable_secondary(void);   /* the second vCPU's own, for good */

/* ---- x2APIC: registers are MSRs (SDM vol. 3, 10.12) ---- */

#define MSR_X2APIC_EOI      0x80bu
#define MSR_X2APIC_ICR      0x830u   /* both halves; the destination has 32 bits */
#define MSR_X2APIC_SELF_IPI 0x83fu   /* the vector, and nothing else */

/*
 * Switch to x2APIC mode, software-enabled; NULL, or why not.  lapic_read() and
 * lapic_write() do nothing then.  Back by lapic_leave_x2apic(), which resets
 * the LAPIC (there is no other way: SDM vol. 3, figure 10-27).
 */
const char *lapic_enter_x2apic(void);
void lapic_leave_x2apic(void);
const char *lapic_no_x2apic(void);   /* why there is none; NULL: there is */

/* The second vCPU's own, and back, enabled again. */
void lapic_enter_x2apic_secondary(void);
void lapic_leave_x2apic_secondary(void);

static inline void x2apic_self_ipi(void)
{
    msr_write(MSR_X2APIC_SELF_IPI, VECTOR_X2APIC);
}

/* ---- its timer ---- */

/* Local vector table modes, SDM vol. 3, figure 10-8. */
#define LVT_MASKED       0x10000u
#define LVT_PERIODIC     0x20000u
#define LVT_TSC_DEADLINE 0x40000u

/*
 * Counts of the timer, divided by one, in `ns` (below 4 s) of this machine's
 * time.  The bus clock it counts is told nowhere, so it is measured (1 ms) at
 * the first call.
 */
u32 lapic_timer_counts(u64 ns);

/* Choose how it fires VECTOR_LAPIC: 0 (one-shot), LVT_PERIODIC or
 * LVT_TSC_DEADLINE.  It starts with the write of LAPIC_TIMER_INITIAL. */
void lapic_timer_mode(u32 mode);
void lapic_timer_stop(void);
/* Sleep so long, by the timer, which is stopped then. */
void lapic_nap(u64 ns);

#endif
