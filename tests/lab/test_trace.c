/*
 * The path microscope: what it attributes adds up to the guest's own clock, names
 * what really runs, and is the same in every run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

static const char *const layers[] = { "guest", "xen", "dom0_kernel", "dom0_user", "idle" };

/* The trace of a row as JSON; fatal when there is none. */
static json_t *trace(const char *row, const char *mode, const char *option)
{
    struct outcome_of r = program("trace", "--host=lab", "--json", "--mode", mode, row, option,
                                  NULL);
    json_t *t = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    return t;
}

static long long number(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

static long long layer(const json_t *t, const char *name)
{
    return number(json_object_get(t, "layers"), name);
}

static bool is_of(const json_t *object, const char *layer_name)
{
    const char *name = json_string_value(json_object_get(object, "layer"));

    return name && !strcmp(name, layer_name);
}

/* The sum of one field over an array's members, of one layer or (NULL) of all. */
static long long sum(const json_t *t, const char *array, const char *layer_name)
{
    long long total = 0;
    json_t *member;
    size_t i;

    json_array_foreach(json_object_get(t, array), i, member)
        if ( !layer_name || is_of(member, layer_name) )
            total += number(member, "instructions");
    return total;
}

/* Instructions of a function with what it calls, 0: it did not run. */
static long long ran(const json_t *t, const char *layer_name, const char *name)
{
    json_t *function;
    size_t i;

    json_array_foreach(json_object_get(t, "functions"), i, function)
        if ( is_of(function, layer_name) &&
             !strcmp(json_string_value(json_object_get(function, "function")), name) )
            return number(function, "with_callees");
    return 0;
}

/* Stages by a process of dom0. */
static unsigned stages_of(const json_t *t, const char *process)
{
    unsigned count = 0;
    json_t *stage;
    size_t i;

    json_array_foreach(json_object_get(t, "stages"), i, stage)
    {
        const char *name = json_string_value(json_object_get(stage, "process"));

        count += name && !strcmp(name, process);
    }
    return count;
}

/* Nothing is unexplained: layers, stages and functions each add up to the total. */
static void check_sums(const json_t *t)
{
    json_t *stages = json_object_get(t, "stages"), *stage;
    long long total = 0, at = 0;
    size_t i;

    for ( i = 0; i < sizeof(layers) / sizeof(layers[0]); i++ )
    {
        long long n = layer(t, layers[i]);

        CU_ASSERT(n >= 0);
        CU_ASSERT_EQUAL(sum(t, "stages", layers[i]), n);
        if ( strcmp(layers[i], "idle") )
            CU_ASSERT_EQUAL(sum(t, "functions", layers[i]), n);
        total += n;
    }
    CU_ASSERT_EQUAL(number(t, "total"), total);
    json_array_foreach(stages, i, stage)
    {
        CU_ASSERT_EQUAL(number(stage, "at"), at);
        at += number(stage, "instructions");
    }
    CU_ASSERT_EQUAL(at, total);
    /* A crossing begins and ends in the guest; an instruction that exits at once, the
     * first of its region, is none that was executed yet. */
    if ( !is_of(json_array_get(stages, 0), "guest") )
        fprintf(stderr, "%s in %s begins outside of the guest\n",
                json_string_value(json_object_get(t, "row")),
                json_string_value(json_object_get(t, "mode")));
    CU_ASSERT(is_of(json_array_get(stages, 0), "guest") ||
              is_of(json_array_get(stages, 0), "xen"));
    CU_ASSERT(is_of(json_array_get(stages, json_array_size(stages) - 1), "guest"));
}

/* The figure of `run` for the same row: tracing has not changed it. */
static void check_figure(const json_t *t, const char *row, const char *mode)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--boots=1", "--modes", mode, row,
                                  NULL);
    json_t *results = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(number(t, "total") - number(t, "overhead"),
                    figure(results, row, mode, "median"));
    json_decref(results);
    program_free(&r);
}

static void test_hypercall(void)
{
    json_t *t = trace("hypercall/null", "pvh", NULL);

    check_sums(t);
    check_figure(t, "hypercall/null", "pvh");
    CU_ASSERT(ran(t, "xen", "do_xen_version") > 0);
    CU_ASSERT(ran(t, "xen", "svm_vmexit_handler") > ran(t, "xen", "do_xen_version"));
    CU_ASSERT_EQUAL(layer(t, "dom0_kernel") + layer(t, "dom0_user") + layer(t, "idle"), 0);
    CU_ASSERT_EQUAL(number(t, "tail"), 0);
    if ( tests_take_long )
    {
        json_t *again = trace("hypercall/null", "pvh", NULL);

        CU_ASSERT_TRUE(json_equal(t, again));
        json_decref(again);
    }
    json_decref(t);
}

