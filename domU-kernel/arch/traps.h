/*
 * Exceptions and the event upcall, the same for every mode: entry stubs build
 * one frame, C looks at it, and the way out is the one the mode has.
 */
#ifndef ARCH_TRAPS_H
#define ARCH_TRAPS_H

#include "types.h"

/* Install the entries of exceptions, interrupts and the event upcall. */
void traps_init(void);

/*
 * Have Xen raise the event upcall from now on, and allow it.  After traps_init(), with
 * shared info mapped and each port masked.
 */
void traps_allow_events(void);

/*
 * From now on the event upcall and the interrupt that rows ask for (interrupts.h) note the
 * clock in trap_stamp as the first thing they do (on), or no longer.  Not for timed regions.
 */
void traps_stamp(bool on);
extern volatile u64 trap_stamp;   /* ticks; written by the entries only */

/* Can the clock that timed regions read (machine/cpu.h) be read here?  NULL, or what to do: nothing runs
 * until then. */
const char *traps_clock_trouble(void);

/* Is it too coarse to time one operation by?  NULL, or its resolution and what to do: each row is skipped. */
const char *traps_clock_coarse(void);

/* Print why, row and mode, then end the domain as crashed. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* For who knows more: on the console, and where dom0 reads it although the domain is then gone. */
void last_words(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
