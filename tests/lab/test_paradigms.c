/*
 * The lab without Xen, and the application in each of its columns: what the figures mean, not only
 * that they are there.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* The same kernel as dom0's, on the machine itself. */
static void test_linux_alone(void)
{
    struct outcome_of r = program("lab", "run", "-q", "--system=linux", "--", "sh", "-c",
                                  "uname -r; test -e /proc/xen || echo no Xen; test -c /dev/kvm && echo KVM; "
                                  "cat /sys/devices/system/clocksource/clocksource0/current_clocksource; "
                                  "exit 3", NULL);

    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nno Xen\nKVM\ntsc\n"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* Its packages and snapshot are of no use to the other system, nor the other way round. */
static void test_status(void)
{
    struct outcome_of r = program("lab", "status", "--json", "--system=linux", NULL);
    json_t *status = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(status);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(status, "system")), "linux");
    CU_ASSERT_TRUE(json_is_true(json_object_get(status, "assembled")));
    CU_ASSERT_PTR_NULL(json_object_get(status, "xen"));
    json_decref(status);
    program_free(&r);
}

/* ------------------------------------------------------------------ figures -- */

/* One run of all rows in all columns, for the tests that follow. */
static json_t *table(void)
{
    static const char path[] = "build/test-app.json";
    static json_t *results;
    struct outcome_of r;

    if ( results )
        return results;
    r = program("run", "--host=lab", "--boots=1", "-o", path, "app", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Measured on Xen 4."));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "without Xen, Linux "));
    program_free(&r);
    results = json_load_file(path, 0, NULL);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    return results;
}

static long long median(const char *row, const char *column)
{
    CU_ASSERT_STRING_EQUAL(text_of(table(), row, column, "status"), "success");
    return figure(table(), row, column, "median");
}

static const char *const columns[] = {
    "native", "namespaces", "seccomp", "apparmor", "container", "gvisor", "gvisorptrace", "gvisorkvm",
    "linuxpv", "linuxpvh", "linuxhvm", "linuxkvm", "linuxmicrovm", "linuxkvmpc",
};
/* In WebAssembly there are fewer rows: WASI is no Linux. */
static const char *const engines[] = { "wasm2c", "wasmedge", "wasmedgeint" };
#define ENGINES (sizeof(engines) / sizeof(engines[0]))
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* Each row succeeds in each column, which means that its answer was checked there; but for
 * io_uring, where the filter or the Sentry has none. */
static void test_every_row(void)
{
    json_t *row;
    size_t i, skipped = 0;

    json_array_foreach(json_object_get(table(), "rows"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "row"));
        const char *reason = json_string_value(json_object_get(row, "reason"));

        if ( strcmp(json_string_value(json_object_get(row, "status")), "skip") )
        {
            CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")), "success");
            continue;
        }
        skipped++;
        if ( !strncmp(json_string_value(json_object_get(row, "mode")), "wasm", 4) )
        {
            CU_ASSERT(strstr(reason, "WASI") || strstr(reason, "WebAssembly"));
            continue;
        }
        if ( !strcmp(name, "app/start") )
        {
            CU_ASSERT_PTR_NOT_NULL(strstr(reason, "lifecycle/*"));
            continue;
        }
        if ( !strncmp(name, "app/timer-load-", 15) )
            continue;
        CU_ASSERT_EQUAL(strncmp(name, "app/uring-", 10), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(reason, "io_uring_setup: "));
    }
    CU_ASSERT_EQUAL(i, 28 * (COLUMNS + ENGINES));
    CU_ASSERT_EQUAL(skipped, 2 * 5 + 3 + 3 * 4 + 21 * ENGINES);
}

