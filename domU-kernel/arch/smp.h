/*
 * A second vCPU, here called the secondary: down until a row starts it, then
 * parked whenever no row has work for it.  Parked it is blocked in Xen (bare:
 * halted) and costs nobody anything.
 *
 *     smp_start()                       once, and again at no cost
 *     smp_run(f, argument); smp_wait()  f runs there, vCPU 0 goes on here
 *
 * What the secondary calls may not print, allocate or use the drivers: those
 * belong to vCPU 0 alone.  Its stack has SMP_STACK bytes.
 *
 * Under the instruction clock QEMU runs one CPU at a time, until that halts,
 * executes PAUSE or meets a timer: a loop that waits for the other vCPU must
 * contain cpu_relax().
 */
#ifndef ARCH_SMP_H
#define ARCH_SMP_H

/* Also for smp_entry.S: the stack's size in bytes. */
#define SMP_STACK 8192

#ifndef __ASSEMBLY__

#include "types.h"

/* The secondary, valid once smp_start() has returned NULL. */
struct secondary {
    u32 port;      /* event channel whose events reach it, to be sent by anyone; not in bare */
    u32 apic_id;   /* of its local APIC; not in PV, nor on another architecture */
};
extern struct secondary secondary;

/* Event upcalls, and interrupts that rows ask for (each with its EOI done), that it
 * has taken. */
extern volatile u64 secondary_upcalls;
extern volatile u32 secondary_interrupts;

/*
 * Start the secondary and park it.  NULL, or why there is none; the text is
 * static.  For a row's set-up.
 */
const char *smp_start(void);

/* Take it down if it is up and the toolstack wants that (xl vcpu-set).  Not while a row runs. */
void smp_follow(void);

/* In a restored domain its event channel is gone: a new one. */
void smp_resume(void);

/*
 * Wake the secondary and have it run `function(argument)`, with events and
 * interrupts allowed.  Returns when it is awake; the last function must have
 * been waited for.
 */
void smp_run(void (*function)(void *), void *argument);

/*
 * Send it an event (bare: an interrupt) and wait until that is taken: it sees
 * what was written before.  Not for timed regions: lets others run.
 */
void smp_wake(void);

/* Until it has returned.  Not for timed regions: lets others run. */
void smp_wait(void);

/* Until the secondary sleeps in smp_sleep_while().  Likewise. */
void smp_wait_asleep(void);

/* One turn of a loop that waits for the secondary, whichever CPU that has. */
void smp_let_run(void);

/*
 * On the secondary: sleep while *word is `value`.  Who changes it must then
 * send an event or an interrupt there.
 */
void smp_sleep_while(const volatile u32 *word, u32 value);

/* Which vCPU's stack `place` is on: 0 or 1. */
u32 smp_vcpu(const void *place);

/* ---- between arch/smp.c and an architecture's smp.c ---- */

#define SECONDARY 1u

extern u8 smp_stack[], smp_stack_top[];   /* smp_entry.S */

/* What the secondary begins with, on its stack, with events and interrupts off. */
void smp_main(void) __attribute__((noreturn));
/* Start it: NULL, or why there is none.  With smp_own_port(), the event channel whose events
 * reach it, and smp_comes_up(): it has begun, false: it says nothing. */
const char *smp_boot(void);
u32 smp_own_port(void);
bool smp_comes_up(void);

/* On the secondary: its own traps and interrupts; and go down, until smp_up_again(). */
void smp_begin(void);
void smp_down(void);
void smp_up_again(void);

/* Xen has blocked it. */
bool smp_blocked(void);

/* Bare: an interrupt of the secondary's. */
void smp_interrupt_secondary(void);

#endif /* __ASSEMBLY__ */
#endif
