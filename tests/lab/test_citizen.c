/*
 * A good citizen under xl: what people do to domains by hand, and what processes that were
 * killed leave behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* The image by hand, in any mode. */
#define IMAGE "'kernel=\"'$PWD'/xenometer.elf\"' 'firmware_override=\"'$PWD'/xenometer.elf\"'"

/* A name is bytes to xl: spaces, letters of any script.  And the backend of a domain that
 * never comes, ended by a signal, has not done what it was asked for. */
static void test_names(void)
{
    struct outcome_of r = program_in_dom0(
        "for n in 'my guest' '\303\274n\303\257' a.b-c_d; do "
        "xl create pv.cfg " IMAGE " \"name=\\\"$n\\\"\" >&2; "
        "timeout 15 ./xenometer backend --domain \"$n\" --once --samples=10 hypercall/null >&2; "
        "echo \"$n ended with $?\"; done; "
        "./xenometer backend --domain nobody --once & sleep .5; kill $!; "
        "wait $!; echo for nobody $?; "
        "./xenometer backend & sleep .5; kill $!; wait $!; echo for anybody $?");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "my guest ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\303\274n\303\257 ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "a.b-c_d ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "\303\274n\303\257 (domain 2): done"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "for nobody 143"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "for anybody 0"));
    program_free(&r);
}

/* The next backend removes what one that was killed left of domains that are gone. */
static void test_leftovers(void)
{
    struct outcome_of r = program_in_dom0(
        "./xenometer backend --samples=8000 ring/echo-64b & b=$!; sleep .2; "
        "xl create pv.cfg " IMAGE " >&2; sleep .3; kill -9 $b; xl destroy xenometer-pv; sleep .3; "
        "xenstore-ls /local/domain/0/backend | grep 'xenometer =' && echo it was there; "
        "timeout 2 ./xenometer backend; xenstore-ls /local/domain/0/backend | grep -c xenometer");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "it was there"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\n0\n"));
    program_free(&r);
}

/* As program_in_dom0(), with a word for the script's $0. */
static struct outcome_of in_dom0(const char *word, const char *script)
{
    return program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                   "--push", "configs/pv.cfg", "--push", "configs/pvh.cfg", "--push", "configs/hvm.cfg",
                   "--", "sh", "-c", script, word, NULL);
}

/* Until a domain is gone; until a row runs, of a backend -v whose errors go into the file
 * err; 10 s at most.  A row of 5,000 samples with dom0 in them takes a fifth of a second. */
#define WAIT_FOR "gone() { for i in $(seq 100); do xl list $1 >/dev/null 2>&1 || return; sleep .1; done; }; " \
                 "row() { for i in $(seq 500); do grep -q \"$1 (\" err && return; sleep .02; done; }; "
#define IN_ROW   "./xenometer backend -v --samples=5000 "

/* xl shutdown and reboot: with no backend there, in a row, and to a domain that is paused. */
static void test_shutdown(void)
{
    struct outcome_of r = in_dom0(tests_take_long ? "hvm" : "", WAIT_FOR
        "for m in pv pvh $0; do "
        "xl create $m.cfg " IMAGE " >&2; sleep .3; "
        "timeout 5 xl shutdown -w xenometer-$m >&2; echo alone, $m: $?; gone xenometer-$m; done; "
        IN_ROW "ring/echo-64b hypercall/null >out 2>err & b=$!; "
        "xl create pvh.cfg " IMAGE " 'on_reboot=\"restart\"' >&2; row ring/echo-64b; "
        "old=$(xl domid xenometer-pvh); xl reboot xenometer-pvh >&2; "
        "for i in $(seq 100); do new=$(xl domid xenometer-pvh 2>/dev/null); "
        "[ \"${new:-$old}\" != $old ] && echo rebooted && break; sleep .1; done; "
        /* Before it is connected nobody is told why it ends. */
        "for i in $(seq 500); do grep -q \"domain $new is connected\" err && break; sleep .02; done; "
        "xl pause xenometer-pvh; xl shutdown xenometer-pvh >&2; xl unpause xenometer-pvh; "
        "gone xenometer-pvh; xl list; kill $b; wait $b; cat out err");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "alone, pv: 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "alone, pvh: 0"));
    CU_ASSERT(!tests_take_long || strstr(r.out, "alone, hvm: 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "rebooted"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the domain was asked to reboot (xl reboot)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the domain was asked to shut down (xl shutdown)"));
    /* The list is dom0's line and the head. */
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-p"));
    program_free(&r);
}

