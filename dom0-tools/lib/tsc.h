/* The time stamp counter, read at both ends of what is measured. */
#ifndef LIB_TSC_H
#define LIB_TSC_H

#include <stdint.h>

/*
 * dom0's clock is the guests': Xen lets a PV dom0 read the TSC itself, always,
 * and domains with tsc_mode="native", too.  The order of the two readings as in
 * the image (domU-kernel/arch/x86/machine/cpu.h).
 */
#ifdef __x86_64__
static inline uint64_t tsc_begin(void)
{
    uint32_t low, high;

    __asm__ volatile ("lfence\n\trdtsc" : "=a"(low), "=d"(high) :: "memory");
    return ((uint64_t)high << 32) | low;
}

static inline uint64_t tsc_end(void)
{
    uint32_t low, high;

    __asm__ volatile ("rdtscp\n\tlfence" : "=a"(low), "=d"(high) :: "rcx", "memory");
    return ((uint64_t)high << 32) | low;
}
#else
/* ARM64: the cycle counter is the kernel's, so that nothing is measured in dom0 itself.  Durations
 * are told by the generic timer. */
static inline uint64_t tsc_begin(void)
{
    uint64_t v;

    __asm__ volatile ("isb\n\tmrs %0, cntvct_el0" : "=r"(v) :: "memory");
    return v;
}

static inline uint64_t tsc_end(void)
{
    return tsc_begin();
}
#endif

#define TIMED(operation) ({             \
    uint64_t begin_ = tsc_begin();      \
    operation;                          \
    tsc_end() - begin_; })

#endif
