#include "suspend.h"
#include "hypercall.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"
#include "../arch/traps.h"

bool suspend(void)
{
    struct sched_shutdown op = { .reason = SHUTDOWN_suspend };
    long result;

    if ( mode_is(MODE_PV) )
        result = suspend_pv(&op);
    else
    {
        interrupts_disable();
        result = hypercall_suspend(&op, 0);
    }
    if ( result < 0 )
        panic("the suspend came to nothing: %ld", result);
    return result == 1;
}
