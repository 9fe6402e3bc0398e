/*
 * What has to be said around the comparison table, so that nobody takes its
 * figures for something else (layout.h).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/notes.h"
#include "report/ratio.h"
#include "report/text.h"
#include "xenometer.h"

void notes_add(struct notes *notes, const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = xvasprintf(format, arguments);
    va_end(arguments);
    notes->text = xrealloc(notes->text,
                           (notes->count + 2) * sizeof(*notes->text));
    notes->text[notes->count++] = text;
    notes->text[notes->count] = NULL;
}

/* Memory streams fail only without memory. */
FILE *notes_begin(char **text, size_t *size)
{
    FILE *out = open_memstream(text, size);

    if ( out == NULL )
    {
        message("out of memory");
        exit(STATUS_ENVIRONMENT);
    }
    return out;
}

static bool host_is(const struct results *results, const char *host)
{
    const char *actual = results->environment.host;

    return actual != NULL && strcmp(actual, host) == 0;
}

bool notes_instructions(const struct results *results)
{
    const char *clock = results->environment.clock;

    return clock != NULL && strcmp(clock, "instructions") == 0;
}

/* --------------------------------------------------------------- header -- */

static void note_clock(struct notes *notes, const struct results *results)
{
    uint64_t hz = results->environment.tsc_hz;

    if ( notes_instructions(results) )
        notes_add(notes, "Executed instructions per operation, not time. A ratio of "
            "instructions is not a ratio of times: VM entries and exits, TLB "
            "and cache misses cost nothing in this clock.");
    else if ( host_is(results, "lab-fast") )
        notes_add(notes, "Ticks of the fast lab's emulated TSC: they show how busy QEMU was, "
            "not what Xen costs. Good for finding out whether a row works, "
            "useless as a measurement.");
    else if ( hz != 0 )
    {
        char *ns = text_number((UINT64_C(1000000000000) + hz / 2) / hz);

        notes_add(notes, "TSC cycles per operation; 1,000 cycles are %s ns.", ns);
        free(ns);
    }
    else
        notes_add(notes, "TSC cycles per operation.");
    if ( host_is(results, "lab-kvm") || results->environment.below )
        notes_add(notes, "Nested: the machine itself was a guest of %s, so every exit "
            "went through two hypervisors.", host_is(results, "lab-kvm") ? "KVM" : results->environment.below);
}

static void note_place(struct notes *notes, const struct results *results)
{
    const struct environment *e = &results->environment;
    const char *separator = "; ";
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    if ( !e->xen && e->linux_system )
        fprintf(out, "Measured on Linux %s, without Xen", e->linux_system);
    else
        fprintf(out, "Measured on %s%s", e->xen ? "Xen " : "Xen", e->xen ? e->xen : "");
    if ( e->xen_build_id )
        fprintf(out, " (build %.12s%s)", e->xen_build_id,
                !e->xen_debug ? "" : *e->xen_debug == 'y' ? ", debug=y" : ", debug=n");
    if ( e->xen_options )
        fprintf(out, " with %s", e->xen_options);
    if ( e->host != NULL && strncmp(e->host, "lab", 3) == 0 )
        fprintf(out, " in the lab (%s, %s%s%s)", e->host, e->bochs ? "Bochs " : "QEMU",
                e->qemu && !e->bochs ? " " : "",
                e->bochs ? e->bochs : e->qemu ? e->qemu : "");
    if ( e->dom0_kernel )
        fprintf(out, "%sdom0 Linux %s", separator, e->dom0_kernel);
    if ( e->dom0_options )
        fprintf(out, " with %s", e->dom0_options);
    if ( e->xen && e->linux_system )
        fprintf(out, "%sbeside it, without Xen, Linux %s", separator, e->linux_system);
    if ( e->cpu )
        fprintf(out, "%sCPU %s", separator, e->cpu);
    if ( e->pinned )
        fprintf(out, "%svCPUs: %s", separator, e->pinned);
    if ( e->mitigations )
        fprintf(out, "%smitigations: %s", separator, e->mitigations);
    if ( e->started )
        fprintf(out, "%s%s", separator, e->started);
    fclose(out);
    notes_add(notes, "%s.", text);
    free(text);
    if ( e->xen_debug && *e->xen_debug == 'y' )
        notes_add(notes, "This Xen is a debug build: its assertions cost every path instructions that a "
                  "release build does not execute.");
    if ( e->xen_config )
        notes_add(notes, "Its configuration (Kconfig): %s.", e->xen_config);
    if ( e->suspends )
        notes_add(notes, "The domain was suspended %s before these rows, or the last of them: saved "
                  "and restored, migrated, or gone on with.",
                  e->suspends == 1 ? "once" : "more than once");
}

