/*
 * The way it is taught: `xenometer backend` in dom0, then a domain made by
 * hand with `xl create` and a file from configs/.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

static void by_hand(const char *mode, bool backend_first)
{
    char script[600], config[64];
    struct outcome_of r;

    snprintf(config, sizeof(config), "configs/%s.cfg", mode);
    snprintf(script, sizeof(script),
             "mkdir -p build; ln -s $PWD/xenometer.elf build/; "
             "%s"
             "xl create %s.cfg 'kernel=\"xenometer.elf\"' "
             "'firmware_override=\"'$PWD'/xenometer.elf\"' >&2; "
             "%s wait; echo backend ended with $?; xl list; xenstore-ls /local/domain/0/backend; true",
             backend_first ? "./xenometer backend --once hypercall/null ring/echo-64b & sleep 2; " : "",
             mode,
             backend_first ? "" : "sleep 2; ./xenometer backend --once hypercall/null ring/echo-64b & ");
    r = program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                "--push", config, "--", "sh", "-c", script, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ring/echo-64b"));
    /* Also by hand the table knows which clock it shows. */
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "instructions"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "backend ended with 0"));
    /* Nothing left: no domain, no backend directory. */
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

static void test_pv(void)   { by_hand("pv", true); }
static void test_pvh(void)  { by_hand("pvh", false); }
static void test_hvm(void)  { by_hand("hvm", true); }

/* A command in dom0: its output and its exit status come through. */
static void test_lab_run(void)
{
    struct outcome_of r = program("lab", "run", "--", "xl", "info", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "virt_caps"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hvm hap"));
    program_free(&r);
    /* Options before the subcommand, as --help writes them, and those of dom0's command. */
    r = program("lab", "-q", "run", "echo", "-n", "hello", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "hello");
    program_free(&r);
    r = program("lab", "run", "--", "sh", "-c", "echo wrong >&2; exit 7", NULL);
    CU_ASSERT_EQUAL(r.status, 7);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "wrong"));
    program_free(&r);
}

static void test_xenstored_dead(void)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer",
        "--push", "build/xenometer.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "kill -9 $(cat /run/xenstored.pid); sleep 1; ./xenometer run --host=xen --image=xenometer.elf "
        "--configs=. -m pv hypercall/null; echo ended with $?", NULL);

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "xenstored"));
    program_free(&r);
}

static void test_not_root(void)
{
    struct outcome_of r = program_in_dom0(
        "mkdir -p /etc; echo nobody:x:99:99::/:/bin/sh > /etc/passwd; chmod 777 .; su nobody -c './xenometer run --host=xen --image=xenometer.elf "
        "--configs=. -m pv hypercall/null'; echo ended with $?");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "root"));
    program_free(&r);
}

/* What `xl list` and XenStore show of domains of ours: nothing. */
#define LEFT_BEHIND "; xl list; xenstore-ls /local/domain/0/backend 2>&1 | grep xenometer; true"

/* Ended while a row runs: domain, directories and device model are gone. */
static void test_terminated_in_dom0(void)
{
    /* setsid: a shell without a terminal starts jobs with SIGINT ignored. */
    struct outcome_of r = program_in_dom0(
        "end() { (trap - INT; exec setsid ./xenometer run --host=xen --image=xenometer-test.elf "
        "--configs=. -m $1 test/hang) & "
        "while ! xl list | grep -q xenometer-; do sleep 0.1; done; sleep 0.2; "
        "kill -$2 $(pidof xenometer); wait $!; echo $1 ended with $?" LEFT_BEHIND
        "; pidof xen-qemu-system-i386 && echo a device model is left; }; "
        "end pv TERM; end pvh INT; end hvm HUP");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "pv ended with 143"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "pvh ended with 130"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hvm ended with 129"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Domain-0"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer = "));
    CU_ASSERT_PTR_NULL(strstr(r.out, "left"));
    program_free(&r);
}

