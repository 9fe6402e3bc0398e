/* Timers, their load, and the exits not every machine has: what they mean. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

static const char *const xen_modes[] = { "pv", "pvh", "hvm" };

/* A skip whose reason contains `words`; `or_run`: a newer QEMU can run it. */
static void skipped(const char *row, const char *mode, const char *words, bool or_run)
{
    const char *status = text_of(catalogue(), row, mode, "status");
    const char *reason = text_of(catalogue(), row, mode, "reason");
    bool good = (!strcmp(status, "skip") && strstr(reason, words)) ||
                (or_run && !strcmp(status, "success"));

    if ( !good )
        fprintf(stderr, "%s in %s: %s, %s\n", row, mode, status, reason);
    CU_ASSERT(good);
}

/* Every tick that was armed came: one upcall a sample and a warm-up, and none
 * by the paths that have no event channels in them. */
static void upcalls_as_armed(const char *row, const char *mode)
{
    CU_ASSERT(catalogue_figure(row, mode, "upcalls") >= catalogue_figure(row, mode, "samples"));
}

static void test_one_shot(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        upcalls_as_armed("interrupt/timer-event-channel", xen_modes[m]);
        /* Arming is part of it. */
        LESS(median("sched/set-singleshot-timer", xen_modes[m]),
             median("interrupt/timer-event-channel", xen_modes[m]));
    }
    /* Nothing emulated, then ports, then memory: one access and EOI, two and EOI. */
    LESS(median("interrupt/timer-event-channel", "pv"), median("interrupt/timer-event-channel", "hvm"));
    LESS(median("interrupt/timer-event-channel", "hvm"), median("interrupt/timer-pit", "hvm"));
    LESS(median("interrupt/timer-pit", "hvm"), median("interrupt/timer-lapic", "hvm"));
    LESS(median("interrupt/timer-lapic", "hvm"), median("interrupt/timer-hpet", "hvm"));
    LESS(median("interrupt/timer-event-channel", "pvh"), median("interrupt/timer-lapic", "pvh"));
    LESS(2 * median("interrupt/eoi", "pvh"), median("interrupt/timer-lapic", "pvh"));
    /* The wait, 200,000 ticks, is not in it: bare there is only a handler. */
    LESS(median("interrupt/timer-lapic", "bare"), 200);
    LESS(median("interrupt/timer-pit", "bare"), 200);
    LESS(median("interrupt/timer-hpet", "bare"), 200);
    CU_ASSERT_EQUAL(catalogue_figure("interrupt/timer-lapic", "hvm", "upcalls"), 0);
    CU_ASSERT_EQUAL(catalogue_figure("interrupt/timer-hpet", "hvm", "upcalls"), 0);
    skipped("interrupt/timer-lapic", "pv", "no local APIC", false);
    skipped("interrupt/timer-pit", "pvh", "PC timers", false);
    skipped("interrupt/timer-tsc-deadline", "pvh", "TSC deadline", false);
}

static void test_latency(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        upcalls_as_armed("sched/timer-latency", xen_modes[m]);
        upcalls_as_armed("sched/timer-latency-blocked", xen_modes[m]);
        upcalls_as_armed("sched/block-wake-self", xen_modes[m]);
        /* A vCPU that sleeps must be woken first. */
        LESS(median("sched/timer-latency", xen_modes[m]),
             median("sched/timer-latency-blocked", xen_modes[m]));
        /* Xen puts off what is due sooner than that, but no longer. */
        LESS(3 * median("sched/timer-latency", xen_modes[m]),
             median("sched/timer-latency-near", xen_modes[m]));
        LESS(median("sched/timer-latency-near", xen_modes[m]), 60000);
        /* Armed beyond timer_slop, so not put off by it: 50 us. */
        LESS(median("sched/timer-latency-blocked", xen_modes[m]), 50000);
        /* Its sleep of some 200,000 ticks is not in it; no dom0 either. */
        LESS(median("sched/block-wake-self", xen_modes[m]),
             median("event/roundtrip-idle", xen_modes[m]));
        LESS(1000, median("sched/block-wake-self", xen_modes[m]));
    }
    LESS(median("sched/timer-latency", "pv"), median("sched/timer-latency", "pvh"));
}