/* The overhead of a column: the same in all its rows but for noise. */
static void note_overhead(struct notes *notes, const struct results *results)
{
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);
    bool any = false;

    FOR_EACH_COLUMN(c)
    {
        uint64_t low = UINT64_MAX, high = 0;

        for ( size_t i = 0; i < results->count; i++ )
        {
            const struct result *r = &results->rows[i];

            if ( r->column != c || r->overhead == 0 )
                continue;
            low = r->overhead < low ? r->overhead : low;
            high = r->overhead > high ? r->overhead : high;
        }
        if ( high == 0 )
            continue;
        fprintf(out, "%s%s %" PRIu64, any ? ", " : "", c->title, low);
        if ( high != low )
            fprintf(out, " to %" PRIu64, high);
        any = true;
    }
    fclose(out);
    if ( any )
        notes_add(notes, "Subtracted from every sample, the empty timed region: %s "
            "%s.", text, results->environment.clock ? results->environment.clock
                                                    : "ticks");
    free(text);
}

char **notes_header(const struct results *results)
{
    struct notes notes = { NULL, 0 };

    note_clock(&notes, results);
    note_place(&notes, results);
    notes_lacks(&notes, results);
    note_overhead(&notes, results);
    return notes.text;
}

/* --------------------------------------------------------------- footer -- */

static bool any_ratio(const struct results *results)
{
    struct ratio *ratios = ratios_make(results);
    bool any = false;

    for ( size_t i = 0; i < results->count; i++ )
        any |= ratios[i].to != NULL;
    free(ratios);
    return any;
}

static void note_reading(struct notes *notes, const struct results *results,
                         bool utf8, enum narrowing narrowing)
{
    struct column_set columns = { { false } };
    bool spread = false, dom0 = false, blocks = false, cheapest = false;
    const char *floor = NULL, *base = NULL;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        columns_add(&columns, r->column);
        if ( r->column->floor )
            floor = r->column->note;
        if ( r->column->base )
            base = r->column->base;
        cheapest |= !r->column->base;
        dom0 |= r->dom0;
        blocks |= r->blocks;
        spread |= r->outcome == OUTCOME_SUCCESS && r->p99 != r->median;
    }
    if ( narrowing >= NARROW_FIGURES )
        notes_add(notes, "Figures are medians, with three digits: a wider window, a file or --wide "
            "shows all of them.");
    else
        notes_add(notes, "Figures are medians.");
    if ( narrowing < NARROW_RATIOS && base )
        notes_add(notes, "%s%s: how many times the figure of the same row in %s.",
            utf8 ? "\u00d7" : "x", cheapest ? " in columns of applications" : "", base);
    if ( narrowing < NARROW_RATIOS && cheapest && any_ratio(results) )
        notes_add(notes, "%s: how many times the cheapest cell of the same work; several operations "
            "in flight are compared with several, one alone with one alone.%s%s",
            utf8 ? "\u00d7" : "x", floor ? " " : "", floor ? floor : "");
    if ( spread && narrowing >= NARROW_SPREADS )
        notes_add(notes, "How far single samples lie from them (p99 and more): a wider window, a "
            "file, or --wide.");
    else if ( spread )
        notes_add(notes, "p99: 99 of 100 samples lie at most that far above the "
            "median; nothing there: no spread.");
    FOR_EACH_COLUMN(c)
        if ( columns_have(&columns, c) && c->note && !c->floor )
            notes_add(notes, "%s", c->note);
    if ( dom0 )
        notes_add(notes, "%sdom0: %s.", narrowing >= NARROW_REACHES ? "d, " : "",
            host_is(results, "linux") ? "the path leaves the hypervisor and ends in a process of this Linux"
                                      : "the path leaves Xen and ends in dom0");
    if ( blocks )
        notes_add(notes, "%swaits: the vCPU may block in the timed region.%s%s",
            narrowing >= NARROW_REACHES ? "w, " : "",
            notes_instructions(results) ?
            " What others execute meanwhile is counted; when nobody has "
            "anything to execute, virtual time jumps to the next timer, and "
            "the jump is counted too: look at p99." : "",
            results->environment.bochs ? " " NOTES_BOCHS_SECOND : "");
}

