/*
 * How a row of the application is written: one file a family in rows/, one ROW() a row, as in
 * the unikernel (domU-kernel/harness/row.h).
 *
 * What a row is about it asks the kernel for by SYSCALL itself, so that figures have no libc in
 * them, whose version is the building machine's; where libc's part belongs to it (threads,
 * processes, the vDSO) its explanation says so.
 */
#ifndef APP_ROW_H
#define APP_ROW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <xenometer/row.h>

#include "lib/tsc.h"

/* One run of one row. */
struct row_run {
    uint64_t *ticks;             /* where samples go; `count` of them fit */
    uint32_t count, warmup;
    uint32_t taken;              /* samples stored so far */
    uint64_t first;              /* ticks of the very first iteration */
    uint64_t batch;              /* ticks from the first sample to the end of the last */
    const char *failure;         /* set by run(): the kernel's answer was wrong */
};

/* In the ELF file for the program that measures; nothing here reads it. */
#define EXPLANATION(identifier) \
    static const char explanation_##identifier[] __attribute__((section("explanations")))

#define ROW(identifier, ...) \
    static const struct row_code code_##identifier \
        __attribute__((section("row_code"), used, aligned(8))) = { __VA_ARGS__ }; \
    static const struct row row_##identifier \
        __attribute__((section("rows"), used, aligned(8)))

static inline bool sample_wanted(const struct row_run *r, uint32_t i)
{
    return i < r->warmup + r->count && !r->failure;
}

/* The same, and the batch begins before the first kept sample, and ends behind the last. */
static inline bool batch_wanted(struct row_run *r, uint32_t i)
{
    if ( !sample_wanted(r, i) )
    {
        r->batch = tsc_end() - r->batch;
        return false;
    }
    if ( i == r->warmup )
        r->batch = tsc_begin();
    return true;
}

#define FOR_EACH_SAMPLE(r, i) for ( uint32_t i = 0; sample_wanted(r, i); i++ )

/* Keep iteration i's ticks; outside the timed region. */
static inline void sample_keep(struct row_run *r, uint32_t i, uint64_t ticks)
{
    if ( i == 0 )
        r->first = ticks;
    if ( i >= r->warmup )
        r->ticks[r->taken++] = ticks;
}

/* The whole of a row that does nothing between its samples. */
#define SAMPLES(r, operation)                           \
    for ( uint32_t i_ = 0; batch_wanted(r, i_); i_++ )  \
        sample_keep(r, i_, TIMED(operation))

#ifdef __x86_64__
/* A system call as the x86-64 psABI (A.2.1) has it: -errno where it fails. */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    long result;

    __asm__ volatile ("syscall" : "=a"(result)
                      : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                      : "rcx", "r11", "memory");
    return result;
}

static inline long system_call0(long number)
{
    long result;

    __asm__ volatile ("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}

static inline long system_call3(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile ("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c)
                      : "rcx", "r11", "memory");
    return result;
}
#else
/* The same as arch/arm64's Linux has it (asm/unistd.h, entry.S): the number in X8, arguments from X0 on. */
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                  x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

    __asm__ volatile ("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

static inline long system_call3(long number, long a, long b, long c)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;

    __asm__ volatile ("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}

static inline long system_call0(long number)
{
    register long x8 __asm__("x8") = number, x0 __asm__("x0");

    __asm__ volatile ("svc #0" : "=r"(x0) : "r"(x8) : "memory");
    return x0;
}
#endif

/*
 * What set-up says where the kernel refuses a call: "io_uring_setup: Operation not permitted".
 * Valid until the next one.
 */
const char *refused(const char *what, int error);

/* A file of `size` bytes in the working directory, byte i of it (i * 7) & 0xff, open for reading;
 * -1 with errno.  It is unlinked unless it gets a name. */
int data_file_make(const char *name, uint32_t size);
static inline uint8_t data_byte(uint32_t i) { return (uint8_t)(i * 7); }

#endif