/* What the paradigms are made of. */
static void test_system_call(void)
{
    long long native = median("app/getppid", "native");

    /* Entry, an empty handler and exit: some hundred instructions, and nothing of ours. */
    CU_ASSERT(native > 200 && native < 500);
    /* Namespaces alone add nothing; a container is its filter. */
    CU_ASSERT(median("app/getppid", "namespaces") <= native);
    CU_ASSERT(llabs(median("app/getppid", "container") - median("app/getppid", "seccomp")) <= 40);
    CU_ASSERT(median("app/getppid", "seccomp") > native + 50);
    /* A filter that allows by number costs every call the same; where ktime_get_ts64() carries into the next second
     * it takes six instructions more, whoever asks. */
    CU_ASSERT(llabs(median("app/clock-syscall", "seccomp") - median("app/clock-syscall", "native") -
                    (median("app/getppid", "seccomp") - native)) <= 6);
    /* Another kernel in a process is tens of times as dear, by ptrace more so. */
    CU_ASSERT(median("app/getppid", "gvisor") > 20 * native);
    CU_ASSERT(median("app/getppid", "gvisorptrace") > median("app/getppid", "gvisor"));
    /* As a guest's kernel, whose application need not leave the guest, it is a few times as dear. */
    CU_ASSERT(median("app/getppid", "gvisorkvm") > 2 * native);
    CU_ASSERT(median("app/getppid", "gvisorkvm") < median("app/getppid", "gvisor") / 5);
}

/* What has to be there before the application runs: libc; namespaces, and a filter that is compiled; a
 * kernel in a process; an engine; a kernel that boots. */
static void test_start(void)
{
    long long native = median("app/start", "native");

    CU_ASSERT(native > 50000 && native < 2000000);
    CU_ASSERT(median("app/start", "namespaces") > 5 * native);
    CU_ASSERT(median("app/start", "container") > median("app/start", "namespaces"));
    CU_ASSERT(median("app/start", "gvisor") > 2 * median("app/start", "container"));
    CU_ASSERT(median("app/start", "linuxkvm") > 2 * median("app/start", "gvisor"));
    CU_ASSERT(median("app/start", "linuxkvmpc") > median("app/start", "gvisor"));
    /* Little is there to be looked for. */
    CU_ASSERT(median("app/start", "linuxmicrovm") < median("app/start", "linuxkvmpc"));
    CU_ASSERT(median("app/start", "wasm2c") < 10 * native);
    CU_ASSERT(median("app/start", "wasmedge") > 10 * median("app/start", "wasm2c"));
}

/* A profile is looked at where a file is opened or a signal sent, not where the kernel is asked for a
 * number. */
static void test_apparmor(void)
{
    CU_ASSERT_EQUAL(median("app/getppid", "apparmor"), median("app/getppid", "native"));
    CU_ASSERT(median("app/open-close", "apparmor") > median("app/open-close", "native") + 500);
    CU_ASSERT(median("app/signal", "apparmor") > median("app/signal", "native"));
}

/* WASI's calls are the kernel's, and what the engine looks at before: nearly nothing in the floor. */
static void test_wasi(void)
{
    static const char *const rows[] = { "app/clock-syscall", "app/pread-4k", "app/read-4k",
                                        "app/open-close" };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        long long native = median(rows[i], "native");

        CU_ASSERT(median(rows[i], "wasm2c") >= native && median(rows[i], "wasm2c") < native + 200);
        CU_ASSERT(median(rows[i], "wasmedge") > median(rows[i], "wasm2c"));
        CU_ASSERT(median(rows[i], "wasmedgeint") > median(rows[i], "wasmedge"));
    }
    /* The kernel's page is the same whoever touches it. */
    CU_ASSERT(llabs(median("app/page-fault", "wasm2c") - median("app/page-fault", "native")) < 100);
}

/* Who enters no kernel pays no more anywhere; but Xen's clock is not read by the TSC alone. */
static void test_without_kernel(void)
{
    for ( size_t i = 0; i < COLUMNS; i++ )
    {
        if ( strncmp(columns[i], "linuxp", 6) && strcmp(columns[i], "linuxhvm") )
            CU_ASSERT(median("app/clock-vdso", columns[i]) < 100);
        CU_ASSERT(figure(table(), "app/getppid", columns[i], "overhead") <= 6);
    }
    CU_ASSERT(median("app/clock-syscall", "native") > 4 * median("app/clock-vdso", "native"));
}

/* overlayfs is between the container and its files, and not between it and its memory. */
static void test_files(void)
{
    CU_ASSERT(median("app/pread-4k", "namespaces") > median("app/pread-4k", "native"));
    CU_ASSERT(median("app/open-close", "container") > median("app/open-close", "native"));
    CU_ASSERT_EQUAL(median("app/page-fault", "namespaces"), median("app/page-fault", "native"));
    /* Limits are counted page by page. */
    CU_ASSERT(median("app/page-fault", "container") > median("app/page-fault", "native"));
    /* A copy of 4 KiB counts 512 iterations of REP MOVSQ at least. */
    CU_ASSERT(median("app/pread-4k", "native") > 512 + median("app/getppid", "native"));
}

