#include "report/isca16.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalogue/modes.h"
#include "catalogue/published.h"
#include "report/beside.h"
#include "report/lines.h"
#include "report/notes.h"
#include "report/text.h"
#include "xenometer.h"

#define ARM64_VHE "neoverse-n1"   /* the CPU of --cpu=arm64-vhe, as environments say it */
#define PAPER "ISCA 2016"      /* in the sources of catalogue/published.c */
#define MOST  3u
#define HEADS 3u               /* hypervisor, kind of guest, CPU */

enum way { WHOLE, OUT, IN };

/* One of the seven: the first of its rows that a column has; or a part of ISCA16_IO by a trace. */
static const struct benchmark {
    const char *name, *what;
    const char *rows[MOST + 1];
    enum way way;
} benchmarks[] = {
    { "Hypercall", "enter the hypervisor and return, nothing asked: hypercall/null, in KVM exit/vmcall, on ARM64 "
      "exit/hvc", { "hypercall/null", "exit/vmcall", "exit/hvc" }, WHOLE },
    { "Controller trap", "the paper's interrupt controller trap, read a register of the emulated one: interrupt/lapic-trap, on ARM64 "
      "mmio/gic-distributor", { "interrupt/lapic-trap", "mmio/gic-distributor" }, WHOLE },
    { "Virtual IPI", "from one vCPU to another that runs, until its handler ran: interrupt/ipi-busy, on ARM64 "
      "interrupt/sgi-busy, in PV event/ipi; instructions of both CPUs, and each vCPU has one of its own",
      { "interrupt/ipi-busy", "interrupt/sgi-busy", "event/ipi" }, WHOLE },
    { "Virtual IRQ completion", "acknowledge and end an interrupt: interrupt/eoi", { "interrupt/eoi" }, WHOLE },
    { "VM switch", "from one domain to another on the same CPU: sched/vm-switch, in KVM sched/vm-switch-irqfd",
      { "sched/vm-switch", "sched/vm-switch-irqfd" }, WHOLE },
    { "I/O latency out", "from the driver's signal until dom0's kernel executes its first instruction, by a trace of "
      ISCA16_IO "; in KVM until its own eventfd has been rung and the guest goes on: port/eventfd, on ARM64 "
      "mmio/eventfd", { "port/eventfd", "mmio/eventfd" }, OUT },
    { "I/O latency in", "from the backend's signal until the driver has it, by the same trace; in KVM from a process's "
      "write to an irqfd until the halted guest's handler runs: interrupt/irqfd", { "interrupt/irqfd" }, IN },
};
#define BENCHMARKS (sizeof(benchmarks) / sizeof(benchmarks[0]))

struct place {
    const struct results *results;
    const struct column *column;
    char *heads[HEADS];   /* one below the other: a table of seven has 80 columns for all */
};

static const struct result *measured(const struct place *p, const char *row)
{
    for ( size_t i = 0; i < p->results->count; i++ )
    {
        const struct result *r = &p->results->rows[i];

        if ( r->column == p->column && r->outcome == OUTCOME_SUCCESS && !strcmp(r->row, row) )
            return r;
    }
    return NULL;
}

/* False: that column has no such figure. */
static bool figure(const struct place *p, const struct benchmark *b, const struct isca16_ways *ways,
                   size_t way_count, uint64_t *value)
{
    for ( size_t i = 0; b->way != WHOLE && i < way_count; i++ )
        if ( ways[i].results == p->results && ways[i].column == p->column )
        {
            *value = b->way == OUT ? ways[i].out : ways[i].in;
            return true;
        }
    for ( size_t i = 0; b->rows[i]; i++ )
    {
        const struct result *r = measured(p, b->rows[i]);

        if ( r )
        {
            *value = r->median;
            return true;
        }
    }
    return false;
}

static bool has_any(const struct results *results, const struct column *column)
{
    const struct place p = { .results = results, .column = column };
    uint64_t value;

    for ( size_t i = 0; i < BENCHMARKS; i++ )
        if ( figure(&p, &benchmarks[i], NULL, 0, &value) )
            return true;
    return false;
}