/* What a domain says on its way out reaches who serves it, where `xl dmesg` is no help. */
static void test_last_words(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "for m in pv pvh; do " IN_ROW "--once ring/echo-64b 2>err & b=$!; "
        "xl create $m.cfg " IMAGE " >&2; row ring/echo-64b; xl sysrq xenometer-$m c; wait $b; "
        "echo $m ended with $?; gone xenometer-$m; cat err >&2; done");
    const char *first = strstr(r.err, "crashed; its last words: panic: asked to crash (xl sysrq c)");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "pv ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "pvh ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(first);
    CU_ASSERT_PTR_NOT_NULL(first ? strstr(first + 1, "panic: asked to crash (xl sysrq c)") : NULL);
    program_free(&r);

    /* The CPU without NRIP-save (and the other, whose snapshot there is): Xen cannot tell a trapped RDTSCP, and ends it with #GP. */
    r = program("lab", "run", "--without=nrip-save,decodeassists", "--push", "build/xenometer",
                "--push", "build/xenometer.elf", "--push", "configs/pvh.cfg", "--", "sh", "-c",
                "./xenometer backend --once hypercall/null & b=$!; "
                "xl create pvh.cfg 'kernel=\"xenometer.elf\"' 'tsc_mode=\"always_emulate\"' >&2; "
                "wait $b; echo ended with $?", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "RDTSCP, which ends each timed region, does not work"));
    program_free(&r);
}

/* Saved in a row and restored: the row is an error that says so, and all of them are measured
 * again in the restored domain.  Saved and gone on with: the rows left are measured. */
static void save(const char *mode)
{
    char script[1200];
    struct outcome_of r;

    snprintf(script, sizeof(script), WAIT_FOR
        "m=%s; " IN_ROW "hypercall/null ring/echo-64b >out 2>err & b=$!; "
        "xl create $m.cfg " IMAGE " >&2; row ring/echo-64b; xl save xenometer-$m s >&2; echo saved $?; "
        "xl restore s >&2; echo restored $?; rm s; gone xenometer-$m; kill $b; wait $b; echo ended with $?; cat out err; "
        "echo ==; [ $m = %s ] || exit 0; " IN_ROW "--once ring/echo-64b hypercall/null >out 2>err & b=$!; "
        "xl create $m.cfg " IMAGE " >&2; row ring/echo-64b; xl save -c xenometer-$m s >&2; echo saved $?; "
        "wait $b; echo ended with $?; cat out err", mode, tests_take_long ? mode : "pv");
    r = program_in_dom0(script);
    char *second = strstr(r.out, "==\n");

    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    *second++ = '\0';
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "saved 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "restored 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, ": the domain was asked to suspend (xl save or migrate)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "The domain was suspended once"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "(domain 2): done"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 1"));
    /* To save a PVH domain takes 700 million instructions, seven times a PV domain's. */
    if ( tests_take_long || !strcmp(mode, "pv") )
    {
        CU_ASSERT_PTR_NOT_NULL(strstr(second, "saved 0"));
        CU_ASSERT_PTR_NOT_NULL(strstr(second, "hypercall/null"));
        CU_ASSERT_PTR_NOT_NULL(strstr(second, "The domain was suspended once"));
        CU_ASSERT_PTR_NOT_NULL(strstr(second, "(domain 3): done"));
        CU_ASSERT_PTR_NOT_NULL(strstr(second, "ended with 1"));
    }
    program_free(&r);
}

static void test_save_pv(void)  { save("pv"); }
static void test_save_pvh(void) { save("pvh"); }
static void test_save_hvm(void) { save("hvm"); }

static void each_mode(const struct outcome_of *r, const char *what)
{
    static const char *const modes[] = { "pv", "pvh", "hvm" };

    for ( size_t i = 0; i < 3; i++ )
    {
        char text[160];

        snprintf(text, sizeof(text), what, modes[i]);
        if ( !strstr(r->out, text) )
            fprintf(stderr, "not there: %s\n", text);
        CU_ASSERT_PTR_NOT_NULL(strstr(r->out, text));
    }
}