/* To wake another thread is dearer than to ask the kernel, by each means. */
static void test_wake_ups(void)
{
    static const char *const rows[] = { "app/futex", "app/eventfd", "app/pipe", "app/epoll",
                                        "app/unix-socket", "app/udp-64b" };

    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        for ( size_t k = 0; k < COLUMNS; k++ )
        {
            CU_ASSERT(median(rows[i], columns[k]) > median("app/getppid", columns[k]));
            /* In gVisor a wake-up is the Go runtime's, which sometimes spins and sometimes sleeps. */
            if ( strncmp(columns[k], "gvisor", 6) )
                CU_ASSERT(median(rows[i], columns[k]) >= median("app/futex", columns[k]));
        }
    CU_ASSERT(median("app/fork-exec-wait", "native") > 5 * median("app/thread", "native"));
}

/* Another process is woken at a thread's price where the kernel switches address spaces by itself; a PV guest
 * has Xen do it, twice in each round trip.  A futex among processes is looked up by its page. */
static void test_processes(void)
{
    static const char *const by[][2] = {
        { "app/pipe", "app/pipe-process" }, { "app/eventfd", "app/eventfd-process" },
    };
    static const char *const in[] = { "native", "seccomp", "container", "linuxpvh", "linuxkvm" };

    for ( size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++ )
    {
        for ( size_t k = 0; k < sizeof(in) / sizeof(in[0]); k++ )
            CU_ASSERT(llabs(median(by[i][1], in[k]) - median(by[i][0], in[k])) <= 300);
        CU_ASSERT(median(by[i][1], "linuxpv") > median(by[i][0], "linuxpv") + 2000);
    }
    for ( size_t k = 0; k < sizeof(in) / sizeof(in[0]); k++ )
        CU_ASSERT(median("app/futex-process", in[k]) > median("app/futex", in[k]) + 1000);
    CU_ASSERT(median("app/futex-process", "gvisor") > 2 * median("app/futex-process", "native"));
}

/* A guest's system calls are its own kernel's: where the hardware holds it, no hypervisor sees
 * them; a PV guest's go through Xen, and so do the changes of its page tables. */
static void test_guests(void)
{
    static const char *const calls[] = { "app/getppid", "app/clock-vdso", "app/clock-syscall", "app/pread-4k",
                                         "app/open-close", "app/page-fault" };
    long long native = median("app/getppid", "native");

    CU_ASSERT(llabs(median("app/getppid", "linuxpvh") - native) <= 60);
    /* What an HVM domain has beside, a device model and its firmware's devices, is in no system call. */
    for ( size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++ )
        CU_ASSERT(llabs(median(calls[i], "linuxhvm") - median(calls[i], "linuxpvh")) <= 20);
    CU_ASSERT(llabs(median("app/getppid", "linuxkvm") - native) <= 6);
    CU_ASSERT(llabs(median("app/getppid", "linuxmicrovm") - native) <= 6);
    CU_ASSERT(llabs(median("app/getppid", "linuxkvmpc") - native) <= 6);
    CU_ASSERT(median("app/getppid", "linuxpv") > 2 * native);
    CU_ASSERT(2 * median("app/page-fault", "linuxpv") > 3 * median("app/page-fault", "linuxpvh"));
    CU_ASSERT(median("app/fork-exec-wait", "linuxpv") > 2 * median("app/fork-exec-wait", "linuxpvh"));
}

/* A signal is dearer the oftener it comes; by way of a Sentry dearer still, and in a guest there is the
 * hypervisor's share of each tick in it. */