/* A regression of QEMU 9.1, commit 123acd816d: "Unmap first entries in buckets". */
static void note_map_cache(struct notes *notes, const struct results *results)
{
    if ( !notes_instructions(results) )
        return;
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        if ( r->column->device_model && r->outcome == OUTCOME_SUCCESS && r->median > 1000000 &&
             (strcmp(r->row, "block/virtio") == 0 || strcmp(r->row, "block/ide-dma") == 0) )
        {
            notes_add(notes, "block/virtio, block/ide-dma: as dom0's device model, QEMU since 9.1 "
                "unmaps 1 MiB of the guest after each request that it has open alone, 256 page "
                "table writes that Xen emulates: 1.4 million instructions, after the guest's "
                "answer. Several requests open (virtio-depth-32) or a PV disk (blkif-*) avoid it.");
            return;
        }
    }
}

static void note_emulation(struct notes *notes, const struct results *results)
{
    const char *features = results->environment.cpu_features;
    bool saves = features && strstr(features, "nrip-save");
    bool assists = features && strstr(features, "decodeassists");

    if ( (!host_is(results, "lab-exact") && !host_is(results, "lab-fast")) ||
         results->environment.bochs || (saves && assists) )
        return;
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column->home == HOME_XEN &&
             column_is(results->rows[i].column, "hardware") )
        {
            if ( !saves )
                notes_add(notes, "The CPU is without NRIP-save, which all hardware has: in PVH and "
                    "HVM each exit by CPUID, VMMCALL or an MSR makes Xen decode the instruction, "
                    "thousands of instructions that no real CPU spends. Port exits do not.");
            if ( !assists )
                notes_add(notes, "The CPU is without decode assists, which all hardware has: Xen "
                    "walks the guest's page tables to fetch the instruction of each access to "
                    "emulated memory (mmio/*), thousands of instructions that no real CPU spends.");
            return;
        }
}

static void note_by_cpu(struct notes *notes, const struct results *results)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome == OUTCOME_SUCCESS &&
             results->rows[i].column->home == HOME_XEN &&
             ratio_by_cpu(results, &results->rows[i]) )
        {
            notes_add(notes, "%s: this CPU has the registers of a domain's APIC itself. Nobody enters "
                      "Xen, and it is not compared.", results->rows[i].row);
            return;
        }
}

void notes_put_columns(FILE *out, const struct column_set *columns)
{
    const char *separator = "";

    FOR_EACH_COLUMN(c)
        if ( columns_have(columns, c) )
        {
            fprintf(out, "%s%s", separator, c->title);
            separator = ", ";
        }
}

char **notes_footer(const struct results *results, bool utf8, enum narrowing narrowing)
{
    struct notes notes = { NULL, 0 };

    notes_failed(&notes, results);
    note_reading(&notes, results, utf8, narrowing);
    notes_against(&notes, results, utf8);
    notes_events(&notes, results);
    note_emulation(&notes, results);
    note_by_cpu(&notes, results);
    note_map_cache(&notes, results);
    notes_figures(&notes, results, utf8);
    notes_skipped(&notes, results, utf8);
    return notes.text;
}

char **notes_wide(const struct results *results)
{
    struct notes notes = { NULL, 0 };

    notes_failed(&notes, results);
    notes_add(&notes, "first: the first iteration of a boot, median of the boots; min to max: single "
              "samples; 95 %%: bootstrap interval of the figure before it, = where it is a "
              "point; ratio: to the cheapest cell of the same work, among those "
              "of one operation or of several.");
    notes_add(&notes, "batch: the mean of everything from the first sample to the end of the last, "
              "less the empty row's loop. Where it is above the median, something falls between "
              "the samples or into few of them: interrupts, soft interrupts, work put off. (The "
              "loop itself may differ from the empty row's by an instruction or two.) Empty "
              "where the row does something else between its samples.");
    notes_add(&notes, "interrupted: samples that an interrupt of Xen's made longer, counted by the "
              "instruction clock in rows between guest and Xen; stolen: time in which others had "
              "the vCPU's CPU while the row ran.");
    return notes.text;
}

void notes_print(FILE *out, char **notes, const char *first, unsigned width)
{
    for ( char **n = notes; n && *n; n++ )
        text_wrap(out, first, *n, width);
    notes_free(notes);
}

void notes_free(char **notes)
{
    for ( char **n = notes; n && *n; n++ )
        free(*n);
    free(notes);
}
