/*
 * Hostile backends: build/xenometer-evil (tests/evil/) against the unikernel's own drivers.
 * The row is over with one line that says what was wrong, and the next one runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* A domain of each mode suffers them all. */
static void test_cases(void)
{
    struct outcome_of r = program("attack", "--host=lab", "--json", "-m",
                                  tests_take_long ? "pv,hvm" : "pv", "B", NULL);

    expect_attacks(&r, "");
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* What is changed while it is looked at takes two CPUs at once, which wait for each other by
 * turning: in short the frontend that changes a disk's requests and their segments. */
static void test_flips(void)
{
    struct outcome_of r = tests_take_long ?
        program("attack", "--host=lab", "--json", "--clock=fast", "--quick", "-m", "pv,hvm", "F6",
                "F7", "B5", NULL) :
        program("attack", "--host=lab", "--json", "--clock=fast", "--quick", "-m", "pv", "F7", NULL);

    expect_attacks(&r, "");
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/*
 * Calls of ours that fail (tests/evil/faults.c), one at a time: who serves says which and ends, or
 * goes on without what it can do without, and says that.  Nothing is left behind.
 */
#define BACKEND "backend"
#define FOR_ONE "backend --once --domain xenometer-pv"
#define DISK    "disk xenometer-pv image"
#define NET     "net xenometer-pv"
#define ROW     "run --host=xen --configs=. --boots=1 --samples=3 --modes=pv ring/echo-64b"
#define IOREQ   "run --host=xen --configs=. --boots=1 --samples=3 --modes=hvm port/ioreq"
static const struct {
    const char *fault, *command, *says;
    int status;
} faults[] = {
    { "epoll_create1", BACKEND, "cannot make an epoll: Too many open files", 3 },
    { "pipe2", BACKEND, "cannot make a pipe: Too many open files", 3 },
    { "timerfd_create", BACKEND, "cannot make a timer: Too many open files", 3 },
    { "epoll_ctl", BACKEND, "cannot make an epoll entry: No space left on device", 3 },
    { "epoll_ctl:3", BACKEND, "cannot wait for XenStore: No space left on device", 3 },
    { "xs_open", BACKEND, "cannot talk to xenstored: Too many open files", 3 },
    { "xs_watch", BACKEND, "cannot watch XenStore: Argument list too long", 3 },
    { "xenevtchn_open", BACKEND, "cannot open /dev/xen/evtchn: Too many open files", 3 },
    { "xengnttab_open", BACKEND, "cannot open /dev/xen/gntdev: Too many open files", 3 },
    { "bind", FOR_ONE, "cannot claim /local/domain/0/backend/xenometer/1/0: Permission denied", 1 },
    { "xs_watch:3", FOR_ONE, "cannot watch domain 1: Argument list too long", 1 },
    { "xs_watch:4", FOR_ONE, "cannot watch domain 1: Argument list too long", 1 },
    { "xs_transaction_start", FOR_ONE, "cannot write the device xenometer/0 of domain 1", 1 },
    { "xs_mkdir", FOR_ONE, "cannot write the device xenometer/0 of domain 1", 1 },
    { "xs_set_permissions", FOR_ONE, "cannot write the device xenometer/0 of domain 1", 1 },
    { "xs_write", FOR_ONE, "cannot write the device xenometer/0 of domain 1", 1 },
    { "bind", DISK, "cannot claim xvdb of domain 1: Permission denied", 3 },
    { "flock", DISK, "image: No locks available", 3 },
    { "xs_watch:3", DISK, "cannot watch domain 1: Argument list too long", 3 },
    { "xs_transaction_start", DISK, "cannot write the device vbd/51728 of domain 1", 3 },
    { "bind", NET, "cannot claim network interface 1 of domain 1: Permission denied", 3 },
    { "xs_watch:3", NET, "cannot watch domain 1: Argument list too long", 3 },
    { "xs_transaction_start", NET, "cannot write the device vif/1 of domain 1", 3 },
    /* Somebody else wrote meanwhile: once more. */
    { "xs_transaction_end", ROW, "creating a domain", 0 },
    { "pthread_create", ROW, "no thread to watch the rest (Resource temporarily unavailable)", 0 },
    { "xenevtchn_bind_unbound_port", ROW, "no thread to watch the rest (No space left on device)", 0 },
    { "xengntshr_open", ROW, "creating a domain", 0 },   /* copies are by address */
    { "xenevtchn_pending:4", ROW, "cannot read events: Input/output error", 3 },
    { "xenforeignmemory_open", IOREQ, "creating a domain", 0 },   /* the row is skipped */
    { "xendevicemodel_create_ioreq_server", IOREQ, "cannot create it: No space left on device", 0 },
    { "xendevicemodel_map_io_range_to_ioreq_server", IOREQ, "cannot claim its ports: File exists", 0 },
    { "xendevicemodel_map_io_range_to_ioreq_server:2", IOREQ, "cannot claim its page: File exists", 0 },
    { "xendevicemodel_set_ioreq_server_state", IOREQ, "cannot enable it: Device or resource busy", 0 },
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

static void test_faults(void)
{
    char *script = NULL, *line, *rest;
    struct outcome_of r;
    size_t size;
    FILE *f = open_memstream(&script, &size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs("try() { n=$1; shift; XENOMETER_FAULT=$n timeout 2 ./xenometer-evil \"$@\" >/dev/null 2>err; "
          "echo $? $(cat err); }; row() { n=$1; shift; XENOMETER_FAULT=$n ./xenometer-evil \"$@\" >/dev/null 2>err; "
          "echo $? $(cat err); }; xl create -qp pv.cfg \"kernel='$PWD/xenometer.elf'\" >&2; truncate -s 1M image\n", f);
    for ( size_t i = 0; i < FAULTS; i++ )
    {
        bool row = !strncmp(faults[i].command, "run", 3);

        if ( row && strncmp(faults[i - 1].command, "run", 3) )
            fputs("xl destroy xenometer-pv\n", f);
        fprintf(f, "%s %s %s\n", row ? "row" : "try", faults[i].fault, faults[i].command);
    }
    fputs("xl list | tail -n +3; xenstore-ls /local/domain/0/backend 2>/dev/null | grep xenometer; true", f);
    fclose(f);
    r = program_named("build/xenometer-evil", "lab", "run", "--push", "build/xenometer-evil", "--push",
                      "build/xenometer.elf", "--push", "configs/pv.cfg", "--push", "configs/hvm.cfg", "--",
                      "sh", "-c", script, NULL);
    free(script);
    rest = r.out;
    for ( size_t i = 0; i < FAULTS; i++ )
    {
        bool right;

        line = strsep(&rest, "\n");
        right = line && atoi(line) == faults[i].status && strstr(line, faults[i].says);
        if ( !right )
            fprintf(stderr, "%s fails in %s: expected %d and \"%s\", got: %s\n", faults[i].fault,
                    faults[i].command, faults[i].status, faults[i].says, line ? line : "nothing");
        CU_ASSERT(right);
    }
    CU_ASSERT(rest && !*rest);   /* no domain, no device */
    program_free(&r);
}

void suite_evil(void)
{
    CU_pSuite s = CU_add_suite("a hostile backend", NULL, NULL);

    add_both(s, "every case", test_cases);
    add_both(s, "requests and answers that change", test_flips);
    add_long(s, "calls that fail", test_faults);
}
