/*
 * Xen's own trace (xentrace) of a run inside the lab's dom0: what happened while
 * each row was measured.
 */
#ifndef LAB_TRACE_H
#define LAB_TRACE_H

#include <stdbool.h>

#define TRACE_REGIONS 64u
#define TRACE_KINDS   24u

/* Why the guest was left: VM exits by their code, in PV also hypercalls by their
 * number and the traps Xen handles for it, by their event. */
struct trace_kind {
    unsigned reason, count;
};
#define TRACE_HYPERCALL 0x10000u   /* | the number */
#define TRACE_PV_TRAP   0x20000u   /* | the event's low bits, public/trace.h */
#define TRACE_SCHEDULER 0x40000u   /* Xen's scheduler looked up: same vCPU or another */

/* AMD APM vol. 2, appendix C. */
#define EXIT_INTR    0x060u
#define EXIT_CPUID   0x072u
#define EXIT_IOIO    0x07bu
#define EXIT_MSR     0x07cu
#define EXIT_VMMCALL 0x081u
#define EXIT_NPF     0x400u

/* One row in one domain: from the first reading of the stolen time to the second
 * (harness/quiet.h). */
struct trace_region {
    struct trace_kind kinds[TRACE_KINDS];
    unsigned kind_count;
};

struct trace {
    struct trace_region regions[TRACE_REGIONS];
    unsigned count;
    bool whole;   /* nothing lost, every region ended */
};

/* Read what xentrace wrote.  False: no such file. */
bool trace_read(const char *path, struct trace *);

unsigned trace_count(const struct trace_region *, unsigned reason);

#endif
