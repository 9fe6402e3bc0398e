/*
 * Saying something: one character, and a line of 80, by the console ring and by Xen's own console; the
 * emulated UARTs are rows of an architecture.
 */
#include "console.h"
#include "../arch/cpu.h"

#include <xen/errno.h>

/* ---- the console ring ---- */

#define PATIENCE_NS 1000000000u

COLD static const char *setup_ring(struct row_run *r)
{
    (void)r;
    if ( !console_has_ring() )
        return "the domain has no PV console";
    print(GREETING);
    return console_ring_taken(PATIENCE_NS)
        ? NULL : "nobody takes what the console ring holds: does xenconsoled run in dom0?";
}

COLD static void teardown_ring(struct row_run *r)
{
    (void)r;
    print("\n");
    console_ring_taken(PATIENCE_NS);
}

static inline void check_taken(struct row_run *r, bool taken)
{
    if ( !taken )
        r->failure = "xenconsoled no longer takes what the console ring holds";
}

/* The figure ends with the notification: that it was taken is seen to afterwards. */
static void told(struct row_run *r, const char *bytes, u32 count)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u32 written;

        console_rest(i);
        sample_keep(r, i, TIMED(written = console_ring_write(bytes, count)));
        check_taken(r, written == count && console_ring_taken(PATIENCE_NS));
    }
}

static void taken(struct row_run *r, const char *bytes, u32 count)
{
    FOR_EACH_SAMPLE(r, i)
    {
        bool done;

        console_rest(i);
        sample_keep(r, i, TIMED({
            console_ring_write(bytes, count);
            done = console_ring_taken(PATIENCE_NS);
        }));
        check_taken(r, done);
    }
}

static void run_told(struct row_run *r)       { told(r, ".", 1); }
static void run_told_line(struct row_run *r)  { told(r, console_line, CONSOLE_LENGTH); }
static void run_taken(struct row_run *r)      { taken(r, ".", 1); }
static void run_taken_line(struct row_run *r) { taken(r, console_line, CONSOLE_LENGTH); }

#define RING_ROW(id, name_, work_, path_, help_, explanation_, flags_)              \
    EXPLANATION(console_##id) = explanation_;                                       \
    ROW(console_##id, .setup = setup_ring, .run = run_##id, .teardown = teardown_ring) = { \
        .name = "console/" name_,                                                   \
        .work = work_,                                                              \
        .path = path_,                                                              \
        .help = help_,                                                              \
        .explanation = explanation_console_##id,                                    \
        .elsewhere = "no Xen below, so no console ring",                            \
        .columns = "xen", .flags = ROW_DOM0 | flags_,                             \
        .operations = 1, .samples = 64, .warmup = 4,                                \
    }

RING_ROW(told, "pv-ring", CHARACTER, "console ring, one event",
    "one character into the PV console ring, and an event",
    "Puts a character into the page shared with xenconsoled, publishes the index and sends an "
    "event.  The domain goes on at once; dom0 takes the character later, and the row waits for that "
    "outside of the figure, because a second event to a port that is still pending is cheaper.  It also "
    "rests after every 16, for xenconsoled answers 30 events in 200 ms and then lets a domain wait.", 0);
RING_ROW(told_line, "pv-ring-line", LINES, "console ring, one event",
    "a line into the PV console ring, and one event",
    "As console/pv-ring with 80 characters: they are published together, so that the line costs one "
    "event and 79 stores more than a character.", 0);
RING_ROW(taken, "pv-ring-taken", CHARACTER, "console ring, until it is taken",
    "one character by the PV console ring, until xenconsoled has it",
    "As console/pv-ring, and sleeps in SCHEDOP_poll until xenconsoled has copied the character out of "
    "the ring and sent its event back: what an emulated UART makes a domain wait for in any "
    "case.", ROW_BLOCKS);
RING_ROW(taken_line, "pv-ring-line-taken", LINES, "console ring, until it is taken",
    "a line by the PV console ring, until xenconsoled has it",
    "As console/pv-ring-taken with 80 characters: xenconsoled is woken once for all of them.",
    ROW_BLOCKS);

/* ---- the hypervisor itself ---- */

static long console_io(void)
{
    return hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, CONSOLE_LENGTH, (u64)console_line);
}

COLD static const char *setup_console_io(struct row_run *r)
{
    (void)r;
    return console_io() < 0 ? "Xen refuses console_io to a domU (it was built without CONFIG_VERBOSE_DEBUG)" : NULL;
}

static void run_console_io(struct row_run *r)
{
    SAMPLES(r, if ( console_io() < 0 ) r->failure = "Xen refused a line that it took before");
}

EXPLANATION(console_hypercall_line) =
    "HYPERVISOR_console_io with all 80 characters: one hypercall, after which Xen has printed the line "
    "to its own log.  A release build of Xen takes this from dom0 only.";
ROW(console_hypercall_line, .setup = setup_console_io, .run = run_console_io) = {
    .name = "console/hypercall-line",
    .work = LINES,
    .path = "console_io hypercall",
    .help = "a line to Xen's log by HYPERVISOR_console_io",
    .explanation = explanation_console_hypercall_line,
    .elsewhere = "no Xen below",
    .columns = "xen", .operations = 1, .samples = 16, .warmup = 1,
};