/* After kill -9 the domain stays; the next run says so and clears it away. */
static void test_killed_in_dom0(void)
{
    struct outcome_of r = program_in_dom0(
        "./xenometer run --host=xen --image=xenometer-test.elf --configs=. -m pvh test/hang & "
        "while ! xl list | grep -q xenometer-; do sleep 0.1; done; sleep 0.2; "
        "kill -9 $!; sleep 0.2; "
        "./xenometer run --host=xen --image=xenometer.elf --configs=. --boots=1 -m pvh hypercall/null "
        ">/dev/null; echo ended with $?" LEFT_BEHIND);

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "left behind"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
}

/* By Linux's rule of thumb dom0 grants no device model of QEMU 10 its map cache. */
static void test_device_model_dies(void)
{
    struct outcome_of r = program_in_dom0("echo 0 >/proc/sys/vm/overcommit_memory; "
        "./xenometer run --host=xen --image=xenometer.elf --configs=. -m hvm --boots=1 "
        "hypercall/null; echo ended with $?" LEFT_BEHIND);

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "the device model said:"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "allocate"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
}

/* The other XenStore daemon, Debian's default: the same, at another price. */
static void test_oxenstored(void)
{
    const char *script =
        "kill -9 $(cat /run/xenstored.pid) $(pidof xenconsoled); "
        /* Where there is no daemon, xen-init-dom0 waits for one until the deadline. */
        "oxenstored --pid-file /run/oxenstored.pid || exit 1; sleep 1; timeout 60 xen-init-dom0; "
        "xenconsoled --log=all --log-dir=/var/log/xen; "
        "./xenometer run --host=xen --image=xenometer.elf --configs=. "
        "--boots=1 -m $0 'xenstore/*' ring/echo-64b port/ioreq; echo ended with $?" LEFT_BEHIND;
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                                  "--push", "configs/pv.cfg", "--push", "configs/hvm.cfg", "--", "sh", "-c",
                                  script, tests_take_long ? "pv,hvm" : "pv", NULL);

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xenstore/watch-fire"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer = "));
    program_free(&r);
}

/*
 * What a process in dom0 keeps in vector registers is there after a page fault and after other
 * vCPUs ran: two CPUs, shared by dom0's two vCPUs and two domains.  With Xen's lazy switching
 * one check in some hundreds failed (machines/qemu/machine.c), and three runs of three.
 */
static void test_registers(void)
{
    struct outcome_of r = program("lab", "run", "--clock=fast", "--push", "build/linux-registers",
        "--push", "build/xenometer", "--push", "build/xenometer.elf", "--push", "configs/pvh.cfg",
        "--", "sh", "-c",
        "./xenometer run --host=xen --image=xenometer.elf --configs=. --row-deadline=500 -m pvh "
        "-n 8192 neighbours/2 >/dev/null 2>&1 & "
        "while [ $(xl list | grep -c xenometer-) -lt 2 ]; do sleep 0.1; done; "
        "./linux-registers $0; s=$?; kill $(pidof xenometer); wait; exit $s",
        "12", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, " checks, 0 failed\n"));
    program_free(&r);
}

/* What xl says against a config file reaches the user as the row's reason. */
static void test_wrong_config(void)
{
    struct outcome_of r = program_in_dom0(
        "echo 'memory = many' > pv.cfg; "
        "./xenometer run --host=xen --image=xenometer.elf --configs=. -m pv hypercall/null; "
        "echo ended with $?" LEFT_BEHIND);

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xl"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
}

void suite_backend(void)
{
    CU_pSuite s = CU_add_suite("by hand in dom0", NULL, NULL);

    CU_add_test(s, "lab run", test_lab_run);
    CU_add_test(s, "PV, backend first", test_pv);
    CU_add_test(s, "PVH, domain first", test_pvh);
    CU_add_test(s, "HVM, backend first", test_hvm);
    CU_add_test(s, "xenstored not running", test_xenstored_dead);
    CU_add_test(s, "not root on a Xen host", test_not_root);
    CU_add_test(s, "a run ended by signals in dom0", test_terminated_in_dom0);
    CU_add_test(s, "a run killed in dom0", test_killed_in_dom0);
    CU_add_test(s, "a config file xl refuses", test_wrong_config);
    CU_add_test(s, "a device model that dies", test_device_model_dies);
    add_both(s, "oxenstored", test_oxenstored);
    add_long(s, "vector registers in dom0", test_registers);
}
