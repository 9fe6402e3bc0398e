#include "../mode.h"
#include "detect.h"
#include "../cpu.h"
#include "../../drivers/x86/pci.h"

enum mode boot_mode;
u32 xen_cpuid_base;
bool cpu_is_tcg;

const char *mode_name(void)
{
    switch ( boot_mode )
    {
    case MODE_PV:   return "pv";
    case MODE_PVH:  return "pvh";
    case MODE_HVM:  return "hvm";
    case MODE_BARE: return "bare";
    case MODE_ARM64: break;   /* another architecture's */
    }
    return "?";
}

void mode_detect_hardware(void)
{
    /*
     * The signature leaf moves up in steps of 0x100 when another hypervisor's
     * leaves (Viridian) come first: xen/arch-x86/cpuid.h.
     */
    for ( u32 base = 0x40000000; base < 0x40010000; base += 0x100 )
    {
        struct cpuid r = cpuid(base, 0);

        if ( r.b == 0x566e6558 && r.c == 0x65584d4d && r.d == 0x4d4d566e )
        {
            xen_cpuid_base = base;   /* "XenVMMXenVMM" */
            break;
        }
        if ( r.b == 0x54474354 && r.c == 0x43544743 && r.d == 0x47435447 )
            cpu_is_tcg = true;       /* "TCGTCGTCGTCG" */
        if ( base == 0x40000000 && r.a < 0x40000000 )
            break;                   /* no hypervisor leaves at all */
    }

    /*
     * Both PVH and HVM get a start info here, so ask the machine: a PCI host
     * bridge exists only with a device model.
     */
    if ( !xen_cpuid_base )
        boot_mode = MODE_BARE;
    else
        boot_mode = pci_present() ? MODE_HVM : MODE_PVH;
}
