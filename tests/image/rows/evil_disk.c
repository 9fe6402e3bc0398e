/* Hostile backends of the blkif protocol: see evil.h. */
#include "../../../domU-kernel/lib/format.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/rows/disk.h"
#include "blkif.h"
#include "evil.h"

#define DEPTH 32u
#define TURNS 4u    /* streams of DISK_STREAMED requests: the evil comes in the first */

static struct {
    u64 before;
    struct vbd vbd;
    u64 after;
} guarded;

static struct disk_path path = {
    .disk = &guarded.vbd.disk, .area = &disk_areas[AREA_OWN], .operations = &blkif_operations,
};

static const char *setup(struct row_run *r, u32 which)
{
    char frontend[32];
    const char *trouble;

    memset(&guarded, 0, sizeof(guarded));
    guarded.before = guarded.after = EVIL_GUARD;
    if ( !evil_make(EVIL_MAKE_DISK + which) )
        return "there is no hostile backend here: run build/xenometer-evil";
    format(frontend, sizeof(frontend), "device/vbd/%u", EVIL_DISKS + which);
    trouble = vbd_connect(path.disk, frontend);
    r->failure = path.disk->trouble;
    return r->failure ? NULL : trouble;
}

/* Is what the driver keeps of its requests still possible? */
static const char *sane(const struct disk *d)
{
    u32 seen = 0;

    if ( guarded.before != EVIL_GUARD || guarded.after != EVIL_GUARD )
        return "the driver wrote beyond its own";
    if ( d->depth > DISK_MAX_DEPTH || d->frees > d->depth )
        return "more requests are free than there are";
    for ( u32 i = 0; i < d->frees; i++ )
    {
        if ( d->free[i] >= d->depth || d->asked[d->free[i]] != DISK_NOTHING )
            return "a request is free that is not";
        seen++;
    }
    return !d->trouble && seen != d->depth ? "a request is lost" : NULL;
}

static void run(struct row_run *r, u32 which)
{
    struct disk *d = path.disk;
    const char *trouble = NULL;
    bool errors = false;

    SAMPLES(r, );
    if ( r->failure )
        return;   /* it does not connect */
    for ( u32 i = 0; i < TURNS && !r->failure && !r->error; i++ )
    {
        trouble = disk_path_stream(&path, DEPTH);
        /* Large ones, in as many requests as it takes. */
        if ( !trouble )
            trouble = disk_path_move(&path, false, 0, DISK_PAGES * DISK_PAGE_SECTORS);
        r->error = sane(d);
        if ( trouble && d->trouble )
            r->failure = trouble;
        errors |= trouble && !d->trouble;
    }
    if ( r->failure && (!disk_path_stream(&path, DEPTH) || d->trouble != r->failure) )
        r->error = "a broken disk works, or says something else";
    if ( r->error )
        r->failure = NULL;
    else if ( which == EVIL_STATUS && (!errors || trouble) )
        r->error = "errors did not come, or not go";
    else if ( which == EVIL_FLIPS )
        r->failure = NULL;   /* as the race goes: the requests were fine, or the answers no answers */
    else if ( errors && which != EVIL_STATUS )
        r->failure = trouble;
}

#define DISK_ROW(identifier, name, outcome, reason)                                 \
    static const char *setup_##identifier(struct row_run *r)                        \
    {                                                                               \
        return setup(r, EVIL_##identifier);                                         \
    }                                                                               \
    static void run_##identifier(struct row_run *r)                                 \
    {                                                                               \
        run(r, EVIL_##identifier);                                                  \
    }                                                                               \
    EVIL_ROW(identifier, name, outcome, reason, 0, .setup = setup_##identifier, .run = run_##identifier)

EVIL_DISK_CASES(DISK_ROW)