static void test_timers(void)
{
    static const char *const in[] = { "native", "container", "gvisor", "gvisorkvm", "linuxpv", "linuxpvh", "linuxhvm",
                                      "linuxkvm", "linuxmicrovm" };
    static const char *const guests[] = { "linuxpv", "linuxpvh", "linuxhvm", "linuxkvm", "linuxmicrovm", "linuxkvmpc" };

    for ( size_t k = 0; k < sizeof(in) / sizeof(in[0]); k++ )
        CU_ASSERT(median("app/timer-load-100hz", in[k]) < median("app/timer-load-1000hz", in[k]));
    CU_ASSERT(median("app/timer-load-1000hz", "gvisor") > 2 * median("app/timer-load-1000hz", "native"));
    CU_ASSERT(median("app/timer-load-1000hz", "linuxkvm") > median("app/timer-load-1000hz", "linuxpvh"));
    for ( size_t k = 0; k < sizeof(guests) / sizeof(guests[0]); k++ )
        CU_ASSERT(median("app/timer-load-1000hz", guests[k]) > median("app/timer-load-1000hz", "native"));
}

/* Two runs count the same where no other thread has to be woken. */
static void test_repeats(void)
{
    static const char *const rows[] = { "app/getppid", "app/clock-vdso", "app/clock-syscall",
                                        "app/pread-4k", "app/read-4k", "app/open-close" };
    static const char path[] = "build/test-app-again.json";
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "native,container", "-o",
                                  path, rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], NULL);
    json_t *again;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Host: the lab, Linux without Xen"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the figure of the same row in native"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "Xen lacks"));
    program_free(&r);
    again = json_load_file(path, 0, NULL);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
    {
        CU_ASSERT_EQUAL(figure(again, rows[i], "native", "median"), median(rows[i], "native"));
        CU_ASSERT_EQUAL(figure(again, rows[i], "container", "median"), median(rows[i], "container"));
    }
    json_decref(again);
}

/* What containers and sandboxes are made of, one by one. */
static void test_mechanisms(void)
{
    static const char path[] = "build/test-mechanism.json";
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "native,seccomp", "-o",
                                  path, "mechanism", "app/getppid", "app/open-close", "app/futex",
                                  "app/pread-4k", "app/page-fault", "app/eventfd", "app/udp-64b", NULL);
    json_t *results = json_load_file(path, 0, NULL), *row;
    size_t i, count = 0;

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    json_array_foreach(json_object_get(results, "rows"), i, row)
        if ( !strcmp(json_string_value(json_object_get(row, "mode")), "native") &&
             (strncmp(json_string_value(json_object_get(row, "row")), "mechanism/was", 13) ||
              !strcmp(json_string_value(json_object_get(row, "row")), "mechanism/wasm-load")) )
        {
            CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(row, "status")), "success");
            count++;
        }
    CU_ASSERT_EQUAL(count, 34 + 7);
#define COST(row) figure(results, row, "native", "median")
    /* A filter that allows by number costs a bit in a map, and is what a container's costs;
     * one that is run costs by its length. */
    CU_ASSERT(llabs(COST("mechanism/seccomp-cached") - figure(results, "app/getppid", "seccomp", "median")) <= 40);
    CU_ASSERT(COST("mechanism/seccomp-cached") > COST("app/getppid"));
    CU_ASSERT(COST("mechanism/seccomp-1") > COST("mechanism/seccomp-cached"));
    CU_ASSERT(COST("mechanism/seccomp-10") > COST("mechanism/seccomp-1"));
    CU_ASSERT(COST("mechanism/seccomp-100") > COST("mechanism/seccomp-10") + 90);
    /* Who has another process answer pays for waking it, by ptrace twice. */
    CU_ASSERT(COST("mechanism/seccomp-trap") > COST("mechanism/seccomp-100"));
    CU_ASSERT(COST("mechanism/seccomp-notif") > COST("app/futex"));
    CU_ASSERT(COST("mechanism/ptrace") > 2 * COST("mechanism/seccomp-notif"));
    /* A filter names what the tracer is to see: one stop, not two. */
    CU_ASSERT(COST("mechanism/seccomp-trace") > COST("mechanism/seccomp-notif"));
    CU_ASSERT(COST("mechanism/seccomp-trace") < COST("mechanism/ptrace"));
    /* Who counts system calls makes each take the long way in. */
    CU_ASSERT(COST("mechanism/bpf-tracepoint") > COST("app/getppid") + 50);
    /* A cgroup's controllers are paid at memory and at wake-ups, by less than these themselves. */
    CU_ASSERT(COST("mechanism/cgroup-page-fault") > COST("app/page-fault"));
    CU_ASSERT(COST("mechanism/cgroup-eventfd") > COST("app/eventfd"));
    CU_ASSERT(COST("mechanism/cgroup-eventfd") < 2 * COST("app/eventfd"));
    CU_ASSERT(COST("mechanism/overlay-pread-4k") > COST("app/pread-4k"));
    CU_ASSERT(COST("mechanism/overlay-open-close") > COST("app/open-close"));
    /* A hop is a link more; a bridge is one between two. */
    CU_ASSERT(COST("mechanism/veth-udp-64b") > COST("app/udp-64b"));
    CU_ASSERT(COST("mechanism/bridge-udp-64b") > COST("mechanism/veth-udp-64b") + 1000);
    CU_ASSERT(COST("mechanism/landlock-open") > COST("app/open-close"));
    CU_ASSERT(COST("mechanism/namespace-user") > COST("mechanism/enter-user"));
    CU_ASSERT(COST("mechanism/enter-mount") > COST("mechanism/enter-net"));
    CU_ASSERT(COST("mechanism/namespace-net") > 2 * COST("mechanism/namespace-mount"));
    CU_ASSERT(COST("mechanism/namespace-uts") > COST("mechanism/enter-uts"));
