#include "trace.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The hypercall numbers of today. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#include <xen/trace.h>
#include <xen/xen.h>

/* Where a reader stands. */
struct reader {
    struct trace *trace;
    struct trace_region *open;   /* the row being measured, or NULL */
    unsigned last;               /* the hypercall before */
    unsigned domain;             /* that has the CPU */
};

static void note(struct trace_region *r, unsigned reason)
{
    unsigned i = 0;

    while ( i < r->kind_count && r->kinds[i].reason != reason )
        i++;
    if ( i == TRACE_KINDS )
        return;
    if ( i == r->kind_count )
        r->kinds[r->kind_count++] = (struct trace_kind){ .reason = reason };
    r->kinds[i].count++;
}

unsigned trace_count(const struct trace_region *r, unsigned reason)
{
    for ( unsigned i = 0; i < r->kind_count; i++ )
        if ( r->kinds[i].reason == reason )
            return r->kinds[i].count;
    return 0;
}

/* Before a row the guest sleeps (SCHEDOP_poll) and asks for its runstate; after it
 * it asks again. */
static void hypercall(struct reader *r, unsigned number)
{
    unsigned last = r->last;

    r->last = number;
    if ( number != __HYPERVISOR_vcpu_op )
    {
        if ( r->open )
            note(r->open, TRACE_HYPERCALL | number);
        return;
    }
    if ( r->open )
    {
        r->open = NULL;
        r->trace->count++;
    }
    else if ( last == __HYPERVISOR_sched_op && r->trace->count < TRACE_REGIONS )
        r->open = &r->trace->regions[r->trace->count];
}

/* With 32- and 64-bit addresses; one event for both vendors until Xen 4.17, SVM's own since. */
static bool is_vm_exit(uint32_t id)
{
    id &= ~(uint32_t)TRC_64_FLAG;
    return id == TRC_HVM_ENTRYEXIT + 2 || id == TRC_HVM_ENTRYEXIT + 3;
}

static void event(struct reader *r, uint32_t id, const uint32_t *words, unsigned count)
{
    if ( id == TRC_LOST_RECORDS )
        r->trace->whole = false;
    /* The old state stands in bits 8 to 11, the new one in 4 to 7: 0 is running. */
    else if ( (id & ~0xf00u) == TRC_SCHED_RUNSTATE_CHANGE && count )
    {
        r->domain = words[0] >> 16;
        if ( r->open && r->domain )
            note(r->open, TRACE_SCHEDULER);
    }
    else if ( id == TRC_SCHED_CONTINUE_RUNNING && count && words[0] >> 16 && r->open )
        note(r->open, TRACE_SCHEDULER);
    else if ( is_vm_exit(id) && count && r->open )
        note(r->open, words[0]);
    else if ( id == TRC_HVM_VMMCALL && count )
        hypercall(r, words[0]);
    else if ( r->domain == 0 )
        return;   /* dom0 is a PV domain too */
    else if ( id == TRC_PV_HYPERCALL_V2 && count )
        hypercall(r, words[0] & 0xfffffu);
    else if ( id >> 12 == TRC_PV_ENTRY >> 12 && r->open )
        note(r->open, TRACE_PV_TRAP | (id & 0xffu));
}

/*
 * A record: a word with the event in 28 bits, the number of further words in 3,
 * and in the last whether 8 bytes of TSC follow; then the further words.
 */
bool trace_read(const char *path, struct trace *trace)
{
    FILE *in = fopen(path, "rb");
    struct reader r = { .trace = trace };
    uint32_t head, words[7], tsc[2];

    if ( !in )
        return false;
    memset(trace, 0, sizeof(*trace));
    trace->whole = true;
    while ( fread(&head, sizeof(head), 1, in) == 1 )
    {
        unsigned count = head >> 28 & 7;

        if ( (head >> 31 && fread(tsc, sizeof(tsc), 1, in) != 1) ||
             fread(words, sizeof(*words), count, in) != count )
        {
            trace->whole = false;
            break;
        }
        event(&r, head & 0xfffffffu, words, count);
    }
    if ( r.open )
        trace->whole = false;
    fclose(in);
    return true;
}
