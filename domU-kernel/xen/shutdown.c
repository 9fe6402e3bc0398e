#include "shutdown.h"
#include "console.h"
#include "hypercall.h"
#include "../arch/bare.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"

#include <xen/sched.h>
#include <xenometer/protocol.h>

static void end(unsigned reason) __attribute__((noreturn));
static void end(unsigned reason)
{
    console_flush();
    if ( mode_is(MODE_BARE) )
        bare_end(reason);
    else
    {
        struct sched_shutdown op = { .reason = reason };

        hypercall_sched_op(SCHEDOP_shutdown, &op);
    }
    for ( ;; )
        cpu_relax();
}

void shutdown_poweroff(void)
{
    end(SHUTDOWN_poweroff);
}

void shutdown_reboot(void)
{
    end(SHUTDOWN_reboot);
}

void shutdown_crash(void)
{
    end(SHUTDOWN_crash);
}
