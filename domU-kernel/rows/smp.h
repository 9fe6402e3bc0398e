/*
 * For rows with two vCPUs: what the secondary (arch/smp.h) does while vCPU 0 measures.  Begun in
 * run(), not before: one that spins is not to be waited beside.
 */
#ifndef ROWS_SMP_H
#define ROWS_SMP_H

#include "../arch/smp.h"
#include "../harness/row.h"

/* It runs; set by what it does.  It shall end. */
extern volatile u32 second_running, second_stop;

/* Two things to do until then. */
void second_spin(void *);
void second_sleep(void *);

/* Have it do something; returns when it does.  And end that. */
void second_begin(void (*function)(void *));
void second_end(void);

/* A set-up: start it. */
const char *second_setup(struct row_run *);

#endif
