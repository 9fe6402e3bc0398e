/*
 * Rows measured from dom0: what their figures must mean, and that no domain is
 * left behind whatever happens to a row that has several.
 */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

static const char *const modes[] = { "pv", "pvh", "hvm" };

static void test_from_dom0(void)
{
    json_t *rows = json_object_get(catalogue(), "rows"), *r;
    size_t i, own = 0;

    LESS(2 * median("hypercall/null", "pv"), median("hypercall/from-dom0-process", "dom0"));
    CU_ASSERT_STRING_EQUAL(text_of(catalogue(), "hypercall/from-dom0-process", "pv", "status"),
                           "skip");
    /* Nobody else has a result, or a skip, in the dom0 mode. */
    json_array_foreach(rows, i, r)
        own += !strcmp(json_string_value(json_object_get(r, "mode")), "dom0");
    CU_ASSERT_EQUAL(own, 1);
}

static void test_phases(void)
{
    for ( size_t i = 0; i < 3; i++ )
    {
        const char *m = modes[i];
        long long boot = median("lifecycle/first-instruction", m) +
                         median("lifecycle/first-hypercall", m) +
                         median("lifecycle/first-event", m) + median("lifecycle/connect", m);

        /* Parts and the whole; xl itself is what remains. */
        LESS(median("lifecycle/build", m) + median("lifecycle/devices", m),
             median("lifecycle/create", m));
        LESS(2 * boot, median("lifecycle/create", m));
        LESS(median("lifecycle/first-instruction", m), median("lifecycle/first-event", m));
        /* A few schedulings, less than half a dom0 process's wake-up. */
        LESS(1000, median("lifecycle/first-instruction", m));
        LESS(median("lifecycle/first-instruction", m), median("event/roundtrip-idle", m));
        LESS(median("lifecycle/first-event", m), median("lifecycle/connect", m));
        LESS(median("xenstore/write", m), median("lifecycle/connect", m));
        if ( tests_take_long )
            LESS(median("lifecycle/create", m), median("lifecycle/restore", m));
    }
    /* The device model. */
    LESS(2 * median("lifecycle/create", "pv"), median("lifecycle/create", "hvm"));
    LESS(2 * median("lifecycle/create", "pvh"), median("lifecycle/create", "hvm"));
    LESS(4 * median("lifecycle/devices", "pv"), median("lifecycle/devices", "hvm"));
    /* Born in long mode; on bare metal's terms; with PCI to look at. */
    LESS(median("lifecycle/first-hypercall", "pv"), median("lifecycle/first-hypercall", "pvh"));
    LESS(median("lifecycle/first-hypercall", "pvh"), median("lifecycle/first-hypercall", "hvm"));
    if ( !tests_take_long )
        return;
    /* Nobody waits for a backend that has gone: half a second, longer than ten creations. */
    LESS(median("lifecycle/save", "pv"), 5 * median("lifecycle/create", "pv"));
    /* A PV domain's frames are numbered from 0 to its end; the others' up to 4 GiB. */
    LESS(4 * median("lifecycle/save", "pv"), median("lifecycle/save", "pvh"));
    LESS(median("lifecycle/save", "pvh"), median("lifecycle/save", "hvm"));
}

static long long served(const char *row, const char *mode, size_t which)
{
    return json_integer_value(json_array_get(json_object_get(
        result_of(catalogue(), row, mode), "served"), which));
}

