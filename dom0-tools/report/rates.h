/*
 * How often a real workload crosses: what tools print that count it, as rates of the model.
 *
 *     perf kvm stat report           (perf-kvm(1)): VM-EXIT, Samples, …, by KVM's names of exit reasons
 *     xentrace                       (xentrace(8)) itself, -e 0x28f000: records of xen/trace.h
 *     xentrace_format                of the same, with the formats file that comes with it: VMEXIT, or from Xen 4.19 on VMX_EXIT and
 *                                    SVM_EXIT, with an exit code (Intel SDM vol. 3, appendix C; AMD APM vol. 2,
 *                                    appendix C), and hypercall
 *     /proc/interrupts               (proc(5)) of a guest: since its boot, or two of them, one behind the other,
 *                                    and what came between
 *
 * All count, and none says for how long: that is `seconds`.  What they count that the model has no kind for
 * (windows, interrupts of the host) is an exit as CPUID's.
 */
#ifndef REPORT_RATES_H
#define REPORT_RATES_H

#include "report/model.h"

/*
 * Add the rates in `text`; `name` stands for it in messages.  `seconds` > 0.  STATUS_OK, or STATUS_USAGE after a
 * message.  `what`: a line that says what was read, the caller's.
 */
int rates_read(const char *text, size_t size, const char *name, double seconds, double rate[MODEL_KINDS],
               char **what);

#endif
