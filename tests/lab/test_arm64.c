/*
 * The lab's ARM64 machine: the same unikernel, rings and backends on the third kind of CPU.  What it
 * takes is built by `make ARCH=arm64 all`; its packages are downloaded once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

#define RUN(file, ...) \
    program("run", "--host=lab", "--cpu=arm64", "-o", file, __VA_ARGS__, NULL)

/* Said before anything is started. */
static void test_refused(void)
{
    struct outcome_of r;

#define REFUSED(text, ...) \
    do { \
        r = program(__VA_ARGS__, NULL); \
        CU_ASSERT_EQUAL(r.status, 2); \
        CU_ASSERT(is_one_line_error(&r, text)); \
        program_free(&r); \
    } while ( 0 )
    REFUSED("two: leave it out", "run", "--host=lab", "--cpu=amd,arm64", "--image=build/xenometer.elf", "hypercall/null");
    REFUSED("no row matches", "run", "--host=lab", "--cpu=amd,arm64", "hypercall/nul");
    REFUSED("--without", "trace", "--cpu=arm64", "--without=nrip-save", "hypercall/null");
    REFUSED("there is no row", "trace", "--cpu=arm64", "port/ioreq");
    REFUSED("--without", "run", "--host=lab", "--cpu=arm64", "--without=nrip-save", "hypercall/null");
    REFUSED("arm64", "run", "--host=lab", "--cpu=arm64", "-m", "pv", "hypercall/null");
    REFUSED("not for those modes", "run", "--host=lab", "-m", "arm64", "hypercall/null");
    r = program("explain", "--cpu=arm64", "exit/psci-smc", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "do_trap_smc"));
    program_free(&r);
    r = program("list", "--cpu=arm64", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "mmio/gic-distributor"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "port/"));
    program_free(&r);
    REFUSED("AMD CPU", "lab", "run", "--cpu=arm64", "--without=nrip-save", "--", "true");
    REFUSED("no row of arm64 matches", "run", "--host=lab", "--cpu=arm64", "port/ioreq");
    REFUSED("there is isca16", "run", "--preset=isca15");
    REFUSED("its rows and its table", "run", "--preset=isca16", "hypercall/null");
    REFUSED("its rows and its table", "run", "--preset=isca16", "--json");
}

static void test_dom0(void)
{
    struct outcome_of r = program("lab", "run", "--cpu=arm64", "--", "xl", "info", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xen-3.0-aarch64"));
    program_free(&r);
    r = program("lab", "run", "--cpu=arm64", "--", "sh", "-c", "exit 7", NULL);
    CU_ASSERT_EQUAL(r.status, 7);
    program_free(&r);
}

/* No spread, but for the sample in a thousand that Xen's timer, due each 10 ms, may fall into. */
static bool steady(json_t *results, const char *row)
{
    return figure(results, row, "arm64", "min") == figure(results, row, "arm64", "p99");
}

/* Between guest and Xen nothing varies, and a second run counts the same. */
static void test_exact(void)
{
    static const char *const rows[] = {
        "baseline/empty", "hypercall/null", "hypercall/enosys", "event/send-masked", "event/send-self",
        "grant/access-end",
    };
    static const char first[] = "build/test-arm64-1.json", second[] = "build/test-arm64-2.json";
    json_t *results[2];

    for ( int i = 0; i < 2; i++ )
    {
        const char *file = i ? second : first;
        struct outcome_of r = RUN(file, "baseline/empty", "hypercall/null", "hypercall/enosys",
                                  "event/send-masked", "event/send-self", "grant/access-end");

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ARM64"));
        program_free(&r);
        results[i] = json_load_file(file, 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
    CU_ASSERT(figure(results[0], "baseline/empty", "arm64", "median") <= 4);
    CU_ASSERT(figure(results[0], "hypercall/null", "arm64", "median") <= 440);
    CU_ASSERT(figure(results[0], "hypercall/null", "arm64", "median") >
              figure(results[0], "hypercall/enosys", "arm64", "median"));
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        CU_ASSERT(steady(results[0], rows[i]));
        CU_ASSERT_EQUAL(figure(results[0], rows[i], "arm64", "median"),
                        figure(results[1], rows[i], "arm64", "median"));
    }
    json_decref(results[0]);
    json_decref(results[1]);
}

/* A domain to which Xen does not give the cycle counter has no figures, and each row says why. */
static void test_no_counter(void)
{
    static const char file[] = "build/test-arm64-vpmu.json";
    struct outcome_of r;
    json_t *results;
    size_t i;
    json_t *row;

    CU_ASSERT_EQUAL(system("mkdir -p build/vpmu && cp configs/*.cfg build/vpmu && "
                           "sed -i 's/^vpmu = 1/vpmu = 0/' build/vpmu/arm64.cfg"), 0);
    r = RUN(file, "--boots=1", "--configs=build/vpmu", "hypercall/null", "ring/echo-64b", "interrupt/sgi-self");
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    results = json_load_file(file, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(results, "rows")), 3);
    json_array_foreach(json_object_get(results, "rows"), i, row)
    {
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")), "skip");
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "reason")),
                               "vpmu=1 gives the cycle counter; the virtual one's ticks are of 16 ns");
    }
    json_decref(results);
}

