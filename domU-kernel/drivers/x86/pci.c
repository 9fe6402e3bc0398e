#include "pci.h"
#include "lapic.h"
#include "../../arch/cpu.h"

#define PORT_ADDRESS 0xcf8u
#define PORT_DATA    0xcfcu
#define ENABLE       0x80000000u

u32 pci_read32(u32 bus, u32 slot, u32 function, u32 offset)
{
    port_out32(PORT_ADDRESS, ENABLE | bus << 16 | slot << 11 | function << 8 | (offset & 0xfc));
    return port_in32(PORT_DATA);
}

bool pci_present(void)
{
    /* Absent: all ones, both for the function and for the ports. */
    return pci_read32(0, 0, 0, 0) != 0xffffffffu;
}

/* ---- configuration header, PCI 3.0, 6.1 and 6.2.5 ---- */

#define COMMAND       0x04u
#define COMMAND_ALL   0x07u        /* ports, memory, bus master */
#define BAR0          0x10u
#define BARS          6u
#define CAPABILITIES  0x34u
#define BAR_PORT      0x1u
#define BAR_64        0x4u
#define PORT_MASK     0xfffffffcu
#define MEMORY_MASK   0xfffffff0u

/* Free in Xen's and QEMU's PC: behind ACPI's ports, and in the middle of the
 * hole below 4 GiB, away from our ioreq page. */
#define FIRST_PORT    0xc000u
#define FIRST_MEMORY  0xf1000000u

static u32 next_port = FIRST_PORT, next_memory = FIRST_MEMORY;

u32 pci_function_read32(u32 slot, u32 offset)
{
    return pci_read32(0, slot & 0xff, slot >> 8, offset);
}

void pci_write32(u32 slot, u32 offset, u32 value)
{
    port_out32(PORT_ADDRESS, ENABLE | (slot & 0xff) << 11 | (slot >> 8) << 8 | (offset & 0xfc));
    port_out32(PORT_DATA, value);
}

u32 pci_find(u32 vendor, u32 device)
{
    u32 slot = 0;

    while ( slot < PCI_SLOTS && pci_function_read32(slot, 0) != (device << 16 | vendor) )
        slot++;
    return slot;
}

u32 pci_find_class(u32 class, u32 mask)
{
    for ( u32 slot = 0; slot < PCI_SLOTS; slot++ )
    {
        /* Header type, PCI 3.0, 6.2.1: bit 7 says that there are more functions. */
        u32 functions = pci_function_read32(slot, 0x0c) & 0x800000 ? 8 : 1;

        for ( u32 f = 0; f < functions && pci_function_read32(slot, 0) != 0xffffffffu; f++ )
            if ( !((pci_function_read32(PCI_FUNCTION(slot, f), 0x08) >> 8 ^ class) & mask) )
                return PCI_FUNCTION(slot, f);
    }
    return PCI_SLOTS;
}

u32 pci_capability(u32 slot, u32 id, u32 offset)
{
    offset = offset ? pci_function_read32(slot, offset) >> 8 : pci_function_read32(slot, CAPABILITIES);
    /* A list in a ring would keep us here: no more than fit. */
    for ( u32 i = 0; i < 48 && (offset &= 0xfc); i++ )
    {
        u32 header = pci_function_read32(slot, offset);

        if ( (header & 0xff) == id )
            return offset;
        offset = header >> 8;
    }
    return 0;
}

u64 pci_bar(u32 slot, u32 index)
{
    u32 offset = BAR0 + 4 * index, value, mask, size;
    u32 *next;

    if ( slot == PCI_SLOTS || index >= BARS )
        return 0;
    value = pci_function_read32(slot, offset);
    mask = value & BAR_PORT ? PORT_MASK : MEMORY_MASK;
    /* By firmware: ours has the lower 4 GiB mapped. */
    if ( value & mask && ((value & (BAR_PORT | BAR_64)) != BAR_64 || !pci_function_read32(slot, offset + 4)) )
    {
        pci_write32(slot, COMMAND, pci_function_read32(slot, COMMAND) | COMMAND_ALL);
        return value & mask;
    }
    next = value & BAR_PORT ? &next_port : &next_memory;

    /* The bits that stay zero say how large the region is and how aligned. */
    pci_write32(slot, offset, 0xffffffff);
    size = -(pci_function_read32(slot, offset) & mask);
    if ( value & BAR_PORT )
        size &= 0xffff;
    if ( !size )
        return 0;
    *next = (*next + size - 1) & -size;
    pci_write32(slot, offset, *next);
    if ( (value & (BAR_PORT | BAR_64)) == BAR_64 )
        pci_write32(slot, offset + 4, 0);
    *next += size;
    pci_write32(slot, COMMAND, pci_function_read32(slot, COMMAND) | COMMAND_ALL);
    return *next - size;
}

/*
 * A message is a write to the LAPIC's address (SDM vol. 3, 10.11): fixed delivery of
 * `vector`, edge-triggered, to APIC 0.
 */

bool pci_msi(u32 slot, u8 vector)
{
    u32 at = pci_capability(slot, PCI_CAPABILITY_MSI, 0), control;

    if ( !at )
        return false;
    control = pci_function_read32(slot, at) & ~0x700000u;   /* one message (PCI 3.0, 6.8.1.3) */
    pci_write32(slot, at + 4, (u32)LAPIC_ADDRESS);
    if ( control & 0x800000 )                         /* a 64-bit address */
        pci_write32(slot, at + 8, 0);
    pci_write32(slot, at + (control & 0x800000 ? 12 : 8), vector);
    pci_write32(slot, at, control | 0x10000);         /* enable */
    return true;
}

/* PCI 3.0, 6.8.2: one entry of a table says where to write what. */
bool pci_msix(u32 slot, u32 entry, u8 vector)
{
    u32 at = pci_capability(slot, PCI_CAPABILITY_MSIX, 0), place, control;
    u64 table;

    if ( !at )
        return false;
    place = pci_function_read32(slot, at + 4);
    table = pci_bar(slot, place & 7);
    control = pci_function_read32(slot, at);
    if ( !table || entry > (control >> 16 & 0x7ff) )
        return false;
    table += (place & ~7u) + entry * 16u;
    pci_write32(slot, at, control | 0x80000000u);   /* enable */
    mmio_write32(table, (u32)LAPIC_ADDRESS);
    mmio_write32(table + 4, 0);
    mmio_write32(table + 8, vector);
    mmio_write32(table + 12, 0);                    /* not masked */
    return true;
}
