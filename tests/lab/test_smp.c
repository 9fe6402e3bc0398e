/* Two vCPUs: what their figures mean, and what happens without the second. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

/*
 * Of all rows in domU-kernel/rows/x86/smp.c: iterations before the first sample, and
 * events that begin and end what the second vCPU does meanwhile.
 */
#define WARMUP 16
#define WAKES  2

static const char *const modes[] = { "pv", "pvh", "hvm" };

/* How often a row was measured: "boots" of its result, where it has that. */
static long long boots(const char *row, const char *mode)
{
    long long n = catalogue_figure(row, mode, "boots");

    return n > 0 ? n : 1;
}

/* Iterations of all boots. */
static long long iterations(const char *row, const char *mode)
{
    return catalogue_figure(row, mode, "samples") + boots(row, mode) * WARMUP;
}

static void test_event(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        /* Each event was one upcall of vCPU 1, and vCPU 0 took none. */
        CU_ASSERT_EQUAL(catalogue_figure("event/ipi", modes[m], "upcalls"),
                        iterations("event/ipi", modes[m]) + boots("event/ipi", modes[m]) * WAKES);
        /* To find a running vCPU elsewhere costs more than to find oneself. */
        LESS(median("event/send-self", modes[m]), median("event/ipi", modes[m]));
    }
}

static void test_interrupt(void)
{
    static const char *const hardware[] = { "pvh", "hvm", "bare" };

    for ( size_t m = 0; m < 3; m++ )
    {
        long long busy = median("interrupt/ipi-busy", hardware[m]);
        long long broadcast = median("interrupt/ipi-broadcast", hardware[m]);

        /* A halted vCPU has to be woken; a bare CPU needs no scheduler for that. */
        LESS(busy, median("interrupt/ipi-halted", hardware[m]));
        LESS(median("interrupt/self-ipi-lapic", hardware[m]), busy);
        /* With one other CPU "all but self" is the same path. */
        LESS(broadcast * 100, busy * 101);
        LESS(busy * 100, broadcast * 101);
    }
    LESS(median("interrupt/ipi-halted", "bare"), 1000);
    /* By MSR there is nothing to decode. */
    LESS(2 * median("interrupt/x2apic-ipi-busy", "pvh"), median("interrupt/ipi-busy", "pvh"));
    LESS(median("interrupt/x2apic-ipi-busy", "hvm"), median("interrupt/x2apic-ipi-halted", "hvm"));
    /* Both an exit to send; the LAPIC's is decoded, and needs another for EOI. */
    LESS(2 * median("event/ipi", "pvh"), median("interrupt/ipi-busy", "pvh"));
    LESS(2 * median("event/ipi", "hvm"), median("interrupt/ipi-busy", "hvm"));
}

static void test_wake(void)
{
    static const char *const rows[] = { "sched/block-wake-peer", "sched/block-wake-peer-same-cpu" };

    for ( size_t m = 0; m < MODES_WITH_ALL_DOMAINS; m++ )
    {
        for ( size_t i = 0; i < 2; i++ )
            /* One upcall of each vCPU. */
            CU_ASSERT_EQUAL(catalogue_figure(rows[i], modes[m], "upcalls"),
                            2 * iterations(rows[i], modes[m]) + boots(rows[i], modes[m]) * WAKES);
        /* No interrupt to another CPU, no idle vCPU between the two. */
        LESS(median(rows[1], modes[m]), median(rows[0], modes[m]));
        LESS(median("event/ipi", modes[m]), median(rows[0], modes[m]));
    }
    /* A process in dom0 is a vCPU, a kernel and a process to wake. */
    LESS(2 * median(rows[0], "pv"), median("event/roundtrip-idle", "pv"));
}

/* Two CPUs and one clock: still the same to the instruction. */
static void test_repeatable(void)
{
    json_t *rows[2] = { NULL };

    for ( size_t i = 0; i < 2; i++ )
    {
        struct outcome_of r = program("run", "--host=lab", "--raw", "--json", "-m", "pv,pvh", "event/ipi",
                                      "interrupt/ipi-halted", "sched/block-wake-peer", NULL);
        json_t *j = json_loads(r.out, 0, NULL);

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(j);
        rows[i] = json_incref(json_object_get(j, "rows"));
        json_decref(j);
        program_free(&r);
    }
    CU_ASSERT_EQUAL(json_array_size(rows[0]), 6);
    CU_ASSERT(json_equal(rows[0], rows[1]));
    json_decref(rows[0]);
    json_decref(rows[1]);
}

