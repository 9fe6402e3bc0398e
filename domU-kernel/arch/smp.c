#include "smp.h"
#include "cpu.h"
#include "mode.h"
#include "traps.h"
#include "../lib/string.h"
#include "../drivers/clock.h"
#include "../xen/events.h"
#include "../xen/hypercall.h"
#include "../xen/xenstore.h"

#include <xen/sched.h>

/* Turns of smp_let_run() until a CPU that was started must have answered. */
#define PATIENCE  1000000u

/*
 * Whoever halts, and was woken soon the last times, has KVM look for an interrupt for so long before it blocks the
 * vCPU: 200 us on x86, 500 us on ARM64 (KVM_HALT_POLL_NS_DEFAULT; halt_poll_ns of module kvm).  One that always sleeps
 * longer is blocked at once.
 */
#define POLLED_NS 600000u

struct secondary secondary;
volatile u64 secondary_upcalls;
volatile u32 secondary_interrupts;

/*
 * Written by vCPU 0 only: `function` and `argument`, then `given`.  Written by
 * the secondary only: `up` and `asleep`, and `done` after a function's return.
 */
static void (*function)(void *);
static void *argument;
static volatile u32 given, done, up;
static volatile u32 asleep;   /* it has said so just before it sleeps */
static bool taken_down;   /* vCPU 0's: by smp_follow() */

u32 smp_vcpu(const void *place)
{
    return (const u8 *)place >= smp_stack && (const u8 *)place < smp_stack_top;
}

/* ---- on the secondary ---- */

static inline struct vcpu_info *own_info(void)
{
    return vcpu_info_of(SECONDARY);
}

static void allow_events(void)
{
    if ( !mode_is(MODE_PV) )
        interrupts_enable();
    else
    {
        vcpu_mask_events(own_info(), false);
        if ( own_info()->evtchn_upcall_pending )
            hypercall_xen_version(0, NULL);
    }
}

void smp_sleep_while(const volatile u32 *word, u32 value)
{
    while ( *word == value )
    {
        /* Events off, look again, then sleep and allow them in one step, as
         * in event_wait(). */
        if ( mode_is(MODE_PV) )
            vcpu_mask_events(own_info(), true);
        else
            interrupts_disable();
        if ( *word == value )
        {
            asleep = 1;
            if ( mode_is(MODE_PV) )
                hypercall_sched_op(SCHEDOP_block, NULL);
            else
                interrupts_enable_and_halt();
            asleep = 0;
        }
        else
            allow_events();
    }
}

/* The first and only thing the secondary runs; on its own stack. */
void smp_main(void)
{
    smp_begin();
    allow_events();
    /* Started anew after smp_follow() (ARM64): what it ran then is over. */
    if ( up )
        done = given;
    up = 1;
    for ( u32 n = done;; n++ )
    {
        smp_sleep_while(&given, n);
        function(argument);
        /* Release: what the function wrote before its end. */
        __atomic_store_n(&done, n + 1, __ATOMIC_RELEASE);
    }
}

/* ---- on vCPU 0 ---- */

void smp_let_run(void)
{
    /* The secondary may be waiting for our physical CPU... */
    if ( !mode_is(MODE_BARE) )
        hypercall_sched_op(SCHEDOP_yield, NULL);
    /* ...or for QEMU's one thread. */
    cpu_relax();
}

bool smp_comes_up(void)
{
    for ( u32 i = 0; !up && i < PATIENCE; i++ )
        smp_let_run();
    return up;
}

/*
 * Both upcalls look through whole words of pending bits, and clear what they
 * find: the secondary's port must stand in a word where none of vCPU 0's does.
 * Xen hands out the lowest free number, so take the first word's first.
 */
u32 smp_own_port(void)
{
    u32 low[64], count = 0, port;

    while ( (port = event_bind_ipi(SECONDARY)) < ARRAY_SIZE(low) )
        low[count++] = port;
    while ( count )
        event_close(low[--count]);
    event_unmask(port);
    return port;
}

/* The toolstack's word; without one, all vCPUs are the domain's. */
static bool wanted(void)
{
    char value[16];

    return xenstore_read("cpu/1/availability", value, sizeof(value)) ||
           strcmp(value, "offline");
}

/* On the secondary; when it is brought up again it returns, or the secondary begins anew. */
static void go_down(void *unused)
{
    (void)unused;
    smp_down();
}

void smp_follow(void)
{
    if ( up && !taken_down && !wanted() )
    {
        taken_down = true;
        smp_run(go_down, NULL);
    }
}

void smp_resume(void)
{
    if ( up )
        secondary.port = smp_own_port();
}

const char *smp_start(void)
{
    if ( !mode_is(MODE_BARE) && !wanted() )
        return "the toolstack has taken the second vCPU offline: xl vcpu-set";
    if ( taken_down )
    {
        smp_up_again();
        taken_down = false;
        smp_wait();
    }
    return up ? NULL : smp_boot();
}

void smp_wake(void)
{
    u32 arrivals, interrupts = secondary_interrupts;

    if ( mode_is(MODE_BARE) )
    {
        smp_interrupt_secondary();
        while ( secondary_interrupts == interrupts )
            smp_let_run();
    }
    else
    {
        arrivals = event_arrivals[secondary.port];
        event_send(secondary.port);
        while ( event_arrivals[secondary.port] == arrivals )
            smp_let_run();
    }
}

void smp_run(void (*f)(void *), void *a)
{
    function = f;
    argument = a;
    /* Release: function and argument before the number that announces them. */
    __atomic_store_n(&given, given + 1, __ATOMIC_RELEASE);
    smp_wake();
}

void smp_wait(void)
{
    while ( __atomic_load_n(&done, __ATOMIC_ACQUIRE) != given )
        smp_let_run();
}

void smp_wait_asleep(void)
{
    u64 until;

    if ( !mode_is(MODE_BARE) )
    {
        while ( !smp_blocked() )
            smp_let_run();
        return;
    }
    while ( !asleep )
        smp_let_run();
    for ( until = tsc_begin() + clock_ticks(POLLED_NS); tsc_begin() < until; )
        ;
    /* It has said so before its HLT or WFI, and those below it have to put it to sleep. */
    for ( u32 i = 0; i < 100; i++ )
        smp_let_run();
}
