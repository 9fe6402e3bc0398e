/*
 * A domain's life, phase by phase, as xl makes it.
 *
 *     xl create -p starts
 *         Xen has the domain, libxl writes its directories      "made"
 *         memory populated, image loaded, xenstored introduced  "introduced"
 *     xl returns                                                "returned"
 *     unpause                                                   "unpaused"
 *         entry, first hypercall, first event, ready            the guest's own TSC
 *     xl destroy starts … returns
 *
 * One life yields a sample of every phase, so that the rows of a mode share their
 * lives.  "made" and "introduced" are seen through XenStore watches, when they
 * reach this process: some ten thousand ticks after they happened.
 */
#include "measure/row.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/loop.h"
#include "guests/xl.h"
#include "measure/party.h"
#include "xenometer.h"

#define BARE        "bare mode has no toolstack: QEMU is started instead"
#define UUID_SIZE   37u
#define DESTROY_DEADLINE 30u   /* seconds */

enum phase {
    PHASE_CREATE, PHASE_BUILD, PHASE_DEVICES, PHASE_FIRST_INSTRUCTION,
    PHASE_FIRST_HYPERCALL, PHASE_FIRST_EVENT, PHASE_CONNECT, PHASE_DESTROY,
    PHASES,
};

/* The lives measured last. */
static struct {
    const struct column *column; /* NULL: none yet */
    uint32_t count;              /* lives, the first one a warm-up */
    uint64_t *ticks[PHASES];     /* `count` each */
} lives;

/* What the watches see during xl create. */
struct birth {
    struct xenbus *bus;
    uint64_t made, introduced;   /* TSC; 0: not seen yet */
    uint64_t now;
};

static void seen(void *context, enum xenbus_event event, uint32_t domid)
{
    struct birth *b = context;

    (void)domid;
    /* Each fires once when it is registered, too: what counts is the latest. */
    if ( event == XENBUS_MADE )
        b->made = b->now;
    else if ( event == XENBUS_INTRODUCED )
        b->introduced = b->now;
}

static void look(void *context)
{
    struct birth *b = context;

    b->now = tsc_begin();
    xenbus_events(b->bus, seen, b);
}

/* Xen takes any; ours must be nobody else's on this host. */
static bool make_uuid(char uuid[UUID_SIZE])
{
    FILE *f = fopen("/proc/sys/kernel/random/uuid", "re");
    bool good = f && fgets(uuid, UUID_SIZE, f) && strlen(uuid) == UUID_SIZE - 1;

    if ( f )
        fclose(f);
    return good;
}

/* xl create -p, with its phases. */
static char *create(struct row_run *r, uint64_t *phase, struct guest *guest)
{
    struct host *host = r->domains->host;
    struct birth birth = { .bus = host->bus };
    const struct xl_watcher watcher = { xenbus_fd(host->bus), look, &birth };
    const char *settings[2] = { NULL };
    char uuid[UUID_SIZE], *setting, *error;
    uint64_t begin, end;

    if ( !make_uuid(uuid) )
        return xstrdup("cannot read /proc/sys/kernel/random/uuid");
    if ( !xenbus_watch_made(host->bus, uuid) )
        return xasprintf("cannot watch XenStore: %s", strerror(errno));
    domains_let_xen_scrub();
    look(&birth);
    settings[0] = setting = domain_setting("uuid", uuid);
    begin = tsc_begin();
    error = guest_start(r->domains, r->column, 0, settings, &watcher, guest);
    end = tsc_end();
    free(setting);
    xenbus_unwatch_made(host->bus, uuid);
    if ( error )
        return error;
    if ( birth.made <= begin || birth.introduced <= birth.made )
        error = xstrdup("XenStore did not tell of the domain's making in order");
    phase[PHASE_CREATE] = end - begin;
    phase[PHASE_BUILD] = birth.introduced - birth.made;
    phase[PHASE_DEVICES] = end - birth.introduced;
    if ( error )
        guest_end(r->domains, guest);
    return error;
}