/* An exit whose length the CPU has saved, and one whose instruction Xen must decode. */
static void test_cpuid(void)
{
    json_t *t = trace("exit/cpuid-basic", "hvm", NULL);
    json_t *less = trace("exit/cpuid-basic", "hvm", "--without=nrip-save");

    check_sums(t);
    check_figure(t, "exit/cpuid-basic", "hvm");
    CU_ASSERT(ran(t, "xen", "svm_vmexit_handler") > 0);
    CU_ASSERT_EQUAL(ran(t, "xen", "x86emul_decode"), 0);
    CU_ASSERT(number(t, "total") < 750);
    check_sums(less);
    CU_ASSERT(ran(less, "xen", "svm_vmexit_handler") > 0);
    CU_ASSERT(ran(less, "xen", "x86emul_decode") > 0);
    CU_ASSERT(number(less, "total") > number(t, "total") + 4000);
    CU_ASSERT_EQUAL(layer(less, "guest"), layer(t, "guest"));
    json_decref(less);
    json_decref(t);
}

static void test_event(void)
{
    json_t *t = trace("event/send-masked", "pv", NULL);

    check_sums(t);
    check_figure(t, "event/send-masked", "pv");
    CU_ASSERT(ran(t, "xen", "evtchn_send") > 0);
    CU_ASSERT_EQUAL(ran(t, "xen", "svm_vmexit_handler"), 0);
    json_decref(t);
}

/* By the emulated port to each of the two processes that answer one. */
static void test_ports(void)
{
    json_t *qemu = trace("port/qemu-ide", "hvm", NULL), *ours = trace("port/ioreq", "hvm", NULL);

    check_sums(qemu);
    check_sums(ours);
    CU_ASSERT(stages_of(qemu, "xen-qemu-system-i386") > 0);
    CU_ASSERT_EQUAL(stages_of(qemu, "xenometer"), 0);
    CU_ASSERT(stages_of(ours, "xenometer") > 0);
    CU_ASSERT_EQUAL(stages_of(ours, "xen-qemu-system-i386"), 0);
    CU_ASSERT(ran(ours, "dom0_user", "ioreq_event") > 0);
    /* A name by likeness; Debian 13's two builds of QEMU have a third of their functions alike. */
    CU_ASSERT(ran(qemu, "dom0_user", "memory_region_dispatch_read") > 0);
    CU_ASSERT(ran(qemu, "xen", "ioreq_send") > 0);
    CU_ASSERT(ran(qemu, "dom0_kernel", "xen_evtchn_do_upcall") > 0);
    /* dom0 goes on after it has answered: poll, sleep, schedule. */
    CU_ASSERT(number(qemu, "tail") > 5000);
    CU_ASSERT(number(qemu, "tail") * 2 < number(qemu, "total"));
    json_decref(ours);
    json_decref(qemu);
}

