#include "bench/factors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/side.h"
#include "lib/child.h"
#include "report/beside.h"
#include "report/json.h"
#include "xenometer.h"

#define LOG_DEADLINE 60u   /* seconds, for dom0 to print Xen's log */

/* ----------------------------------------------------------------- refused -- */

/* The line of `log` that `at` is in, without what Xen puts before it; the caller's. */
static char *line_around(const char *log, const char *at)
{
    while ( at > log && at[-1] != '\n' )
        at--;
    if ( !strncmp(at, "(XEN) ", 6) )
        at += 6;
    return xasprintf("%.*s", (int)strcspn(at, "\r\n"), at);
}

/*
 * Xen 4.17 to 4.21, common/kernel.c: 'parameter "sched" has invalid value "x", rc=-22!' and
 * 'parameter "x" unknown!'; common/sched/core.c: 'Could not find scheduler: x'.
 */
char *factor_refused(const char *log, const char *xen)
{
    char *copy = xstrdup(xen), *rest = copy, *option, *words = NULL;

    while ( !words && (option = strsep(&rest, " ")) != NULL )
    {
        char *parameter, *scheduler = strncmp(option, "sched=", 6) == 0
            ? xasprintf("Could not find scheduler: %s", option + 6) : NULL;
        const char *found;

        option[strcspn(option, "=")] = '\0';
        parameter = xasprintf("parameter \"%s\" ", option);
        found = strstr(log, parameter);
        if ( !found && scheduler )
            found = strstr(log, scheduler);
        if ( found )
            words = line_around(log, found);
        free(scheduler);
        free(parameter);
    }
    free(copy);
    return words;
}

/* Xen's boot log in that lab; the caller's.  NULL after a message. */
static char *boot_log(const struct lab_options *lab, int *status)
{
    const char *const argv[] = { "xl", "dmesg", NULL };
    int out = memory_file("dmesg", 0), inner = 0;
    char *log = NULL;

    if ( out < 0 )
    {
        *status = STATUS_ENVIRONMENT;
        return NULL;
    }
    *status = lab_run(lab, &(struct lab_job){ .argv = argv, .stdout_fd = out, .stderr_fd = -1,
                                              .deadline_seconds = LOG_DEADLINE }, &inner);
    if ( *status == STATUS_OK )
        log = memory_file_text(out, NULL);
    close(out);
    return log;
}

/* ----------------------------------------------------------------- measure -- */

/* One column of the table. */
struct value {
    struct side side;
    struct results results;
};

/* Does the lab start with it, and does Xen take its options?  If not, *left_out, said with the words. */
static int check(const struct side *s, bool *left_out)
{
    struct lab_options lab = { .clock = LAB_EXACT, .suite = s->suite, .variant = s->variant };
    char *log, *words;
    int status = side_prepare(s);

    *left_out = false;
    if ( status == STATUS_ENVIRONMENT || status == STATUS_DEADLINE )
    {
        message("skip %s: the lab does not boot with it", s->name);
        *left_out = true;
        return STATUS_OK;
    }
    if ( status != STATUS_OK || !s->xen_options )
        return status;
    log = boot_log(&lab, &status);
    words = log ? factor_refused(log, s->xen_options) : NULL;
    if ( words )
    {
        message("skip %s: Xen says: %s", s->name, words);
        *left_out = true;
    }
    free(words);
    free(log);
    return status;
}

char *factor_output(const char *output, const char *factor)
{
    const char *dot = strrchr(output, '.'), *slash = strrchr(output, '/');
    char *path;

    if ( dot == NULL || (slash && dot < slash) )
        dot = output + strlen(output);
    path = xasprintf("%.*s-%s%s", (int)(dot - output), output, factor, dot);
    for ( char *c = path + (dot - output) + 1; *c; c++ )
        if ( *c == '/' )
            *c = '_';
    return path;
}

static int add_column(const struct run_options *o, struct value *columns, size_t *count)
{
    struct value *c = &columns[*count];
    bool left_out = false;
    char *path;
    int status = *count ? check(&c->side, &left_out) : STATUS_OK;

    if ( status != STATUS_OK || left_out )
        return status;
    status = side_measure(o, &c->side, &c->results);
    if ( status == STATUS_OK && o->output )
    {
        path = factor_output(o->output, c->side.name);
        status = results_write(path, &c->results);
        free(path);
    }
    if ( status == STATUS_OK )
        (*count)++;
    return status;
}

static void value_free(struct value *c)
{
    side_free(&c->side);
    results_free(&c->results);
    *c = (struct value){ .side = { .name = NULL } };
}

int factors_add(struct run_factors *factors, const char *factor)
{
    if ( factors->count == RUN_MAX_FACTORS )
    {
        message("--factor: %u at most in one table", RUN_MAX_FACTORS);
        return STATUS_USAGE;
    }
    factors->list[factors->count++] = factor;
    return STATUS_OK;
}

