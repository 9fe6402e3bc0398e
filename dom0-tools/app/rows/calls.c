/* System calls that ask the kernel for a number. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "app/row.h"

static void run_empty(struct row_run *r)
{
    SAMPLES(r, (void)0);
}

EXPLANATION(app_empty) =
    "Reads the time stamp counter twice with nothing between, as baseline/empty does in the "
    "unikernel: subtracted from every other row of the application.";
ROW(app_empty, .run = run_empty) = {
    .name = "app/empty", .work = "measure nothing in an application",
    .path = "RDTSC, RDTSCP", .help = "the timed region with nothing in it, in an application",
    .explanation = explanation_app_empty,
    .columns = "app", .flags = ROW_BASELINE, .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_getppid(struct row_run *r)
{
    long expected = getppid(), got = expected;

    SAMPLES(r, got = system_call0(SYS_getppid));
    if ( got != expected )
        r->failure = "getppid gave another number than before";
}

EXPLANATION(app_getppid) =
    "The cheapest system call that the kernel has to look something up for.  A container's process "
    "enters the same kernel by the same instruction: its namespaces are looked at by system calls "
    "that are about them, and getppid is even shorter there, because the parent is outside.  "
    "seccomp runs before every call; a filter's verdict that depends on the number alone is a bit "
    "in a map since Linux 5.11.  In gVisor the call does not reach the host's kernel as what it is: "
    "systrap patches the instruction to jump to a stub that wakes the Sentry, a kernel in Go, in "
    "another process; ptrace stops the process for it.";
ROW(app_getppid, .run = run_getppid) = {
    .name = "app/getppid", .work = "ask the kernel for the parent's number",
    .path = "SYSCALL", .help = "getppid, the least that a kernel can be asked",
    .explanation = explanation_app_getppid,
    .columns = "app", .operations = 1, .samples = 1000, .warmup = 64,
};

static uint64_t nanoseconds(const struct timespec *t)
{
    return (uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec;
}

/* A Sentry calibrates its vDSO's clock once a second; until it has, the vDSO asks the Sentry. */
static const char *setup_clock(struct row_run *r)
{
    const struct timespec seconds = { .tv_sec = 3 };

    (void)r;
    nanosleep(&seconds, NULL);
    return NULL;
}

static void run_clock_vdso(struct row_run *r)
{
    struct timespec before = { 0 }, after = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &before);
    SAMPLES(r, clock_gettime(CLOCK_MONOTONIC, &after));
    if ( nanoseconds(&after) <= nanoseconds(&before) )
        r->failure = "the clock did not go on";
}

EXPLANATION(app_clock_vdso) =
    "clock_gettime as programs call it: libc finds the function in the vDSO, a page of code that the "
    "kernel maps into every process, which reads the TSC and scales it.  No kernel is entered.  "
    "gVisor maps one of its own, which asks the Sentry until that has calibrated the TSC, for about two "
    "seconds: the row waits for it.  Where the vDSO does not trust the TSC the row costs a system call.";
ROW(app_clock_vdso, .setup = setup_clock, .run = run_clock_vdso) = {
    .name = "app/clock-vdso", .work = "read the clock",
    .path = "libc, vDSO", .help = "clock_gettime by the vDSO", .against = "app/clock-syscall",
    .explanation = explanation_app_clock_vdso,
    .columns = "app", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_clock_syscall(struct row_run *r)
{
    struct timespec before = { 0 }, after = { 0 };
    long result = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    SAMPLES(r, result = system_call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&after, 0));
    if ( result || nanoseconds(&after) <= nanoseconds(&before) )
        r->failure = "the clock did not go on";
}

EXPLANATION(app_clock_syscall) =
    "The same clock by the system call: what it costs where there is no vDSO, or a time namespace or a "
    "tracer keeps programs from it.";
ROW(app_clock_syscall, .run = run_clock_syscall) = {
    .name = "app/clock-syscall", .work = "read the clock",
    .path = "SYSCALL", .help = "clock_gettime by the system call",
    .explanation = explanation_app_clock_syscall,
    .columns = "app", .operations = 1, .samples = 1000, .warmup = 64,
};
