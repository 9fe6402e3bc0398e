/* Saying something by the UART that Xen emulates itself. */
#include "../console.h"
#include "../../arch/cpu.h"
#include "../../drivers/arm64/pl011.h"

#define NO_MONITORS "a UART that Xen emulates: KVM has none, and our monitor neither"
#define NO_UART "the domain has no emulated UART: vuart=\"sbsa_uart\" in its config"

COLD static const char *setup(struct row_run *r)
{
    (void)r;
    return pl011 ? NULL : NO_UART;
}

static void run_flags(struct row_run *r)
{
    u64 at = pl011 + PL011_FR;

    SAMPLES(r, mmio_read32(at));
}

EXPLANATION(mmio_pl011) =
    "Reads the flag register of the emulated PL011: a stage-2 abort, as mmio/gic-distributor, answered by Xen itself "
    "(vpl011_mmio_read) under the lock of its ring to dom0.  What port/qemu-serial is on x86, without a process in dom0.";
ROW(mmio_pl011, .setup = setup, .run = run_flags) = {
    .name = "mmio/pl011",
    .work = "enter the hypervisor and return",
    .path = "PL011's flags by memory, emulated in Xen",
    .help = "read a register of the UART that Xen emulates",
    .explanation = explanation_mmio_pl011,
    .elsewhere = NO_MONITORS, .columns = "arm64", .operations = 1, .samples = 1000, .warmup = 16,
};

static inline void put(char c)
{
    while ( mmio_read32(pl011 + PL011_FR) & PL011_FR_TXFF )
        cpu_relax();
    mmio_write32(pl011 + PL011_DR, (u8)c);
}

static void run_character(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        console_rest(i);
        sample_keep(r, i, TIMED(put('.')));
    }
}

static void run_line(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        console_rest(i);
        sample_keep(r, i, TIMED(for ( u32 c = 0; c < CONSOLE_LENGTH; c++ ) put(console_line[c])));
    }
}

EXPLANATION(console_pl011) =
    "Reads the flags until the UART can take a character, writes the character: two exits, both answered in Xen, which "
    "puts it into a ring that it shares with xenconsoled and sends an event (vpl011_write_data).  dom0 takes it "
    "later.  Compare with console/uart on x86, whose two exits a process in dom0 answers, and with console/pv-ring.";
ROW(console_pl011, .setup = setup, .run = run_character) = {
    .name = "console/pl011",
    .work = CHARACTER,
    .path = "stage-2 aborts, PL011 in Xen, one event",
    .help = "one character by the UART that Xen emulates",
    .explanation = explanation_console_pl011,
    .elsewhere = NO_MONITORS, .columns = "arm64", .flags = ROW_DOM0, .operations = 1, .samples = 64, .warmup = 4,
};

EXPLANATION(console_pl011_line) =
    "As console/pl011, 80 times: an emulated UART knows no line.";
ROW(console_pl011_line, .setup = setup, .run = run_line) = {
    .name = "console/pl011-line",
    .work = LINES,
    .path = "stage-2 aborts, PL011 in Xen, events",
    .help = "a line by the UART that Xen emulates, character by character",
    .explanation = explanation_console_pl011_line,
    .elsewhere = NO_MONITORS, .columns = "arm64", .flags = ROW_DOM0, .operations = 1, .samples = 16, .warmup = 1,
};
