/*
 * report/model.c against recorded results of every row (dom0-tools/docs/results.json.gz): rows that the model
 * is not told foretold within MODEL_WITHIN; report/rates.c: what tools print; and the command's bad input.
 */
#include <CUnit/CUnit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/model.h"
#include "capture.h"
#include "lib/files.h"
#include "report/json.h"
#include "report/rates.h"
#include "suites.h"
#include "xenometer.h"

static struct results results;

static int begin(void)
{
    FILE *in = popen("gunzip -c dom0-tools/docs/results.json.gz", "r");
    char *text = xmalloc(8u << 20);
    size_t length = in ? fread(text, 1, 8u << 20, in) : 0;
    int status = results_from_json(text, length, "docs", &results);

    free(text);
    return in && pclose(in) == 0 ? status : STATUS_FAILED;
}

static int end(void)
{
    results_free(&results);
    return 0;
}

static double median(const char *row, const char *column)
{
    for ( size_t i = 0; i < results.count; i++ )
        if ( !strcmp(results.rows[i].row, row) && !strcmp(results.rows[i].column->name, column) &&
             results.rows[i].outcome == OUTCOME_SUCCESS )
            return (double)results.rows[i].median;
    fprintf(stderr, "no figure of %s in %s\n", row, column);
    CU_FAIL("a row of the recorded results");
    return NAN;
}

static bool within(double told, double measured)
{
    bool near = fabs(told - measured) <= MODEL_WITHIN * measured;

    if ( !near )
        fprintf(stderr, "the model says %.0f, the row %.0f\n", told, measured);
    return near;
}

static const struct model_answer *answer(const struct model *m, const char *way)
{
    for ( size_t i = 0; i < m->count; i++ )
        if ( !strcmp(model_way_name(m->answers[i].way), way) )
            return &m->answers[i];
    return NULL;
}

static double each(const struct model_cost *c)
{
    return c->trap + c->schedule + c->isolation;
}

/* One kind, once a second. */
static void make(enum model_kind kind, double rate, double depth, struct model *m)
{
    struct model_workload w = { .depth = depth };

    w.rate[kind] = rate;
    model_make(&w, &results, m);
}

/* A rate left out, foretold by the others: of timers that the guest does not arm anew. */
static void test_timers(void)
{
    static const char *const timers[] = { "lapic", "pit", "hpet" };
    static const double hz[] = { 0, 100, 250, 1000 };

    for ( size_t t = 0; t < 3; t++ )
        for ( size_t c = t ? 1 : 0; c < 2; c++ )   /* PVH has the local APIC's only */
        {
            const char *column = c ? "hvm" : "pvh";
            double loads[4] = { median("timer-load/guest-tickless", column) };
            char row[48];

            for ( size_t i = 1; i < 4; i++ )
            {
                snprintf(row, sizeof(row), "timer-load/guest-%.0fhz-%s", hz[i], timers[t]);
                loads[i] = median(row, column);
            }
            for ( size_t left = 1; left < 4; left++ )
            {
                double rates[3], others[3];
                size_t n = 0;

                for ( size_t i = 0; i < 4; i++ )
                    if ( i != left )
                    {
                        rates[n] = hz[i];
                        others[n++] = loads[i];
                    }
                CU_ASSERT(within(model_timer(rates, others, n, hz[left]), loads[left]));
            }
        }
}

/* Of every way the rows themselves, at the rates that are measured: Xen's own timer, too. */
static void test_timer_rows(void)
{
    static const struct {
        const char *way, *column, *timer;
    } of[] = { { "pv", "pv", "event-channel" }, { "pvh", "pvh", "event-channel" },
               { "hvm-pv", "hvm", "event-channel" }, { "hvm-emulated", "hvm", "lapic" } };
    static const unsigned hz[] = { 100, 250, 1000 };
    struct model m;
    char row[48];

    for ( size_t i = 0; i < 4; i++ )
        for ( size_t k = 0; k < 3; k++ )
        {
            make(MODEL_TIMER, hz[k], 1, &m);
            snprintf(row, sizeof(row), "timer-load/guest-%uhz-%s", hz[k], of[i].timer);
            CU_ASSERT(fabs(answer(&m, of[i].way)->total - median(row, of[i].column)) < 1);
            model_free(&m);
        }
}