/* The folded stacks and both pictures, of a path through dom0. */
static void test_files(void)
{
    static const char folded[] = "build/test-trace.folded", svg[] = "build/test-trace.svg",
                      sequence[] = "build/test-sequence.svg", saved[] = "build/test-trace.json";
    struct outcome_of r = program("trace", "--host=lab", "--json", "-m", "pv", "ring/echo-64b",
                                  "--folded", folded, "--svg", svg, "--sequence", sequence, NULL);
    json_t *t = json_loads(r.out, 0, NULL);
    long long total = 0;
    unsigned arrows = 0;
    char line[4096];
    FILE *f;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t);
    check_sums(t);
    CU_ASSERT(ran(t, "dom0_user", "services_turn") > 0);
    f = fopen(folded, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while ( fgets(line, sizeof(line), f) )
        total += atoll(strrchr(line, ' '));
    fclose(f);
    CU_ASSERT_EQUAL(total, number(t, "total"));

    /* As many arrows as there are changes of who runs. */
    f = fopen(sequence, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while ( fgets(line, sizeof(line), f) )
        arrows += strstr(line, "marker-end") != NULL;
    fclose(f);
    CU_ASSERT_EQUAL(arrows, json_array_size(json_object_get(t, "stages")) - 1);
    f = fopen(svg, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT(fread(line, 1, sizeof(line), f) > 0 && !strncmp(line, "<svg ", 5));
    fclose(f);

    /* Against itself, out of a file: no function differs. */
    json_dump_file(t, saved, 0);
    program_free(&r);
    r = program("trace", "--host=lab", "-m", "pv", "ring/echo-64b", "--against", saved, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "total"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "  +"));
    json_decref(t);
    program_free(&r);
    unlink(folded);
    unlink(svg);
    unlink(sequence);
    unlink(saved);
}

/* Modules that are loaded for the row only: their functions have their names. */
static void test_modules(void)
{
    json_t *disk = trace("block/blkif-linux-depth-32", "pv", NULL);
    json_t *network = trace("net/netif-linux", "pv", NULL);

    CU_ASSERT(ran(disk, "dom0_kernel", "brd_submit_bio") >= 256 * 512);   /* its copies */
    CU_ASSERT(ran(disk, "dom0_kernel", "xen_blkbk_map") > 0);
    CU_ASSERT_EQUAL(ran(disk, "dom0_kernel", "gntalloc_mmap"), 0);
    CU_ASSERT(ran(network, "dom0_kernel", "xenvif_tx_build_gops") > 0);
    CU_ASSERT(ran(network, "dom0_kernel", "br_handle_frame") > 0);
    CU_ASSERT_EQUAL(ran(network, "dom0_kernel", "brd_submit_bio"), 0);
    json_decref(disk);
    json_decref(network);
}

/* What a row computes from several readings is traced around them. */
static void test_timers(void)
{
    json_t *late = trace("sched/timer-latency-blocked", "pvh", NULL);
    json_t *tick = trace("interrupt/timer-event-channel", "pv", NULL);
    long long ahead = number(late, "total") - number(late, "raw");

    /* 1 ms ahead, asleep; then Xen wakes it.  What 1 ms is in ticks Xen found out when the
     * lab's snapshot was made, to some ticks. */
    check_sums(late);
    CU_ASSERT(ahead > 999900 && ahead < 1000100);
    CU_ASSERT(layer(late, "idle") > 900000);
    CU_ASSERT(ran(late, "xen", "vcpu_singleshot_timer_fn") > 0);
    CU_ASSERT(ran(late, "xen", "context_switch") > 0);
    json_decref(late);

    /* 200 us spent looking at the clock, which the sample leaves out. */
    check_sums(tick);
    CU_ASSERT(number(tick, "total") > 200000);
    CU_ASSERT(number(tick, "raw") > layer(tick, "xen"));
    CU_ASSERT(number(tick, "raw") < layer(tick, "xen") + 1000);
    CU_ASSERT(ran(tick, "xen", "send_guest_vcpu_virq") > 0);
    json_decref(tick);
}

/* No hypervisor: all of it is the guest's. */
static void test_bare(void)
{
    json_t *t = trace("baseline/empty", "bare", NULL);

    check_sums(t);
    CU_ASSERT_EQUAL(number(t, "total"), 3);
    CU_ASSERT_EQUAL(layer(t, "guest"), 3);
    json_decref(t);
}

/* `run --layers`: the layers of the median sample are all of it. */
static void test_run_layers(void)
{
    static const char saved[] = "build/test-layers.json";
    struct outcome_of r = program("run", "--host=lab", "--output", saved, "--layers", "--samples=10",
                                  "-m", tests_take_long ? "pv,pvh,hvm" : "pv,hvm",
                                  "hypercall/null", "hypercall/multicall-8", "xenstore/read",
                                  "port/ioreq", "timer-load/guest-tickless", NULL);
    json_t *results = json_load_file(saved, 0, NULL), *row;
    size_t i, seen = 0;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "No layers of timer-load/guest-tickless: "));
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    json_array_foreach(json_object_get(results, "rows"), i, row)
    {
        const json_t *of = json_object_get(row, "layers");
        long long all = 0;

        if ( strcmp(json_string_value(json_object_get(row, "status")), "success") || !json_is_object(of) )
            continue;
        for ( size_t k = 0; k < sizeof(layers) / sizeof(layers[0]); k++ )
            all += number(of, layers[k]);
        if ( number(row, "operations") == 1 )
            CU_ASSERT_EQUAL(all, number(row, "median") + number(row, "overhead"));
        CU_ASSERT(number(of, "guest") > 0 && number(of, "xen") > 0);
        CU_ASSERT_EQUAL(number(of, "dom0_user") > 0,
                        json_is_true(json_object_get(row, "dom0")));
        CU_ASSERT_PTR_NULL(json_object_get(row, "raw"));
        seen++;
    }
    CU_ASSERT_EQUAL(seen, tests_take_long ? 3 + 3 + 3 + 1 : 2 + 2 + 2 + 1);
    json_decref(results);
    unlink(saved);
    program_free(&r);
    r = program("run", "--host=lab", "--clock=fast", "--layers", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "--clock=exact"));
    program_free(&r);
}

