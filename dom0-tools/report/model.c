/*
 * What a workload spends on crossings.  (model.h)
 */
#include "report/model.h"

#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

/* ----------------------------------------------------------------- kinds -- */

static const struct {
    const char *name, *title;
} kinds[MODEL_KINDS] = {
    [MODEL_HYPERCALLS] = { "hypercalls", "hypercalls" },
    [MODEL_EXITS]      = { "exits", "exits as CPUID's" },
    [MODEL_MSR]        = { "msr", "MSR accesses" },
    [MODEL_IO]         = { "io", "ports of the hypervisor" },
    [MODEL_MMIO]       = { "mmio", "memory of its devices" },
    [MODEL_DEVICE]     = { "device", "ports of a device model" },
    [MODEL_HLT]        = { "hlt", "sleeps and wake-ups" },
    [MODEL_MEMORY]     = { "memory", "pages touched first" },
    [MODEL_EVENTS]     = { "events", "events taken" },
    [MODEL_SYSCALLS]   = { "syscalls", "system calls" },
    [MODEL_FAULTS]     = { "faults", "page faults" },
    [MODEL_TIMER]      = { "timer", "timer ticks" },
    [MODEL_REQUESTS]   = { "requests", "reads of 4 KiB" },
};

const char *model_kind_name(enum model_kind k)
{
    return kinds[k].name;
}

const char *model_kind_title(enum model_kind k)
{
    return kinds[k].title;
}

bool model_kind_find(const char *name, enum model_kind *kind)
{
    for ( *kind = 0; *kind < MODEL_KINDS; ++*kind )
        if ( !strcmp(kinds[*kind].name, name) )
            return true;
    return false;
}

/* ------------------------------------------------------------------ ways -- */

/* How devices and timers reach a guest. */
enum drivers { PARAVIRTUAL, VIRTIO, EMULATED, DRIVERS };

struct model_way {
    const char *name, *title, *what, *column;
    enum drivers drivers;
};