/* Of the disk the model has two rows, alone and 32 deep: the others are foretold. */
static void test_requests(void)
{
    static const struct {
        const char *way, *column;
    } of[] = { { "pv", "pv" }, { "pvh", "pvh" }, { "hvm-pv", "hvm" } };
    static const unsigned depths[] = { 1, 2, 4, 8, 16, 32, 64 };
    struct model m;
    char row[48];

    for ( size_t d = 0; d < sizeof(depths) / sizeof(depths[0]); d++ )
    {
        make(MODEL_REQUESTS, 1000, depths[d], &m);
        snprintf(row, sizeof(row), depths[d] == 1 ? "block/blkif-linux" : "block/blkif-linux-depth-%u", depths[d]);
        for ( size_t i = 0; i < 3; i++ )
        {
            const struct model_answer *a = answer(&m, of[i].way);

            CU_ASSERT(within(each(&a->costs[MODEL_REQUESTS]), median(row, of[i].column)));
            CU_ASSERT(fabs(a->total - 1000 * each(&a->costs[MODEL_REQUESTS])) < 1);
            CU_ASSERT(a->trap > 0 && a->schedule > 0 && a->isolation > 0);
        }
        if ( depths[d] == 4 )
            CU_ASSERT(within(each(&answer(&m, "hvm-virtio")->costs[MODEL_REQUESTS]),
                             median("block/virtio-depth-4", "hvm")));
        model_free(&m);
    }
}

/* What a kind costs is its row; what a way does not have costs nothing; what is not measured is said. */
static void test_kinds(void)
{
    static const struct {
        enum model_kind kind;
        const char *way, *row, *column;
    } of[] = {
        { MODEL_HYPERCALLS, "pv", "hypercall/null", "pv" }, { MODEL_HYPERCALLS, "pvh", "hypercall/null", "pvh" },
        { MODEL_EXITS, "pvh", "exit/cpuid-basic", "pvh" }, { MODEL_MSR, "pv", "pv/msr-emulated", "pv" },
        { MODEL_IO, "hvm-pv", "port/xen-pit", "hvm" }, { MODEL_DEVICE, "hvm-emulated", "port/qemu-ide", "hvm" },
        { MODEL_HLT, "pvh", "exit/hlt-wake", "pvh" }, { MODEL_MMIO, "pvh", "mmio/xen-lapic", "pvh" },
        { MODEL_EVENTS, "pv", "event/send-self", "pv" },
        { MODEL_EVENTS, "hvm-virtio", "interrupt/self-ipi-lapic", "hvm" },
    };
    struct model m;

    for ( size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++ )
    {
        make(of[i].kind, 1, 1, &m);
        CU_ASSERT(fabs(answer(&m, of[i].way)->total - median(of[i].row, of[i].column)) < 1);
        model_free(&m);
    }
    make(MODEL_DEVICE, 1, 1, &m);
    CU_ASSERT_STRING_EQUAL(answer(&m, "pv")->costs[MODEL_DEVICE].absent, "no device model");
    CU_ASSERT_EQUAL(answer(&m, "pv")->total, 0);
    CU_ASSERT_FALSE(answer(&m, "kvm")->complete);
    CU_ASSERT(says(answer(&m, "kvm")->missing, "exit/vmcall"));
    model_free(&m);
    /* A process's system call is slow where it is bounced, and nowhere else a crossing. */
    make(MODEL_SYSCALLS, 1, 1, &m);
    CU_ASSERT(fabs(answer(&m, "pv")->total - median("syscall/guest-getpid", "pv") +
                   median("syscall/guest-getpid", "bare")) < 1);
    CU_ASSERT_EQUAL(answer(&m, "pvh")->total, 0);
    model_free(&m);
}

static char *printed(const struct model *m)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    model_print(out, m);
    fclose(out);
    return text;
}

