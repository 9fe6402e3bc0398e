#include "quiet.h"
#include "../arch/mode.h"
#include "../drivers/clock.h"
#include "../xen/hypercall.h"

#include <xen/sched.h>

#define QUIET_NS 40000000u

void quiet(void)
{
    struct sched_poll poll = { .nr_ports = 0 };

    if ( mode_is(MODE_BARE) )
        return;
    poll.timeout = clock_now() + QUIET_NS;
    hypercall_sched_op(SCHEDOP_poll, &poll);
}
