#include "ioapic.h"
#include "lapic.h"
#include "pci.h"
#include "../../arch/mode.h"

/* Data sheet 3.1: an index register and a window. */
#define IOAPIC_INDEX  0xfec00000ul
#define IOAPIC_WINDOW 0xfec00010ul

/* 3.2.4: redirection table, two words a pin.  Zeroes mean fixed delivery,
 * physical destination, active high, edge, unmasked. */
#define REDIRECTION_LOW(pin)  (0x10u + 2 * (pin))
#define REDIRECTION_HIGH(pin) (0x11u + 2 * (pin))
#define MASKED 0x10000u
#define LEVEL  0x8000u

static void write(u32 index, u32 value)
{
    mmio_write32(IOAPIC_INDEX, index);
    mmio_write32(IOAPIC_WINDOW, value);
}

static void route(u32 pin, u32 low)
{
    ioapic_mask(pin);
    /* Both have the destination's APIC identifier in their top byte. */
    write(REDIRECTION_HIGH(pin), lapic_read(LAPIC_ID));
    write(REDIRECTION_LOW(pin), low);
}

void ioapic_route(u32 pin, u8 vector)
{
    route(pin, vector);
}

void ioapic_route_level(u32 pin, u8 vector)
{
    route(pin, LEVEL | vector);
}

void ioapic_mask(u32 pin)
{
    write(REDIRECTION_LOW(pin), MASKED);
}

/* PCI 3.0, 6.2.4: interrupt line, for PCs the number of the PIC's input, which the I/O APIC has likewise. */
#define INTERRUPT_LINE 0x3cu

u32 ioapic_pin_of(u32 slot)
{
    if ( boot_mode == MODE_BARE )
        return pci_function_read32(slot, INTERRUPT_LINE) & 0xff;
    return 16 + ((slot * 4 + slot / 8) & 31);
}
