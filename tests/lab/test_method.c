/*
 * How figures are taken: what happens inside a timed region (Xen's own trace is
 * the witness), what boots agree on, and whether the statistics are right.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

/* As the guest is built: older ones name older hypercalls. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/xen.h>

#include "program.h"
#include "trace.h"

/* ------------------------------------------------------- features of the CPU -- */

/* Xen sees what the lab adds to QEMU's CPU, and what is asked to be left out is gone. */
static void test_features(void)
{
    struct outcome_of r = program("lab", "run", "-q", "--", "xl", "dmesg", NULL);
    struct outcome_of less;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Nested Page Tables"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Next-RIP Saved on #VMEXIT"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "DecodeAssists"));
    program_free(&r);

    less = program("lab", "run", "-q", "--without=nrip-save,decodeassists", "--", "xl", "dmesg", NULL);
    CU_ASSERT_EQUAL(less.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(less.out, "Nested Page Tables"));
    CU_ASSERT_PTR_NULL(strstr(less.out, "Next-RIP"));
    CU_ASSERT_PTR_NULL(strstr(less.out, "DecodeAssists"));
    program_free(&less);

    r = program("run", "--host=lab", "--without=virtual-gif", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "it adds nrip-save and decodeassists"));
    program_free(&r);
}

/* The figures are a real CPU's by default; without its features they are QEMU's, marked so, and
 * the two are not compared unless that is asked for. */
static void test_feature_figures(void)
{
    static const char with[] = "build/test-with.json", without[] = "build/test-without.json";
    const char *rows[] = { "hypercall/null", "exit/cpuid-basic", "mmio/xen-lapic" };
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "pv,pvh", "-o", with,
                                  rows[0], rows[1], rows[2], NULL);
    json_t *now, *before, *features;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NULL(strstr(r.out, "NRIP"));
    program_free(&r);
    r = program("run", "--host=lab", "--boots=1", "--without=nrip-save,decodeassists", "-m", "pv,pvh",
                "-o", without, rows[0], rows[1], rows[2], NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "without NRIP-save"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "without decode assists"));
    program_free(&r);

    now = json_load_file(with, 0, NULL);
    before = json_load_file(without, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(before);
    features = json_object_get(json_object_get(now, "environment"), "cpu_features");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(features, 2)), "nrip-save");
    features = json_object_get(json_object_get(before, "environment"), "cpu_features");
    CU_ASSERT_EQUAL(json_array_size(features), 2);
    /* An exit is less than three times a PV hypercall; decoding makes it twenty times. */
    CU_ASSERT(figure(now, rows[0], "pvh", "median") <= 715);
    CU_ASSERT(figure(now, rows[0], "pvh", "median") <
              3 * figure(now, rows[0], "pv", "median"));
    CU_ASSERT(figure(before, rows[0], "pvh", "median") > 5000);
    CU_ASSERT(figure(before, rows[1], "pvh", "median") > 5000);
    CU_ASSERT(figure(now, rows[2], "pvh", "median") < 10000);
    CU_ASSERT(figure(before, rows[2], "pvh", "median") > 13000);
    CU_ASSERT_EQUAL(figure(before, rows[0], "pv", "median"),
                    figure(now, rows[0], "pv", "median"));
    json_decref(now);
    json_decref(before);

    r = program("compare", without, with, NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "--across-features"));
    program_free(&r);
    r = program("compare", "--across-features", without, with, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hypercall/null"));
    program_free(&r);
    unlink(with);
    unlink(without);
}

/* ------------------------------------------------ nothing but the operation -- */

#define TRACE_FILE "method.trace"
#define FEW  "100"
#define MANY "1100"
#define MORE 1000u

/*
 * xentrace around two runs of the same rows in dom0.  Events: the guest's way
 * into Xen and out of it, in PV and HVM, and who has the CPU.
 */
static const char script[] =
    "mode=$1; few=$2; many=$3; shift 3; "
    "xentrace -D -S 1024 -e 0x002ab000 -T 120 " TRACE_FILE " 2>/dev/null & trace=$!; "
    "usleep 200000; "
    "for n in $few $many; do "
    "./xenometer run --host=xen --image=xenometer.elf --configs=. --boots=1 --json "
    "-m $mode -n $n \"$@\" || echo failed; done; "
    "kill -INT $trace; wait $trace; true";