/* Shares take a rate in the clock's own unit. */
static void test_shares(void)
{
    struct model_workload w = { .rate = { [MODEL_REQUESTS] = 10000 }, .depth = 1 };
    struct model m;
    json_t *document, *pv;
    char *text;

    model_make(&w, &results, &m);
    text = printed(&m);
    CU_ASSERT(says(text, "What is left of a CPU takes a rate: --instructions=N"));
    CU_ASSERT(says(text, "it counts cycles"));
    CU_ASSERT(says(text, "?"));
    free(text);
    model_free(&m);

    w.cpu = 1e9;
    w.work = 600e6;
    model_make(&w, &results, &m);
    CU_ASSERT_STRING_EQUAL(model_way_name(m.best->way), "pv");
    text = printed(&m);
    CU_ASSERT(says(text, "hvm-emulated does not fit"));
    CU_ASSERT(says(text, "PV (paravirtualized: hypercalls, rings, Xen's timer): "));
    CU_ASSERT(says(text, "which takes 1.2 times as many."));
    free(text);
    document = model_json(&m);
    pv = json_array_get(json_object_get(document, "ways"), 0);
    CU_ASSERT(fabs(json_number_value(json_object_get(pv, "left")) -
                   (1 - 10000 * median("block/blkif-linux", "pv") / 1e9)) < 1e-6);
    CU_ASSERT(fabs(json_number_value(json_object_get(pv, "efficiency")) -
                   600e6 / (600e6 + 10000 * median("block/blkif-linux", "pv"))) < 1e-6);
    CU_ASSERT(fabs(json_number_value(json_object_get(pv, "path_length")) - median("block/blkif-linux", "pv")) < 1);
    json_decref(document);
    model_free(&m);
}

#define PERF \
    "\n\nAnalyze events for all VMs, all VCPUs:\n\n\n" \
    "             VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time         Avg time \n\n" \
    "                 HLT       9130    51.94%    98.68%      0.41us   5022.13us   1010.02us ( +-   0.67% )\n" \
    "           MSR_WRITE       6200    35.27%     0.52%      0.30us     21.10us      0.81us ( +-   0.47% )\n" \
    "      IO_INSTRUCTION       1500     8.53%     0.61%      2.00us     40.00us      9.05us ( +-   1.20% )\n" \
    "   PREEMPTION_TIMER        750     4.27%     0.18%      0.30us     10.00us      0.55us ( +-   2.11% )\n\n" \
    "Total Samples:17580, Total events handled time:9345012.12us.\n\n"

#define XENTRACE_INTEL \
    "CPU2  1712035142503524 (+   22501)  VMEXIT      [ exitcode = 0x0000001e, rIP  = 0xffffffff8102d73f ]\n" \
    "CPU2  1712035142546137 (+    1404)  VMENTRY\n" \
    "CPU2  1712035142872709 (+  326572)  VMEXIT      [ exitcode = 0x00000020, rIP  = 0xffffffff810644f4 ]\n" \
    "CPU2  1712035142872799 (+      90)  hypercall  [ op = 0x0000001d ]\n"

#define XENTRACE_PV \
    "CPU0  12 (+   1)  hypercall  [ op = 0x0000001d ]\nCPU0  13 (+   1)  hypercall  [ op = 0x00000020 ]\n"

#define XENTRACE_AMD \
    "CPU0  12 (+   1)  SVM_EXIT     [ exitcode = 0x0000007b, rIP  = 0xffffffff8102d73f ]\n" \
    "CPU0  14 (+   1)  SVM_EXIT     [ exitcode = 0x00000400, rIP  = 0xffffffff8102d73f ]\n"

#define INTERRUPTS(timer, disk) \
    "           CPU0       CPU1       \n" \
    "  0:         45          0   IO-APIC   2-edge      timer\n" \
    " 72:       " disk "        100  xen-dyn    -event     blkif\n" \
    "LOC:       " timer "       2000   Local timer interrupts\n" \
    "RES:          5          5   Rescheduling interrupts\n" \
    "ERR:          0\n"

