/*
 * What has to be said around the comparison table, so that nobody takes its
 * figures for something else (layout.h).
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/layout.h"
#include "report/text.h"
#include "xenometer.h"

#define NAMED_ROWS 6u   /* a list of rows names that many, then counts */

struct notes {
    char **text;
    size_t count;
};

__attribute__((format(printf, 2, 3)))
static void add(struct notes *notes, const char *format, ...)
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

/* A string in the making; memory streams fail only without memory. */
static FILE *begin(char **text, size_t *size)
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

static bool counts_instructions(const struct results *results)
{
    const char *clock = results->environment.clock;

    return clock != NULL && strcmp(clock, "instructions") == 0;
}

/* --------------------------------------------------------------- header -- */

static void note_clock(struct notes *notes, const struct results *results)
{
    uint64_t hz = results->environment.tsc_hz;

    if ( counts_instructions(results) )
        add(notes, "Executed instructions per operation, not time. A ratio of "
            "instructions is not a ratio of times: VM entries and exits, TLB "
            "and cache misses cost nothing in this clock.");
    else if ( host_is(results, "lab-fast") )
        add(notes, "Ticks of the fast lab's emulated TSC: they show how busy QEMU was, "
            "not what Xen costs. Good for finding out whether a row works, "
            "useless as a measurement.");
    else if ( hz != 0 )
        add(notes, "TSC cycles per operation; 1,000 cycles are %" PRIu64 " ns.",
            (UINT64_C(1000000000000) + hz / 2) / hz);
    else
        add(notes, "TSC cycles per operation.");
    if ( host_is(results, "lab-kvm") )
        add(notes, "Nested: this Xen itself ran in a KVM guest, so every exit "
            "went through two hypervisors.");
}

static void note_place(struct notes *notes, const struct results *results)
{
    const struct environment *e = &results->environment;
    const char *separator = "; ";
    char *text = NULL;
    size_t size;
    FILE *out = begin(&text, &size);

    fprintf(out, "Measured on %s%s", e->xen ? "Xen " : "Xen",
            e->xen ? e->xen : "");
    if ( e->host != NULL && strncmp(e->host, "lab", 3) == 0 )
        fprintf(out, " in the lab (%s, QEMU%s%s)", e->host, e->qemu ? " " : "",
                e->qemu ? e->qemu : "");
    if ( e->dom0_kernel )
        fprintf(out, "%sdom0 Linux %s", separator, e->dom0_kernel);
    if ( e->cpu )
        fprintf(out, "%sCPU %s", separator, e->cpu);
    if ( e->pinned )
        fprintf(out, "%svCPUs: %s", separator, e->pinned);
    if ( e->mitigations )
        fprintf(out, "%smitigations: %s", separator, e->mitigations);
    if ( e->started )
        fprintf(out, "%s%s", separator, e->started);
    fclose(out);
    add(notes, "%s.", text);
    free(text);
}

/* The overhead of a mode: the same in all its rows but for noise. */
static void note_overhead(struct notes *notes, const struct results *results)
{
    char *text = NULL;
    size_t size;
    FILE *out = begin(&text, &size);
    bool any = false;

    for ( uint32_t mode = MODE_PV; mode <= MODE_BARE; mode <<= 1 )
    {
        uint64_t low = UINT64_MAX, high = 0;

        for ( size_t i = 0; i < results->count; i++ )
        {
            const struct result *r = &results->rows[i];

            if ( (uint32_t)r->mode != mode || r->overhead == 0 )
                continue;
            low = r->overhead < low ? r->overhead : low;
            high = r->overhead > high ? r->overhead : high;
        }
        if ( high == 0 )
            continue;
        fprintf(out, "%s%s %" PRIu64, any ? ", " : "",
                layout_mode_title((enum mode)mode), low);
        if ( high != low )
            fprintf(out, " to %" PRIu64, high);
        any = true;
    }
    fclose(out);
    if ( any )
        add(notes, "Subtracted from every sample, the empty timed region: %s "
            "%s.", text, results->environment.clock ? results->environment.clock
                                                    : "ticks");
    free(text);
}

char **notes_header(const struct results *results)
{
    struct notes notes = { NULL, 0 };

    note_clock(&notes, results);
    note_place(&notes, results);
    note_overhead(&notes, results);
    return notes.text;
}

/* --------------------------------------------------------------- footer -- */

static void note_reading(struct notes *notes, const struct results *results,
                         bool utf8)
{
    bool spread = false, bare = false, dom0 = false, blocks = false;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];

        bare |= r->mode == MODE_BARE;
        dom0 |= r->dom0;
        blocks |= r->blocks;
        spread |= r->outcome == OUTCOME_SUCCESS && r->p99 != r->median;
    }
    add(notes, "Figures are medians; %s: how many times the cheapest cell of "
        "the same work.%s", utf8 ? "\u00d7" : "x",
        bare ? " Bare is left out of that: the same image with no hypervisor "
               "below it, the floor of each path." : "");
    if ( spread )
        add(notes, "p99: 99 of 100 samples lie at most that far above the "
            "median; nothing there: no spread.");
    if ( dom0 )
        add(notes, "dom0: the path leaves Xen and ends in dom0.");
    if ( blocks )
        add(notes, "waits: the vCPU may block in the timed region.%s",
            counts_instructions(results) ?
            " What others execute meanwhile is counted; when nobody has "
            "anything to execute, virtual time jumps to the next timer, and "
            "the jump is counted too: look at p99." : "");
}