#define LAB_RUN                                                                     \
    "lab", "run", "-q", "--fetch=" TRACE_FILE, "--push=build/xenometer",            \
    "--push=build/xenometer.elf", "--push=configs/pv.cfg", "--push=configs/pvh.cfg", \
    "--push=configs/hvm.cfg", "--", "sh", "-c", script, "sh"

/* What a row does in one operation; 0: nothing that leaves the guest. */
struct expected {
    const char *row;
    unsigned reason, also;
};

static const struct expected in_pv[] = {
    { "baseline/empty", 0, 0 },
    { "event/send-masked", TRACE_HYPERCALL | __HYPERVISOR_event_channel_op, 0 },
    { "grant/access-end", 0, 0 },
    { "hypercall/null", TRACE_HYPERCALL | __HYPERVISOR_xen_version, 0 },
    { "pv/update-va", TRACE_HYPERCALL | __HYPERVISOR_update_va_mapping, 0 },
    { "sched/yield", TRACE_HYPERCALL | __HYPERVISOR_sched_op, 0 },
    { "syscall/guest-getpid", TRACE_HYPERCALL | __HYPERVISOR_iret, 0 },
};

static const struct expected in_pvh[] = {
    { "baseline/empty", 0, 0 },
    { "event/send-masked", EXIT_VMMCALL, TRACE_HYPERCALL | __HYPERVISOR_event_channel_op },
    { "exit/cpuid-basic", EXIT_CPUID, 0 },
    { "exit/msr-read", EXIT_MSR, 0 },
    { "grant/access-end", 0, 0 },
    { "hypercall/null", EXIT_VMMCALL, TRACE_HYPERCALL | __HYPERVISOR_xen_version },
    { "mmio/xen-lapic", EXIT_NPF, 0 },
    { "syscall/guest-getpid", 0, 0 },
};

static const struct expected in_hvm[] = {
    { "baseline/empty", 0, 0 },
    { "exit/msr-read", EXIT_MSR, 0 },
    { "hypercall/null", EXIT_VMMCALL, TRACE_HYPERCALL | __HYPERVISOR_xen_version },
    { "mmio/xen-hpet", EXIT_NPF, 0 },
    { "port/unclaimed", EXIT_IOIO, 0 },
    { "port/xen-pit", EXIT_IOIO, 0 },
};

/*
 * Everything a row's operations did that leaves the guest, by its reason: the
 * difference between a long and a short run is what the operations between did.
 * Interrupts come as they like.
 */
static void check_region(const struct expected *e, const struct trace_region *few,
                         const struct trace_region *many)
{
    for ( unsigned i = 0; i < many->kind_count; i++ )
    {
        unsigned reason = many->kinds[i].reason;
        unsigned wanted = e->reason && (reason == e->reason || reason == e->also) ? MORE : 0;
        unsigned got = many->kinds[i].count - trace_count(few, reason);

        if ( reason == EXIT_INTR || reason == TRACE_SCHEDULER )
            continue;
        if ( got != wanted )
            fprintf(stderr, "%s: %u more of %#x, not %u\n", e->row, got, reason, wanted);
        CU_ASSERT_EQUAL(got, wanted);
    }
    CU_ASSERT(!e->reason || trace_count(many, e->reason) > MORE);
    CU_ASSERT(!e->also || trace_count(many, e->also) > MORE);
}

