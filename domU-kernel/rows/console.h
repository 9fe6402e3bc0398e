/* Saying something to a console: what its rows share. */
#ifndef ROWS_CONSOLE_H
#define ROWS_CONSOLE_H

#include "../drivers/clock.h"
#include "../harness/row.h"
#include "../xen/console.h"
#include "../xen/hypercall.h"

#define CHARACTER "print one character"
#define LINES     "print a line of 80 characters"

/* Begins as the domain's greeting does, so that dom0 takes no line of ours for the
 * domain's last words. */
#define GREETING "xenometer: "
static const char console_line[] =
    GREETING "one of many lines of eighty characters, that say nothing but this..\r\n";
#define CONSOLE_LENGTH (sizeof(console_line) - 1)
_Static_assert(CONSOLE_LENGTH == 80, "the line's length");

/*
 * xenconsoled takes 30 events of a domain in 200 ms (RATE_LIMIT_ALLOWANCE in Xen's
 * tools/console/daemon/io.c) and then lets it wait for the rest of them.
 */
#define BURST   16u
#define REST_NS 250000000u

static inline void console_rest(u32 i)
{
    struct sched_poll poll = { .nr_ports = 0 };

    if ( i % BURST )
        return;
    poll.timeout = clock_now() + REST_NS;
    hypercall_sched_op(SCHEDOP_poll, &poll);
}

#endif