/*
 * In a row: two consoles, another name, paused twice, asked what it does; nothing of that reaches
 * the row.  Crashed and kept, it is dumped: in PV, since of the others xl asks for each frame below
 * 4 GiB by itself, which are more than ten minutes of the exact clock.
 */
static void test_looked_at(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "for m in pv pvh hvm; do d=xenometer-$m; rm -f err; " IN_ROW "ring/echo-64b hypercall/null >out 2>err & b=$!; "
        "xl create -q $m.cfg " IMAGE " >&2; row ring/echo-64b; "
        "sleep 9 | xl console $d >c1 2>&1 & c=$!; sleep 9 | xl console $d >c2 2>&1 & c=\"$c $!\"; "
        "xl rename $d 'an other'; xl pause 'an other'; xl pause 'an other'; sleep .1; xl unpause 'an other'; "
        "xl unpause 'an other'; xl sysrq 'an other' h; "
        "for i in $(seq 100); do grep -q ': done' err && break; sleep .1; done; "
        "kill $b; wait $b; echo $m ended with $?; kill $c; wait $c; "
        "grep -q ' success\\|ring/echo-64b.* [0-9]' out && grep -o ': done' err | sed \"s/^/$m/\"; "
        "grep -h -o 'sysrq: h' c1 c2 | sort -u | sed \"s/^/$m /\"; done; "
        "for m in pv pvh hvm; do d=xenometer-$m; rm -f err; " IN_ROW "--once ring/echo-64b 2>err & b=$!; "
        "xl create -q $m.cfg " IMAGE " 'on_crash=\"preserve\"' >&2; row ring/echo-64b; xl sysrq $d c; "
        "wait $b; xl list $d | grep -q 'sc-' && echo $m is kept; [ $m = pv ] || { xl destroy $d; gone $d; continue; }; "
        "xl dump-core $d core >&2; echo $m core $? $(head -c 4 core | tail -c 3); rm core; "
        "xl destroy $d; gone $d; done; xl list");

    each_mode(&r, "%s: done\n");
    each_mode(&r, "%s ended with 0\n");
    each_mode(&r, "%s sysrq: h\n");
    each_mode(&r, "%s is kept\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "pv core 0 ELF\n"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-"));
    program_free(&r);
}

/*
 * xl trigger: a PC's buttons, which Xen has in HVM only.  Power shuts the domain down within two
 * seconds, a backend there or not; sleep does it no harm.
 */
static void test_buttons(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "m=hvm; d=xenometer-hvm; now() { cut -d' ' -f1 /proc/uptime | tr -d .; }; "
        "off() { t=$(now); xl trigger $d power; "
        "while xl list $d 2>/dev/null | tail -1 | grep -q -e ' -*[rb]-* '; do sleep .05; done; echo $1 $(($(now) - t)); gone $d; }; "
        "xl create -q hvm.cfg " IMAGE " >&2; sleep .5; sleep 9 | xl console $d >c 2>&1 & c=$!; "
        "xl trigger $d sleep; sleep 1.5; xl list $d | tail -1; off alone; kill $c; cat c; "
        "rm -f err; " IN_ROW "ring/echo-64b xenstore/read >out 2>err & b=$!; "
        "xl create -q hvm.cfg " IMAGE " >&2; row ring/echo-64b; off served; kill $b; wait $b; cat err >&2; "
        "for m in pv pvh; do xl create -q $m.cfg " IMAGE " >&2; sleep .3; xl trigger xenometer-$m power >&2; "
        "sleep 1; xl list xenometer-$m | tail -1; xl destroy xenometer-$m; done");
    const char *alone = strstr(r.out, "alone "), *served = strstr(r.out, "served ");

    CU_ASSERT(alone && atoi(alone + 6) <= 200);
    CU_ASSERT(served && atoi(served + 7) <= 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the sleep button (xl trigger sleep)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "the domain was asked to shut down"));
    /* Of these Xen presses none: they stay as they were. */
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nxenometer-pv "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nxenometer-pvh "));
    program_free(&r);
}

/* To this very host, through a pipe, in a row: that row is an error, and the domain that arrives
 * is measured again. */
