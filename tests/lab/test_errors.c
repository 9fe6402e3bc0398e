/* What can go wrong: a clear line, the right exit status, nothing left. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

#define TEST_IMAGE "--image=build/xenometer-test.elf"

static const char *const domains[] = { "pv", "pvh", "hvm" };
#define DOMAINS (tests_take_long ? 3u : 1u)

/* Usage errors are found before anything is started. */
static void test_usage(void)
{
    struct outcome_of r;

#define REFUSED(wanted, text, ...)                      \
    r = program(__VA_ARGS__, NULL);                     \
    CU_ASSERT_EQUAL(r.status, wanted);                  \
    CU_ASSERT(is_one_line_error(&r, text));             \
    program_free(&r)

    REFUSED(2, "hypercal/*", "run", "hypercal/*");
    REFUSED(2, "no-such/row", "run", "no-such/row");
    REFUSED(2, "pvx", "run", "--modes=pvx");
    REFUSED(2, "--samples", "run", "--samples=0");
    REFUSED(2, "--samples", "run", "--samples=-3");
    REFUSED(2, "--samples", "run", "--samples=many");
    REFUSED(2, "--samples", "run", "--samples=99999999999999999999");
    REFUSED(2, "/no/such/directory", "run", "--output=/no/such/directory/x.json");
    REFUSED(2, "--clock", "run", "--clock=sundial");
    REFUSED(2, "frobnicate", "frobnicate");
    REFUSED(2, "such as trixie", "run", "--lab-suite=../x");
    REFUSED(2, "such as trixie", "lab", "build", "--lab-suite=Trixie main");
    REFUSED(2, "such as trixie", "trace", "--lab-suite=-", "hypercall/null");
    REFUSED(2, "--host=lab", "run", "--host=xen", "--lab-suite=trixie");
    REFUSED(2, "must be xen or linux", "lab", "run", "--system=hurd", "--", "true");
    REFUSED(2, "--cpu=amd", "lab", "run", "--system=linux", "--cpu=intel", "--", "true");
    REFUSED(2, "no place in it", "lab", "run", "--system=linux", "--xen-options=x", "--", "true");
    /* Not a terminal: it would wait for an end that never comes. */
    CU_ASSERT_EQUAL(WEXITSTATUS(system("build/xenometer lab shell </dev/null 2>build/test-shell.txt; "
                                       "s=$?; grep -q 'lab run -- sh' build/test-shell.txt && exit $s")), 2);
    unlink("build/test-shell.txt");
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    fclose(out);
}

/* A row's whole result; `median` is a number. */
#define RESULTS(clock, row, median)                                                    \
    "{\"schema\": \"xenometer/1\", \"environment\": {\"clock\": \"" clock "\"}, \"rows\": [" \
    "{\"row\": \"" row "\", \"mode\": \"pv\", \"status\": \"success\", "                 \
    "\"median\": " median "}]}"

/* Exit statuses of compare, by which it guards a tree. */
static void test_compare(void)
{
    static const char old[] = "build/test-old.json", new[] = "build/test-new.json";
    static const char known[] = "build/test-known.txt";
    struct outcome_of r;

    write_file(old, RESULTS("instructions", "a/b", "1000"));
    r = program("compare", old, old, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    program_free(&r);

    write_file(new, RESULTS("instructions", "a/b", "1020"));
    REFUSED(1, "1 change is beyond the threshold of 1 %", "compare", "-t", "1", old, new);
    REFUSED(1, "1 change is beyond what is allowed", "compare", "--allow=19", old, new);
    r = program("compare", "--allow=20", old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "+20"));
    program_free(&r);

    write_file(known, "a/*:pv because\n");
    r = program("compare", "--explained", known, old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "because"));
    program_free(&r);
    write_file(known, "a/*:hvm because\n");
    r = program("compare", "--explained", known, old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, ":1: nothing changed in a/*"));
    program_free(&r);
    write_file(known, "a/*\n");
    REFUSED(2, "no reason", "compare", "--explained", known, old, new);
    REFUSED(2, "--allow", "compare", "--allow=-1", old, new);

    /* Gone, new, and what no figure can be set beside. */
    write_file(new, RESULTS("instructions", "c/d", "1000"));
    REFUSED(1, "1 change is", "compare", "-t", "50", old, new);
    write_file(new, RESULTS("cycles", "a/b", "1000"));
    REFUSED(2, "different clocks", "compare", old, new);
    unlink(old);
    unlink(new);
    unlink(known);
}