/* Traps of ARM's own, and two vCPUs on one CPU: success is that the answers were right. */
static void test_traps(void)
{
    static const char file[] = "build/test-arm64-traps.json";
    static const char *const rows[] = {
        "exit/psci-hvc", "exit/psci-smc", "exit/id-register", "exit/actlr", "exit/physical-timer",
        "mmio/gic-distributor", "mmio/gic-redistributor", "interrupt/sgi-self", "exit/abort", "mmio/pl011",
        "exit/cache-set-way", "interrupt/eoi-many", "memory/populate-page", "console/pv-ring",
    };
    struct outcome_of r = RUN(file, "--boots=1", "exit/*", "mmio/*", "interrupt/*",
                              "memory/*", "console/p*", "syscall/*", "timer-load/guest-1*", "sched/timer*", "sched/block-wake-peer-same-cpu", "sched/vm-switch");
    json_t *results = json_load_file(file, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        CU_ASSERT(figure(results, rows[i], "arm64", "median") > 300);
        CU_ASSERT(steady(results, rows[i]));
    }
    /* The virtual timer is the domain's own. */
    CU_ASSERT(figure(results, "exit/virtual-timer", "arm64", "median") < 5);
    CU_ASSERT(figure(results, "exit/cache-by-address", "arm64", "median") < 5);
    CU_ASSERT(figure(results, "sched/timer-latency-blocked", "arm64", "median") >
              figure(results, "sched/timer-latency", "arm64", "median"));
    /* An application's system call and the kernel's own exceptions do not reach Xen. */
    CU_ASSERT(figure(results, "syscall/guest-getpid", "arm64", "median") < 60);
    CU_ASSERT(figure(results, "syscall/guest-exception", "arm64", "median") < 150);
    CU_ASSERT(figure(results, "syscall/guest-pagefault", "arm64", "median") < 150);
    /* Nor does completing an interrupt take Xen, unless there are more than list registers. */
    CU_ASSERT(figure(results, "interrupt/eoi", "arm64", "median") < 10);
    /* An emulated UART is two exits a character, a ring one event a line. */
    CU_ASSERT(figure(results, "console/pl011-line", "arm64", "median") >
              10 * figure(results, "console/pv-ring-line", "arm64", "median"));
    CU_ASSERT(figure(results, "timer-load/guest-1000hz-virtual", "arm64", "median") >
              figure(results, "timer-load/guest-100hz-virtual", "arm64", "median"));
    CU_ASSERT(figure(results, "interrupt/timer-virtual", "arm64", "median") > 0);
    CU_ASSERT(figure(results, "interrupt/timer-virtual", "arm64", "median") <
              figure(results, "interrupt/timer-physical", "arm64", "median"));
    CU_ASSERT(figure(results, "sched/block-wake-peer-same-cpu", "arm64", "median") > 1000);
    CU_ASSERT(figure(results, "sched/vm-switch", "arm64", "median") > 1000);
    json_decref(results);
}

