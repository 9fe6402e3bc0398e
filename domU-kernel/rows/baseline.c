/* The cost of measuring: what every other row has subtracted. */
#include "../arch/memory.h"
#include "../harness/row.h"
#include "../lib/string.h"

static void run_empty(struct row_run *r)
{
    SAMPLES(r, );
}

EXPLANATION(baseline_empty) =
    "Reads the time stamp counter twice with nothing between: LFENCE, RDTSC, "
    "two register moves, RDTSCP, LFENCE.  The figure is the floor of every "
    "other row and is subtracted from it; with the instruction clock it is "
    "the number of instructions from one reading to the next.  A figure that "
    "varies here means that the clock or the machine is not quiet.";
ROW(baseline_empty, .run = run_empty) = {
    .name = "baseline/empty",
    .work = "measure nothing",
    .path = "RDTSC, RDTSCP",
    .help = "the timed region with nothing in it",
    .explanation = explanation_baseline_empty,
    .columns = "image", .flags = ROW_HEADLINE | ROW_BASELINE,
    .operations = 1, .samples = 1000, .warmup = 16,
};

static __attribute__((noinline)) void empty_function(void)
{
    barrier();
}

static void run_call(struct row_run *r)
{
    SAMPLES(r, empty_function());
}

EXPLANATION(baseline_call) =
    "Calls a function that returns at once.  The cheapest way to reach other "
    "code; every crossing in the other rows is a dearer kind of call.";
ROW(baseline_call, .run = run_call) = {
    .name = "baseline/call",
    .work = "do something inside the guest",
    .path = "CALL, RET",
    .help = "call an empty function",
    .explanation = explanation_baseline_call,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_rdtsc(struct row_run *r)
{
    SAMPLES(r, tsc_begin());
}

EXPLANATION(baseline_rdtsc) =
    "LFENCE and RDTSC once more inside the timed region.  With "
    "tsc_mode=\"native\" no mode exits for it; a large figure here means that "
    "Xen emulates the counter, and then no other figure can be trusted.";
ROW(baseline_rdtsc, .run = run_rdtsc) = {
    .name = "baseline/rdtsc",
    .work = "read the time stamp counter",
    .path = "LFENCE, RDTSC",
    .help = "read the time stamp counter, ordered by LFENCE",
    .explanation = explanation_baseline_rdtsc,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_rdtscp(struct row_run *r)
{
    SAMPLES(r, tsc_end());
}

EXPLANATION(baseline_rdtscp) =
    "RDTSCP and LFENCE once more inside the timed region; as baseline/rdtsc.";
ROW(baseline_rdtscp, .run = run_rdtscp) = {
    .name = "baseline/rdtscp",
    .work = "read the time stamp counter",
    .path = "RDTSCP, LFENCE",
    .help = "read the time stamp counter by RDTSCP",
    .explanation = explanation_baseline_rdtscp,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_pause(struct row_run *r)
{
    SAMPLES(r, cpu_relax());
}

EXPLANATION(baseline_pause) =
    "One PAUSE instruction.  Hardware with a pause filter lets it exit only "
    "after thousands in a short time: see exit/pause-loop.";
ROW(baseline_pause, .run = run_pause) = {
    .name = "baseline/pause",
    .work = "do something inside the guest",
    .path = "PAUSE",
    .help = "one PAUSE, too few for the pause filter to notice",
    .explanation = explanation_baseline_pause,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static u8 *copy_from, *copy_to;

COLD static const char *setup_copy(struct row_run *r)
{
    (void)r;
    copy_from = pages_alloc(2);
    copy_to = copy_from + PAGE_SIZE;
    return NULL;
}

static void run_copy(struct row_run *r)
{
    SAMPLES(r, memcpy(copy_to, copy_from, PAGE_SIZE));
}

COLD static void teardown_copy(struct row_run *r)
{
    (void)r;
    pages_free(copy_from, 2);
}

EXPLANATION(baseline_memcpy_4k) =
    "Copies one page to another by REP MOVSQ, 512 iterations.  The instruction "
    "clock counts each iteration.  What sharing a page by grant has to beat.";
ROW(baseline_memcpy_4k, .setup = setup_copy, .run = run_copy, .teardown = teardown_copy) = {
    .name = "baseline/memcpy-4k",
    .work = "do something inside the guest",
    .path = "REP MOVSQ",
    .help = "copy 4 KiB inside the guest",
    .explanation = explanation_baseline_memcpy_4k,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_atomic(struct row_run *r)
{
    static u64 counter;

    SAMPLES(r, __atomic_fetch_add(&counter, 1, __ATOMIC_SEQ_CST));
}

EXPLANATION(baseline_atomic_add) =
    "One LOCK-prefixed addition: the building block of event channels and "
    "grants.  On hardware some twenty cycles; one or two instructions here.";
ROW(baseline_atomic_add, .run = run_atomic) = {
    .name = "baseline/atomic-add",
    .work = "do something inside the guest",
    .path = "LOCK ADD",
    .help = "one locked addition to memory",
    .explanation = explanation_baseline_atomic_add,
    .columns = "image", .operations = 1, .samples = 1000, .warmup = 16,
};