static json_t *broken;   /* one run of all rows that go wrong, and one that does not */

/* The deadline, in the lab's seconds, is for each row. */
static void test_broken(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--boots=1", TEST_IMAGE,
                                  tests_take_long ? "--modes=pv,pvh,hvm,bare" : "--modes=pv",
                                  "--row-deadline=1", "--samples=200", "test/crash", "test/hang",
                                  "test/leave", "test/failure", "test/skip", "hypercall/null",
                                  "ring/stream-depth-1", "ring/stream-depth-32", NULL);

    broken = json_loads(r.out, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(broken);
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
    for ( size_t m = 0; m < DOMAINS; m++ )
        CU_ASSERT_STRING_EQUAL(text_of(broken, "hypercall/null", domains[m], "status"), "success");
}

/* The broken row is marked, with its reason. */
static void goes_wrong(const char *row, const char *status, const char *reason)
{
    for ( size_t m = 0; m < DOMAINS; m++ )
    {
        CU_ASSERT_STRING_EQUAL(text_of(broken, row, domains[m], "status"), status);
        if ( !strstr(text_of(broken, row, domains[m], "reason"), reason) )
        {
            fprintf(stderr, "%s in %s: \"%s\" lacks \"%s\"\n", row, domains[m],
                    text_of(broken, row, domains[m], "reason"), reason);
            CU_FAIL("reason");
        }
    }
}

static void test_crash(void)   { goes_wrong("test/crash", "error", "page fault"); }
static void test_hang(void)    { goes_wrong("test/hang", "error", "1 s"); }
static void test_leave(void)   { goes_wrong("test/leave", "error", "shut"); }
/* A ring whose row was given up in the middle serves the next. */
static void test_given_up(void)
{
    goes_wrong("ring/stream-depth-1", "error", "gave the row up");
    for ( size_t m = 0; m < DOMAINS; m++ )
        CU_ASSERT_STRING_EQUAL(text_of(broken, "ring/stream-depth-32", domains[m], "status"), "success");
}

static void test_failure(void) { goes_wrong("test/failure", "failure", "wrong answer"); }
static void test_skip(void)    { goes_wrong("test/skip", "skip", "flux"); }

static void after(unsigned tenths)
{
    struct timespec t = { .tv_sec = tenths / 10, .tv_nsec = (tenths % 10) * 100000000l };

    nanosleep(&t, NULL);
}

static bool wait_for_qemu(void)
{
    for ( int i = 0; i < 300; i++, after(1) )
        if ( qemu_count() )
            return true;
    return false;
}

static void stopped_by(int signal_number, int wanted)
{
    static const char out[] = "build/test-signal.out", err[] = "build/test-signal.err";
    pid_t pid = program_start(out, err, "run", "--host=lab", "--labs=2", NULL);
    int status;

    CU_ASSERT(wait_for_qemu());
    after(15);
    kill(pid, signal_number);
    status = program_wait(pid, 60);
    if ( status != wanted )
        fprintf(stderr, "after signal %d: status %d, not %d\n", signal_number, status, wanted);
    CU_ASSERT_EQUAL(status, wanted);
    after(5);
    CU_ASSERT_EQUAL(qemu_count(), 0);
    unlink(out);
    unlink(err);
}