/* CPUs that take turns: what one does to the other repeats, too. */
static void test_two_cpus(void)
{
    static const char *const files[] = { "build/test-arm64-smp-1.json", "build/test-arm64-smp-2.json" };
    static const char *const rows[] = { "interrupt/sgi-busy", "interrupt/sgi-halted", "event/ipi" };
    json_t *results[2];

    for ( int i = 0; i < 2; i++ )
    {
        struct outcome_of r = RUN(files[i], "--boots=1", "interrupt/sgi-busy", "interrupt/sgi-halted",
                                  "event/ipi", "sched/block-wake-peer");

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "vCPUs: 2 CPUs"));
        program_free(&r);
        results[i] = json_load_file(files[i], 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        CU_ASSERT(figure(results[0], rows[i], "arm64", "median") > 1000);
        CU_ASSERT_EQUAL(figure(results[0], rows[i], "arm64", "median"),
                        figure(results[1], rows[i], "arm64", "median"));
        CU_ASSERT_EQUAL(figure(results[0], rows[i], "arm64", "max"),
                        figure(results[1], rows[i], "arm64", "max"));
    }
    /* Who sleeps must be woken. */
    CU_ASSERT(figure(results[0], "interrupt/sgi-halted", "arm64", "median") >
              figure(results[0], "interrupt/sgi-busy", "arm64", "median"));
    CU_ASSERT(figure(results[0], "sched/block-wake-peer", "arm64", "median") > 1000);
    json_decref(results[0]);
    json_decref(results[1]);
}

/* The same under KVM, whose vCPUs are threads of the monitor: longer ways, and the same twice. */
static void test_two_cpus_kvm(void)
{
    static const char file[] = "build/test-arm64-kvm-smp.json";
    static const char *const rows[] = { "interrupt/sgi-self", "interrupt/sgi-busy", "interrupt/sgi-halted" };
    json_t *results[2];

    for ( int i = 0; i < 2; i++ )
    {
        struct outcome_of r = RUN(file, "--boots=1", "-m", "arm64,kvmarm64", rows[0], rows[1], rows[2]);

        CU_ASSERT_EQUAL(r.status, 0);
        program_free(&r);
        results[i] = json_load_file(file, 0, NULL);
        unlink(file);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        CU_ASSERT(figure(results[0], rows[i], "kvmarm64", "median") > figure(results[0], rows[i], "arm64", "median"));
        CU_ASSERT_EQUAL(figure(results[0], rows[i], "kvmarm64", "median"),
                        figure(results[1], rows[i], "kvmarm64", "median"));
        CU_ASSERT_EQUAL(figure(results[0], rows[i], "kvmarm64", "max"),
                        figure(results[1], rows[i], "kvmarm64", "max"));
    }
    CU_ASSERT(figure(results[0], "interrupt/sgi-halted", "kvmarm64", "median") >
              2 * figure(results[0], "interrupt/sgi-busy", "kvmarm64", "median"));
    json_decref(results[0]);
    json_decref(results[1]);
}

/* Each row checks the answers it gets: its success is that they were right. */
static void test_rings(void)
{
    static const char file[] = "build/test-arm64-rings.json";
    struct outcome_of r = RUN(file, "--boots=1", "event/roundtrip-idle", "ring/echo-64b",
                              "ring/echo-4k-*", "ring/stream-depth-32", "grant/map-1", "grant/copy-4k",
                              "xenstore/read", "vchan/echo-64b", "block/blkif-linux", "block/blkif-own",
                              "block/blkif-own-depth-32", "event/fifo-send", "net/netif-linux",
                              "net/netif-own", "net/netif-own-stream");
    json_t *results = json_load_file(file, 0, NULL), *row;
    size_t i;

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(results, "rows")), 17);
    json_array_foreach(json_object_get(results, "rows"), i, row)
    {
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")), "success");
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "mode")), "arm64");
    }
    /* A request that waits for nobody is one twentieth of one that does, as on x86. */
    CU_ASSERT(figure(results, "ring/stream-depth-32", "arm64", "median") <
              figure(results, "ring/echo-64b", "arm64", "median") / 10);
    json_decref(results);
}

