/*
 * Made-up but plausible results (fixture.h).
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "report/layout.h"
#include "xenometer.h"

#define ENTER "enter the hypervisor and return"
#define ASK   "ask a dom0 process and get its answer"
#define TELL  "tell a dom0 process something, no answer"
#define SHARE "share 4 KiB with dom0"

#define DOM0  (ROW_DOM0 | ROW_BLOCKS)
#define DEVICES "only HVM and bare have emulated PC devices"

/* Medians in PV, PVH, HVM, bare; 0: cannot run there. */
static const struct {
    const char *row, *work, *path, *elsewhere;
    unsigned flags, operations, samples;
    unsigned median[4];
    unsigned spread;   /* p99 above the median, per mille */
} rows[] = {
    { "baseline/empty", "measure nothing", "RDTSC, RDTSCP", NULL,
      ROW_BASELINE, 1, 1000, { 5, 5, 5, 5 }, 0 },
    { "event/send-masked", TELL, "EVTCHNOP_send",
      "bare mode has no event channels", 0, 1, 1000,
      { 812, 7044, 7044, 0 }, 0 },
    { "event/roundtrip-idle", ASK, "event channel, both sides asleep",
      "bare mode has no event channels", DOM0, 1, 200,
      { 31204, 47811, 48102, 0 }, 31 },
    { "exit/cpuid-basic", ENTER, "VM exit by CPUID",
      "a PV guest has no VM exits: its CPUID does not leave it", 0, 1, 1000,
      { 0, 5522, 5522, 1 }, 0 },
    { "exit/msr-read", "read a model specific register", "VM exit by RDMSR",
      "a PV guest has no VM exits", 0, 1, 1000, { 0, 5731, 5731, 1 }, 0 },
    { "grant/access-end", "grant a page and withdraw it",
      "two writes to the shared table", "bare mode has no grant table", 0, 1,
      1000, { 14, 14, 14, 0 }, 0 },
    { "grant/map-1", SHARE, "backend maps and unmaps the grant",
      "bare mode has no grant table", DOM0, 1, 100,
      { 71003, 88120, 88900, 0 }, 104 },
    { "grant/copy-4k", SHARE, "backend copies by GNTTABOP_copy",
      "bare mode has no grant table", DOM0, 1, 100,
      { 48233, 65012, 65411, 0 }, 27 },
    { "hypercall/null", ENTER, "hypercall page",
      "bare mode has no hypervisor to call", 0, 1, 1000,
      { 321, 6588, 6588, 0 }, 0 },
    { "hypercall/enosys", ENTER, "hypercall page, number unknown",
      "bare mode has no hypervisor to call", 0, 1, 1000,
      { 290, 6553, 6553, 0 }, 0 },
    { "mmio/xen-lapic", ENTER, "VM exit by memory read, LAPIC inside Xen",
      "a PV guest has no local APIC", ROW_APIC, 1, 1000, { 0, 8810, 8810, 1 }, 0 },
    { "mmio/ioreq", ASK, "VM exit by memory read, our own process",
      "only HVM has an ioreq server for memory", DOM0, 1, 200,
      { 0, 0, 58302, 0 }, 12 },
    { "port/xen-pit", ENTER, "VM exit by IN, PIT inside Xen", DEVICES, 0, 1,
      1000, { 0, 0, 1673, 1 }, 0 },
    { "port/xen-pmtimer", ENTER, "VM exit by IN, PM timer inside Xen", DEVICES,
      0, 1, 1000, { 0, 0, 1499, 1 }, 0 },
    { "port/qemu-ide", ASK, "VM exit by IN, QEMU in dom0", DEVICES, DOM0, 1,
      200, { 0, 0, 47509, 1 }, 8 },
    { "port/unclaimed", ENTER, "VM exit by IN, nobody answers", DEVICES, 0, 1,
      1000, { 0, 0, 1380, 1 }, 0 },
    { "port/ioreq", ASK, "VM exit by IN, our own process", DEVICES, DOM0, 1,
      200, { 0, 0, 44120, 0 }, 15 },
    { "ring/echo-64b", ASK, "shared ring, depth 1",
      "bare mode has no backend to share a ring with", DOM0, 1, 200,
      { 33841, 50720, 51018, 0 }, 22 },
    { "ring/stream-depth-32", TELL, "shared ring, 32 requests in flight",
      "bare mode has no backend to share a ring with", DOM0, 32, 50,
      { 1713, 2260, 2269, 0 }, 18 },
    { "sched/yield", "give up the CPU and come back", "SCHEDOP_yield",
      "bare mode has no scheduler below it", 0, 1, 1000,
      { 1401, 7688, 7688, 0 }, 0 },
    { "xenstore/read", "read one key of the control path", "XenStore ring",
      "bare mode has no XenStore", DOM0, 1, 100,
      { 91233, 118004, 118840, 0 }, 54 },
};

