/*
 * One upcall within another.  Linked only into build/xenometer-test.elf; tests/lab/test_events.c says what must come
 * of it.
 */
#include "../events.h"
#include "../../../../domU-kernel/arch/mode.h"
#include "../../../../domU-kernel/arch/traps.h"

static void (*real_upcall)(void);
static u64 upcall_stack;   /* where the handler's frame was */

static void upcall_noting(void)
{
    upcall_stack = (u64)__builtin_frame_address(0);
    real_upcall();
}

/* An interrupt's frame, nine registers, a return address, the frame pointer: words. */
#define UPCALL_DEPTH ((5 + 9 + 1 + 1) * sizeof(u64))

/*
 * An upcall between the moment when the way out of another has allowed events and its IRET: no
 * interrupt can be timed to fall there, so the two frames are laid out as Xen would have, and
 * the entry is jumped to.  It must go on where the first one came from, with nothing more on the
 * stack, and with all registers.
 */
static const char *upcall_within(void)
{
    u64 before, after, rcx, r11, upcalls = event_upcalls;

    events_disable();   /* as Xen does with an upcall */
    __asm__ volatile (
        "movq %%rsp, %[before]\n\t"
        "pushq $0xe02b\n\t"                 /* FLAT_KERNEL_SS, FLAT_KERNEL_CS: arch-x86/xen.h */
        "pushq %[before]\n\t"
        "pushfq\n\t"
        "pushq $0xe033\n\t"
        "pushq $1f\n\t"
        "movq %%rsp, %%rax\n\t"
        "pushq $0xe028\n\t"                 /* as Xen shows them, without the privilege level */
        "pushq %%rax\n\t"
        "pushfq\n\t"
        "pushq $0xe030\n\t"
        "pushq $pv_upcall_allowed\n\t"
        "pushq $0x1111\n\t"                 /* R11, RCX */
        "pushq $0x2222\n\t"
        "jmp pv_upcall\n"
        "1:\tmovq %%rsp, %[after]\n\t"
        "movq %%rcx, %[rcx]\n\t"
        "movq %%r11, %[r11]"
        : [before]"=&b"(before), [after]"=&S"(after), [rcx]"=&D"(rcx), [r11]"=&d"(r11)
        :: "rax", "rcx", "r11", "cc", "memory");
    if ( after != before )
        return "the stack is not what it was";
    if ( before - upcall_stack > UPCALL_DEPTH )
        return "the second upcall went on below the frame of the first";
    if ( rcx != 0x2222 || r11 != 0x1111 )
        return "RCX or R11 are not what they were";
    if ( event_upcalls != upcalls + 1 )
        return "the upcall was not handled once";
    return this_vcpu_info()->evtchn_upcall_mask ? "events stayed off" : NULL;
}

static u32 again;

/* As if Xen raised one more while the first is being handled. */
static void upcall_raising(void)
{
    real_upcall();
    if ( again++ == 0 )
        this_vcpu_info()->evtchn_upcall_pending = 1;
}

static void run_upcalls(struct row_run *r)
{
    u32 port = event_try_bind_ipi(0);

    real_upcall = event_upcall;
    event_upcall = upcall_noting;
    if ( boot_mode == MODE_PV )
        r->failure = upcall_within();
    event_unmask(port);
    again = 0;
    event_upcall = upcall_raising;
    event_send(port);
    event_upcall = real_upcall;
    /* IRET takes hardware's own account of what is pending: there it is Xen's next way in. */
    if ( !r->failure && boot_mode == MODE_PV && again != 2 )
        r->failure = "what was raised during an upcall was not handled after it";
    event_close(port);
    SAMPLES(r, );
}
TEST_ROW(upcalls, "upcall-within", 0, "an upcall within the way out of another", run_upcalls);
