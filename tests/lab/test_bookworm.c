/*
 * The lab of another Debian suite: downloads 120 MB the first time, and boots one
 * more snapshot.  bookworm has Xen 4.17, Linux 6.1 and QEMU 7.2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

#define SUITE "--lab-suite=bookworm"

/* The lab's state, as `lab status --json` tells it; NULL: it told none. */
static json_t *lab_status(const char *suite)
{
    struct outcome_of r = program("lab", "status", "--json", suite, NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    program_free(&r);
    return j;
}

/* Seconds and nanoseconds of the last change of a directory of apt's. */
static struct timespec changed(const char *path)
{
    struct stat st = { 0 };

    CU_ASSERT_EQUAL(stat(path, &st), 0);
    return st.st_mtim;
}

static const char *string_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

/* Made beside the usual lab, which stays as it is; the machine's apt too. */
static void test_build(void)
{
    static const char *const apts[] = { "/var/lib/apt/lists", "/var/cache/apt/archives" };
    struct timespec before[2];
    json_t *own = lab_status("--lab-suite="), *still, *suite;
    struct outcome_of r;

    for ( size_t i = 0; i < 2; i++ )
        before[i] = changed(apts[i]);
    r = program("lab", "build", SUITE, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "lab-bookworm-"));
    program_free(&r);
    for ( size_t i = 0; i < 2; i++ )
    {
        struct timespec after = changed(apts[i]);

        CU_ASSERT(after.tv_sec == before[i].tv_sec && after.tv_nsec == before[i].tv_nsec);
    }

    still = lab_status("--lab-suite=");
    suite = lab_status(SUITE);
    CU_ASSERT_STRING_EQUAL(string_of(suite, "suite"), "bookworm");
    CU_ASSERT_EQUAL(strncmp(string_of(suite, "xen"), "4.17.", 5), 0);
    CU_ASSERT_EQUAL(strncmp(string_of(suite, "dom0_kernel"), "6.1.", 4), 0);
    CU_ASSERT(json_is_true(json_object_get(suite, "assembled")));
    CU_ASSERT_STRING_EQUAL(string_of(still, "suite"), "trixie");
    CU_ASSERT_STRING_EQUAL(string_of(still, "xen"), string_of(own, "xen"));
    CU_ASSERT(json_equal(json_object_get(still, "snapshots"), json_object_get(own, "snapshots")));
    json_decref(own);
    json_decref(still);
    json_decref(suite);
}

/* The same rows on that Xen, our program in that dom0 included. */
static void test_run(void)
{
    static const struct {
        const char *row, *modes[4];
    } rows[] = {
        { "hypercall/null", { "pv", "pvh", "hvm" } },      /* Xen alone */
        { "event/roundtrip-idle", { "pv", "pvh", "hvm" } },  /* our process */
        { "grant/copy-4k", { "pv", "pvh", "hvm" } },
        { "port/ioreq", { "hvm" } },                       /* our ioreq server */
        { "port/qemu-ide", { "hvm" } },                    /* the suite's device model */
        { "hypercall/from-dom0-process", { "dom0" } },
    };
    struct outcome_of r = program("run", "--host=lab", SUITE, "--json", "--boots=1",
        "hypercall/null", "event/roundtrip-idle", "grant/copy-4k", "port/ioreq",
        "port/qemu-ide", "hypercall/from-dom0-process", NULL);
    json_t *j = json_loads(r.out, 0, NULL), *environment;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    program_free(&r);
    environment = json_object_get(j, "environment");
    CU_ASSERT_EQUAL(strncmp(string_of(environment, "xen"), "4.17", 4), 0);
    CU_ASSERT_EQUAL(strncmp(string_of(environment, "dom0_kernel"), "6.1.", 4), 0);
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        for ( const char *const *mode = rows[i].modes; *mode; mode++ )
        {
            CU_ASSERT_STRING_EQUAL(text_of(j, rows[i].row, *mode, "status"), "success");
            CU_ASSERT(figure(j, rows[i].row, *mode, "median") > 0);
        }
    /* In PVH a hypercall is an exit, there as here. */
    CU_ASSERT(figure(j, "hypercall/null", "pvh", "median") >
              2 * figure(j, "hypercall/null", "pv", "median"));
    json_decref(j);
}

/* The names of a trace are that Xen's and that dom0's. */
static void test_trace(void)
{
    struct outcome_of r = program("trace", "hypercall/null", SUITE, "--mode=pv", "--limit=0", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Xen 4.17"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "do_xen_version"));
    program_free(&r);
    r = program("trace", "port/ioreq", SUITE, "--limit=0", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ioreq_send"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xen_pv_evtchn_do_upcall"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ioreq_event"));
    program_free(&r);
}

static void run_to(const char *path, const char *suite)
{
    struct outcome_of r = program("run", "--host=lab", suite, "--output", path, "--boots=1",
                                  "--modes=pv,pvh", "hypercall/null", "exit/cpuid-basic", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
}

/* What changed between the two, and the function it changed in. */
static void test_compare(void)
{
    static const char old[] = "build/test-suite-old.json", new[] = "build/test-suite-new.json";
    static const char known[] = "build/test-suite-known.txt";
    struct outcome_of r;
    FILE *f;

    run_to(old, SUITE);
    run_to(new, "--lab-suite=");
    r = program("compare", old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "Xen (4."));
    CU_ASSERT_PTR_NULL(strstr(r.err, "unikernel"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "exit/cpuid-basic"));
    program_free(&r);
    f = fopen(known, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs("hypercall  another Xen\nexit/*:pvh,hvm  another Xen\n", f);
    fclose(f);
    r = program("compare", "--explained", known, old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "another Xen"));
    program_free(&r);
    /* A lab on its own repeats to the instruction. */
    run_to(new, SUITE);
    r = program("compare", old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(old);
    unlink(new);
    unlink(known);

    /* In PVH, Xen reads the guest's instruction: mapping that page is what changed most. */
    r = program("trace", "--host=lab", "hypercall/null", "-m", "pvh", "--against=bookworm", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "(Xen 4.17"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "map_domain_page"));
    program_free(&r);
}

/* One line, and nothing left behind. */
static void test_unknown(void)
{
    struct outcome_of r = program("lab", "build", "--quiet", "--lab-suite=nosuch", NULL);
    json_t *j = lab_status("--lab-suite=nosuch");

    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "no suite nosuch"));
    CU_ASSERT_STRING_EQUAL(string_of(j, "packages"), "none");
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(j, "package_bytes")), 0);
    json_decref(j);
    program_free(&r);

    /* One that was released, and is gone. */
    r = program("lab", "build", "--quiet", "--lab-suite=jessie", NULL);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "no suite jessie"));
    program_free(&r);

    /* A mirror that does not answer. */
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    r = program("lab", "build", "--quiet", "--lab-suite=sid", NULL);
    unsetenv("http_proxy");
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "deb.debian.org"));
    program_free(&r);
}

void suite_bookworm(void)
{
    CU_pSuite s = CU_add_suite("another suite", NULL, NULL);

    CU_add_test(s, "built beside the usual one", test_build);
    CU_add_test(s, "rows run there", test_run);
    CU_add_test(s, "traces name that Xen's functions", test_trace);
    CU_add_test(s, "what changed between two", test_compare);
    CU_add_test(s, "a suite that is not to be had", test_unknown);
}