static void test_rates(void)
{
    double rate[MODEL_KINDS] = { 0 };
    char *what;

    CU_ASSERT_EQUAL(rates_read(PERF, strlen(PERF), "perf", 10, rate, &what), STATUS_OK);
    CU_ASSERT(says(what, "perf kvm stat, 17580 in 10 s"));
    CU_ASSERT_EQUAL(rate[MODEL_HLT], 913);
    CU_ASSERT_EQUAL(rate[MODEL_MSR], 620);
    CU_ASSERT_EQUAL(rate[MODEL_IO], 150);
    CU_ASSERT_EQUAL(rate[MODEL_EXITS], 75);
    free(what);

    memset(rate, 0, sizeof(rate));
    CU_ASSERT_EQUAL(rates_read(XENTRACE_INTEL, strlen(XENTRACE_INTEL), "trace", 0.5, rate, &what), STATUS_OK);
    CU_ASSERT_EQUAL(rate[MODEL_IO], 2);
    CU_ASSERT_EQUAL(rate[MODEL_MSR], 2);
    CU_ASSERT_EQUAL(rate[MODEL_HYPERCALLS], 0);   /* dom0's: the guest's would be exits */
    free(what);
    memset(rate, 0, sizeof(rate));
    CU_ASSERT_EQUAL(rates_read(XENTRACE_PV, strlen(XENTRACE_PV), "trace", 1, rate, &what), STATUS_OK);
    CU_ASSERT_EQUAL(rate[MODEL_HYPERCALLS], 2);
    free(what);
    memset(rate, 0, sizeof(rate));
    CU_ASSERT_EQUAL(rates_read(XENTRACE_AMD, strlen(XENTRACE_AMD), "trace", 1, rate, &what), STATUS_OK);
    CU_ASSERT_EQUAL(rate[MODEL_IO], 1);
    CU_ASSERT_EQUAL(rate[MODEL_MEMORY], 1);
    free(what);

    memset(rate, 0, sizeof(rate));
    CU_ASSERT_EQUAL(rates_read(INTERRUPTS("8000", "900"), strlen(INTERRUPTS("8000", "900")), "interrupts", 10, rate,
                               &what), STATUS_OK);
    CU_ASSERT_EQUAL(rate[MODEL_TIMER], 1004.5);
    CU_ASSERT_EQUAL(rate[MODEL_REQUESTS], 100);
    CU_ASSERT_EQUAL(rate[MODEL_EVENTS], 1);
    free(what);
    /* Two: what came between. */
    memset(rate, 0, sizeof(rate));
    CU_ASSERT_EQUAL(rates_read(INTERRUPTS("8000", "900") INTERRUPTS("9000", "950"),
                               strlen(INTERRUPTS("8000", "900") INTERRUPTS("9000", "950")), "interrupts", 10, rate,
                               &what), STATUS_OK);
    CU_ASSERT_EQUAL(rate[MODEL_TIMER], 100);
    CU_ASSERT_EQUAL(rate[MODEL_REQUESTS], 5);
    CU_ASSERT_EQUAL(rate[MODEL_EVENTS], 0);
    free(what);
}

/* As xentrace wrote it in the lab: the first records of a PVH domain's, CPU, a dom0's hypercall, exits. */
static void test_raw(void)
{
    static const uint32_t records[] = {
        0x2001f003, 0, 0x2e8,                                 /* CPU 0, its window's size */
        0x9020100d, 0x1fab2b2c, 0xa, 0x19,                    /* a hypercall, with cycles */
        0xb0081103, 0x1fab2b2d, 0xa, 0x7b, 0x100000, 0,       /* SVM_EXIT, 64 bits: a port */
        0xb0081103, 0x1fab2b2e, 0xa, 0x81, 0x100000, 0,       /* VMMCALL */
        0x80081001, 0x1fab2b2f, 0xa,                          /* VMENTRY */
        0xb0081103, 0x1fab2b30, 0xa, 0x400, 0x100000,         /* cut off */
    };
    double rate[MODEL_KINDS] = { 0 };
    char *what;

    CU_ASSERT_EQUAL(rates_read((const char *)records, sizeof(records), "raw", 0.5, rate, &what), STATUS_OK);
    CU_ASSERT(says(what, "a trace of xentrace's, 2 in 0.5 s"));
    CU_ASSERT_EQUAL(rate[MODEL_IO], 2);
    CU_ASSERT_EQUAL(rate[MODEL_HYPERCALLS], 2);
    CU_ASSERT_EQUAL(rate[MODEL_MEMORY], 0);
    free(what);
}

static void refused(const char *text, size_t size, const char *said)
{
    double rate[MODEL_KINDS] = { 0 };
    char *what;

    capture_begin();
    CU_ASSERT_EQUAL(rates_read(text, size, "file", 1, rate, &what), STATUS_USAGE);
    CU_ASSERT_PTR_NULL(what);
    CU_ASSERT(says(capture_end(), said));
}

/* The command with a few words. */
static int model(const char *a, const char *b)
{
    char *argv[] = { (char *)"xenometer model", (char *)a, (char *)b, NULL };

    return command_model(b ? 3 : 2, argv);
}