/* One table of both architectures: rows that both have, the same work by rows that one has, and no count
 * divided by the other's. */
static void test_across(void)
{
    static const char *const files[] = { "build/test-across-amd.json", "build/test-across-arm64.json" };
    struct outcome_of r = program("run", "--host=lab", "--cpu=amd,arm64", "-m", "pv,pvh,arm64", "--boots=1",
                                  "-o", "build/test-across.json", "hypercall/null", "event/send-masked",
                                  "mmio/xen-lapic", "mmio/gic-distributor", NULL);
    json_t *results[2];
    char *again;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "several instruction sets"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "mmio/gic-distributor"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "mmio/xen-lapic"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "in null hypercalls"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\u00d7"));
    for ( int i = 0; i < 2; i++ )
    {
        results[i] = json_load_file(files[i], 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_object_get(results[i], "environment"),
                                                                 "architecture")), i ? "arm64" : "x86");
    }
    CU_ASSERT_EQUAL(figure(results[0], "hypercall/null", "pvh", "median"), 710);
    CU_ASSERT(figure(results[1], "hypercall/null", "arm64", "median") <= 440);
    /* Out of the files, the same table. */
    again = strstr(r.out, "Medians;");
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    again = strdup(strstr(again, "\n\n"));
    program_free(&r);
    r = program("compare", files[0], files[1], NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, again));
    free(again);
    program_free(&r);
    r = program("compare", "--json", files[0], files[1], NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "two instruction sets"));
    program_free(&r);
    json_decref(results[0]);
    json_decref(results[1]);
}

static long long number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static bool has_function(const json_t *trace, const char *layer, const char *name)
{
    const json_t *f;
    size_t i;

    json_array_foreach(json_object_get(trace, "functions"), i, f)
        if ( !strcmp(json_string_value(json_object_get(f, "layer")), layer) &&
             !strcmp(json_string_value(json_object_get(f, "function")), name) )
            return true;
    return false;
}

/* A guest of KVM: EL2 switches, the host's kernel answers, and a process where the kernel does not. */
static void test_trace_kvm(void)
{
    struct outcome_of r = program("trace", "--host=lab", "--cpu=arm64", "--mode=kvmarm64", "--json", "mmio/ioreq", NULL);
    json_t *trace = json_loads(r.out, 0, NULL), *layers = json_object_get(trace, "layers");

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    CU_ASSERT(number(layers, "kvm") > 500);
    CU_ASSERT(number(layers, "dom0_kernel") > number(layers, "kvm"));
    CU_ASSERT(number(layers, "dom0_user") > 20);
    CU_ASSERT_EQUAL(number(layers, "xen"), 0);
    CU_ASSERT(has_function(trace, "dom0_kernel", "kvm_arch_vcpu_ioctl_run"));
    CU_ASSERT(has_function(trace, "dom0_kernel", "io_mem_abort"));
    CU_ASSERT(has_function(trace, "kvm", "__kvm_vcpu_run") && has_function(trace, "kvm", "__host_exit"));
    json_decref(trace);
    /* At EL2 itself Linux has no other part there. */
    r = program("trace", "--host=lab", "--cpu=arm64-vhe", "--mode=kvmarm64", "--json", "mmio/ioreq", NULL);
    trace = json_loads(r.out, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\"VMM\""));
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    layers = json_object_get(trace, "layers");
    CU_ASSERT(number(layers, "kvm") <= 0 && number(layers, "xen") <= 0);
    CU_ASSERT(number(layers, "dom0_user") > 20);
    CU_ASSERT_EQUAL(number(layers, "guest") + number(layers, "dom0_kernel") + number(layers, "dom0_user"),
                    number(trace, "total"));
    CU_ASSERT(has_function(trace, "dom0_kernel", "__kvm_vcpu_run_vhe"));
    json_decref(trace);
}