static void migrate(const char *mode)
{
    char script[1000];
    struct outcome_of r;

    snprintf(script, sizeof(script), WAIT_FOR
        "m=%s; d=xenometer-$m; " IN_ROW "hypercall/null ring/echo-64b >out 2>err & b=$!; "
        "xl create -q $m.cfg " IMAGE " >&2; row ring/echo-64b; "
        "xl migrate -s '' $d 'exec xl migrate-receive' >&2; echo migrated $?; gone $d; kill $b; wait $b; "
        "cat out err; xl list", mode);
    r = program_in_dom0(script);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "migrated 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, ": the domain was asked to suspend (xl save or migrate)"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "The domain was suspended once"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "--incoming (domain 2): done"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-p"));
    program_free(&r);
}

/*
 * Debian's Xen has no shadow paging, and without it no log of what a running PV domain writes: xl
 * says so, and the domain goes on as if nothing had been.
 */
static void test_migrate_pv(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "d=xenometer-pv; " IN_ROW "--once hypercall/null ring/echo-64b >out 2>err & b=$!; "
        "xl create -q pv.cfg " IMAGE " >&2; row ring/echo-64b; "
        "xl migrate -s '' $d 'exec xl migrate-receive' >&2; echo migrated $?; wait $b; echo ended with $?; "
        "gone $d; cat err; xl list");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "migrated 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "Failed to enable logdirty"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 0"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-p"));
    program_free(&r);
}

static void test_migrate_pvh(void) { migrate("pvh"); }
static void test_migrate_hvm(void) { migrate("hvm"); }

/*
 * Commands at the worst moments: while it connects, in a row, while it closes, twice at once and
 * two that contradict each other.  Whatever wins, the domain ends in order or lives on; nothing of
 * it is left, and the next domain is served.
 */
static void worst(const char *mode)
{
    char script[3200];
    struct outcome_of r;

    snprintf(script, sizeof(script), WAIT_FOR
        "m=%s; d=xenometer-$m; begin() { xl create -q $m.cfg " IMAGE " \"$@\" >&2; }; "
        "end() { gone $d; xl list $d >/dev/null 2>&1 && { echo left after $1; xl destroy $d; gone $d; }; tries=$((tries + 1)); }; "
        "./xenometer backend -v --samples=3000 ring/echo-64b hypercall/null >out 2>err & b=$!; "
        /* While it boots and connects, each a little later. */
        "for s in .01 .03 .06; do begin & p=$!; while ! xl domid $d >/dev/null 2>&1; do sleep .01; done; sleep $s; "
        "timeout 20 xl shutdown -w $d >&2; wait $p; end connecting; done; "
        "rm -f err; kill -HUP $b; wait $b; " IN_ROW "ring/echo-64b hypercall/null >out 2>err & b=$!; "
        /* Twice at once, in a row. */
        "begin; row ring/echo-64b; xl shutdown $d & p=$!; xl shutdown $d; wait $p; end twice; "
        /* Two that contradict each other. */
        "begin; xl shutdown $d; xl reboot $d; end contradiction; "
        "begin; xl save $d s & p=$!; xl shutdown $d; wait $p; echo save beside shutdown $? >&2; rm -f s; end save; "
        /* Destroyed while it is saved, and while it is paused. */
        "begin; xl save $d s & p=$!; sleep .05; xl destroy $d; wait $p; rm -f s; end destroyed; "
        "begin; xl pause $d; xl destroy $d; end paused; "
        /* While it closes: its backend has just gone. */
        "begin; sleep .1; kill -INT $b; xl shutdown $d; wait $b; end closing; "
        "begin; ./xenometer backend --once --samples=10 hypercall/null >&2; echo at last $?; "
        "echo tried $tries; xl list; xenstore-ls /local/domain/0/backend; true", mode);
    r = program_in_dom0(script);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "tried 9\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "at last 0"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "left after"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "(null)"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer = "));
    program_free(&r);
}

static void test_worst_pv(void)  { worst("pv"); }
static void test_worst_pvh(void) { worst("pvh"); }
static void test_worst_hvm(void) { worst("hvm"); }

/*
 * XenStore is slow: it stands still for two seconds while a domain connects, and in a row.  It is
 * started anew: who serves says that it lost it, and ends.
 */
