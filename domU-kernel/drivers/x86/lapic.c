#include "lapic.h"
#include "../clock.h"
#include "../../arch/mode.h"

#define SPURIOUS_ENABLE 0x100u   /* APIC software enable; SDM vol. 3, 10.9 */

/* SDM vol. 3, figure 10-26: bits of IA32_APIC_BASE. */
#define APIC_BASE_X2APIC (1ul << 10)
#define APIC_BASE_ENABLE (1ul << 11)
#define CPUID_1_C_X2APIC (1u << 21)

#define DIVIDE_BY_1 0xbu   /* SDM vol. 3, figure 10-10 */

/* 8259A data sheet: OCW1, the mask register, one bit a line. */
#define PIC_MASTER_MASK 0x21u
#define PIC_SLAVE_MASK  0xa1u

volatile u64 cpu_interrupts;

/* vCPU 0's, as they were before lapic_enable(); `kept` while they are not so. */
static u32 found_spurious, found_tpr;
static bool kept;

void lapic_enable(void)
{
    if ( !kept )
    {
        found_spurious = lapic_read(LAPIC_SPURIOUS);
        found_tpr = lapic_read(LAPIC_TPR);
        kept = true;
    }
    if ( boot_mode == MODE_BARE )
    {
        port_out8(PIC_MASTER_MASK, 0xff);
        port_out8(PIC_SLAVE_MASK, 0xff);
    }
    lapic_enable_secondary();
}

void lapic_enable_secondary(void)
{
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TPR, 0);
}

void interrupts_listen(void (*let_go)(void))
{
    lapic_device = let_go;
    lapic_enable();
}

void interrupts_restore(void)
{
    if ( !kept )
        return;
    if ( boot_mode == MODE_BARE )
        interrupts_disable();
    lapic_write(LAPIC_TPR, found_tpr);
    lapic_write(LAPIC_SPURIOUS, found_spurious);
    kept = false;
}

/* Called by traps_entry.S with interrupts off. */
void lapic_interrupt(void);
void lapic_interrupt(void)
{
    cpu_interrupts++;
    lapic_write(LAPIC_EOI, 0);
}

void (*lapic_device)(void);
u64 device_interrupts;

void device_interrupt(void);
void device_interrupt(void)
{
    if ( lapic_device )
        lapic_device();
    device_interrupts++;
    lapic_write(LAPIC_EOI, 0);
}

void x2apic_interrupt(void);
void x2apic_interrupt(void)
{
    cpu_interrupts++;
    msr_write(MSR_X2APIC_EOI, 0);
}

const char *lapic_no_x2apic(void)
{
    return cpuid(1, 0).c & CPUID_1_C_X2APIC ? NULL
           : "this machine offers no x2APIC (CPUID leaf 1, ECX bit 21)";
}

/* It stays enabled through the change of mode: SDM vol. 3, 10.12.5.1. */
void lapic_enter_x2apic_secondary(void)
{
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

const char *lapic_enter_x2apic(void)
{
    const char *reason = lapic_no_x2apic();

    if ( !reason )
    {
        lapic_enable();
        lapic_enter_x2apic_secondary();
    }
    return reason;
}

void lapic_leave_x2apic(void)
{
    u64 base = msr_read(MSR_APIC_BASE) & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);

    msr_write(MSR_APIC_BASE, base);
    msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
}

void lapic_leave_x2apic_secondary(void)
{
    lapic_leave_x2apic();
    lapic_enable_secondary();
}

u32 lapic_timer_counts(u64 ns)
{
    static u32 per_ms;

    if ( !per_ms )
    {
        u64 begin, ms = clock_ticks(1000000);   /* asks the PIT, at its first call */

        lapic_timer_mode(LVT_MASKED);
        lapic_write(LAPIC_TIMER_INITIAL, ~0u);
        begin = tsc_begin();
        while ( tsc_begin() - begin < ms )
            cpu_relax();
        per_ms = ~0u - lapic_read(LAPIC_TIMER_CURRENT);
        lapic_timer_stop();
    }
    return (u32)(per_ms * ns / 1000000);
}

void lapic_timer_mode(u32 mode)
{
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_LVT_TIMER, mode | VECTOR_LAPIC);
}

void lapic_timer_stop(void)
{
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_LAPIC);
    lapic_write(LAPIC_TIMER_INITIAL, 0);
}

COLD void lapic_nap(u64 ns)
{
    u32 counts = lapic_timer_counts(ns);
    u64 before = cpu_interrupts;

    lapic_enable();
    lapic_timer_mode(0);
    lapic_write(LAPIC_TIMER_INITIAL, counts);
    for ( interrupts_disable(); cpu_interrupts == before; interrupts_disable() )
        interrupts_enable_and_halt();
    interrupts_enable();
    lapic_timer_stop();
}
