#include "../hypercall.h"
#include "../../arch/cpu.h"
#include "../../arch/mode.h"
#include "../../arch/x86/detect.h"
#include "../../arch/traps.h"
#include "../../harness/harness.h"

#include <xen/version.h>

void hypercall_init(void)
{
    const u8 *entry = hypercall_page + __HYPERVISOR_xen_version * 32;
    long version;

    if ( boot_mode != MODE_PV )
    {
        /*
         * xen/arch-x86/cpuid.h, leaf 2: EBX is the MSR that takes the page's
         * guest-physical address; its low bits select the page's index, 0.
         */
        msr_write(cpuid(xen_cpuid_base + 2, 0).b, (u64)hypercall_page);
        barrier();
    }
    if ( *entry == 0 )
        panic("Xen did not fill the hypercall page");

    version = hypercall_xen_version(XENVER_version, NULL);
    boot_times.hypercall = tsc_begin();   /* RDTSCP may not work here: main.c says so */
    if ( version < 0x40000 || version > 0xfffff )
        panic("hypercall page answers nonsense: xen_version = %lx", (u64)version);
}
