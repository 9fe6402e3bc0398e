/*
 * A domain saved to a file and restored from it, by xl.
 *
 * The image closes its device, xl save asks it to suspend, writes its memory and
 * state and destroys it; xl restore makes a new domain of that, paused; the image
 * goes on in it, connects again and must be able to run a row.  One domain goes
 * round as often as samples are wanted, each turn a sample of both rows.
 */
#include "measure/row.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/xl.h"
#include "measure/party.h"
#include "xenometer.h"

#define DEADLINE 60u   /* seconds, for xl */
#define BARE     "bare mode has no toolstack"

/* The turns made last. */
static struct {
    const struct column *column; /* NULL: none yet */
    uint32_t count;
    uint64_t *save, *restore;    /* `count` each */
} turns;

static char *timed_xl(const char *const *argv, uint64_t *ticks)
{
    uint64_t begin = tsc_begin();
    char *error = xl_run(argv, DEADLINE, NULL);

    *ticks = tsc_end() - begin;
    return error;
}

/* Save, restore, connect, and see that it still works. */
static char *turn(struct party *p, const char *path, uint64_t *save, uint64_t *restore)
{
    struct member *m = &p->members[0];
    const char *const saving[] = { "xl", "save", m->guest.name, path, NULL };
    const char *const restoring[] = { "xl", "restore", "-p", "-e", path, NULL };
    uint64_t overhead;
    char *error = party_suspend(p, 0);

    if ( !error )
        error = timed_xl(saving, save);
    if ( error )
        return error;
    party_saved(p, 0);
    domains_let_xen_scrub();
    error = timed_xl(restoring, restore);
    if ( !error && !domain_find(p->domains, m->guest.name, &m->guest.domid) )
        error = xasprintf("xl restored no domain named %s", m->guest.name);
    if ( !error )
        error = party_connect(p, 0);
    if ( !error )
        error = party_overhead(p, 0, &overhead);
    return error;
}

static char *go_round(struct row_run *r, const char *path, uint32_t count)
{
    static const char *const settings[] = { "memory=8", NULL };
    struct party party = { .count = 0 };
    char *error = party_make(&party, r->domains, r->column, 0, settings, 1);

    if ( !error )
        error = party_connect(&party, 0);
    for ( uint32_t i = 0; i < count && !error; i++ )
        error = turn(&party, path, &turns.save[i], &turns.restore[i]);
    party_end(&party);
    return error;
}

static char *make_turns(struct row_run *r)
{
    const char *directory = getenv("TMPDIR");
    uint32_t count = r->warmup + r->count;
    char *path, *error;
    int fd;

    if ( turns.column == r->column && turns.count == count )
        return NULL;
    path = xasprintf("%s/xenometer-save-XXXXXX", directory ? directory : "/tmp");
    fd = mkostemp(path, O_CLOEXEC);
    if ( fd < 0 )
    {
        error = xasprintf("cannot make %s: %s", path, strerror(errno));
        free(path);
        return error;
    }
    close(fd);
    free(turns.save);
    free(turns.restore);
    turns.save = xcalloc(count, sizeof(*turns.save));
    turns.restore = xcalloc(count, sizeof(*turns.restore));
    turns.column = NULL;
    turns.count = count;
    error = go_round(r, path, count);
    unlink(path);
    free(path);
    if ( !error )
        turns.column = r->column;
    return error;
}

static bool can_save(struct row_run *r)
{
    if ( r->column->mode == MODE_ARM64 )
        r->skip = xstrdup("Xen's tools save no domains on ARM64");
    return !r->skip;
}

static void run_save(struct row_run *r)
{
    if ( !can_save(r) )
        return;
    r->error = make_turns(r);
    for ( uint32_t i = 0; i < turns.count && !r->error; i++ )
        sample_keep(r, i, turns.save[i]);
}

static void run_restore(struct row_run *r)
{
    if ( !can_save(r) )
        return;
    r->error = make_turns(r);
    for ( uint32_t i = 0; i < turns.count && !r->error; i++ )
        sample_keep(r, i, turns.restore[i]);
}

ROW(lifecycle_save, .run = run_save) = {
    .name = "lifecycle/save",
    .work = "save a domain",
    .path = "xl save",
    .help = "xl save of a domain of 8 MiB into a file, until it is gone",
    .explanation =
        "xl asks the domain to suspend by a key in XenStore; it answers, and stops by a hypercall. "
        "libxl-save-helper writes its pages and the vCPU's state into the file, and the domain is "
        "destroyed.  PV: machine frames in page tables are translated.  PVH, HVM: Xen is asked for "
        "the type of each of a million frames below 4 GiB, for the special pages at their end. "
        "HVM: QEMU's state, and libxl's two seconds of lifecycle/destroy.  One sample, seconds "
        "long, unless --samples asks for more.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 1,
};

ROW(lifecycle_restore, .run = run_restore) = {
    .name = "lifecycle/restore",
    .work = "restore a domain",
    .path = "xl restore -p",
    .help = "xl restore from that file; the domain is paused",
    .explanation =
        "The way back of lifecycle/save: a new domain is made, its memory populated and filled from "
        "the file, page tables translated back (PV), the vCPU's state loaded, devices attached, "
        "for HVM QEMU started with its state.  The difference to lifecycle/create is what comes "
        "from the file.  Afterwards the image must connect and run a row.",
    .elsewhere = BARE,
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 1,
};