static void note_emulation(struct notes *notes, const struct results *results)
{
    if ( !host_is(results, "lab-exact") && !host_is(results, "lab-fast") )
        return;
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].mode & (MODE_PVH | MODE_HVM) )
        {
            add(notes, "QEMU's TCG has no NRIP-save: in PVH and HVM each exit "
                "by CPUID, VMMCALL or an MSR makes Xen decode the instruction: "
                "thousands of instructions that hardware with it does not "
                "spend. Port exits do not.");
            return;
        }
}

/* "PV", "PV, PVH": the modes in a set. */
static void put_modes(FILE *out, uint32_t modes)
{
    const char *separator = "";

    for ( uint32_t mode = MODE_PV; mode <= MODE_BARE; mode <<= 1 )
        if ( modes & mode )
        {
            fprintf(out, "%s%s", separator, layout_mode_title((enum mode)mode));
            separator = ", ";
        }
}

static bool same_reason(const struct result *a, const struct result *b)
{
    return a->outcome == b->outcome &&
           strcmp(a->reason ? a->reason : "", b->reason ? b->reason : "") == 0;
}

/* One note for all rows that share an outcome and its reason. */
static void note_reason(struct notes *notes, const struct results *results,
                        size_t first, const char *mark)
{
    const struct result *pattern = &results->rows[first];
    uint32_t modes = 0;
    size_t named = 0, more = 0, size;
    char *text = NULL;
    FILE *out;

    for ( size_t i = 0; i < first; i++ )
        if ( same_reason(&results->rows[i], pattern) )
            return;   /* told already */

    out = begin(&text, &size);
    for ( size_t i = first; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool seen = false;

        if ( !same_reason(r, pattern) )
            continue;
        modes |= (uint32_t)r->mode;
        for ( size_t k = first; k < i && !seen; k++ )
            seen = same_reason(&results->rows[k], pattern) &&
                   strcmp(results->rows[k].row, r->row) == 0;
        if ( seen )
            continue;
        if ( named < NAMED_ROWS )
            fprintf(out, "%s%s", named++ ? ", " : "", r->row);
        else
            more++;
    }
    if ( more > 0 )
        fprintf(out, " and %zu more", more);
    fprintf(out, " in ");
    put_modes(out, modes);
    fclose(out);
    add(notes, "%s %s: %s", mark, text,
        pattern->reason && *pattern->reason ? pattern->reason
                                            : "no reason given");
    free(text);
}

static void note_reasons(struct notes *notes, const struct results *results,
                         enum outcome outcome, const char *mark)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].outcome == outcome )
            note_reason(notes, results, i, mark);
}

/* Samples so rare that p99 does not show them. */
static void note_outliers(struct notes *notes, const struct results *results)
{
    size_t named = 0, more = 0, size;
    char *text = NULL;
    FILE *out = begin(&text, &size);

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        char *low, *high;

        if ( r->outcome != OUTCOME_SUCCESS || r->p99 != r->median ||
             (r->min == r->median && r->max == r->median) )
            continue;
        if ( named == NAMED_ROWS )
        {
            more++;
            continue;
        }
        low = text_number(r->min);
        high = text_number(r->max);
        fprintf(out, "%s%s in %s %s to %s", named++ ? "; " : "", r->row,
                layout_mode_title(r->mode), low, high);
        free(low);
        free(high);
    }
    if ( more > 0 )
        fprintf(out, "; and %zu more", more);
    fclose(out);
    if ( named > 0 )
        add(notes, "Outliers, at most 1 sample in 100, none dropped: %s.",
            text);
    free(text);
}

/* An event is a bit: what is sent before the last was taken is one with it. */
static void note_coalescing(struct notes *notes, const struct results *results)
{
    const char *separator = "";
    char *text = NULL, *sent, *taken;
    size_t size;
    FILE *out = begin(&text, &size);

    for ( const struct result *r = results->rows; r < results->rows + results->count; r++ )
    {
        if ( r->outcome != OUTCOME_SUCCESS || r->dom0_events == 0 )
            continue;
        sent = text_number(r->total);
        taken = text_number(r->dom0_events);
        fprintf(out, "%s%s in %s %s sent, %s taken", separator, r->row,
                layout_mode_title(r->mode), sent, taken);
        separator = "; ";
        free(sent);
        free(taken);
    }
    fclose(out);
    if ( *text )
        add(notes, "Events sent, and how many dom0's process took them for: %s.", text);
    free(text);
}

char **notes_footer(const struct results *results, bool utf8)
{
    struct notes notes = { NULL, 0 };

    note_reasons(&notes, results, OUTCOME_FAILURE, "failure");
    note_reasons(&notes, results, OUTCOME_ERROR, "error");
    note_reading(&notes, results, utf8);
    note_coalescing(&notes, results);
    note_emulation(&notes, results);
    note_outliers(&notes, results);
    note_reasons(&notes, results, OUTCOME_SKIP, utf8 ? "\u2013" : "-");
    return notes.text;
}

void notes_free(char **notes)
{
    for ( char **n = notes; n && *n; n++ )
        free(*n);
    free(notes);
}