/* The environment says that some rows had another machine. */
static void test_environment(void)
{
    json_t *e = json_object_get(catalogue(), "environment");
    const char *pinned = json_string_value(json_object_get(e, "pinned"));

    CU_ASSERT_PTR_NOT_NULL_FATAL(pinned);
    CU_ASSERT_PTR_NOT_NULL(strstr(pinned, "one CPU for all"));
    CU_ASSERT_PTR_NOT_NULL(strstr(pinned, "vCPU 1 on the second"));
}

static void test_lab(void)
{
    struct outcome_of r = program("lab", "run", "--smp", "--", "xl", "info", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "nr_cpus                : 2\n"));
    program_free(&r);
    r = program("lab", "run", "--", "xl", "info", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "nr_cpus                : 1\n"));
    program_free(&r);
    r = program("lab", "status", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "snapshot     exact,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "snapshot     exact-smp,"));
    program_free(&r);
}

static struct outcome_of in_dom0(const char *script)
{
    return program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                   "--push", "configs/pv.cfg", "--push", "configs/pvh.cfg", "--push",
                   "configs/hvm.cfg", "--", "sh", "-c", script, NULL);
}

/* A host with one CPU; no domain is made for nothing. */
static void test_one_cpu(void)
{
    struct outcome_of r = in_dom0("./xenometer run --host=xen --image=xenometer.elf --configs=. "
                                  "--json -m pv,pvh event/ipi interrupt/ipi-busy "
                                  "sched/block-wake-peer-same-cpu");
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    CU_ASSERT_STRING_EQUAL(text_of(j, "event/ipi", "pv", "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "event/ipi", "pv", "reason"), "two CPUs"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "interrupt/ipi-busy", "pvh", "reason"), "two CPUs"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "interrupt/ipi-busy", "pv", "reason"), "no local APIC"));
    CU_ASSERT_STRING_EQUAL(text_of(j, "sched/block-wake-peer-same-cpu", "pv", "status"), "success");
    json_decref(j);
    program_free(&r);
}

/* Domains made by hand, with one vCPU and with two. */
static void by_hand(const char *mode, const char *vcpus, const char *wanted)
{
    char script[400];
    struct outcome_of r;

    snprintf(script, sizeof(script),
             "mkdir -p build; ln -s $PWD/xenometer.elf build/; "
             "./xenometer backend --once sched/block-wake-peer hypercall/null & sleep 2; "
             "xl create %s.cfg 'kernel=\"xenometer.elf\"' "
             "'firmware_override=\"'$PWD'/xenometer.elf\"' vcpus=%s >&2; wait; xl list", mode, vcpus);
    r = in_dom0(script);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hypercall/null"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, wanted));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
}

static void test_without_second(void)
{
    by_hand("pv", "1", "vcpus=2");
    by_hand("pvh", "1", "vcpus=2");
    by_hand("hvm", "1", "vcpus=2");
}

static void test_with_second(void)
{
    by_hand("pv", "2", "sched/block-wake-peer  waits");
    by_hand("hvm", "2", "sched/block-wake-peer  waits");
}

/* A panic there ends the domain like one of vCPU 0; it says which it was. */
static void test_crash(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--image=build/xenometer-test.elf",
                                  "test/crash-secondary", "event/ipi", "hypercall/null", NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    for ( size_t m = 0; m < 3; m++ )
    {
        const char *reason = text_of(j, "test/crash-secondary", modes[m], "reason");

        if ( !strstr(reason, "page fault") || !strstr(reason, "vCPU 1") )
            fprintf(stderr, "%s: \"%s\"\n", modes[m], reason);
        CU_ASSERT_STRING_EQUAL(text_of(j, "test/crash-secondary", modes[m], "status"), "error");
        CU_ASSERT_PTR_NOT_NULL(strstr(reason, "page fault"));
        CU_ASSERT_PTR_NOT_NULL(strstr(reason, "vCPU 1"));
        CU_ASSERT_STRING_EQUAL(text_of(j, "event/ipi", modes[m], "status"), "success");
        CU_ASSERT_STRING_EQUAL(text_of(j, "hypercall/null", modes[m], "status"), "success");
    }
    json_decref(j);
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

void suite_smp(void)
{
    CU_pSuite s = CU_add_suite("two vCPUs", NULL, NULL);

    add_both(s, "events", test_event);
    add_both(s, "LAPIC interrupts", test_interrupt);
    add_both(s, "vCPUs that wake each other", test_wake);
    add_both(s, "the environment", test_environment);
    add_long(s, "two runs are the same", test_repeatable);
    CU_add_test(s, "the lab with two CPUs", test_lab);
    add_long(s, "a host with one CPU", test_one_cpu);
    add_long(s, "domains without a second vCPU", test_without_second);
    CU_add_test(s, "domains with one, by hand", test_with_second);
    add_long(s, "a panic on the second vCPU", test_crash);
}
