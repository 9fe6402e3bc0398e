#include "lapic.h"

#define SPURIOUS_ENABLE 0x100u   /* APIC software enable; SDM vol. 3, 10.9 */

volatile u64 lapic_interrupts;

void lapic_enable(void)
{
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TPR, 0);
}

/* Called by traps_entry.S with interrupts off. */
void lapic_interrupt(void);
void lapic_interrupt(void)
{
    lapic_interrupts++;
    lapic_write(LAPIC_EOI, 0);
}