static long long load(const char *hz, const char *path, const char *mode)
{
    char row[64];

    snprintf(row, sizeof(row), "timer-load/guest-%shz-%s", hz, path);
    if ( !strcmp(path, "event-channel") )
        upcalls_as_armed(row, mode);
    /* The least disturbed period: others' work is in the tails. */
    return catalogue_figure(row, mode, "min");
}

/*
 * A tick takes the same however often it comes.  The shorter periods are often
 * without others' work, so their least one is the ticks alone; a period of 100 Hz
 * always has some of it, no more than a guest without a tick is shown.
 */
static void proportional(const char *path, const char *mode)
{
    long long others = catalogue_figure("timer-load/guest-tickless", mode, "min");
    long long slow = load("100", path, mode), middle = load("250", path, mode);
    long long fast = load("1000", path, mode);
    bool right = middle > 0 && 10 * fast >= 35 * middle && 10 * fast <= 45 * middle &&
                 10 * slow >= fast * 9 / 10 && 10 * slow <= fast * 12 / 10 + 20 * others;

    if ( !right )
        fprintf(stderr, "%s in %s: 100 Hz take %lld, 250 Hz %lld, 1000 Hz %lld, others without a tick %lld\n",
                path, mode, slow, middle, fast, others);
    CU_ASSERT(right);
}

static void test_load(void)
{
    for ( size_t m = 0; m < MODES_WITH_ALL_DOMAINS; m++ )
        proportional("event-channel", xen_modes[m]);
    proportional("lapic", "pvh");
    proportional("lapic", "bare");
    /* Of the rate at which a period without others' work is sure to be among them. */
    LESS(load("1000", "event-channel", "pv"), load("1000", "event-channel", "pvh"));
    LESS(load("1000", "event-channel", "pvh"), load("1000", "lapic", "pvh"));
    LESS(load("1000", "lapic", "bare"), load("1000", "lapic", "pvh"));
    skipped("timer-load/guest-100hz-hpet", "bare", "twice", true);
    /* Nobody else is there to take anything. */
    CU_ASSERT_EQUAL(median("timer-load/guest-tickless", "bare"), 0);
    if ( !tests_take_long )
        return;
    proportional("lapic", "hvm");
    proportional("pit", "hvm");
    proportional("hpet", "hvm");
    proportional("pit", "bare");
    LESS(load("1000", "event-channel", "hvm"), load("1000", "pit", "hvm"));
    LESS(load("1000", "event-channel", "hvm"), load("1000", "hpet", "hvm"));
}

static void test_interrupt(void)
{
    static const char *const modes[] = { "pvh", "hvm" };

    for ( size_t m = 0; m < 2; m++ )
    {
        LESS(median("interrupt/vector-callback", modes[m]), median("interrupt/vector-lapic", modes[m]));
        LESS(median("interrupt/vector-callback", modes[m]), median("interrupt/self-ipi-lapic", modes[m]));
        /* As far as the handler, and to the end. */
        LESS(median("interrupt/vector-callback", modes[m]), median("event/send-self", modes[m]));
        LESS(median("interrupt/vector-lapic", modes[m]), median("interrupt/self-ipi-lapic", modes[m]));
        /* MSRs need no memory access decoded. */
        LESS(median("interrupt/self-ipi-x2apic", modes[m]), median("interrupt/self-ipi-lapic", modes[m]));
        /* Pending already: no ICR write; and TPR's write is part of taking it. */
        LESS(median("interrupt/self-ipi-sti", modes[m]), median("interrupt/self-ipi-lapic", modes[m]));
        LESS(median("interrupt/self-ipi-sti", modes[m]), median("interrupt/self-ipi-tpr", modes[m]));
        LESS(median("interrupt/tpr", modes[m]), median("interrupt/self-ipi-tpr", modes[m]));
        /* Two registers of one page, neither with an effect; decoding costs some more
         * or less where the instruction stands otherwise in its page. */
        LESS(median("interrupt/lapic-trap", modes[m]), median("mmio/xen-lapic", modes[m]) * 103 / 100);
        LESS(median("mmio/xen-lapic", modes[m]), median("interrupt/lapic-trap", modes[m]) * 103 / 100);
        /* The LAPIC was reset and enabled again: rows after it got interrupts. */
        upcalls_as_armed("interrupt/vector-callback", modes[m]);
    }
    skipped("interrupt/self-ipi-x2apic", "bare", "x2APIC", true);
    skipped("interrupt/vector-callback", "pv", "callback", false);
}