/*
 * With the virtualization host extensions KVM's own answers take less, as it need not change between EL1 and EL2.  The
 * switch from guest to guest sleeps by a timer of EL2: it has come back with the snapshot.
 */
static void test_vhe(void)
{
    static const char *const files[] = { "build/test-arm64.json", "build/test-arm64-vhe.json" };
    json_t *results[2];

    for ( int i = 0; i < 2; i++ )
    {
        struct outcome_of r = program("run", "--host=lab", i ? "--cpu=arm64-vhe" : "--cpu=arm64", "-o", files[i],
                                      "-m", "arm64,kvmarm64", "hypercall/null", "exit/hvc", "exit/id-register",
                                      "mmio/gic-distributor", "mmio/ioreq", "interrupt/eoi", "interrupt/irqfd",
                                      "sched/vm-switch-irqfd", "ring/echo-64b", NULL);

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, i ? "neoverse-n1" : "cortex-a57"));
        program_free(&r);
        results[i] = json_load_file(files[i], 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
#define KVM(cpu, row) figure(results[cpu], row, "kvmarm64", "median")
    CU_ASSERT(KVM(1, "exit/hvc") > 500 && KVM(1, "exit/hvc") < KVM(0, "exit/hvc"));
    CU_ASSERT(KVM(1, "exit/id-register") > KVM(1, "exit/hvc") && KVM(1, "exit/id-register") < KVM(0, "exit/id-register"));
    CU_ASSERT(KVM(1, "mmio/gic-distributor") < KVM(0, "mmio/gic-distributor"));
    CU_ASSERT(KVM(1, "mmio/ioreq") > 2 * KVM(1, "mmio/gic-distributor"));
    CU_ASSERT_EQUAL(KVM(1, "interrupt/eoi"), KVM(0, "interrupt/eoi"));
    CU_ASSERT(KVM(1, "sched/vm-switch-irqfd") > KVM(1, "exit/hvc") && KVM(1, "interrupt/irqfd") > KVM(1, "exit/hvc"));
#undef KVM
    /* Xen is at EL2 on either; on this one it has Spectre-BHB's loop. */
    CU_ASSERT(figure(results[1], "hypercall/null", "arm64", "median") >
              figure(results[0], "hypercall/null", "arm64", "median"));
    CU_ASSERT(figure(results[1], "ring/echo-64b", "arm64", "median") > 10000);
    json_decref(results[0]);
    json_decref(results[1]);
}

/* Every instruction by exception level, process and function, and all that the guest's clock says. */
static void test_trace(void)
{
    static const char *const layers[] = { "guest", "xen", "dom0_kernel", "dom0_user", "idle" };
    struct outcome_of r = program("trace", "--host=lab", "--cpu=arm64", "--json", "ring/echo-64b", NULL);
    json_t *trace = json_loads(r.out, 0, NULL), *stage;
    long long sum = 0, staged = 0;
    size_t i, changes = 0;

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    for ( i = 0; i < sizeof(layers) / sizeof(layers[0]); i++ )
    {
        long long count = number(json_object_get(trace, "layers"), layers[i]);

        CU_ASSERT(i == 4 || count > 100);
        sum += count;
    }
    CU_ASSERT_EQUAL(sum, number(trace, "total"));
    json_array_foreach(json_object_get(trace, "stages"), i, stage)
    {
        staged += number(stage, "instructions");
        changes++;
    }
    CU_ASSERT_EQUAL(staged, sum);
    CU_ASSERT(changes > 10);
    /* Xen's by the debug package, the kernel's by itself, ours by their files. */
    CU_ASSERT(has_function(trace, "guest", "run_echo"));
    CU_ASSERT(has_function(trace, "xen", "evtchn_send"));
    CU_ASSERT(has_function(trace, "xen", "do_trap_hypercall"));
    CU_ASSERT(has_function(trace, "dom0_kernel", "evtchn_read"));
    CU_ASSERT(has_function(trace, "dom0_user", "services_turn"));
    CU_ASSERT(!has_function(trace, "guest", "evtchn_send"));
    json_decref(trace);
}