/* What the guest noted on its way up. */
static char *boot(struct party *p, uint64_t *phase)
{
    const struct member *m = &p->members[0];
    const struct boot_times *t = &m->device->request.times;
    uint64_t offset, doubt;

    if ( t->hypercall < t->entry || t->event < t->hypercall || t->ready < t->event )
        return xstrdup("the domain's boot times are not in order");
    if ( !xenctrl_tsc_offset(m->guest.domid, p->column->mode, &offset, &doubt) )
        return xasprintf("cannot compare the domain's TSC with ours: %s", strerror(errno));
    phase[PHASE_FIRST_INSTRUCTION] = t->entry - offset - m->unpaused;
    phase[PHASE_FIRST_HYPERCALL] = t->hypercall - t->entry;
    phase[PHASE_FIRST_EVENT] = t->event - t->hypercall;
    phase[PHASE_CONNECT] = t->ready - t->event;
    return NULL;
}

static char *destroy(struct party *p, uint64_t *phase)
{
    uint32_t domid = p->members[0].guest.domid;
    uint64_t begin;
    char *error;

    device_free(p->members[0].device);
    p->members[0].device = NULL;
    begin = tsc_begin();
    error = xl_destroy(domid, DESTROY_DEADLINE);
    phase[PHASE_DESTROY] = tsc_end() - begin;
    return error;
}

/* One life from create to destroy. */
static char *live(struct row_run *r, uint64_t *phase)
{
    struct party party = { 0 };
    struct guest guest;
    char *error = create(r, phase, &guest);

    if ( error )
        return error;
    party_adopt(&party, r->domains, &guest);
    error = party_connect(&party, 0);
    if ( !error )
        error = boot(&party, phase);
    if ( !error )
        error = destroy(&party, phase);
    party_end(&party);
    return error;
}

static char *measure_lives(struct row_run *r)
{
    uint32_t count = r->warmup + r->count;
    uint64_t phase[PHASES];
    char *error = NULL;

    if ( lives.column == r->column && lives.count == count )
        return NULL;
    for ( unsigned i = 0; i < PHASES; i++ )
    {
        free(lives.ticks[i]);
        lives.ticks[i] = xcalloc(count, sizeof(uint64_t));
    }
    lives.column = NULL;
    lives.count = count;
    for ( uint32_t n = 0; n < count && !error; n++ )
    {
        if ( loop_interrupted )
            return xstrdup("interrupted");
        error = live(r, phase);
        for ( unsigned i = 0; i < PHASES; i++ )
            lives.ticks[i][n] = phase[i];
    }
    if ( !error )
        lives.column = r->column;
    return error;
}

static void run_phase(struct row_run *r, enum phase phase)
{
    if ( r->column->mode == MODE_ARM64 )
    {
        r->skip = xstrdup("the clock of an ARM64 guest, the cycle counter, is not for processes in dom0");
        return;
    }
    r->error = measure_lives(r);
    for ( uint32_t i = 0; i < lives.count && !r->error; i++ )
        sample_keep(r, i, lives.ticks[phase][i]);
}

#define RUN(identifier, phase)                                  \
    static void run_##identifier(struct row_run *r)             \
    {                                                           \
        run_phase(r, phase);                                    \
    }

RUN(create, PHASE_CREATE)
RUN(build, PHASE_BUILD)
RUN(devices, PHASE_DEVICES)
RUN(first_instruction, PHASE_FIRST_INSTRUCTION)
RUN(first_hypercall, PHASE_FIRST_HYPERCALL)
RUN(first_event, PHASE_FIRST_EVENT)
RUN(connect, PHASE_CONNECT)
RUN(destroy, PHASE_DESTROY)

