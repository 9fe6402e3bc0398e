/*
 * One wrapper per instruction that C cannot say.  Each inlines to exactly that
 * instruction (and register moves): the timed regions are made of them.
 * Source: Arm Architecture Reference Manual (DDI 0487), under the instruction's or the
 * register's name.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "../../types.h"

#define register_read(name) ({                                              \
    u64 value_;                                                             \
    __asm__ volatile ("mrs %0, " #name : "=r"(value_) :: "memory");         \
    value_; })

#define register_write(name, value) \
    __asm__ volatile ("msr " #name ", %0" :: "r"((u64)(value)) : "memory")

static inline void isb(void)
{
    __asm__ volatile ("isb" ::: "memory");
}

/*
 * ---- the clock: the PMU's cycle counter ----
 *
 * The generic timer counts at some 60 MHz: too coarse.  The cycle counter counts at all
 * exception levels (PMCCFILTR_EL0.NSH), and in QEMU counting instructions once with each.
 * A domain may read it with vpmu=1 in its config.
 */

/* Start of a timed region: ISB waits for everything before. */
static inline u64 tsc_begin(void)
{
    u64 v;

    __asm__ volatile ("isb\n\tmrs %0, pmccntr_el0" : "=r"(v) :: "memory");
    return v;
}

/* End of a timed region: and the second keeps later instructions from starting earlier. */
static inline u64 tsc_end(void)
{
    u64 v;

    __asm__ volatile ("isb\n\tmrs %0, pmccntr_el0\n\tisb" : "=r"(v) :: "memory");
    return v;
}

/* Not ordered against anything around it. */
static inline u64 tsc_now(void)
{
    return register_read(pmccntr_el0);
}

/* ---- device memory ---- */

static inline u32 mmio_read32(u64 address)
{
    u32 v;

    __asm__ volatile ("ldr %w0, [%1]" : "=r"(v) : "r"(address) : "memory");
    return v;
}

static inline void mmio_write32(u64 address, u32 v)
{
    __asm__ volatile ("str %w0, [%1]" :: "r"(v), "r"(address) : "memory");
}

/* ---- interrupts: PSTATE.I ---- */

static inline void interrupts_disable(void)
{
    __asm__ volatile ("msr daifset, #2" ::: "memory");
}

static inline void interrupts_enable(void)
{
    __asm__ volatile ("msr daifclr, #2" ::: "memory");
}

/*
 * WFI ends with an interrupt that is pending, masked or not, so that none is slept over.
 * DSB: what others are to see of us is seen before we sleep.
 */
static inline void interrupts_enable_and_halt(void)
{
    __asm__ volatile ("dsb sy\n\twfi\n\tmsr daifclr, #2" ::: "memory");
}

static inline void cpu_relax(void)
{
    __asm__ volatile ("yield" ::: "memory");
}

#endif
