/*
 * One wrapper per instruction that C cannot say.  Each inlines to exactly that
 * instruction (and register moves): the timed regions are made of them.
 * Sources: Intel SDM vol. 2, AMD64 APM vol. 3, under the instruction's name.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "../../types.h"

/* ---- time stamp counter, ticks ---- */

/*
 * Start of a timed region.  LFENCE waits for everything before, RDTSC reads:
 * nothing older is measured (SDM vol. 2B, RDTSC, the ordering note).
 */
static inline u64 tsc_begin(void)
{
    u32 low, high;

    __asm__ volatile ("lfence\n\trdtsc" : "=a"(low), "=d"(high) :: "memory");
    return ((u64)high << 32) | low;
}

/*
 * End of a timed region.  RDTSCP waits for everything before it, LFENCE keeps
 * later instructions from starting earlier.
 */
static inline u64 tsc_end(void)
{
    u32 low, high;

    __asm__ volatile ("rdtscp\n\tlfence" : "=a"(low), "=d"(high) :: "rcx", "memory");
    return ((u64)high << 32) | low;
}

/* Not ordered against anything around it. */
static inline u64 tsc_now(void)
{
    u32 low, high;

    __asm__ volatile ("rdtsc" : "=a"(low), "=d"(high) :: "memory");
    return (u64)high << 32 | low;
}

/* ---- processor identification ---- */

struct cpuid { u32 a, b, c, d; };

static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
    struct cpuid r;

    __asm__ volatile ("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                      : "0"(leaf), "2"(subleaf));
    return r;
}

/* ---- model specific registers; both fault (#GP) where one is missing ---- */

#define MSR_APIC_BASE 0x1bu   /* SDM vol. 4, IA32_APIC_BASE */

static inline u64 msr_read(u32 msr)
{
    u32 low, high;

    __asm__ volatile ("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return ((u64)high << 32) | low;
}

static inline void msr_write(u32 msr, u64 value)
{
    __asm__ volatile ("wrmsr" :: "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* ---- ports ---- */

static inline u8 port_in8(u16 port)
{
    u8 v;

    __asm__ volatile ("inb %w1, %b0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline u16 port_in16(u16 port)
{
    u16 v;

    __asm__ volatile ("inw %w1, %w0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline u32 port_in32(u16 port)
{
    u32 v;

    __asm__ volatile ("inl %w1, %0" : "=a"(v) : "Nd"(port));
    return v;
}

static inline void port_out8(u16 port, u8 v)
{
    __asm__ volatile ("outb %b0, %w1" :: "a"(v), "Nd"(port));
}

static inline void port_out16(u16 port, u16 v)
{
    __asm__ volatile ("outw %w0, %w1" :: "a"(v), "Nd"(port));
}

static inline void port_out32(u16 port, u32 v)
{
    __asm__ volatile ("outl %0, %w1" :: "a"(v), "Nd"(port));
}

/* ---- device memory: one MOV each, never merged or repeated ---- */

static inline u32 mmio_read32(u64 address)
{
    u32 v;

    __asm__ volatile ("movl (%1), %0" : "=r"(v) : "r"(address) : "memory");
    return v;
}

static inline void mmio_write32(u64 address, u32 v)
{
    __asm__ volatile ("movl %0, (%1)" :: "r"(v), "r"(address) : "memory");
}

/* ---- interrupt flag; hardware modes only (PV uses the event mask) ---- */

static inline void interrupts_disable(void)
{
    __asm__ volatile ("cli" ::: "memory");
}

static inline void interrupts_enable(void)
{
    __asm__ volatile ("sti" ::: "memory");
}

/*
 * STI takes effect after the next instruction: no interrupt can come between
 * the two and be slept over (SDM vol. 2B, STI).
 */
static inline void interrupts_enable_and_halt(void)
{
    __asm__ volatile ("sti\n\thlt" ::: "memory");
}

static inline void cpu_relax(void)
{
    __asm__ volatile ("pause" ::: "memory");
}

#endif