static void test_xenstore(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "s=$(cat /run/xenstored.pid); stop() { kill -STOP $s; sleep 2; kill -CONT $s; }; "
        IN_ROW "--once ring/echo-64b hypercall/null >out 2>err & b=$!; "
        "xl create -qp pv.cfg " IMAGE " >&2; xl unpause xenometer-pv & stop; row ring/echo-64b; stop; "
        "wait $b; echo slow $?; gone xenometer-pv; rm err; "
        IN_ROW "ring/echo-64b >out 2>err & b=$!; xl create -q pv.cfg " IMAGE " >&2; row ring/echo-64b; "
        "kill -9 $s; rm -f /run/xenstored.pid; xenstored --pid-file /run/xenstored.pid; "
        "for i in $(seq 50); do kill -0 $b || break; sleep .1; done 2>/dev/null; kill -9 $b 2>/dev/null; wait $b; "
        "echo anew $?; cat err >&2");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "slow 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "anew 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "lost the connection to xenstored"));
    program_free(&r);
}

/* XenStore is full, as far as the domain may fill it: it says so, and not only on its console. */
static void test_full(void)
{
    struct outcome_of r = program_in_dom0(WAIT_FOR
        "d=xenometer-pv; xl create -qp pv.cfg " IMAGE " >&2; id=$(xl domid $d); k=/local/domain/$id/data; "
        "set --; for i in $(seq 1200); do set -- \"$@\" $k/$i 1; done; xenstore-write \"$@\"; "
        "xenstore-chmod -r $k n$id; ./xenometer backend --once hypercall/null & b=$!; sleep .2; "
        "xl unpause $d; wait $b; echo full $?; gone $d; xl list");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "full 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "its last words: panic: cannot write device/xenometer/0/"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-p"));
    program_free(&r);
}

/* mem-set down, up and down again; vcpu-set takes a vCPU down that rows have used, and gives it
 * back. */
