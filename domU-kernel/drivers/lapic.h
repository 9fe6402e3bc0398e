/*
 * The local APIC, memory-mapped (SDM vol. 3, chapter 10; AMD APM vol. 2, 16).
 * Emulated inside Xen in PVH and HVM, by QEMU in bare mode.
 */
#ifndef DRIVERS_LAPIC_H
#define DRIVERS_LAPIC_H

#include "../arch/cpu.h"
#include "../arch/types.h"

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
#define LAPIC_TIMER_DIVIDE  0x3e0u

/* The interrupt command register's low half (SDM vol. 3, figure 10-12), with
 * the vector in bits 0 to 7; fixed delivery and physical destination are 0. */
#define ICR_INIT         0x00500u
#define ICR_STARTUP      0x00600u
#define ICR_ASSERT       0x04000u
#define ICR_ALL_BUT_SELF 0xc0000u

/* The vector lapic_interrupts counts; free for rows to use. */
#define VECTOR_LAPIC    0x41
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

/* Interrupts with VECTOR_LAPIC taken so far, each acknowledged by an EOI. */
extern volatile u64 lapic_interrupts;

/* Software-enable it; VECTOR_LAPIC arrives from now on. */
void lapic_enable(void);

#endif