static const struct model_way ways[] = {
    { "pv", "PV", "paravirtualized: hypercalls, rings, Xen's timer", "pv", PARAVIRTUAL },
    { "pvh", "PVH", "the CPU's virtualization, with rings and Xen's timer", "pvh", PARAVIRTUAL },
    { "hvm-pv", "HVM, PV drivers", "a PC with rings and Xen's timer", "hvm", PARAVIRTUAL },
    { "hvm-virtio", "HVM, virtio", "a PC with a virtio disk and the local APIC's timer", "hvm", VIRTIO },
    { "hvm-emulated", "HVM, emulated", "full virtualization: an IDE disk and the local APIC's timer", "hvm",
      EMULATED },
    { "kvm", "KVM", "the same CPU under Linux' KVM, with the PIT's timer; no disk is measured there", "kvm",
      EMULATED },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

const char *model_way_name(const struct model_way *w)
{
    return w->name;
}

const char *model_way_title(const struct model_way *w)
{
    return w->title;
}

const char *model_way_what(const struct model_way *w)
{
    return w->what;
}

static bool is(const struct model_way *w, const char *column)
{
    return !strcmp(w->column, column);
}

/* The row that a kind costs in a way; NULL: it has none there. */
static const char *row_of(const struct model_way *w, enum model_kind k)
{
    static const struct {
        const char *pv, *hardware;
    } rows[MODEL_KINDS] = {
        [MODEL_HYPERCALLS] = { "hypercall/null", "hypercall/null" },
        [MODEL_EXITS]      = { "pv/cpuid-emulated", "exit/cpuid-basic" },
        [MODEL_MSR]        = { "pv/msr-emulated", "exit/msr-read" },
        [MODEL_IO]         = { "pv/io-emulated", "port/xen-pit" },
        [MODEL_MMIO]       = { NULL, "mmio/xen-lapic" },
        [MODEL_DEVICE]     = { NULL, "port/qemu-ide" },
        [MODEL_HLT]        = { "sched/block-wake-self", "exit/hlt-wake" },
        [MODEL_MEMORY]     = { NULL, "memory/demand-fault" },
        [MODEL_EVENTS]     = { "event/send-self", "event/send-self" },
        [MODEL_SYSCALLS]   = { "syscall/guest-getpid", "syscall/guest-getpid" },
        [MODEL_FAULTS]     = { "syscall/guest-pagefault", "syscall/guest-pagefault" },
    };

    if ( k == MODEL_HYPERCALLS && is(w, "kvm") )
        return "exit/vmcall";
    if ( k == MODEL_IO && is(w, "pvh") )
        return "port/debug-0xe9";
    if ( k == MODEL_DEVICE && is(w, "kvm") )
        return "port/ioreq";
    if ( k == MODEL_DEVICE && is(w, "pvh") )
        return NULL;
    if ( k == MODEL_EVENTS && w->drivers != PARAVIRTUAL )
        return is(w, "kvm") ? NULL : "interrupt/self-ipi-lapic";
    return is(w, "pv") ? rows[k].pv : rows[k].hardware;
}

/* Why a way has no such crossing; NULL: it has, and where it has no row nobody measured it. */
static const char *absent(const struct model_way *w, enum model_kind k)
{
    if ( k == MODEL_DEVICE && (is(w, "pv") || is(w, "pvh")) )
        return "no device model";
    if ( k == MODEL_MMIO && is(w, "pv") )
        return "no emulated memory";
    if ( k == MODEL_MEMORY && is(w, "pv") )
        return "no nested page table";
    return NULL;
}

/* Disks: alone, and with DEEP in flight. */
#define DEEP 32

static const struct {
    const char *one, *deep;
} disks[DRIVERS] = {
    [PARAVIRTUAL] = { "block/blkif-linux", "block/blkif-linux-depth-" TEXT_OF(DEEP) },
    [VIRTIO]      = { "block/virtio", "block/virtio-depth-" TEXT_OF(DEEP) },
    [EMULATED]    = { "block/ide-dma", NULL },
};

static const unsigned timer_hz[] = { 0, 100, 250, 1000 };
#define TIMER_POINTS (sizeof(timer_hz) / sizeof(timer_hz[0]))

/* The caller's. */
static char *timer_row(const struct model_way *w, size_t point)
{
    if ( point == 0 )
        return xstrdup("timer-load/guest-tickless");
    return xasprintf("timer-load/guest-%uhz-%s", timer_hz[point], is(w, "kvm") ? "pit"
                     : w->drivers == PARAVIRTUAL ? "event-channel" : "lapic");
}

/* -------------------------------------------------------------- evidence -- */

static const char entry_row[] = "hypercall/enosys", kvm_entry_row[] = "exit/vmcall";

/* Of what an answer is made, and what it lacks. */
struct maker {
    const struct results *results;
    const struct model_way *way;
    struct model_answer *answer;
};

static bool median(const struct maker *m, const char *row, const char *column, double *value)
{
    for ( size_t i = 0; i < m->results->count; i++ )
    {
        const struct result *r = &m->results->rows[i];

        if ( r->outcome == OUTCOME_SUCCESS && !strcmp(r->row, row) && !strcmp(r->column->name, column) )
        {
            *value = (double)r->median;
            return true;
        }
    }
    return false;
}

/* Of the way; one that is not there is noted. */
static bool need(const struct maker *m, const char *row, double *value)
{
    struct model_answer *a = m->answer;
    char *longer;

    if ( median(m, row, m->way->column, value) )
        return true;
    a->complete = false;
    if ( a->missing && strstr(a->missing, row) )
        return false;
    longer = xasprintf("%s%s%s", a->missing ? a->missing : "", a->missing ? ", " : "", row);
    free(a->missing);
    a->missing = longer;
    return false;
}

static bool entry(const struct maker *m, double *value)
{
    return need(m, is(m->way, "kvm") ? kvm_entry_row : entry_row, value);
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* ----------------------------------------------------------------- costs -- */

double model_timer(const double *rates, const double *loads, size_t count, double hz)
{
    size_t i = 1;

    while ( i < count && hz > rates[i] )
        i++;
    if ( i == count )
        return loads[0] + (loads[count - 1] - loads[0]) * hz / rates[count - 1];
    return loads[i - 1] + (loads[i] - loads[i - 1]) * (hz - rates[i - 1]) / (rates[i] - rates[i - 1]);
}

/* One tick at that rate, above what is taken without any. */
static bool cost_timer(const struct maker *m, double hz, double entry_cost, struct model_cost *c)
{
    const struct environment *e = &m->results->environment;
    /* Rows have it of a thousand million ticks of the TSC. */
    double second = !strcmp(e->clock, "cycles") && e->tsc_hz ? (double)e->tsc_hz / 1e9 : 1;
    double rates[TIMER_POINTS], loads[TIMER_POINTS], tick;

    for ( size_t i = 0; i < TIMER_POINTS; i++ )
    {
        char *row = timer_row(m->way, i);
        /* Only the two rates between which it lies need be there, and none. */
        bool there = need(m, row, &loads[i]);

        free(row);
        if ( !there )
            return false;
        loads[i] *= second;
        rates[i] = timer_hz[i];
    }
    m->answer->background = loads[0];
    tick = (model_timer(rates, loads, TIMER_POINTS, hz) - loads[0]) / hz;
    /* The local APIC's: an exit by the timer in Xen, and one by the end of the interrupt. */
    c->trap = least(tick, (m->way->drivers == PARAVIRTUAL ? 1 : 2) * entry_cost);
    c->isolation = tick - c->trap;
    return true;
}

static bool cost_request(const struct maker *m, double depth, double entry_cost, struct model_cost *c)
{
    const char *one = disks[m->way->drivers].one, *deep = disks[m->way->drivers].deep;
    double alone, many = 0, shared = 0;

    if ( !need(m, one, &alone) || (deep && !need(m, deep, &many)) )
        return false;
    /* IDE has one at a time, and what it takes is the device model's work, sector by sector. */
    if ( deep )
        shared = (alone - many) * DEEP / (DEEP - 1);
    else
        depth = 1;
    c->trap = (deep ? least(shared, entry_cost) : entry_cost) / depth;
    c->schedule = (shared - (deep ? c->trap * depth : 0)) / depth;
    c->isolation = alone - shared - (deep ? 0 : c->trap);
    return true;
}

static bool cost_plain(const struct maker *m, enum model_kind k, double entry_cost, struct model_cost *c)
{
    const char *row = row_of(m->way, k);
    double all, native = 0;

    if ( !row )
    {
        char *name = xasprintf("a row of %s", model_kind_title(k));
        double none;

        need(m, name, &none);
        free(name);
        return false;
    }
    if ( !need(m, row, &all) )
        return false;
    /* What a process pays anywhere is no crossing of the border of a guest. */
    if ( (k == MODEL_SYSCALLS || k == MODEL_FAULTS) && median(m, row, "bare", &native) )
        all -= least(all, native);
    c->trap = least(all, entry_cost);
    all -= c->trap;
    if ( k == MODEL_HLT )
        c->schedule = all;
    else if ( k == MODEL_DEVICE && !is(m->way, "kvm") )
    {
        double woken;

        /* A process in dom0 that does next to nothing: what is left is the way to it and back. */
        if ( !need(m, "port/ioreq", &woken) )
            return false;
        c->schedule = least(all, woken - c->trap);
        c->isolation = all - c->schedule;
    }
    else
        c->isolation = all;
    return true;
}

static void make_answer(const struct maker *m, const struct model_workload *w)
{
    struct model_answer *a = m->answer;
    double entry_cost;

    *a = (struct model_answer){ .way = m->way, .complete = true };
    if ( !entry(m, &entry_cost) )
        return;
    for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
    {
        struct model_cost *c = &a->costs[k];

        if ( w->rate[k] == 0 )
            continue;
        c->absent = absent(m->way, k);
        c->known = c->absent || (k == MODEL_TIMER ? cost_timer(m, w->rate[k], entry_cost, c)
                                 : k == MODEL_REQUESTS && !is(m->way, "kvm")
                                     ? cost_request(m, w->depth, entry_cost, c)
                                     : cost_plain(m, k, entry_cost, c));
        a->trap += w->rate[k] * c->trap;
        a->schedule += w->rate[k] * c->schedule;
        a->isolation += w->rate[k] * c->isolation;
        a->crossings += c->absent ? 0 : w->rate[k];
    }
    a->schedule += a->background;
    a->total = a->trap + a->schedule + a->isolation;
}

void model_make(const struct model_workload *w, const struct results *results, struct model *model)
{
    *model = (struct model){ .workload = *w, .environment = environment_copy(&results->environment),
                             .answers = xcalloc(WAYS, sizeof(*model->answers)), .count = WAYS };
    /* The TSC's rate is that of a results file's own clock; instructions have none. */
    if ( !w->cpu && !strcmp(results->environment.clock, "cycles") )
        model->workload.cpu = (double)results->environment.tsc_hz;
    for ( size_t i = 0; i < WAYS; i++ )
    {
        struct model_answer *a = &model->answers[i];

        make_answer(&(struct maker){ results, &ways[i], a }, w);
        if ( a->complete && (!model->best || a->total < model->best->total) )
            model->best = a;
    }
}

void model_free(struct model *model)
{
    struct results holder = { .environment = model->environment };

    for ( size_t i = 0; i < model->count; i++ )
        free(model->answers[i].missing);
    free(model->answers);
    results_free(&holder);
    *model = (struct model){ .answers = NULL };
}

/* ------------------------------------------------------------------ rows -- */

struct once {
    void (*row)(void *, const char *);
    void *context;
    json_t *seen;
};

static void tell(struct once *o, const char *row)
{
    if ( !row || json_object_get(o->seen, row) )
        return;
    json_object_set_new(o->seen, row, json_true());
    o->row(o->context, row);
}

void model_rows(const struct model_workload *w, void (*row)(void *, const char *), void *context)
{
    struct once o = { row, context, json_object() };

    for ( size_t i = 0; i < WAYS; i++ )
    {
        tell(&o, is(&ways[i], "kvm") ? kvm_entry_row : entry_row);
        for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
        {
            if ( w->rate[k] == 0 )
                continue;
            if ( k == MODEL_DEVICE )
                tell(&o, "port/ioreq");
            if ( k == MODEL_REQUESTS )
            {
                tell(&o, disks[ways[i].drivers].one);
                tell(&o, disks[ways[i].drivers].deep);
            }
            else if ( k == MODEL_TIMER )
                for ( size_t p = 0; p < TIMER_POINTS; p++ )
                {
                    char *name = timer_row(&ways[i], p);

                    tell(&o, name);
                    free(name);
                }
            else
                tell(&o, row_of(&ways[i], k));
        }
    }
    json_decref(o.seen);
}
