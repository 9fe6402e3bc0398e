#include "../user.h"
#include "../cpu.h"
#include "../memory.h"

#define USER_STACK_PAGES 2u
#define PMUSERENR_EN     1ul   /* DDI 0487, D13: EL0 may read the counters */

/* user_entry.S: below the kernel at `function` with that stack, until it says USER_EXIT. */
void user_enter(u64 stack, void (*function)(void *), void *argument);

/* Called by user_entry.S: the guest kernel's part of a system call. */
u64 user_dispatch(u64 number);
u64 user_dispatch(u64 number)
{
    return number == USER_GETPID ? USER_PID : ~0ul;
}

void user_run(void (*function)(void *), void *argument)
{
    u8 *stack = pages_alloc(USER_STACK_PAGES);

    register_write(pmuserenr_el0, PMUSERENR_EN);
    interrupts_disable();
    user_enter((u64)stack + USER_STACK_PAGES * PAGE_SIZE, function, argument);
    interrupts_enable();
    register_write(pmuserenr_el0, 0);
    pages_free(stack, USER_STACK_PAGES);
}