static void test_errors(void)
{
    static const char directory[] = "build/test-no-plugins";
    char *path = getenv("PATH"), *before;
    struct outcome_of r = program("trace", "--host=lab", "hypercall/null", "--mode=bare", NULL);

    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "hypercall/null in bare"));
    program_free(&r);
    r = program("trace", "--host=lab", "no/row", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "no/row"));
    program_free(&r);
    r = program("trace", "--host=lab", "event/ipi", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "two CPUs"));
    program_free(&r);
    r = program("trace", "--host=lab", "hypercall/null", "--against=no-file.json", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "no-file"));
    program_free(&r);
    r = program("trace", "--host=lab", "hypercall/null", "-m", "pv", "--sample=5000", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "5000"));
    program_free(&r);

    /* A program called QEMU without the plugin interface. */
    before = strdup(path ? path : "/usr/bin:/bin");
    CU_ASSERT_EQUAL_FATAL(system("mkdir -p build/test-no-plugins && "
                                 "cp /bin/true build/test-no-plugins/qemu-system-x86_64"), 0);
    setenv("PATH", directory, 1);
    r = program("trace", "--host=lab", "hypercall/null", NULL);
    setenv("PATH", before, 1);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "without plugins"));
    program_free(&r);
    free(before);
    CU_ASSERT_EQUAL(system("rm -r build/test-no-plugins"), 0);

    /* On a real Xen (the lab's dom0 is one) it offers the lab. */
    r = program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                "--", "sh", "-c", "mkdir configs; ./xenometer trace hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT(is_one_line_error(&r, "--host=lab"));
    program_free(&r);
}

void suite_trace(void)
{
    CU_pSuite s = CU_add_suite("trace", NULL, NULL);

    add_both(s, "a hypercall, twice the same", test_hypercall);
    add_long(s, "a CPUID exit, with and without NRIP-save", test_cpuid);
    add_long(s, "an event sent", test_event);
    add_long(s, "ports answered by QEMU and by us", test_ports);
    CU_add_test(s, "folded stacks, pictures, a trace against itself", test_files);
    add_long(s, "functions of modules", test_modules);
    add_long(s, "timers", test_timers);
    CU_add_test(s, "bare", test_bare);
    add_both(s, "run --layers", test_run_layers);
    CU_add_test(s, "what cannot be traced", test_errors);
}

/* ------------------------------------------------------------------ long -- */

/* Is the word a function's name, as Xen and Linux have them: small letters with
 * an underscore between? */
static bool is_name(const char *word)
{
    return word[0] >= 'a' && word[0] <= 'z' && strchr(word, '_') &&
           word[strlen(word) - 1] != '_' &&
           strncmp(word, "vmx_", 4) &&   /* QEMU's TCG emulates SVM only */
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(word);
}

/* In any layer, by that name or as the hypercall of that name. */
static bool ran_anywhere(const json_t *t, const char *name)
{
    char hypercall[128];

    snprintf(hypercall, sizeof(hypercall), "do_%s", name);
    for ( size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++ )
        if ( ran(t, layers[i], name) || ran(t, layers[i], hypercall) )
            return true;
    return false;
}

/* The row's traces, taken when first needed, one per mode it runs in. */
struct traces {
    const char *row, *modes[4];
    json_t *list[4];
    bool tried[4];
    size_t count;
};

/*
 * NULL: it cannot be traced, and that is said in one line: this machine has to skip the
 * row, it is dom0's own, two CPUs count in it, its samples are not the ticks of one timed
 * region, or each is tens of millions of them.
 */