static void check_mode(const char *mode, const struct expected *rows, size_t count)
{
    static struct trace trace;
    const char *names[8] = { NULL };
    struct outcome_of r;

    for ( size_t i = 0; i < count; i++ )
        names[i] = rows[i].row;
    r = program(LAB_RUN, mode, FEW, MANY, names[0], names[1], names[2], names[3], names[4],
                names[5], names[6], names[7], NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NULL(strstr(r.out, "failed"));
    CU_ASSERT_TRUE_FATAL(trace_read(TRACE_FILE, &trace));
    unlink(TRACE_FILE);
    CU_ASSERT_TRUE(trace.whole);
    /* Twice: the baseline of the domain, the rows. */
    if ( trace.count != 2 * (1 + count) )
        fprintf(stderr, "%s: %u regions instead of %zu\n", mode, trace.count, 2 * (1 + count));
    CU_ASSERT_EQUAL_FATAL(trace.count, 2 * (1 + count));
    for ( size_t i = 0; i < count; i++ )
        check_region(&rows[i], &trace.regions[1 + i], &trace.regions[2 + count + i]);
    program_free(&r);
}

#define CHECK_MODE(mode, rows) check_mode(mode, rows, sizeof(rows) / sizeof(rows[0]))

static void test_pv(void)  { CHECK_MODE("pv", in_pv); }
static void test_pvh(void) { CHECK_MODE("pvh", in_pvh); }
static void test_hvm(void) { CHECK_MODE("hvm", in_hvm); }

/*
 * Samples counted as interrupted are those in which Xen's trace has its scheduler
 * at work: the timer has interrupted the guest, or Xen in the guest's service.
 * Some of that falls between samples.
 */
static void test_interrupted(void)
{
    static struct trace trace;
    struct outcome_of r = program(LAB_RUN, "pvh", "4000", "", "mmio/xen-lapic", NULL);
    json_t *j = json_loads(r.out, 0, NULL);
    long long interrupted = figure(j, "mmio/xen-lapic", "pvh", "interrupted");

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE_FATAL(trace_read(TRACE_FILE, &trace));
    unlink(TRACE_FILE);
    CU_ASSERT_TRUE(trace.whole);
    CU_ASSERT_EQUAL_FATAL(trace.count, 2);
    /* And pages that are touched for the first time. */
    CU_ASSERT(trace_count(&trace.regions[1], EXIT_NPF) >= 4016);
    /* Some 50 ms of running, one each 10 ms. */
    CU_ASSERT(interrupted >= 3);
    CU_ASSERT(interrupted <= (long long)trace_count(&trace.regions[1], TRACE_SCHEDULER));
    json_decref(j);
    program_free(&r);
}

/* ------------------------------------------------------------------ boots -- */

/* Two are an order of the modes and its mirror image. */
#define BOOTS (tests_take_long ? 3u : 2u)
#define BOOTS_OPTION (tests_take_long ? "--boots=3" : "--boots=2")

static json_t *boots;   /* of a few rows, raw samples kept */
static char *boots_err;

static const char *const quiet_rows[] = {
    "baseline/empty", "event/send-masked", "exit/cpuid-basic", "exit/msr-read",
    "grant/access-end", "hypercall/null", "port/xen-pit", "pv/iret",
};
#define QUIET_ROWS (sizeof(quiet_rows) / sizeof(quiet_rows[0]))

static const char *const modes[] = { "pv", "pvh", "hvm", "bare" };

static void test_run(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--raw", BOOTS_OPTION, "-v",
        quiet_rows[0], quiet_rows[1], quiet_rows[2], quiet_rows[3], quiet_rows[4],
        quiet_rows[5], quiet_rows[6], quiet_rows[7], "ring/echo-64b", "xenstore/read",
        "ring/stream-depth-8", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    boots = json_loads(r.out, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(boots);
    boots_err = strdup(r.err);
    program_free(&r);
}

/* Between guest and Xen: one median in all boots, one value in all samples but
 * those that were interrupted. */
static void test_identical(void)
{
    for ( size_t i = 0; i < QUIET_ROWS; i++ )
        for ( size_t m = 0; m < 4; m++ )
        {
            json_t *r = result_of(boots, quiet_rows[i], modes[m]), *median, *pair;
            long long samples = figure(boots, quiet_rows[i], modes[m], "samples"), same = 0;
            size_t k;

            if ( strcmp(text_of(boots, quiet_rows[i], modes[m], "status"), "success") )
                continue;
            CU_ASSERT_EQUAL(json_array_size(json_object_get(r, "boot_medians")), BOOTS);
            json_array_foreach(json_object_get(r, "boot_medians"), k, median)
                CU_ASSERT_EQUAL(json_integer_value(median),
                                figure(boots, quiet_rows[i], modes[m], "median"));
            pair = json_array_get(json_object_get(r, "distribution"), 0);
            same = json_integer_value(json_array_get(pair, 1));
            if ( same + figure(boots, quiet_rows[i], modes[m], "interrupted") != samples )
                fprintf(stderr, "%s in %s varies, uninterrupted\n", quiet_rows[i], modes[m]);
            CU_ASSERT_EQUAL(same + figure(boots, quiet_rows[i], modes[m], "interrupted"),
                            samples);
        }
}

/* The modes come in blocks: an order, its mirror image, another order. */
static void test_order(void)
{
    char order[32] = "";
    size_t n = 0;

    for ( const char *at = boots_err; n < 30 && (at = strstr(at, ": creating a domain")); at++ )
    {
        const char *mode = at;

        while ( mode > boots_err && mode[-1] != ' ' )
            mode--;
        order[n++] = !strncmp(mode, "pvh", 3) ? 'h' : !strncmp(mode, "pv", 2) ? 'p' : 'v';
    }
    CU_ASSERT_EQUAL_FATAL(n, 3 * BOOTS);
    for ( size_t i = 0; i < 3; i++ )
        CU_ASSERT_EQUAL(order[i], order[5 - i]);
    for ( size_t i = 0; i < n; i += 3 )
        CU_ASSERT(order[i] != order[i + 1] && order[i + 1] != order[i + 2] &&
                  order[i] != order[i + 2]);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(json_object_get(boots, "environment"),
                                                       "boots")), BOOTS);
    CU_ASSERT_TRUE(json_is_integer(json_object_get(json_object_get(boots, "environment"),
                                                   "seed")));
}

