/*
 * Saying something: one character, and a line of 80, by each way a domain has.
 * One character by Xen's debug port is port/debug-0xe9.
 */
#include "../../arch/cpu.h"
#include "../../arch/mode.h"
#include "../../drivers/clock.h"
#include "../../harness/row.h"
#include "../../xen/console.h"
#include "../../xen/hypercall.h"

#include <xen/errno.h>

#define CHARACTER "print one character"
#define LINES     "print a line of 80 characters"

/* Begins as the domain's greeting does, so that dom0 takes no line of ours for the
 * domain's last words. */
#define GREETING "xenometer: "
static const char line[] =
    GREETING "one of many lines of eighty characters, that say nothing but this..\r\n";
#define LENGTH (sizeof(line) - 1)
_Static_assert(LENGTH == 80, "the line's length");

/* ---- the console ring ---- */

#define PATIENCE_NS 1000000000u

/*
 * xenconsoled takes 30 events of a domain in 200 ms (RATE_LIMIT_ALLOWANCE in Xen's
 * tools/console/daemon/io.c) and then lets it wait for the rest of them.
 */
#define BURST   16u
#define REST_NS 250000000u

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

static void rest(u32 i)
{
    struct sched_poll poll = { .nr_ports = 0 };

    if ( i % BURST )
        return;
    poll.timeout = clock_system_time(tsc_begin()) + REST_NS;
    hypercall_sched_op(SCHEDOP_poll, &poll);
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

        rest(i);
        sample_keep(r, i, TIMED(written = console_ring_write(bytes, count)));
        check_taken(r, written == count && console_ring_taken(PATIENCE_NS));
    }
}

static void taken(struct row_run *r, const char *bytes, u32 count)
{
    FOR_EACH_SAMPLE(r, i)
    {
        bool done;

        rest(i);
        sample_keep(r, i, TIMED({
            console_ring_write(bytes, count);
            done = console_ring_taken(PATIENCE_NS);
        }));
        check_taken(r, done);
    }
}

static void run_told(struct row_run *r)       { told(r, ".", 1); }
static void run_told_line(struct row_run *r)  { told(r, line, LENGTH); }
static void run_taken(struct row_run *r)      { taken(r, ".", 1); }
static void run_taken_line(struct row_run *r) { taken(r, line, LENGTH); }

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

/* ---- the emulated UART ---- */

/* 16550, its data sheet's register table: first serial port of a PC. */
#define UART_THR 0x3f8u            /* transmitter holding register */
#define UART_LSR 0x3fdu            /* line status */
#define UART_LSR_THRE 0x20u        /* the former is empty */

COLD static const char *setup_uart(struct row_run *r)
{
    (void)r;
    if ( port_in8(UART_LSR) == 0xff )
        return "no serial port at 0x3f8";
    return port_in8(UART_LSR) & UART_LSR_THRE ? NULL : "the serial port does not become ready";
}

/* As drivers do that cannot know of its FIFO: wait until it is ready, write. */
static inline void uart_put(char c)
{
    while ( !(port_in8(UART_LSR) & UART_LSR_THRE) )
        ;
    port_out8(UART_THR, (u8)c);
}

static void run_uart(struct row_run *r)
{
    SAMPLES(r, uart_put('.'));
}

static void run_uart_line(struct row_run *r)
{
    SAMPLES(r, for ( u32 c = 0; c < LENGTH; c++ ) uart_put(line[c]));
}

#define NEEDS_UART "only HVM and bare have an emulated UART"

EXPLANATION(console_uart) =
    "IN from the 16550's line status register until it can take a character, OUT of the character: "
    "two exits, each answered by QEMU in dom0, for which Xen blocks the vCPU (ioreq_send).  One IN was "
    "enough each time: QEMU's UART is ready at once.  port/qemu-serial is the IN alone.";
ROW(console_uart, .setup = setup_uart, .run = run_uart) = {
    .name = "console/uart",
    .work = CHARACTER,
    .path = "VM exits by IN and OUT, QEMU in dom0",
    .help = "one character by QEMU's 16550: IN until ready, OUT",
    .explanation = explanation_console_uart,
    .elsewhere = NEEDS_UART,
    .columns = "hvm bare", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 64, .warmup = 4,
};

EXPLANATION(console_uart_line) =
    "As console/uart, 80 times: an emulated UART knows no line, and each character goes to dom0 and back "
    "twice.";
ROW(console_uart_line, .setup = setup_uart, .run = run_uart_line) = {
    .name = "console/uart-line",
    .work = LINES,
    .path = "VM exits by IN and OUT, QEMU in dom0",
    .help = "a line by QEMU's 16550, character by character",
    .explanation = explanation_console_uart_line,
    .elsewhere = NEEDS_UART,
    .columns = "hvm bare", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 8, .warmup = 1,
};

/* ---- the hypervisor itself ---- */

#define PORT_DEBUG 0xe9u   /* XEN_HVM_DEBUGCONS_IOPORT */

static void run_debug_line(struct row_run *r)
{
    SAMPLES(r, for ( u32 c = 0; c < LENGTH; c++ ) port_out8(PORT_DEBUG, (u8)line[c]));
}

EXPLANATION(console_debug_port_line) =
    "OUT of each character to port 0xe9: Xen keeps them until the line ends and then prints it to its own log "
    "(hvm_print_line), where guest_loglvl lets it, with the domain's number before it; that and Xen's own console "
    "behind it are in the figure.  80 exits, none of which reaches dom0.";
ROW(console_debug_port_line, .run = run_debug_line) = {
    .name = "console/debug-port-line",
    .work = LINES,
    .path = "VM exits by OUT, Xen's debug console",
    .help = "a line to Xen's debug console, port 0xe9",
    .explanation = explanation_console_debug_port_line,
    .elsewhere = "a PV guest has no ports",
    .columns = "hardware", .operations = 1, .samples = 16, .warmup = 1,
};

static long console_io(void)
{
    return hypercall3(__HYPERVISOR_console_io, CONSOLEIO_write, LENGTH, (u64)line);
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