static void test_resize(void)
{
    static const char *const modes[] = { "pv", "pvh" };
    struct outcome_of r = in_dom0(tests_take_long ? "all" : "", WAIT_FOR
        "[ \"$0\" = all ] && all='pv pvh'; "
        "size() { for i in $(seq 50); do set -- $1 $2 $(xl list $1 | tail -1); [ $5 = $2 ] && break; "
        "sleep .1; done; echo $1 has $5; }; "
        "for m in ${all:-pv}; do xl create $m.cfg " IMAGE " vcpus=2 >&2; d=xenometer-$m; sleep .5; "
        "xl mem-set $d 16; size $d 16; xl mem-set $d 32; size $d 32; xl mem-set $d 20; size $d 20; "
        "rm -f err; ./xenometer backend -v --samples=10 event/ipi >out 2>err & b=$!; row event/ipi; "
        "kill -9 $b; sleep .3; xl vcpu-set $d 1; sleep .3; "
        "xl vcpu-list $d | grep -q -e ' 1 .*--p' && echo $m down; xl vcpu-set --ignore-host $d 2; "
        "./xenometer backend --once --samples=10 event/ipi; echo $m ended with $?; done; "
        /* Taken before any row has used it. */
        "for m in ${all:-pvh}; do xl create $m.cfg " IMAGE " vcpus=2 >&2; xl vcpu-set xenometer-$m 1; "
        "./xenometer backend --once --samples=10 event/ipi; gone xenometer-$m; done");

    for ( size_t i = 0; i < (tests_take_long ? 2 : 1); i++ )
    {
        static const char *const wanted[] = { "xenometer-%s has 16\n", "xenometer-%s has 32\n",
                                              "xenometer-%s has 20\n", "%s down\n",
                                              "%s ended with 0\n" };

        for ( size_t j = 0; j < sizeof(wanted) / sizeof(wanted[0]); j++ )
        {
            char text[64];

            snprintf(text, sizeof(text), wanted[j], modes[i]);
            CU_ASSERT_PTR_NOT_NULL(strstr(r.out, text));
        }
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the toolstack has taken the second vCPU offline"));
    program_free(&r);
}

/* The next backend serves the domains of one that was killed; the row under way then is an
 * error, or measured anew.  HVM: a vCPU may wait for the killed one to answer an access. */
static void takeover(const char *mode, const char *row)
{
    char script[800], expected[80];
    struct outcome_of r;

    snprintf(script, sizeof(script),
        WAIT_FOR IN_ROW "%s >out 2>err & b=$!; xl create %s.cfg " IMAGE " >&2; row %s; "
        "kill -9 $b; timeout 20 ./xenometer backend -v --samples=%s --once %s hypercall/null "
        "'ring/echo-4k-*' 2>err & b=$!; row hypercall/null; timeout 4 ./xenometer backend --once hypercall/null; "
        "wait $b; echo the second ended with $?; cat err >&2; xl list; "
        "xenstore-ls /local/domain/0/backend; true", row, mode, row, tests_take_long ? "4000" : "2000", row);
    r = program_in_dom0(script);
    snprintf(expected, sizeof(expected), "its last backend ended in the row %s, which", row);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "another xenometer serves it"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, expected));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the second ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, row));
    CU_ASSERT_PTR_NULL(strstr(r.out, "\nxenometer-"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer = "));
    program_free(&r);
}

static void test_takeover_pv(void)  { takeover("pv", "ring/echo-64b"); }
static void test_takeover_pvh(void) { takeover("pvh", "event/roundtrip-idle"); }
static void test_takeover_hvm(void) { takeover("hvm", "port/ioreq"); }

/* What serves domains has no more privileges than that takes: it says so in /proc, also of its
 * threads, and each way out that a domain has it try is refused. */
static void test_confined(void)
{
    struct outcome_of r = program_in_dom0(
        "show() { echo $1 $(grep -hE '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/$2/task/*/status | sort -u | tr -d '\\t'); }; "
        "xl create -p pv.cfg " IMAGE " >&2; truncate -s 1M i; "
        "./xenometer backend & b=$!; ./xenometer disk xenometer-pv i & d=$!; "
        "./xenometer net xenometer-pv & n=$!; sleep 1; "
        "show backend $b; show disk $d; show net $n; kill -INT $b $d $n; wait $d; wait $n; "
        "xl destroy xenometer-pv; ./xenometer doctor | grep confinement");
    static const char *const who[] = { "backend", "disk", "net" };

    for ( size_t i = 0; i < 3; i++ )
    {
        char text[160];

        snprintf(text, sizeof(text), "%s CapBnd:0000000000000000 CapEff:0000000000000000 NoNewPrivs:1 "
                 "Seccomp:2 Uid:65534655346553465534\n", who[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, text));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ok    confinement"));
    program_free(&r);

    r = program_named("build/xenometer-evil", "lab", "run", "--push", "build/xenometer-evil",
                      "--push", "build/xenometer-test.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
                      "try() { \"$@\" ./xenometer-evil backend --once --image=xenometer-test.elf escape/all "
                      ">out & b=$!; xl create pv.cfg 'kernel=\"xenometer-test.elf\"' >&2; wait $b; "
                      "echo ended with $?; grep escape out; }; try env; [ -e pv.cfg ] && echo all is there; "
                      "try env XENOMETER_UNCONFINED=1", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "all is there"));
    /* The row does try: unconfined, the first way leads out. */
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "ended with 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the serving process reads a file"));
    program_free(&r);
}

void suite_citizen(void)
{
    CU_pSuite s = CU_add_suite("under xl", NULL, NULL);

    CU_add_test(s, "names", test_names);
    CU_add_test(s, "what a killed backend left", test_leftovers);
    add_both(s, "shutdown and reboot", test_shutdown);
    CU_add_test(s, "last words", test_last_words);
    CU_add_test(s, "save, PV", test_save_pv);
    add_both(s, "save, PVH", test_save_pvh);
    add_long(s, "save, HVM", test_save_hvm);
    add_long(s, "looked at in a row, and dumped", test_looked_at);
    add_long(s, "a PC's buttons", test_buttons);
    add_long(s, "migrate, PV", test_migrate_pv);
    add_long(s, "migrate, PVH", test_migrate_pvh);
    add_long(s, "migrate, HVM", test_migrate_hvm);
    add_long(s, "at the worst moments, PV", test_worst_pv);
    add_long(s, "at the worst moments, PVH", test_worst_pvh);
    add_long(s, "at the worst moments, HVM", test_worst_hvm);
    add_long(s, "XenStore slow, and started anew", test_xenstore);
    add_long(s, "XenStore full", test_full);
    add_both(s, "memory and vCPUs", test_resize);
    CU_add_test(s, "less privilege", test_confined);
    add_long(s, "a backend that is replaced, PV", test_takeover_pv);
    add_both(s, "a backend that is replaced, PVH", test_takeover_pvh);
    add_long(s, "a backend that is replaced, HVM", test_takeover_hvm);
}
