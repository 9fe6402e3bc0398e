#include "../user.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"
#include "../traps.h"
#include "../../xen/events.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/pv_paging.h"

#include <xen/callback.h>

/* AMD APM vol. 2, 6.1.1: SYSCALL and SYSRET. */
#define MSR_EFER  0xc0000080u
#define EFER_SCE  1ul
#define MSR_STAR  0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_SFMASK 0xc0000084u
#define RFLAGS_IF 0x200ul

#define USER_STACK_PAGES 2u

void user_enter_hardware(u64 stack, void (*function)(void *), void *argument);
void user_enter_pv(u64 stack, void (*function)(void *), void *argument);
extern u8 user_syscall_hardware[], user_syscall_pv[];
extern u64 user_kernel_rsp;

/* Called by user_entry.S: the guest kernel's part of a system call. */
u64 user_dispatch(u64 number);
u64 user_dispatch(u64 number)
{
    return number == USER_GETPID ? USER_PID : ~0ul;
}

static void run_hardware(u64 stack, void (*function)(void *), void *argument)
{
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE);
    /* Kernel CS 0x08 (SS follows); SYSRET adds 16 for CS, 8 for SS to 0x13. */
    msr_write(MSR_STAR, 0x08ul << 32 | 0x13ul << 48);
    msr_write(MSR_LSTAR, (u64)user_syscall_hardware);
    msr_write(MSR_SFMASK, RFLAGS_IF);
    interrupts_disable();
    user_enter_hardware(stack, function, argument);
    if ( boot_mode != MODE_BARE )
        interrupts_enable();
}

static void run_pv(u64 stack, void (*function)(void *), void *argument)
{
    /* Both halves use one page table: all our pages are ring-3 pages anyway. */
    struct mmuext_op user_base = {
        .cmd = MMUEXT_NEW_USER_BASEPTR, .arg1.mfn = pv_base_frame(),
    };
    struct callback_register syscall = {
        .type = CALLBACKTYPE_syscall, .flags = CALLBACKF_mask_events,
        .address = (u64)user_syscall_pv,
    };
    u64 place;

    if ( pv_mmuext(&user_base) )
        panic("Xen refused the application's page table");
    if ( hypercall2(__HYPERVISOR_callback_op, CALLBACKOP_register, (u64)&syscall) )
        panic("Xen refused the system call entry");
    events_disable();
    /* user_enter_pv() pushes seven words below here; Xen's frame for the
     * system call must stand below them. */
    __asm__ volatile ("movq %%rsp, %0" : "=r"(place));
    hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, (place - 1024) & ~15ul);
    user_enter_pv(stack, function, argument);
    events_enable();
}

void user_run(void (*function)(void *), void *argument)
{
    u8 *stack = pages_alloc(USER_STACK_PAGES);
    /* As after a CALL: the ABI wants RSP + 8 divisible by 16 at entry. */
    u64 top = (u64)stack + USER_STACK_PAGES * PAGE_SIZE - 16;

    if ( boot_mode == MODE_PV )
        run_pv(top, function, argument);
    else
        run_hardware(top, function, argument);
    pages_free(stack, USER_STACK_PAGES);
}