#undef COST
    json_decref(results);
}

/* In and out of a module without a kernel. */
static void test_wasm(void)
{
    static const char path[] = "build/test-wasm.json";
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "native,wasm2c,wasmedge,wasmedgeint",
                                  "-o", path, "mechanism/wasm-call-in", "mechanism/wasm-call-out",
                                  "mechanism/wasi-call", "mechanism/wasm-load", "app/getppid", NULL);
    json_t *results = json_load_file(path, 0, NULL);
    long long call;

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
#define WASM(row, column) figure(results, row, column, "median")
    call = WASM("app/getppid", "native");
    /* A call into a sandbox of this kind, and out of it, is below a system call. */
    CU_ASSERT(WASM("mechanism/wasm-call-in", "wasm2c") < call / 4);
    CU_ASSERT(WASM("mechanism/wasm-call-out", "wasm2c") < call / 4);
    CU_ASSERT(WASM("mechanism/wasi-call", "wasm2c") < call / 4);
    /* An engine's library has more to do at each. */
    CU_ASSERT(WASM("mechanism/wasm-call-in", "wasmedge") > call);
    CU_ASSERT(WASM("mechanism/wasi-call", "wasmedge") > WASM("mechanism/wasm-call-out", "wasmedge"));
    /* Compiled, a load's bounds are not looked at; interpreted, each instruction is. */
    CU_ASSERT(WASM("mechanism/wasm-load", "wasm2c") < 3 * WASM("mechanism/wasm-load", "native"));
    CU_ASSERT(WASM("mechanism/wasm-load", "wasmedge") < 3 * WASM("mechanism/wasm-load", "native"));
    CU_ASSERT(WASM("mechanism/wasm-load", "wasmedgeint") > 50 * WASM("mechanism/wasm-load", "wasmedge"));
#undef WASM
    json_decref(results);
}

void suite_paradigms(void)
{
    CU_pSuite suite = CU_add_suite("paradigms", NULL, NULL);

    CU_add_test(suite, "Linux without Xen", test_linux_alone);
    CU_add_test(suite, "its status", test_status);
    CU_add_test(suite, "every row, everywhere", test_every_row);
    CU_add_test(suite, "what a system call costs", test_system_call);
    CU_add_test(suite, "without a kernel", test_without_kernel);
    CU_add_test(suite, "start-up", test_start);
    CU_add_test(suite, "AppArmor", test_apparmor);
    CU_add_test(suite, "WASI", test_wasi);
    CU_add_test(suite, "files and memory", test_files);
    CU_add_test(suite, "wake-ups", test_wake_ups);
    CU_add_test(suite, "another process", test_processes);
    CU_add_test(suite, "Linux guests", test_guests);
    CU_add_test(suite, "timers", test_timers);
    CU_add_test(suite, "two runs", test_repeats);
    CU_add_test(suite, "mechanisms", test_mechanisms);
    CU_add_test(suite, "WebAssembly", test_wasm);
}