/* What of a request in a stream is ours: 60 instructions in the frontend, 60 in the backend, as on x86. */
static void test_streamed(void)
{
    static const char file[] = "build/test-arm64-layers.json", row[] = "block/blkif-own-depth-32";
    struct outcome_of r = RUN(file, "--layers", row);
    json_t *results = json_load_file(file, 0, NULL), *layers = NULL, *one;
    double operations = 1;
    size_t i;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "dom0 kernel"));
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    json_array_foreach(json_object_get(results, "rows"), i, one)
        if ( !strcmp(json_string_value(json_object_get(one, "row")), row) )
        {
            layers = json_object_get(one, "layers");
            operations = (double)number(one, "operations");
        }
    CU_ASSERT_PTR_NOT_NULL_FATAL(layers);
    CU_ASSERT((double)number(layers, "guest") / operations <= 60);
    CU_ASSERT((double)number(layers, "dom0_user") / operations <= 60);
    json_decref(results);
}

/* The seven microbenchmarks, by Xen and KVM: each column that can have a figure has one. */
static void test_isca16(void)
{
    static const char *const whole[] = { "Hypercall ", "Virtual IPI ", "VM switch ", "I/O latency out ",
                                         "I/O latency in " };
    /* PV, PVH, KVM, Xen and KVM on ARM64 without VHE and with it. */
    static const unsigned columns = 7;
    struct outcome_of r = program("run", "--preset=isca16", "--boots=1", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Xen     Xen     KVM     Xen     KVM     Xen     KVM"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "KVM is at EL2"));
    for ( size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++ )
    {
        char *line = strstr(r.out, whole[i]), *end = line ? strchr(line, '\n') : NULL;
        unsigned numbers = 0;

        CU_ASSERT_PTR_NOT_NULL_FATAL(end);
        /* Numbers of hundreds or more, by their ends. */
        for ( char *c = line; c < end; c++ )
            numbers += *c >= '0' && *c <= '9' && (c[1] == ' ' || c[1] == '\n');
        CU_ASSERT(numbers >= (strncmp(whole[i], "I/O latency out", 15) ? columns : 3));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "1,556 cycles on Intel Xeon E5-2450, KVM"));
    program_free(&r);
}