/* "Xen" and "PVH"; "KVM" and "ARM64"; of a CPU's name what the kind does not say, "vhe" of "arm64-vhe". */
static void set_heads(struct place *p, const char *cpu)
{
    const char *title = p->column->title, *kind = strchr(title, ' ');
    size_t said;

    if ( p->column->home == HOME_XEN )
    {
        p->heads[0] = xstrdup("Xen");
        kind = title;
    }
    else
    {
        p->heads[0] = kind ? xasprintf("%.*s", (int)(kind - title), title) : xstrdup(title);
        kind = kind ? kind + 1 : "";
    }
    p->heads[1] = xstrdup(kind);
    said = strlen(kind);
    if ( said && !strncasecmp(cpu, kind, said) )
        cpu += said + (cpu[said] == '-');
    p->heads[2] = xstrdup(cpu);
}

static size_t find_places(const struct results *all, const char *const *names, size_t count,
                          struct place *places)
{
    size_t found = 0;

    for ( size_t i = 0; i < count; i++ )
        FOR_EACH_COLUMN(c)
        {
            bool again = false;

            if ( found == ISCA16_MOST || !has_any(&all[i], c) )
                continue;
            for ( size_t k = 0; k < count; k++ )
                again = again || (k != i && has_any(&all[k], c));
            places[found] = (struct place){ .results = &all[i], .column = c };
            set_heads(&places[found++], again ? names[i] : "");
        }
    return found;
}

static void put(struct libscols_line *line, size_t column, char *text)
{
    scols_line_refer_data(line, column, text);
}

/* Below ten with a digit behind the point. */
static char *times(uint64_t value, uint64_t unit)
{
    double ratio = (double)value / (double)unit;

    if ( ratio < 0.05 )
        return xstrdup("<0.1");
    return ratio < 9.95 ? xasprintf("%.1f", ratio) : text_number((uint64_t)(ratio + 0.5));
}

static void add_lines(struct libscols_table *table, const struct benchmark *b, const struct place *places,
                      size_t place_count, const struct isca16_ways *ways, size_t way_count, bool utf8)
{
    struct libscols_line *line = scols_table_new_line(table, NULL), *shape = NULL;
    uint64_t value, hypercall;

    put(line, 0, xstrdup(b->name));
    for ( size_t i = 0; i < place_count; i++ )
        put(line, 1 + i, figure(&places[i], b, ways, way_count, &value) ? text_number(value)
                                                                         : xstrdup(utf8 ? "\u2013" : "-"));
    for ( size_t i = 0; b != benchmarks && i < place_count; i++ )
        if ( figure(&places[i], b, ways, way_count, &value) &&
             figure(&places[i], benchmarks, ways, way_count, &hypercall) && hypercall )
        {
            shape = shape ? shape : scols_table_new_line(table, NULL);
            put(shape, 1 + i, times(value, hypercall));
        }
    if ( shape )
        put(shape, 0, xstrdup("  in hypercalls"));
}

/* What that paper's authors measured of the same, as far as it was read. */
static void print_published(FILE *out, const char *first, unsigned width)
{
    const struct published *p;
    char *text;

    for ( size_t b = 0; b < BENCHMARKS; b++ )
        for ( size_t i = 0; benchmarks[b].rows[i]; i++ )
            for ( size_t k = 0; (p = published_for(benchmarks[b].rows[i], k)) != NULL; k++ )
            {
                char *cycles;

                if ( !strstr(p->source, PAPER) )
                    continue;
                cycles = text_number(p->cycles);
                text = xasprintf("Published: %s, %s cycles on %s. %s.", benchmarks[b].name, cycles, p->on, p->source);
                text_wrap(out, first, text, width);
                free(text);
                free(cycles);
            }
    text_wrap(out, first, "Cycles of 2016 stand in no ratio with instructions; the table's other published figures are "
              "not here, as they could not be read where they were published.", width);
}