/* A batch is its samples and what fell between them; rows that do something else
 * between have none; who waits for dom0 has its CPU stolen. */
static void test_batch(void)
{
    long long median = figure(boots, "port/xen-pit", "hvm", "median");
    long long batch = figure(boots, "port/xen-pit", "hvm", "batch");

    CU_ASSERT(batch >= median - 4 && batch <= median + 20);
    CU_ASSERT_EQUAL(figure(boots, "hypercall/null", "pv", "batch") -
                    figure(boots, "hypercall/null", "pv", "median") < 20, 1);
    CU_ASSERT_TRUE(json_is_null(json_object_get(result_of(boots, "ring/echo-64b", "pv"),
                                                "batch")));
    CU_ASSERT(figure(boots, "ring/echo-64b", "pv", "stolen") > 0);
    CU_ASSERT_EQUAL(figure(boots, "baseline/empty", "bare", "stolen"), 0);
}

/* A row that goes wrong does so once, and the rest goes on in every boot. */
static void test_lost(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--modes=pvh",
                                  "--image=build/xenometer-test.elf", BOOTS_OPTION,
                                  "test/crash", "hypercall/null", NULL);
    json_t *j = json_loads(r.out, 0, NULL);
    unsigned domains = 0;

    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_STRING_EQUAL(text_of(j, "test/crash", "pvh", "status"), "error");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "test/crash", "pvh", "reason"),
                                  tests_take_long ? "(boot 1 of 3)" : "(boot 1 of 2)"));
    CU_ASSERT_EQUAL(figure(j, "hypercall/null", "pvh", "boots"), BOOTS);
    for ( const char *at = r.err; (at = strstr(at, "creating a domain")); at++ )
        domains++;
    CU_ASSERT_EQUAL(domains, BOOTS);   /* the row that crashes is the last, and once enough */
    json_decref(j);
    program_free(&r);
}

/* ------------------------------------------------------------- statistics -- */

static int ascending(const void *a, const void *b)
{
    long long x = *(const long long *)a, y = *(const long long *)b;

    return (x > y) - (x < y);
}

/* Ticks of a sample to instructions of an operation, by the definition. */
static long long net(long long ticks, long long overhead, long long operations)
{
    double x = ticks > overhead ? (double)(ticks - overhead) / (double)operations : 0;

    return (long long)floor(x + 0.5);
}

/* The smallest value that at least that share of all values do not exceed. */
static long long percentile(const long long *sorted, size_t count, double share)
{
    for ( size_t i = 0; i < count; i++ )
        if ( (double)(i + 1) >= share * (double)count - 1e-9 )
            return sorted[i];
    return sorted[count - 1];
}

/*
 * Without drawing anything: the median of a resample of n values is at most the
 * k-th of them when at least half of its draws are, and each is with probability
 * k/n.  The rank at which that reaches `share`.
 */
static size_t bootstrap_rank(size_t n, double share)
{
    for ( size_t k = 1; k < n; k++ )
    {
        double p = (double)k / (double)n, sum = 0;

        for ( size_t i = (n + 1) / 2; i <= n; i++ )
            sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) -
                       lgamma((double)(n - i) + 1) + (double)i * log(p) +
                       (double)(n - i) * log1p(-p));
        if ( sum >= share )
            return k - 1;
    }
    return n - 1;
}