/* A guest of KVM: the same image, timed by the virtual counter. */
static void test_kvm(void)
{
    static const char *const exact[] = { "exit/hvc", "exit/psci-hvc", "exit/id-register", "mmio/gic-distributor",
                                         "mmio/eventfd", "interrupt/eoi" };
    static const char first[] = "build/test-arm64-kvm-1.json", second[] = "build/test-arm64-kvm-2.json";
    json_t *results[2];
    struct outcome_of r;

    for ( int i = 0; i < 2; i++ )
    {
        const char *file = i ? second : first;

        r = RUN(file, "--boots=1", "-m", "arm64,kvmarm64", "baseline/empty", "hypercall/null", "exit/*", "mmio/*",
                "interrupt/eoi*", "interrupt/sgi-self", "interrupt/timer-virtual", "syscall/*");
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "KVM ARM64"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Debian's Xen for ARM64 has no ioreq servers"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "no SVE here"));
        program_free(&r);
        results[i] = json_load_file(file, 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
#define KVM(row)     figure(results[0], row, "kvmarm64", "median")
#define XEN(row)     figure(results[0], row, "arm64", "median")
    for ( size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++ )
    {
        CU_ASSERT_EQUAL(KVM(exact[i]), figure(results[0], exact[i], "kvmarm64", "min"));
        CU_ASSERT_EQUAL(KVM(exact[i]), figure(results[1], exact[i], "kvmarm64", "median"));
    }
    CU_ASSERT(KVM("baseline/empty") <= 4);
    /* Without VHE each exit switches to the host's kernel: dearer than an exit to Xen, which is at EL2. */
    CU_ASSERT(KVM("exit/hvc") > 2 * XEN("hypercall/null"));
    CU_ASSERT(KVM("exit/psci-hvc") > 2 * XEN("exit/psci-hvc"));
    CU_ASSERT(KVM("mmio/gic-distributor") > XEN("mmio/gic-distributor"));
    /* Decoding an address comes on top of it, and then a process or an eventfd. */
    CU_ASSERT(KVM("mmio/gic-distributor") > KVM("exit/hvc"));
    CU_ASSERT(KVM("mmio/ioreq") > 2 * KVM("mmio/eventfd"));
    /* What the hardware has for guests does not reach KVM either. */
    CU_ASSERT(KVM("interrupt/eoi") < 10 && KVM("interrupt/eoi-many") > 100);
    CU_ASSERT(KVM("exit/virtual-timer") < 5);
    CU_ASSERT_EQUAL(KVM("syscall/guest-getpid"), XEN("syscall/guest-getpid"));
    /* Xen has loaded the vector registers with the vCPU, KVM loads them when they are used. */
    CU_ASSERT(XEN("exit/fp-first-use") < 5 && KVM("exit/fp-first-use") > 100);
#undef XEN
#undef KVM
    json_decref(results[0]);
    json_decref(results[1]);
    r = program("run", "--host=lab", "-m", "kvmarm64", "exit/hvc", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    program_free(&r);
}

static void expect_all_successful(const char *file, size_t count)
{
    json_t *results = json_load_file(file, 0, NULL), *row;
    size_t i;

    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    CU_ASSERT(json_array_size(json_object_get(results, "rows")) == count);
    json_array_foreach(json_object_get(results, "rows"), i, row)
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")), "success");
    json_decref(results);
}

/*
 * QEMU's CPUs in threads of their own, dom0 and the domain at the same time: each row checks each answer.  With one or
 * two requests open no later one hides that a notification was lost: the row would wait for ever.  Each is then a round
 * trip between those threads, a third of a millisecond and more, or some of Xen's time slices where both vCPUs have
 * come to share a CPU: so there are fewer.
 */
static void test_hammered(void)
{
    static const char file[] = "build/test-arm64-fast.json", shallow[] = "build/test-arm64-shallow.json";
    struct outcome_of r = RUN(file, "--clock=fast", "--boots=1", "--samples=40", "--row-deadline=120",
                              "ring/stream-depth-16", "ring/stream-depth-32", "ring/stream-depth-64", "ring/echo-4k-*",
                              "event/roundtrip-busy", "block/blkif-own-depth-64", "block/blkif-own-write",
                              "net/netif-own-stream");

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    expect_all_successful(file, 10);
    r = RUN(shallow, "--clock=fast", "--boots=1", "--samples=6", "--row-deadline=120", "ring/stream-depth-1",
            "ring/stream-depth-2", "ring/echo-64b", "ring/echo-64b-awake");
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    expect_all_successful(shallow, 4);
}

void suite_arm64(void)
{
    CU_pSuite suite = CU_add_suite("arm64", NULL, NULL);

    CU_add_test(suite, "what it cannot do is refused", test_refused);
    CU_add_test(suite, "Xen and dom0, and a command's status", test_dom0);
    CU_add_test(suite, "exact, and the same twice", test_exact);
    CU_add_test(suite, "traps, interrupts, a second vCPU", test_traps);
    CU_add_test(suite, "no cycle counter", test_no_counter);
    CU_add_test(suite, "a guest of KVM", test_kvm);
    CU_add_test(suite, "virtualization host extensions", test_vhe);
    CU_add_test(suite, "two CPUs", test_two_cpus);
    CU_add_test(suite, "two CPUs under KVM", test_two_cpus_kvm);
    CU_add_test(suite, "one table with x86", test_across);
    CU_add_test(suite, "the table of ISCA 2016", test_isca16);
    CU_add_test(suite, "a crossing traced by exception level", test_trace);
    CU_add_test(suite, "a crossing to KVM, traced", test_trace_kvm);
    CU_add_test(suite, "60 instructions of ours a streamed request", test_streamed);
    CU_add_test(suite, "CPUs in threads of their own", test_hammered);
    CU_add_test(suite, "rings, grants, XenStore and disks answer", test_rings);
}
