#include "bench/factors.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/self.h"
#include "catalogue/select.h"
#include "lib/cancel.h"
#include "lib/child.h"
#include "report/beside.h"
#include "report/json.h"
#include "xenometer.h"

#define LOG_DEADLINE 60u   /* seconds, for dom0 to print Xen's log */

/* ------------------------------------------------------------------- parse -- */

/* What the lab's machine needs to be told, and does not run without (machines/boot.h). */
static const char *needed(const char *option, size_t length)
{
    static const char *const options[] = {
        "console", "com1", "smap", "max_cstate", "bootscrub", "dom0_mem", "loglvl",
        "guest_loglvl", "noreboot",
    };

    for ( size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++ )
        if ( strlen(options[i]) == length && !strncmp(option, options[i], length) )
            return options[i];
    return NULL;
}

static void append(char **text, const char *more)
{
    char *longer = xasprintf("%s%s%s", *text ? *text : "", *text ? " " : "", more);

    free(*text);
    *text = longer;
}

static int parse_part(const char *factor, const char *part, char **xen, char **dom0)
{
    const char *option = strchr(part, ':'), *clash;
    bool of_xen = option && option - part == 3 && !strncmp(part, "xen", 3);

    if ( !option || !option[1] || strpbrk(option, " \t\n\"") ||
         (!of_xen && (option - part != 4 || strncmp(part, "dom0", 4))) )
    {
        message("--factor=%s: must be xen:OPTION or dom0:OPTION, as on their command lines; "
                "`xenometer factors` lists some", factor);
        return STATUS_USAGE;
    }
    option++;
    clash = of_xen ? needed(option, strcspn(option, "=")) : NULL;
    if ( clash )
    {
        message("--factor=%s: the lab's machine needs %s as it is", factor, clash);
        return STATUS_USAGE;
    }
    append(of_xen ? xen : dom0, option);
    return STATUS_OK;
}

int factor_parse(const char *factor, char **xen, char **dom0)
{
    char *copy = xstrdup(factor), *rest = copy, *part;
    int status = STATUS_OK;

    *xen = *dom0 = NULL;
    while ( status == STATUS_OK && (part = strsep(&rest, "+")) != NULL )
        status = parse_part(factor, part, xen, dom0);
    free(copy);
    if ( status != STATUS_OK )
    {
        free(*xen);
        free(*dom0);
        *xen = *dom0 = NULL;
    }
    return status;
}

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
    char *name, *xen, *dom0;   /* owned */
    struct results results;
};

/* `xenometer run` of ourselves, in the lab with the column's options. */
static int measure(const struct run_options *o, struct value *c)
{
    struct variant variant = o->variant;
    struct words w = { .count = 0 };
    char *modes = columns_text(&o->columns, ","), *text = NULL;
    size_t size;
    int status;

    variant.xen_options = c->xen;
    variant.dom0_options = c->dom0;
    words_add(&w, "run");
    words_add(&w, "--host=lab");
    words_add(&w, "--json");
    words_format(&w, "--modes=%s", modes);
    words_format(&w, "--boots=%u", o->boots ? o->boots : RUN_BOOTS);
    words_format(&w, "--seed=%u", o->seed);
    words_format(&w, "--lab-suite=%s", o->suite ? o->suite : "");
    if ( o->samples )
        words_format(&w, "--samples=%u", o->samples);
    variant_words(&variant, &w);
    words_add(&w, "--");
    for ( size_t i = 0; i < o->pattern_count; i++ )
        words_add(&w, o->patterns[i]);
    cancel_begin();
    status = self_run(words_argv(&w), &text, &size);
    cancel_end();
    if ( status == STATUS_OK && results_from_json(text, size, "the lab's answer", &c->results) )
        status = STATUS_ENVIRONMENT;
    words_free(&w);
    free(text);
    free(modes);
    return status;
}

/* Does Xen take the options?  If not, *left_out, said with its words. */
static int check(const struct run_options *o, const struct value *c, bool *left_out)
{
    struct lab_options lab = { .clock = LAB_EXACT, .suite = o->suite, .variant = o->variant };
    char *log, *words;
    int status;

    *left_out = false;
    lab.variant.xen_options = c->xen;
    lab.variant.dom0_options = c->dom0;
    status = lab_prepare(&lab);
    if ( status == STATUS_ENVIRONMENT || status == STATUS_DEADLINE )
    {
        message("skip %s: the lab does not boot with it", c->name);
        *left_out = true;
        return STATUS_OK;
    }
    if ( status != STATUS_OK || !c->xen )
        return status;
    log = boot_log(&lab, &status);
    words = log ? factor_refused(log, c->xen) : NULL;
    if ( words )
    {
        message("skip %s: Xen says: %s", c->name, words);
        *left_out = true;
    }
    free(words);
    free(log);
    return status;
}

/* "out.json" for a factor: "out-sched=credit.json"; the caller's. */
static char *output_for(const char *output, const char *factor)
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
    int status = *count ? check(o, c, &left_out) : STATUS_OK;

    if ( status != STATUS_OK || left_out )
        return status;
    status = measure(o, c);
    if ( status == STATUS_OK && o->output )
    {
        path = output_for(o->output, c->name);
        status = results_write(path, &c->results);
        free(path);
    }
    if ( status == STATUS_OK )
        (*count)++;
    return status;
}

static void column_free(struct value *c)
{
    free(c->name);
    free(c->xen);
    free(c->dom0);
    results_free(&c->results);
    *c = (struct value){ .name = NULL };
}

/* The user's own options, which every column has, and behind them the factor's. */
static void combine(char **option, const char *own)
{
    char *both;

    if ( !own )
        return;
    both = xasprintf("%s%s%s", own, *option ? " " : "", *option ? *option : "");
    free(*option);
    *option = both;
}

static int parse_all(const struct run_options *o, struct value *all)
{
    const struct variant *v = &o->variant;
    int status = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i <= o->factors.count; i++ )
    {
        if ( i )
            status = factor_parse(o->factors.list[i - 1], &all[i].xen, &all[i].dom0);
        all[i].name = xstrdup(i ? o->factors.list[i - 1] : "lab");
        if ( status == STATUS_OK )
        {
            combine(&all[i].xen, v->xen_options);
            combine(&all[i].dom0, v->dom0_options);
        }
    }
    return status;
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
        column_free(&shown[count]);
        shown[count] = all[i];
        all[i] = (struct value){ .name = NULL };
        status = add_column(o, shown, &count);
    }
    for ( size_t i = 0; i < count; i++ )
    {
        results[i] = shown[i].results;
        names[i] = shown[i].name;
        if ( results_worst(&results[i]) >= OUTCOME_ERROR )
            worst = STATUS_FAILED;
    }
    if ( status == STATUS_OK && count )
        beside_print(stdout, results, names, count);
    for ( size_t i = 0; i <= RUN_MAX_FACTORS; i++ )
    {
        column_free(&all[i]);
        column_free(&shown[i]);
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
};

void factors_list(FILE *out)
{
    for ( size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++ )
        fprintf(out, "%s%s%s\n    %s\n", known[i].factor, *known[i].values ? ": " : "",
                known[i].values, known[i].changes);
}
