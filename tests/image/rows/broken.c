/*
 * Rows that go wrong on purpose, linked only into build/xenometer-test.elf:
 * what the run must survive.
 */
#include "../../../domU-kernel/arch/interrupts.h"
#include "../../../domU-kernel/arch/smp.h"
#include "../../../domU-kernel/arch/traps.h"
#include "../../../domU-kernel/drivers/device.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/xen/shutdown.h"

static void run_crash(struct row_run *r)
{
    (void)r;
    *(volatile u32 *)0x7ffffffff000ul = 1;   /* mapped in no mode */
}

EXPLANATION(test_crash) =
    "A test.";
ROW(test_crash, .run = run_crash) = {
    .name = "test/crash", .work = "go wrong", .path = "page fault",
    .help = "writes to memory that is not there", .explanation = explanation_test_crash,
    .columns = "image", .operations = 1, .samples = 1,
};

static void run_hang(struct row_run *r)
{
    (void)r;
    /* No PAUSE: QEMU leaves its fast path at each, and a deadline counted in
     * instructions takes minutes to come. */
    for ( ;; )
        barrier();
}

EXPLANATION(test_hang) =
    "A test.";
ROW(test_hang, .run = run_hang) = {
    .name = "test/hang", .work = "go wrong", .path = "endless loop",
    .help = "never comes back", .explanation = explanation_test_hang,
    .elsewhere = "not tried bare", .columns = "xen",
    .operations = 1, .samples = 1,
};

static void run_leave(struct row_run *r)
{
    (void)r;
    shutdown_poweroff();
}

EXPLANATION(test_leave) =
    "A test.";
ROW(test_leave, .run = run_leave) = {
    .name = "test/leave", .work = "go wrong", .path = "shutdown",
    .help = "shuts the domain down in the middle", .explanation = explanation_test_leave,
    .columns = "image", .operations = 1, .samples = 1,
};

static void run_failure(struct row_run *r)
{
    r->failure = "the device gave a wrong answer";
}

EXPLANATION(test_failure) =
    "A test.";
ROW(test_failure, .run = run_failure) = {
    .name = "test/failure", .work = "go wrong", .path = "own report",
    .help = "reports a failure", .explanation = explanation_test_failure,
    .columns = "image", .operations = 1, .samples = 1,
};

static const char *setup_skip(struct row_run *r)
{
    (void)r;
    return "this machine lacks a flux compensator";
}

EXPLANATION(test_skip) =
    "A test.";
ROW(test_skip, .setup = setup_skip, .run = run_failure) = {
    .name = "test/skip", .work = "go wrong", .path = "set-up refuses",
    .help = "finds at set-up that it cannot run", .explanation = explanation_test_skip,
    .columns = "image", .operations = 1, .samples = 1,
};

static void crash_there(void *unused)
{
    (void)unused;
    *(volatile u32 *)0x7ffffffff000ul = 1;
}

static const char *setup_secondary(struct row_run *r)
{
    (void)r;
    return smp_start();
}

static void run_crash_secondary(struct row_run *r)
{
    (void)r;
    smp_run(crash_there, NULL);
    smp_wait();
}

EXPLANATION(test_crash_secondary) =
    "A test.";
ROW(test_crash_secondary, .setup = setup_secondary, .run = run_crash_secondary) = {
    .name = "test/crash-secondary", .work = "go wrong", .path = "page fault on vCPU 1",
    .help = "the second vCPU writes to memory that is not there", .explanation = explanation_test_crash_secondary,
    .elsewhere = "not tried bare", .columns = "xen kvm kvmarm64", .needs = DOMAIN_SMP,
    .operations = 1, .samples = 1,
};

/* Of two guests of KVM the second: the first halts until it hears of it (domU-kernel/rows/kvm.c). */
static const char *setup_peer(struct row_run *r)
{
    if ( r->command->half == PEER_SECOND )
        run_crash(r);
    mmio_write32(device.ioreq_mmio + VMM_PEER_OFFSET, r->command->id);
    return NULL;
}

static void run_await(struct row_run *r)
{
    (void)r;
    for ( ;; )
        interrupts_enable_and_halt();
}

EXPLANATION(test_crash_peer) =
    "A test.";
ROW(test_crash_peer, .setup = setup_peer, .run = run_await) = {
    .name = "test/crash-peer", .work = "go wrong", .path = "page fault of a second guest",
    .help = "the second guest writes to memory that is not there", .explanation = explanation_test_crash_peer,
    .elsewhere = "a monitor of ours starts the second guest", .columns = "kvm kvmarm64",
    .operations = 1, .samples = 1,
};