ROW(lifecycle_create, .run = run_create) = {
    .name = "lifecycle/create",
    .work = "make a domain",
    .path = "xl create -p",
    .help = "xl create, from its start to its return; the domain is paused",
    .explanation =
        "Starts xl, as people do: it parses the config, asks Xen for a domain, fills its memory, "
        "loads the image, writes XenStore directories, connects the console and, for HVM, starts "
        "QEMU and waits for it.  lifecycle/build and lifecycle/devices are parts of it; what "
        "remains is xl itself: its start, libraries, the config.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_build, .run = run_build) = {
    .name = "lifecycle/build",
    .work = "fill a domain's memory and load its image",
    .path = "libxl and libxenguest, as XenStore shows them",
    .help = "from the domain's first key in XenStore to its introduction",
    .explanation =
        "Part of lifecycle/create: from the XenStore transaction that follows the making of the "
        "domain (seen by a watch on its UUID) to its introduction to xenstored (@introduceDomain). "
        "In between libxenguest populates the memory, loads the image, for PV builds the page "
        "tables, and sets up the first registers.  Xen had time to clear freed pages before; "
        "else the build clears them.  Both ends are seen when the watch wakes this process, some "
        "ten thousand ticks late.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_devices, .run = run_devices) = {
    .name = "lifecycle/devices",
    .work = "attach a domain's devices",
    .path = "libxl, for HVM with the start of QEMU",
    .help = "from the domain's introduction to xl's return",
    .explanation =
        "Part of lifecycle/create: what xl does after the domain's introduction to xenstored.  In "
        "PV and PVH that is a console and the end of xl; in HVM QEMU is started and waited for. "
        "The difference of the modes is the price of a device model.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_first_instruction, .run = run_first_instruction) = {
    .name = "lifecycle/first-instruction",
    .work = "start a domain that is paused",
    .path = "XEN_DOMCTL_unpausedomain, scheduler, entry",
    .help = "from unpausing to the image's first instruction",
    .explanation =
        "dom0 reads its TSC and unpauses the domain; the image's first instructions read theirs.  "
        "In PV that is the same TSC.  In PVH and HVM Xen gives each domain an offset, learnt "
        "from the domain's HVM context, good to half a hypercall (1,350 instructions in the lab). "
        "In between: privcmd, Xen waking the vCPU, its scheduler choosing it.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_first_hypercall, .run = run_first_hypercall) = {
    .name = "lifecycle/first-hypercall",
    .work = "boot until the first hypercall",
    .path = "the image's own code",
    .help = "from the image's first instruction to its first hypercall's return",
    .explanation =
        "The guest alone, by its own TSC.  A PV guest is born in 64-bit mode with page tables and a "
        "hypercall page.  In PVH and HVM the image builds page tables, enters long mode, sets up "
        "descriptor tables, asks CPUID and PCI where it is and has Xen fill the hypercall page: "
        "each of these is a VM exit.",
    .elsewhere = BARE,
    .columns = "xen", .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_first_event, .run = run_first_event) = {
    .name = "lifecycle/first-event",
    .work = "boot until another domain answers",
    .path = "event channel and XenStore ring",
    .help = "from the first hypercall to the answer to the first XenStore request",
    .explanation =
        "The guest maps its shared pages, allows events, prints a line, sets up its grant table and "
        "asks xenstored for a watch; the answer comes by event.  The first thing in its life "
        "that depends on another domain.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_connect, .run = run_connect) = {
    .name = "lifecycle/connect",
    .work = "connect a split driver",
    .path = "XenStore handshake, grants, event channels",
    .help = "from the first event to a connected device",
    .explanation =
        "The handshake that any PV driver goes through (xenbus states): find the backend, grant the "
        "rings, make event channels, write the keys one by one, wait until the backend has mapped "
        "and bound them.  Mostly XenStore requests, xenstore/write each.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};

ROW(lifecycle_destroy, .run = run_destroy) = {
    .name = "lifecycle/destroy",
    .work = "destroy a domain",
    .path = "xl destroy",
    .help = "xl destroy of a running domain, from its start to its return",
    .explanation =
        "Starts xl, which takes the domain's devices down, for HVM ends QEMU, and has Xen destroy "
        "the domain: Xen gives back its memory page by page, in slices, between which the "
        "toolstack asks again.  The guest is not asked.  In HVM libxl waits two seconds for QEMU "
        "to close the console's backend, which it never does: the clock shows them, though nobody "
        "executes anything.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 4, .warmup = 1,
};
