#include "pci.h"
#include "../arch/cpu.h"

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