static void fill_figures(struct result *r, uint64_t median, unsigned spread)
{
    r->median = median;
    r->min = median - median * spread / 4000;
    r->p90 = median + median * spread / 2000;
    r->p99 = median + median * spread / 1000;
    r->p999 = r->p99 + median * spread / 1000;
    r->max = r->p999;
    r->first = median + 900;
    r->ci95[0] = median - median * spread / 8000;
    r->ci95[1] = median + median * spread / 8000;
    r->overhead = 5;
}

void fixture_fill(struct results *results)
{
    static const struct column *const columns[] = {
        &column_pv, &column_pvh, &column_hvm, &column_bare,
    };
    struct environment *e = &results->environment;

    e->host = xstrdup("lab-exact");
    e->clock = xstrdup("instructions");
    e->xen = xstrdup("4.17.7");
    e->dom0_kernel = xstrdup("6.1.0-32-amd64");
    e->qemu = xstrdup("7.2.15");
    e->cpu = xstrdup("EPYC (emulated)");
    e->architecture = xstrdup("x86");
    e->cpu_features = NULL;
    e->pinned = xstrdup("one CPU for all");
    e->mitigations = xstrdup("Xen's defaults");
    e->xenometer = xstrdup(XENOMETER_VERSION);
    e->started = xstrdup("2026-11-21T11:20:00Z");

    for ( unsigned m = 0; m < 4; m++ )
        for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        {
            struct result *r = results_add(results);

            r->row = xstrdup(rows[i].row);
            r->work = xstrdup(rows[i].work);
            r->path = xstrdup(rows[i].path);
            r->column = columns[m];
            r->dom0 = (rows[i].flags & ROW_DOM0) != 0;
            r->blocks = (rows[i].flags & ROW_BLOCKS) != 0;
            r->apic = (rows[i].flags & ROW_APIC) != 0;
            r->operations = rows[i].operations;
            if ( rows[i].median[m] == 0 )
            {
                r->outcome = OUTCOME_SKIP;
                r->reason = xstrdup(rows[i].elsewhere);
                continue;
            }
            r->samples = rows[i].samples;
            fill_figures(r, rows[i].median[m], rows[i].spread);
        }
    fixture_find(results, "baseline/empty", &column_pv)->overhead = 0;
    fixture_find(results, "hypercall/null", &column_pv)->max = 2310;
}

struct result *fixture_find(struct results *results, const char *row,
                            const struct column *column)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( results->rows[i].column == column &&
             strcmp(results->rows[i].row, row) == 0 )
            return &results->rows[i];
    CU_FAIL_FATAL("the fixture has no such row");
    return NULL;
}

char *fixture_print(const struct results *results,
                    void (*printer)(FILE *, const struct results *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if ( out == NULL )
        CU_FAIL_FATAL("no memory stream");
    printer(out, results);
    fclose(out);
    return text;
}

void fixture_distribute(struct result *r, size_t distinct, const struct tally *tallies)
{
    free(r->distribution);
    r->distinct = distinct;
    r->distribution = xcalloc(distinct, sizeof(*r->distribution));
    memcpy(r->distribution, tallies, distinct * sizeof(*tallies));
}

const struct layout_row *fixture_row(const struct layout *layout, const char *name)
{
    for ( size_t g = 0; g < layout->count; g++ )
        for ( size_t i = 0; i < layout->groups[g].count; i++ )
            if ( strcmp(layout->groups[g].rows[i].name, name) == 0 )
                return &layout->groups[g].rows[i];
    CU_FAIL_FATAL("the table has no such row");
    return NULL;
}