static void works_again(void)
{
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "hypercall/null", "--modes=pv", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void test_interrupt(void)
{
    stopped_by(SIGINT, 130);
    works_again();
}

static void test_kill(void)
{
    stopped_by(SIGKILL, 128 + SIGKILL);
    works_again();
}

static void test_qemu_killed(void)
{
    static const char out[] = "build/test-signal.out", err[] = "build/test-signal.err";
    pid_t pid = program_start(out, err, "run", "--host=lab", NULL);

    CU_ASSERT(wait_for_qemu());
    after(15);
    CU_ASSERT_EQUAL(qemu_signal(SIGKILL), 1);
    CU_ASSERT_EQUAL(program_wait(pid, 20), 3);
    CU_ASSERT_EQUAL(qemu_count(), 0);
    unlink(out);
    unlink(err);
}

static void test_deadline(void)
{
    struct outcome_of r = program("run", "--host=lab", "--deadline=2", NULL);

    CU_ASSERT_EQUAL(r.status, 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "deadline"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void test_two_at_once(void)
{
    pid_t a = program_start("build/test-a.out", "build/test-a.err",
                            "run", "--host=lab", "hypercall/null", "-m", "pv", NULL);
    pid_t b = program_start("build/test-b.out", "build/test-b.err",
                            "run", "--host=lab", "hypercall/null", "-m", "pvh", NULL);

    CU_ASSERT_EQUAL(program_wait(a, 120), 0);
    CU_ASSERT_EQUAL(program_wait(b, 120), 0);
    CU_ASSERT_EQUAL(qemu_count(), 0);
    for ( const char *const *f = (const char *const []){ "build/test-a.out", "build/test-a.err",
              "build/test-b.out", "build/test-b.err", NULL }; *f; f++ )
        unlink(*f);
}

static void test_disk_full(void)
{
    struct outcome_of r = program("run", "--host=lab", "hypercall/null", "-m", "pv",
                                  "--output=/dev/full", NULL);

    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "/dev/full"));
    program_free(&r);
}

static void test_no_qemu(void)
{
    char *path = strdup(getenv("PATH"));
    struct outcome_of r;

    setenv("PATH", "/nonexistent", 1);
    r = program("run", "--host=lab", "hypercall/null", "-m", "pv", NULL);
    setenv("PATH", path, 1);
    free(path);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "qemu-system-x86_64"));
    program_free(&r);
}

/* As QEMU will say it one day (plugins/loader.c). */
static void test_newer_qemu(void)
{
    static const char directory[] = "build/test-qemu", path[] = "build/test-qemu/qemu-system-x86_64";
    char *search = getenv("PATH"), *old = strdup(search), *with, *here = realpath("build", NULL);
    struct outcome_of r;

    CU_ASSERT_PTR_NOT_NULL_FATAL(here);
    mkdir(directory, 0755);
    write_file(path, "#!/bin/sh\n"
                     "[ \"$1\" = --version ] && echo 'QEMU emulator version 99.0' && exit 0\n"
                     "echo 'Could not load plugin: plugin requires API version 2, but this QEMU "
                     "supports only a minimum version of 9' >&2\nexit 1\n");
    chmod(path, 0755);
    CU_ASSERT(asprintf(&with, "%s/test-qemu:%s", here, old) > 0);
    setenv("PATH", with, 1);
    r = program("run", "--host=lab", "hypercall/null", "-m", "pv", NULL);
    setenv("PATH", old, 1);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "newer than this program: --without=nrip-save"));
    program_free(&r);
    unlink(path);
    rmdir(directory);
    free(with);
    free(here);
    free(old);
}

void suite_errors(void)
{
    CU_pSuite s = CU_add_suite("bad input and accidents", NULL, NULL);

    CU_add_test(s, "usage errors", test_usage);
    CU_add_test(s, "compare", test_compare);
    add_both(s, "rows beside others that go wrong", test_broken);
    add_both(s, "a domain that crashes in a row", test_crash);
    add_both(s, "a domain that hangs in a row", test_hang);
    add_both(s, "a domain that shuts down in a row", test_leave);
    add_both(s, "a row that is given up in the middle", test_given_up);
    add_both(s, "a row that reports a failure", test_failure);
    add_both(s, "a row that finds it cannot run", test_skip);
    CU_add_test(s, "Ctrl-C", test_interrupt);
    CU_add_test(s, "kill -9", test_kill);
    CU_add_test(s, "QEMU killed from outside", test_qemu_killed);
    CU_add_test(s, "deadline", test_deadline);
    CU_add_test(s, "two runs at once", test_two_at_once);
    CU_add_test(s, "disk full", test_disk_full);
    CU_add_test(s, "no QEMU", test_no_qemu);
    add_long(s, "a QEMU with a newer plugin interface", test_newer_qemu);
}