static void test_bad_input(void)
{
    static const struct {
        const char *a, *b, *said;
    } bad[] = {
        { "--hypercalls=-5", NULL, "is no number" }, { "--hypercalls=nan", NULL, "is no number" },
        { "--timer-hz=inf", NULL, "is no number" }, { "--requests=1e30", NULL, "is no number" },
        { "--requests=", NULL, "is no number" }, { "--requests=5x", NULL, "is no number" },
        { "--requests=0x10", NULL, "is no number" }, { "--exits=sing:5", NULL, "no kind of exit" },
        { "--exits=timer:5", NULL, "no kind of exit" }, { "--exits=msr:", NULL, "is no number" },
        { "--exits=,", NULL, "is no number" }, { "--depth=0.5", "--requests=1", "is no number" },
        { "--hypercalls=0", NULL, "never crosses" },
        { "--from=Makefile", NULL, "neither `perf kvm stat report`'s output" },
        { "--from=build/test-interrupts.txt", NULL, "does not say for how long: --seconds=N" },
        { "--from=/nonexistent", "--seconds=5", "/nonexistent" },
        { "--from=/dev/null", "--seconds=0", "is no number" },
        { "--from=/dev/null", "--seconds=5", "neither `perf kvm stat report`'s output" },
        { "--from=Makefile", "--seconds=5", "neither `perf kvm stat report`'s output" },
        { "--hypercalls=5", "/dev/null", "/dev/null" }, { "--hypercalls=5", "Makefile", "Makefile" },
    };
    static const char interrupts[] = "           CPU0       \n LOC:      1000   Local timer interrupts\n";

    CU_ASSERT_EQUAL(write_whole_file("build/test-interrupts.txt", interrupts, sizeof(interrupts) - 1, 0666), 0);
    for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
    {
        const char *said;

        capture_begin();
        CU_ASSERT_EQUAL(model(bad[i].a, bad[i].b), STATUS_USAGE);
        said = capture_end();
        if ( !says(said, bad[i].said) )
            fprintf(stderr, "%s: %s", bad[i].a, said);
        CU_ASSERT(says(said, bad[i].said));
    }
    unlink("build/test-interrupts.txt");
    refused("a\0b", 3, "neither text nor a trace");
    refused("           CPU0       CPU1       \n", strlen("           CPU0       CPU1       \n"), "no crossing in it");
}

/* Figures in instructions, and a CPU's cycles. */
static void test_units(void)
{
    struct model_options o = { .workload = { .rate = { 1 }, .depth = 1, .cpu = 3e9 }, .unit = "cycles" };
    char path[] = "/tmp/xenometer-model-XXXXXX";
    int fd = mkstemp(path);
    struct model m;

    CU_ASSERT_FATAL(fd >= 0);
    close(fd);
    CU_ASSERT_EQUAL(results_write(path, &results), STATUS_OK);
    o.results = path;
    capture_begin();
    CU_ASSERT_EQUAL(model_run(&o), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "these figures are instructions, and --cycles says nothing about them"));
    unlink(path);

    /* A host's results say how many cycles its CPU has. */
    free(results.environment.clock);
    results.environment.clock = xstrdup("cycles");
    results.environment.tsc_hz = 2000000000;
    make(MODEL_TIMER, 1000, 1, &m);
    CU_ASSERT_EQUAL(m.workload.cpu, 2e9);
    CU_ASSERT(fabs(answer(&m, "hvm-emulated")->total - 2 * median("timer-load/guest-1000hz-lapic", "hvm")) < 1);
    model_free(&m);
}

void suite_model(void)
{
    CU_pSuite suite = CU_add_suite("model", begin, end);

    CU_add_test(suite, "timers at a rate left out", test_timers);
    CU_add_test(suite, "timers at the measured rates", test_timer_rows);
    CU_add_test(suite, "requests of other depths", test_requests);
    CU_add_test(suite, "each kind", test_kinds);
    CU_add_test(suite, "shares of a CPU", test_shares);
    CU_add_test(suite, "what tools print", test_rates);
    CU_add_test(suite, "what xentrace writes", test_raw);
    CU_add_test(suite, "bad input", test_bad_input);
    CU_add_test(suite, "one clock only", test_units);
}
