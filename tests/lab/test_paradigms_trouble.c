/*
 * The lab without Xen, and this machine's own Linux, where something is missing or in the way: each row
 * skips with the true reason, and nothing is left.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* Rows of applications are not the unikernel's, nor the other way round; nobody fails. */
static void test_elsewhere(void)
{
    struct outcome_of r = program("run", "--host=lab", "-m", "pv", "app/getppid", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "app/getppid in PV: a row of applications"));
    program_free(&r);
    r = program("run", "--host=lab", "-m", "native", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hypercall/null in native: measured by the unikernel"));
    program_free(&r);
    r = program("run", "--host=lab", "-m", "native", "--cpu=intel", "app/getppid", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "--cpu=amd"));
    program_free(&r);
}

/* This machine's own Linux, as far as it lets us: cycles, and nothing left behind. */
static void test_this(void)
{
    static const char path[] = "build/test-this.json";
    struct outcome_of r = program("run", "--host=this", "-o", path, "-m", "native,container,gvisor,pv",
                                  "app/getppid", "app/pread-4k", "app/pipe", "app/fork-exec-wait", NULL);
    json_t *results = json_load_file(path, 0, NULL);
    struct outcome_of left;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Host: this machine's Linux"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "TSC cycles per operation"));
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_object_get(results, "environment"), "host")),
                           "linux");
    CU_ASSERT_STRING_EQUAL(text_of(results, "app/getppid", "gvisor", "reason"),
                           "it is measured in the lab only: --host=lab");
    CU_ASSERT(figure(results, "app/getppid", "native", "median") > 0);
    CU_ASSERT(figure(results, "app/pread-4k", "native", "median") >
              figure(results, "app/getppid", "native", "median"));
    CU_ASSERT(figure(results, "app/fork-exec-wait", "native", "median") >
              figure(results, "app/pipe", "native", "median"));
    json_decref(results);
    left = program_named("/bin/sh", "-c", "mount | grep -c /tmp/xenometer- ; pgrep -x xenometer-app", NULL);
    CU_ASSERT_STRING_EQUAL(left.out, "0\n");
    program_free(&left);
}

/* What stands behind "== NAME" up to the next such line, of one line. */
static const char *part_of(const char *text, const char *name)
{
    static char part[4096];
    char head[64];
    const char *at;

    snprintf(head, sizeof(head), "== %s\n", name);
    at = strstr(text, head);
    snprintf(part, sizeof(part), "%s", at ? at + strlen(head) : "(none)");
    part[strcspn(part, "\n")] = 0;
    return part;
}

/* A Linux that is no lab, where something is missing or a run is ended in the middle. */
static void test_host(void)
{
    static const char pack[] =
        "d=$(mktemp -d) && mkdir $d/libraries && cp build/xenometer build/xenometer.elf build/xenometer-app build/xenometer-vmm "
        "build/xenometer-wire $d && "
        "cp -r configs $d && for l in $(ldd build/xenometer | awk '$3 ~ /^\\// && !/libc[.]so/ {print $3}'); do "
        "cp -L $l $d/libraries; done && tar cf build/host.tar -C $d . && rm -r $d";
    struct outcome_of r = program_named("/bin/sh", "-c", pack, NULL);

    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    program_free(&r);
    r = program("lab", "run", "-q", "--system=linux", "-p", "build/host.tar", "-p", "tests/lab/linux/host.sh",
                "--", "sh", "host.sh", NULL);
    unlink("build/host.tar");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "== end"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "error"));
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "left"), "");
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "container TERM"), "in the middle status 143 ");
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "native TERM"), "in the middle status 143 ");
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "container KILL"), "in the middle status 137 ");
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "native KILL"), "in the middle status 137 ");
    CU_ASSERT_PTR_NULL(strstr(part_of(r.out, "kvm"), "- net/virtio in KVM pc"));
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "kvm TERM"), "in the middle status 143 ");
    CU_ASSERT_STRING_EQUAL(part_of(r.out, "kvm KILL"), "in the middle status 137 ");
    /* Who may use KVM and taps needs no privileges. */
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "kvm-root"), "exit/cpuid-basic in KVM: /dev/kvm: Permission denied: run this with sudo"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "kvm-nobody"), "in KVM pc: QEMU's cards are on taps: cannot make a tap: /dev/net/tun: Permission denied"));
    CU_ASSERT_PTR_NULL(strstr(part_of(r.out, "kvm-user"), "in KVM pc: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "kvm-tap"), "in KVM pc: QEMU's cards are on taps: cannot make a tap: /dev/net/tun: No such file"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "nobody"), "app/getppid in container: it needs root's privileges"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "nobody"), "mechanism/enter-pid in native: unshare: Operation not permitted"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "traced"), "mechanism/ptrace, mechanism/seccomp-trace in native: ptrace: Operation not permitted"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "users"), "app/getppid in namespaces, container: it has a user namespace"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "users"), "mechanism/enter-user in native: there may be no more namespaces"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "version1"), "app/getppid in container: its runtime needs cgroup v2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(part_of(r.out, "version1"), "mechanism/cgroup-eventfd in native: no cgroup v2"));
    program_free(&r);
}