static void test_neighbours(void)
{
    static const char *const rows[] = {
        "neighbours/1", "neighbours/2", "neighbours/4", "neighbours/8", "neighbours/16",
    };

    for ( size_t m = 0; m < 2; m++ )
    {
        for ( size_t i = 0; i < 5; i++ )
        {
            long long least = served(rows[i], modes[m], 0), most = served(rows[i], modes[m], 1);

            CU_ASSERT(least >= 50 && most >= least && most < 2 * least);
            if ( i == 0 )
                continue;
            /* Each waits longer beside more, but not as much as if all took turns. */
            LESS(median(rows[i - 1], modes[m]), median(rows[i], modes[m]));
            LESS(median(rows[i], modes[m]), (1ll << i) * median(rows[0], modes[m]));
        }
        /* Alone it is the row it repeats. */
        LESS(median(rows[0], modes[m]) * 9, median("ring/echo-64b", modes[m]) * 10);
        LESS(median("ring/echo-64b", modes[m]) * 9, median(rows[0], modes[m]) * 10);
    }
    CU_ASSERT_STRING_EQUAL(text_of(catalogue(), rows[4], "hvm", "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(catalogue(), rows[4], "hvm", "reason"), "QEMU"));
}

static void test_vm_switch(void)
{
    for ( size_t i = 0; i < MODES_WITH_ALL_DOMAINS; i++ )
    {
        LESS(2 * median("sched/yield", modes[i]), median("sched/vm-switch", modes[i]));
        /* No process is woken, no system call made. */
        LESS(median("sched/vm-switch", modes[i]), median("event/roundtrip-idle", modes[i]) / 2);
    }
}

/* Run a script in dom0 with the program, the image and the configs there. */
static struct outcome_of in_dom0(const char *script)
{
    return program("lab", "run", "--push", "build/xenometer",
                   "--push", "build/xenometer.elf", "--push", "configs/pv.cfg",
                   "--push", "configs/pvh.cfg", "--push", "configs/hvm.cfg",
                   "--", "sh", "-c", script, NULL);
}

#define RUN "./xenometer run --host=xen --image=xenometer.elf --configs=. --boots=1 "
/* In the background; a shell without a terminal starts jobs with SIGINT ignored. */
#define START "(trap - INT; exec setsid " RUN
/* Waits until there are `count` domains of ours. */
#define WAIT(count) "while [ $(xl list | grep -c xenometer-) -lt " #count " ]; do sleep 0.1; done; "
/* Waits until `count` devices of ours are connected. */
#define DEVICES "/local/domain/0/backend/xenometer"
#define CONNECTED(count) \
    "while [ $(xenstore-ls " DEVICES " 2>/dev/null | " \
    "grep -c 'state = \"4\"') -lt " #count " ]; do usleep 10000; done; "
/* What `xl list`, XenStore and the file system show of ours: nothing. */
#define LEFT_BEHIND "; xl list; xenstore-ls 2>&1 | grep xenometer; ls /tmp | grep xenometer; true"

static void leaves_nothing(const char *script, const char *said)
{
    struct outcome_of r = in_dom0(script);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, said));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* Ctrl-C while domains are being made, and while they echo. */
static void test_interrupted(void)
{
    leaves_nothing(START "-m pv neighbours/8 >/dev/null) & " WAIT(3)
                   "kill -INT $(pidof xenometer); wait $!; echo ended with $?" LEFT_BEHIND, "ended with 130");
    leaves_nothing(START "-m pvh -n 8000 neighbours/2 >/dev/null) & " CONNECTED(2)
                   "sleep 0.1; kill -TERM $(pidof xenometer); wait $!; echo ended with $?" LEFT_BEHIND,
                   "ended with 143");
    if ( !tests_take_long )
        return;
    leaves_nothing(START "-m pv -n 50 lifecycle/save >/dev/null) & " WAIT(1)
                   "sleep 1; kill -INT $(pidof xenometer); wait $!; echo ended with $?" LEFT_BEHIND,
                   "ended with 130");
}

/* What a killed run leaves, the next one removes. */
static void test_killed(void)
{
    leaves_nothing(START "-m pv neighbours/4 >/dev/null) & " WAIT(3)
                   "kill -KILL $(pidof xenometer); wait $!; " RUN "-m pv hypercall/null >/dev/null; "
                   "echo ended with $?" LEFT_BEHIND, "ended with 0");
}

/* One of several domains is destroyed by somebody: the row is an error, and over. */
static void test_domain_lost(void)
{
    static const char *const rows[] = { "neighbours/2", "sched/vm-switch" };

    for ( size_t i = 0; i < (tests_take_long ? 2 : 1); i++ )
    {
        char script[800];

        /* The row may be over before xl gets at its domain: then again. */
        snprintf(script, sizeof(script), "for i in 1 2 3 4 5; do (" RUN "-m pv -n 8192 %s >out) & "
                 CONNECTED(2) "xl destroy $(xenstore-list " DEVICES " | head -n 1); "
                 "wait $!; s=$?; grep 'was destroyed' out && echo ended with $s && break; done"
                 LEFT_BEHIND, rows[i]);
        leaves_nothing(script, "ended with 1");
    }
}

/* Not enough memory for 16 domains: a skip that says so. */
static void test_short_of_memory(void)
{
    leaves_nothing("xl create -p -q pv.cfg 'kernel=\"xenometer.elf\"' 'name=\"big\"' memory=248 && "
                   RUN "-m pv neighbours/16 >out; s=$?; cat out; xl destroy big; "
                   "grep 'free memory' out && echo ended with $s" LEFT_BEHIND, "ended with 0");
}

void suite_dom0rows(void)
{
    CU_pSuite s = CU_add_suite("rows from dom0", NULL, NULL);

    add_both(s, "a hypercall by a process in dom0", test_from_dom0);
    add_both(s, "phases of a domain's life", test_phases);
    add_long(s, "neighbours", test_neighbours);
    add_both(s, "from domain to domain", test_vm_switch);
    add_both(s, "interrupted", test_interrupted);
    CU_add_test(s, "killed", test_killed);
    add_both(s, "a domain lost among others", test_domain_lost);
    CU_add_test(s, "short of memory", test_short_of_memory);
}