static json_t *trace_number(struct traces *t, size_t i)
{
    struct outcome_of r;

    if ( t->tried[i] )
        return t->list[i];
    t->tried[i] = true;
    r = program("trace", "--host=lab", "--json", "--mode", t->modes[i], t->row, NULL);
    t->list[i] = r.status ? NULL : json_loads(r.out, 0, NULL);
    if ( r.status )
        fprintf(stderr, "%s in %s: not traced\n", t->row, t->modes[i]);
    if ( t->list[i] )
        check_sums(t->list[i]);
    else
        CU_ASSERT(is_one_line_error(&r, strstr(r.err, "skip") ? "skip"
                                        : strstr(r.err, "dom0's own") ? "dom0's own row"
                                        : strstr(r.err, "two CPUs") ? "two CPUs at once"
                                        : strstr(r.err, "holds") ? "more than a record holds"
                                        : "not the ticks of one timed region"));
    program_free(&r);
    return t->list[i];
}

/* Also when it cannot be told. */
static bool ran_in_some_mode(struct traces *t, const char *name)
{
    bool traced = false;

    for ( size_t i = 0; i < t->count; i++ )
    {
        const json_t *one = trace_number(t, i);

        traced = traced || one;
        if ( one && ran_anywhere(one, name) )
            return true;
    }
    return !traced;
}

/* Words of explanations that are no functions, or whose functions run elsewhere, as the
 * explanation says. */
static bool is_not_of_the_path(const char *row, const char *name)
{
    static const char *const words[][2] = {
        { "exit/debug-register", "svm_dr_access" },          /* first iteration: no sample */
        { "console/debug-port-line", "guest_loglvl" },       /* an option of Xen's */
        { "sched/timer-latency-near", "timer_slop" },        /* likewise */
        { "exit/vmcall-foreign", "svm_cpuid_policy_changed" },   /* domain's creation */
        { "exit/kernel-gs-base", "construct_vmcb" },         /* likewise */
        { "exit/kernel-gs-base", "svm_vmcb" },               /* a file */
        { "exit/msr-trapped", "tsc_mode" },                  /* a setting */
        { "event/oneway-rate", "dom0_events" },              /* a field of results */
        { "memory/decrease-increase-reservation", "decrease_reservation" },   /* a sub-hypercall */
    };

    for ( size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++ )
        if ( !strcmp(row, words[i][0]) && !strcmp(name, words[i][1]) )
            return true;
    return false;
}

/* Every row's trace adds up, and what its explanation names has run. */
static void test_every_row(void)
{
    struct outcome_of r = program("list", "--json", NULL);
    json_t *list = json_loads(r.out, 0, NULL), *row, *mode;
    size_t i, k;

    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    json_array_foreach(json_object_get(list, "rows"), i, row)
    {
        struct traces t = { .row = json_string_value(json_object_get(row, "row")) };
        struct outcome_of explained = program("explain", t.row, NULL);
        char *rest = explained.out, *word;

        /* dom0's own rows run in no guest, and no trace follows what runs without Xen. */
        json_array_foreach(json_object_get(row, "modes"), k, mode)
            if ( strstr("pv pvh hvm bare", json_string_value(mode)) )
                t.modes[t.count++] = json_string_value(mode);
        if ( t.count )
            trace_number(&t, 0);
        while ( (word = strsep(&rest, " ,.;:()/\"'\n")) != NULL )
            if ( t.count && is_name(word) && !is_not_of_the_path(t.row, word) &&
                 !ran_in_some_mode(&t, word) )
            {
                fprintf(stderr, "%s: its explanation names %s, which did not run\n", t.row, word);
                CU_FAIL("a function that the explanation names did not run");
            }
        for ( k = 0; k < t.count; k++ )
            json_decref(t.list[k]);
        program_free(&explained);
    }
    json_decref(list);
    program_free(&r);
}

/* Ten traces from one snapshot, one result. */
static void test_ten_traces(void)
{
    json_t *first = trace("event/send-masked", "pvh", NULL);

    for ( int i = 1; i < 10; i++ )
    {
        json_t *t = trace("event/send-masked", "pvh", NULL);

        CU_ASSERT_TRUE(json_equal(first, t));
        json_decref(t);
    }
    json_decref(first);
}

void suite_trace_long(void)
{
    CU_pSuite s = CU_add_suite("traces of everything", NULL, NULL);

    CU_add_test(s, "ten traces, one result", test_ten_traces);
    CU_add_test(s, "every row adds up and does what it says", test_every_row);
}