/* Columns of this table are exact labs in QEMU. */
static int check_options(const struct run_options *o)
{
    if ( strcmp(o->host, "xen") && o->clock == LAB_EXACT && !o->cpu && !o->without && !o->json &&
         !o->wide && !o->layers && !o->save )
        return STATUS_OK;
    message("--factor is for the exact lab in QEMU and for its table: leave out --host, --clock, --cpu, "
            "--without, --json, --wide, --layers and --save");
    return STATUS_USAGE;
}

/* What is wrong with any of them is said before anything is measured. */
static int parse_all(const struct run_options *o, struct value *all)
{
    int status = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i <= o->factors.count; i++ )
        status = side_parse(o, i ? o->factors.list[i - 1] : NULL, &all[i].side);
    return status;
}

int factors_run(struct run_options *o)
{
    struct value all[RUN_MAX_FACTORS + 1] = { 0 }, shown[RUN_MAX_FACTORS + 1] = { 0 };
    struct results results[RUN_MAX_FACTORS + 1];
    const char *names[RUN_MAX_FACTORS + 1];
    size_t count = 0;
    int status = check_options(o), worst = STATUS_OK;

    if ( status == STATUS_OK )
        status = suite_choose(&o->suite);
    if ( status == STATUS_OK )
        status = parse_all(o, all);

    for ( size_t i = 0; status == STATUS_OK && i <= o->factors.count; i++ )
    {
        value_free(&shown[count]);
        shown[count] = all[i];
        all[i] = (struct value){ .side = { .name = NULL } };
        status = add_column(o, shown, &count);
    }
    for ( size_t i = 0; i < count; i++ )
    {
        results[i] = shown[i].results;
        names[i] = shown[i].side.name;
        if ( results_worst(&results[i]) >= OUTCOME_ERROR )
            worst = STATUS_FAILED;
    }
    if ( status == STATUS_OK && count )
        beside_print(stdout, results, names, count);
    for ( size_t i = 0; i <= RUN_MAX_FACTORS; i++ )
    {
        value_free(&all[i]);
        value_free(&shown[i]);
    }
    return status ? status : worst;
}

/* -------------------------------------------------------------------- list -- */

static const struct {
    const char *factor, *values, *changes;
} known[] = {
    { "xen:spec-ctrl=VALUE", "no, no-xen, no-pv, no-hvm, rsb=no, branch-harden=no, div-scrub=no",
      "what is done against speculation at every entry from a guest and exit to it" },
    { "xen:spec-ctrl=bti-thunk=VALUE", "retpoline, lfence, jmp",
      "how Xen's indirect calls are made: each costs a few instructions" },
    { "xen:xpti=VALUE", "no, dom0, domu, yes",
      "PV: another page table at each entry, where the CPU is open to Meltdown" },
    { "xen:pcid=VALUE", "no, xpti, yes", "PV: with xpti, TLB entries that survive it" },
    { "xen:sched=VALUE", "credit, credit2, null, rtds",
      "blocking, waking and yielding: event, ring and sched rows" },
    { "xen:sched-gran=VALUE", "cpu, core, socket", "scheduling units of several CPUs" },
    { "xen:smt=VALUE", "yes, no", "nothing on the lab's one CPU: for a Xen host" },
    { "xen:hap_1gb=VALUE", "yes, no", "PVH, HVM: the size of the second level's pages" },
    { "xen:hap_2mb=VALUE", "yes, no", "PVH, HVM: likewise; Xen's own walks get longer" },
    { "xen:cet=VALUE", "no, shstk=no, ibt=no", "shadow stacks and branch targets, where the CPU has them" },
    { "xen:gnttab=VALUE", "max-ver:1, max-ver:2, no-transitive", "grant rows: which versions guests are offered" },
    { "xen:vpmu=VALUE", "yes, no", "PV: a context switch saves the counters" },
    { "xen:altp2m=VALUE", "yes, no", "HVM: more than one second-level table" },
    { "dom0:mitigations=VALUE", "off, auto", "rows that reach dom0: entry to its kernel and back" },
    { "dom0:nopti", "", "the same, its page tables alone" },
    { "dom0:xen.fifo_events=VALUE", "0, 1", "2-level or FIFO event channels in dom0" },
    { "kconfig:OPTION=VALUE", "SPECULATIVE_HARDEN_GUEST_ACCESS=n, SPECULATIVE_HARDEN_ARRAY=n, DEBUG=y",
      "with --xen-source=DIRECTORY: Xen built with it; the first is 8 instructions for each argument of a "
      "PV guest's hypercall, none in PVH" },
};

void factors_list(FILE *out)
{
    for ( size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++ )
        fprintf(out, "%s%s%s\n    %s\n", known[i].factor, *known[i].values ? ": " : "",
                known[i].values, known[i].changes);
}