static void check_statistics(const char *row, const char *mode)
{
    json_t *r = result_of(boots, row, mode), *raw = json_object_get(r, "raw"), *tick;
    size_t n = json_array_size(raw), i;
    long long *v = calloc(n ? n : 1, sizeof(*v)), low, high;
    json_t *ci95 = json_object_get(r, "ci95");

    CU_ASSERT_FATAL(n > 0 && v != NULL);
    json_array_foreach(raw, i, tick)
        v[i] = net(json_integer_value(tick), figure(boots, row, mode, "overhead"),
                   figure(boots, row, mode, "operations"));
    qsort(v, n, sizeof(*v), ascending);
    CU_ASSERT_EQUAL(figure(boots, row, mode, "samples"), (long long)n);
    CU_ASSERT_EQUAL(figure(boots, row, mode, "min"), v[0]);
    CU_ASSERT_EQUAL(figure(boots, row, mode, "median"), percentile(v, n, 0.5));
    CU_ASSERT_EQUAL(figure(boots, row, mode, "p90"), percentile(v, n, 0.9));
    CU_ASSERT_EQUAL(figure(boots, row, mode, "p99"), percentile(v, n, 0.99));
    CU_ASSERT_EQUAL(figure(boots, row, mode, "p999"), percentile(v, n, 0.999));
    CU_ASSERT_EQUAL(figure(boots, row, mode, "max"), v[n - 1]);
    /* 2,000 resamples: the quantiles drawn are within 1.2 % of the true ones. */
    low = json_integer_value(json_array_get(ci95, 0));
    high = json_integer_value(json_array_get(ci95, 1));
    CU_ASSERT(low >= v[bootstrap_rank(n, 0.013)] && low <= v[bootstrap_rank(n, 0.037)]);
    CU_ASSERT(high >= v[bootstrap_rank(n, 0.963)] && high <= v[bootstrap_rank(n, 0.987)]);
    free(v);
}

static void test_statistics(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        check_statistics("hypercall/null", modes[m]);
        check_statistics("event/send-masked", modes[m]);
        check_statistics("ring/echo-64b", modes[m]);
        check_statistics("ring/stream-depth-8", modes[m]);
        check_statistics("xenstore/read", modes[m]);
    }
}

/* A ratio's interval holds it, and is no wider than its two medians' allow. */
static void test_ratio(void)
{
    static const char *const row = "ring/echo-64b";

    for ( size_t m = 0; m < 3; m++ )
    {
        json_t *ratio = json_object_get(result_of(boots, row, modes[m]), "ratio");
        json_t *a = json_object_get(result_of(boots, row, modes[m]), "ci95"), *b, *ci95;
        double value = json_real_value(json_object_get(ratio, "value")), low, high;
        const char *to = json_string_value(json_object_get(ratio, "to"));
        const char *mode = json_string_value(json_object_get(ratio, "mode"));

        CU_ASSERT_FATAL(to != NULL && mode != NULL);
        b = json_object_get(result_of(boots, to, mode), "ci95");
        ci95 = json_object_get(ratio, "ci95");
        low = json_number_value(json_array_get(ci95, 0));
        high = json_number_value(json_array_get(ci95, 1));
        CU_ASSERT(low <= value && value <= high);
        if ( strcmp(to, row) || strcmp(mode, modes[m]) )
        {
            CU_ASSERT(low * 1.0001 >= (double)json_integer_value(json_array_get(a, 0)) /
                                      (double)json_integer_value(json_array_get(b, 1)));
            CU_ASSERT(high * 0.9999 <= (double)json_integer_value(json_array_get(a, 1)) /
                                       (double)json_integer_value(json_array_get(b, 0)));
        }
    }
}

static void test_end(void)
{
    json_decref(boots);
    free(boots_err);
}

void suite_method(void)
{
    CU_pSuite s = CU_add_suite("method", NULL, NULL);

    CU_add_test(s, "features of the CPU", test_features);
    CU_add_test(s, "figures with and without its features", test_feature_figures);
    CU_add_test(s, "PV: nothing but the operation leaves the guest", test_pv);
    CU_add_test(s, "PVH: nothing but the operation leaves the guest", test_pvh);
    CU_add_test(s, "HVM: nothing but the operation leaves the guest", test_hvm);
    CU_add_test(s, "interrupted samples are Xen's interrupts", test_interrupted);
    add_both(s, "boots of a few rows", test_run);
    add_both(s, "identical medians", test_identical);
    add_both(s, "blocks of ABBA", test_order);
    add_both(s, "batches and stolen time", test_batch);
    add_both(s, "a domain lost in one boot", test_lost);
    add_both(s, "statistics against their definitions", test_statistics);
    add_both(s, "ratios", test_ratio);
    add_both(s, "end", test_end);
}
