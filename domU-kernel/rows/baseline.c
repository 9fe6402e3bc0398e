/* The cost of measuring: what every other row has subtracted. */
#include "../harness/row.h"

static void run_empty(struct row_run *r)
{
    SAMPLES(r, );
}

ROW(baseline_empty) = {
    .name = "baseline/empty",
    .work = "measure nothing",
    .path = "RDTSC, RDTSCP",
    .help = "the timed region with nothing in it",
    .explanation =
        "Reads the time stamp counter twice with nothing between: LFENCE, RDTSC, "
        "two register moves, RDTSCP, LFENCE.  The figure is the floor of every "
        "other row and is subtracted from it; with the instruction clock it is "
        "the number of instructions from one reading to the next.  A figure that "
        "varies here means that the clock or the machine is not quiet.",
    .modes = MODES_ALL, .flags = ROW_HEADLINE | ROW_BASELINE,
    .operations = 1, .samples = 1000, .warmup = 16,
    .run = run_empty,
};
