/*
 * Several domains that all echo through their rings at once: how the cost grows
 * with the number of neighbours, and whether the backend serves them alike.
 */
#include "measure/row.h"

#include <stdlib.h>
#include <string.h>

#include "measure/party.h"
#include "xenometer.h"

#define ECHO        "ring/echo-64b"
#define MEMORY      "memory=8"   /* MiB; the image needs 4 */
#define MIB_EACH    10u          /* with what Xen itself keeps for a domain */
#define UNEVEN      2u           /* most served / least served: a failure from here on */

/* What each domain has been served, from the start to the first one's end. */
struct count {
    uint32_t before[PARTY_MAX];
    uint32_t least, most;
    bool done;
};

static uint32_t requests(const struct member *m)
{
    return m->device->data_ring.req_cons;
}

static void answered(struct party *p, struct member *first)
{
    struct count *c = p->context;

    (void)first;
    if ( c->done )
        return;
    c->done = true;
    c->least = UINT32_MAX;
    for ( unsigned i = 0; i < p->count; i++ )
    {
        uint32_t served = requests(&p->members[i]) - c->before[i];

        c->least = served < c->least ? served : c->least;
        c->most = served > c->most ? served : c->most;
    }
}

/* Take every domain's samples; they are one population. */
static char *collect(struct row_run *r, struct party *p, uint32_t each)
{
    for ( unsigned i = 0; i < p->count; i++ )
    {
        const struct device *d = p->members[i].device;
        char *error = party_trouble(p, i, each);

        if ( error )
            return error;
        if ( i == 0 )
            r->first = d->request.first;
        device_samples(d, r->ticks + r->taken, d->request.samples);
        r->taken += d->request.samples;
    }
    return NULL;
}

static char *echo(struct row_run *r, struct party *p, uint32_t each)
{
    const struct image_row *row = image_find(p->domains->options->image, ECHO);
    struct control_response command;
    struct count count = { .done = false };
    char *error;

    if ( !row )
        return xstrdup("the image has no row " ECHO);
    error = party_connect(p, 0);
    if ( !error )
        error = party_overhead(p, 0, &r->overhead);
    if ( error )
        return error;
    command = image_command(row, PARTY_COMMAND, each);
    for ( unsigned i = 0; i < p->count; i++ )
        count.before[i] = requests(&p->members[i]);
    p->answered = answered;   /* after the baseline: that is no echo */
    p->context = &count;
    for ( unsigned i = 0; i < p->count; i++ )
        party_tell(p, i, &command);
    error = party_wait(p, p->domains->options->row_deadline);
    p->answered = NULL;
    if ( !error )
        error = collect(r, p, each);
    if ( error )
        return error;
    r->served[0] = count.least;
    r->served[1] = count.most;
    if ( count.most >= UNEVEN * count.least )
        r->failure = xasprintf("when one domain was through with its %u requests, another had "
                               "been served %u", count.most, count.least);
    return NULL;
}

/*
 * The domains, kept for the next row, which needs more of the same: making and
 * destroying them takes longer than all that is measured.
 */
static struct party crowd;

static void disperse(struct row_run *r)
{
    (void)r;
    party_end(&crowd);
}

static void run(struct row_run *r, unsigned domains)
{
    static const char *const settings[] = { MEMORY, NULL };
    uint64_t free_mib = xenctrl_free_memory(r->domains->host->xen);
    uint32_t each = r->count / domains;
    unsigned needed;

    if ( crowd.count > domains )
        party_end(&crowd);
    needed = (domains - crowd.count) * MIB_EACH;
    if ( free_mib < needed )
    {
        r->skip = xasprintf("%u more domains need %u MiB of free memory, this Xen has %u",
                            domains - crowd.count, needed, (unsigned)free_mib);
        return;
    }
    r->error = party_make(&crowd, r->domains, r->column, 0, settings, domains);
    if ( !r->error )
        r->error = echo(r, &crowd, each ? each : 1);
    if ( r->error )
        party_end(&crowd);
}

#define NEIGHBOURS(n, text, more)                                               \
    static void run_##n(struct row_run *r)                                      \
    {                                                                           \
        run(r, n);                                                              \
    }                                                                           \
    ROW(neighbours_##n, .run = run_##n, .teardown = disperse) = {               \
        .name = "neighbours/" #n,                                               \
        .work = "echo 64 bytes beside other domains",                           \
        .path = text,                                                           \
        .help = "ring/echo-64b in " text " at once, as each of them sees it",   \
        .explanation = more,                                                    \
        .elsewhere = "bare mode has no other domains; in HVM each would bring a QEMU into " \
                     "dom0, and dom0's memory ends before the row",             \
        .columns = "pv pvh", .flags = ROW_DOM0 | ROW_BLOCKS,            \
        .operations = 1, .samples = (n) * 50,                                   \
    }

#define GROWTH \
    "As neighbours/1, with more domains at a time.  While one waits for its answer, others run " \
    "and are served by the same process: the figure, what one of them waits, grows with their " \
    "number; divided by that number it is the work per echo, which falls, since a process " \
    "that is awake need not be woken.  The samples of all are one population; \"served\" in " \
    "the JSON is what the least and the most served had got when the first was through."

NEIGHBOURS(1, "1 domain",
    "One domain of 8 MiB runs ring/echo-64b alone; its figure is the same.  The reference for "
    "neighbours/2 to neighbours/16, where the same is done by several domains at once.");
NEIGHBOURS(2, "2 domains", GROWTH);
NEIGHBOURS(4, "4 domains", GROWTH);
NEIGHBOURS(8, "8 domains", GROWTH);
NEIGHBOURS(16, "16 domains", GROWTH);
