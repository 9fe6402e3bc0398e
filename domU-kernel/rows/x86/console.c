/*
 * Saying something by an emulated UART, and by Xen's debug port; the ways of every domain are
 * rows/console.c.  One character by Xen's debug port is port/debug-0xe9.
 */
#include "../console.h"
#include "../../arch/cpu.h"
#include "../../arch/mode.h"

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
    SAMPLES(r, for ( u32 c = 0; c < CONSOLE_LENGTH; c++ ) uart_put(console_line[c]));
}

#define NEEDS_UART "only HVM, bare and QEMU's pc under KVM have an emulated UART"

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
    .columns = "pc", .flags = ROW_DOM0 | ROW_BLOCKS,
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
    .columns = "pc", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 8, .warmup = 1,
};

/* ---- the hypervisor itself ---- */

#define PORT_DEBUG 0xe9u   /* XEN_HVM_DEBUGCONS_IOPORT */

static void run_debug_line(struct row_run *r)
{
    SAMPLES(r, for ( u32 c = 0; c < CONSOLE_LENGTH; c++ ) port_out8(PORT_DEBUG, (u8)console_line[c]));
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