/* Where this machine's /tmp is not as it should be: one line that says what to do, no table, nothing left. */
static void test_temporary(void)
{
    static const struct { const char *mount, *says; } cases[] = {
        { "size=64k", "No space left on device: name a directory with TMPDIR" },
        { "ro", "Read-only file system: name a directory with TMPDIR" },
        { "noexec", "(noexec): name a directory with TMPDIR" },
    };
    static const char run[] = "mount -t tmpfs -o $0 t /tmp && build/xenometer run --host=this --boots=1 -m native,kvm "
                              "app/getppid; s=$?; ls -d /tmp/xenometer-* 2>/dev/null; exit $s";
    struct outcome_of r;

    for ( size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++ )
    {
        r = program_named("/usr/bin/unshare", "-rm", "sh", "-c", run, cases[i].mount, NULL);
        CU_ASSERT_EQUAL(r.status, 3);
        CU_ASSERT_PTR_NULL(strstr(r.out, "app/getppid"));
        CU_ASSERT_PTR_NULL(strstr(r.out, "/tmp/xenometer-"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, cases[i].says));
        program_free(&r);
    }
    setenv("TMPDIR", "build", 1);
    r = program_named("/usr/bin/unshare", "-rm", "sh", "-c", run, cases[0].mount, NULL);
    unsetenv("TMPDIR");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "app/getppid"));
    program_free(&r);
    r = program_named("/bin/sh", "-c", "find build -maxdepth 1 -type d -name 'xenometer-*'", NULL);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    program_free(&r);
}

/* Options that do not go together say which does. */
static void test_refused(void)
{
    struct outcome_of r = program("run", "--host=this", "--cpu=intel", "-m", "native", "app/getppid", NULL);

    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "in the place of --host=this, --host=lab"));
    program_free(&r);
    r = program("run", "--cpu=arm64", "-m", "native", "app/getppid", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "no row of arm64 matches 'app/getppid'"));
    program_free(&r);
    r = program("run", "--cpu=arm64", "-m", "kvmpc", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "it has arm64, kvmarm64"));
    program_free(&r);
}

/* Without packages the columns are skipped, and why is said once. */
static void test_no_packages(void)
{
    char directory[] = "/tmp/xenometer-test-XXXXXX", *cache = getenv("XENOMETER_CACHE");
    char *kept = cache ? strdup(cache) : NULL;
    struct outcome_of r;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    setenv("XENOMETER_CACHE", directory, 1);
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    r = program("run", "--host=lab", "app/getppid", "-m", "native,container", NULL);
    unsetenv("http_proxy");
    if ( kept )
        setenv("XENOMETER_CACHE", kept, 1);
    else
        unsetenv("XENOMETER_CACHE");
    free(kept);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "cannot get the lab's packages"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "in native, container: its lab cannot be had"));
    program_free(&r);
    r = program_named("/bin/rm", "-rf", directory, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
}

/* Ctrl-C in the middle, and a kill: no QEMU is left. */
static void test_interrupted(void)
{
    static const char out[] = "build/test-a.out", err[] = "build/test-a.err";
    static const int signals[] = { SIGINT, SIGKILL };

    for ( size_t i = 0; i < 2; i++ )
    {
        pid_t pid = program_start(out, err, "run", "--host=lab", "-m", "gvisor", "app", NULL);

        for ( unsigned tries = 0; tries < 300 && qemu_count() == 0; tries++ )
            usleep(100000);
        CU_ASSERT(qemu_count() > 0);
        sleep(2);
        kill(pid, signals[i]);
        CU_ASSERT_EQUAL(program_wait(pid, 20), 128 + signals[i]);
        usleep(500000);
        CU_ASSERT_EQUAL(qemu_count(), 0);
    }
    unlink(out);
    unlink(err);
}

void suite_paradigms_trouble(void)
{
    CU_pSuite suite = CU_add_suite("paradigms in trouble", NULL, NULL);

    CU_add_test(suite, "elsewhere", test_elsewhere);
    CU_add_test(suite, "this machine", test_this);
    CU_add_test(suite, "a host that lacks something", test_host);
    CU_add_test(suite, "temporary files", test_temporary);
    CU_add_test(suite, "refused", test_refused);
    CU_add_test(suite, "no packages", test_no_packages);
    CU_add_test(suite, "interrupted", test_interrupted);
}