static void test_exit(void)
{
    /* The page adds its call and return. */
    LESS(median("exit/vmcall", "pvh"), median("hypercall/enosys", "pvh"));
    /* Not intercepted: the guest's own exception. */
    CU_ASSERT_EQUAL(median("exit/vmcall-foreign", "pvh"), median("exit/vmcall-foreign", "bare"));
    LESS(median("exit/vmcall-foreign", "pvh"), median("exit/vmcall", "pvh"));
    CU_ASSERT_EQUAL(median("exit/kernel-gs-base", "pvh"), median("exit/kernel-gs-base", "bare"));
    LESS(100 * median("baseline/rdtsc", "pvh"), median("exit/msr-trapped", "pvh"));
    LESS(100 * median("baseline/rdtsc", "pv"), median("exit/rdtsc-trapped", "pv"));
    CU_ASSERT_EQUAL(catalogue_figure("exit/msr-trapped", "bare", "min"),
                    catalogue_figure("exit/msr-trapped", "bare", "max"));
    for ( size_t m = 1; m < 3; m++ )
    {
        skipped("exit/cr8-read", xen_modes[m], "TCG", false);
        skipped("exit/cr8-write", xen_modes[m], "TCG", false);
        LESS(5 * median("exit/xsetbv", "bare"), median("exit/xsetbv", xen_modes[m]));
        if ( m < MODES_WITH_ALL_DOMAINS )
            skipped("exit/rdtsc-trapped", xen_modes[m], "RDTSCP", false);
        skipped("exit/ibrs", xen_modes[m], "offers no IBRS", false);
        skipped("exit/ibpb", xen_modes[m], "offers no IBPB", false);
        skipped("exit/tsc-adjust", xen_modes[m], "IA32_TSC_ADJUST", false);
        skipped("exit/tsc-deadline", xen_modes[m], "TSC deadline", false);
    }
    skipped("exit/cr8-write", "bare", "TCG", false);
    skipped("exit/vmcall", "bare", "undefined", false);
}

/*
 * Alone a row costs what it costs after the rows before it in the catalogue, which
 * had the LAPIC, its timer, the PIT and interrupts.
 */
static void test_left_as_found(void)
{
    static const char *const rows[] = { "hypercall/null", "mmio/xen-lapic", "port/xen-pit" };
    struct outcome_of r = program("run", "--host=lab", "--json", "--boots=1", "--modes=pvh,hvm",
                                  rows[0], rows[1], rows[2], NULL);
    json_t *alone = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    for ( size_t i = 0; i < 3; i++ )
    {
        CU_ASSERT(figure(alone, rows[i], "hvm", "median") > 0);
        for ( size_t m = 1; m < 3; m++ )
            CU_ASSERT_EQUAL(figure(alone, rows[i], xen_modes[m], "median"),
                            median(rows[i], xen_modes[m]));
    }
    json_decref(alone);
    program_free(&r);
}

void suite_timers(void)
{
    CU_pSuite s = CU_add_suite("timers", NULL, NULL);

    add_both(s, "one tick, by each timer", test_one_shot);
    add_both(s, "how late, and to sleep and back", test_latency);
    add_both(s, "the load of a periodic timer", test_load);
    add_both(s, "interrupts to oneself", test_interrupt);
    add_both(s, "exits", test_exit);
    add_both(s, "rows leave the machine as they found it", test_left_as_found);
}
