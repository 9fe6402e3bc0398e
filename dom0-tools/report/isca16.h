/*
 * The table of C. Dall and others, ARM Virtualization: Performance and Architectural Implications, ISCA 2016 (table II),
 * made again: seven microbenchmarks, a column for each hypervisor and CPU.
 */
#ifndef REPORT_ISCA16_H
#define REPORT_ISCA16_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "measure/result.h"

/* The rows that it is made of, and the one whose two ways are told apart by a trace. */
#define ISCA16_ROWS \
    "hypercall/null", "exit/vmcall", "exit/hvc", "interrupt/lapic-trap", "mmio/gic-distributor", "interrupt/ipi-busy", \
    "interrupt/sgi-busy", "event/ipi", "interrupt/eoi", "sched/vm-switch", "sched/vm-switch-irqfd", \
    "port/eventfd", "mmio/eventfd", "interrupt/irqfd"
#define ISCA16_IO   "event/roundtrip-idle"
#define ISCA16_MOST 32u

/* Of one column, in the results' clock. */
struct isca16_ways {
    const struct results *results;
    const struct column *column;
    uint64_t out, in;
};

/* `names`: of the CPUs, for people. */
void isca16_print(FILE *, const struct results *all, const char *const *names, size_t count,
                  const struct isca16_ways *, size_t way_count);

#endif
