#include "../user.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"

#define USER_STACK_PAGES 2u
#define PMUSERENR_EN     1ul   /* DDI 0487, D13: EL0 may read the counters */
#define EL0VCTEN         2ul   /* CNTKCTL_EL1: and the virtual one */

/* user_entry.S: below the kernel at `function` with that stack, until it says USER_EXIT. */
void user_enter(u64 stack, void (*function)(void *), void *argument);

/* Called by user_entry.S: the guest kernel's part of a system call. */
u64 user_dispatch(u64 number);
u64 user_dispatch(u64 number)
{
    return number == USER_GETPID ? USER_PID : ~0ul;
}

static void allow_clock(bool allow)
{
    if ( mode_is(MODE_BARE) )
        register_write(cntkctl_el1, allow ? EL0VCTEN : 0);
    else
        register_write(pmuserenr_el0, allow ? PMUSERENR_EN : 0);
}

void user_run(void (*function)(void *), void *argument)
{
    u8 *stack = pages_alloc(USER_STACK_PAGES);

    allow_clock(true);
    interrupts_disable();
    user_enter((u64)stack + USER_STACK_PAGES * PAGE_SIZE, function, argument);
    interrupts_enable();
    allow_clock(false);
    pages_free(stack, USER_STACK_PAGES);
}