/* What the ten years since then have changed, where these figures show it. */
static void print_since(FILE *out, const struct place *places, size_t count, const char *first, unsigned width)
{
    bool without = false, with = false, el1 = false, el2 = false;

    for ( size_t i = 0; i < count; i++ )
    {
        const struct result *eoi = measured(&places[i], "interrupt/eoi");

        if ( places[i].column->alone && places[i].column->arm64 )
        {
            bool vhe = strstr(places[i].results->environment.cpu, ARM64_VHE) != NULL;

            el1 = el1 || !vhe;
            el2 = el2 || vhe;
        }
        if ( !eoi || !results_one_architecture(places[i].results, places[0].results) )
            continue;
        with = with || eoi->median < 100;
        without = without || eoi->median >= 100;
    }
    if ( with )
        text_wrap(out, first, "Since then: an x86 CPU that virtualizes the APIC completes an interrupt, and reads the "
                  "controller, without an exit.", width);
    if ( without )
        text_wrap(out, first, "As in 2016 completing an interrupt is an exit on an x86 CPU whose APIC is not virtualized "
                  "(--cpu=amd,intel,arm64 has one that is), and none on ARM64, where it stands in a list "
                  "register.", width);
    if ( el1 )
        text_wrap(out, first, "As in 2016 KVM on ARM64 is at EL1, beside its guest, on a CPU without the virtualization "
                  "host extensions (VHE): a hypercall saves the guest's registers and loads the host's, and back.", width);
    if ( el2 )
        text_wrap(out, first, "Since then: ARMv8.1 has VHE, by the paper's proposal, and KVM is at EL2 (arm64-vhe).", width);
}

static void print_definitions(FILE *out, const char *first, unsigned width)
{
    for ( size_t i = 0; i < BENCHMARKS; i++ )
    {
        char *text = xasprintf("%s: %s.", benchmarks[i].name, benchmarks[i].what);

        text_wrap(out, first, text, width);
        free(text);
    }
}

void isca16_print(FILE *out, const struct results *all, const char *const *names, size_t count,
                  const struct isca16_ways *ways, size_t way_count)
{
    struct style style = text_style(out);
    struct libscols_table *table = lines_table(out, "  ", false);
    struct place places[ISCA16_MOST];
    size_t place_count = find_places(all, names, count, places);
    const char *first = style.utf8 ? "\u2022 " : "* ";
    struct libscols_line *line;

    scols_table_new_column(table, "benchmark", 0, 0);
    for ( size_t i = 0; i < place_count; i++ )
        scols_table_new_column(table, "figure", 0, SCOLS_FL_RIGHT);
    for ( size_t head = 0; head < HEADS; head++ )
    {
        bool any = false;

        for ( size_t i = 0; i < place_count; i++ )
            any = any || *places[i].heads[head];
        line = any ? scols_table_new_line(table, NULL) : NULL;
        for ( size_t i = 0; line && i < place_count; i++ )
            put(line, 1 + i, xstrdup(places[i].heads[head]));
    }
    for ( size_t i = 0; i < BENCHMARKS; i++ )
        add_lines(table, &benchmarks[i], places, place_count, ways, way_count, style.utf8);

    text_wrap(out, "", "The seven microbenchmarks of C. Dall and others, ARM Virtualization: Performance and "
              "Architectural Implications, ISCA 2016, by Xen and KVM of today. Medians; executed instructions, not "
              "time, and of several instruction sets: what is compared is shape, each figure in hypercalls of its own "
              "column, and order of magnitude.", style.width);
    beside_places(out, all, names, count, style.width);
    fputc('\n', out);
    lines_print(out, table, 0, scols_table_get_nlines(table));
    fputc('\n', out);
    print_definitions(out, first, style.width);
    print_published(out, first, style.width);
    print_since(out, places, place_count, first, style.width);
    scols_unref_table(table);
    for ( size_t i = 0; i < place_count; i++ )
        for ( size_t head = 0; head < HEADS; head++ )
            free(places[i].heads[head]);
}
