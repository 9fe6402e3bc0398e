#include "../hypercall.h"
#include "../../arch/cpu.h"
#include "../../arch/traps.h"
#include "../../harness/harness.h"

#include <xen/version.h>

void hypercall_init(void)
{
    long version = hypercall_xen_version(XENVER_version, NULL);

    boot_times.hypercall = tsc_end();
    if ( version < 0x40000 || version > 0xfffff )
        panic("HVC answers nonsense: xen_version = %lx", (u64)version);
}
