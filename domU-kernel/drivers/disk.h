/*
 * What the drivers of disks have in common: requests that are put, published
 * together, waited for and taken one by one, in whatever order they come.
 *
 * A request has a number below the disk's depth, and it moves whole sectors from or
 * to the pages of one buffer, which all disks of the domain share (disk_buffer()).
 */
#ifndef DRIVERS_DISK_H
#define DRIVERS_DISK_H

#include "../arch/types.h"

#include <ring.h>

#define DISK_SECTOR       512u   /* bytes */
#define DISK_PAGE_SECTORS 8u     /* in a page */
#define DISK_PAGES        256u   /* of the buffer: 1 MiB */
#define DISK_MAX_DEPTH    64u

struct disk {
    u64 sectors;             /* of DISK_SECTOR bytes */
    u32 most;                /* sectors that one request may move */
    u32 depth;               /* requests that may be open at once; ids are below it */
    bool readonly;
    const char *trouble;     /* what the device did wrong; nothing works any more */
    u8 free[DISK_MAX_DEPTH]; /* numbers of no request, the next one last */
    u32 frees;
    /* What request n asks for, in the driver's own words; DISK_NOTHING: it is none.
     * Drivers ask here whether an answer can be one. */
    u16 asked[DISK_MAX_DEPTH];
};
#define DISK_NOTHING 0u

/* One kind of disk.  Each function takes the struct disk that begins its own. */
struct disk_operations {
    /* Find the disk, `where` in the driver's own words, and make it ready: fills in all of
     * struct disk.  Once.  NULL, or why it cannot be used. */
    const char *(*connect)(struct disk *, const char *where);
    /* Have its interrupts arrive; due before each row, since the LAPIC is left as it was
     * found after each.  NULL: there is nothing to do. */
    void (*listen)(struct disk *);
    /*
     * Put a request numbered `id` (disk_new_id()): `sectors` of them, at most
     * disk->most, from `sector` on, and the buffer from page `page` on.  False: there is no
     * room, or the device is broken.
     */
    bool (*put)(struct disk *, u32 id, bool write, u64 sector, u32 sectors, u32 page);
    /* Show the device what was put, and tell it if it wants to be told. */
    void (*push)(struct disk *);
    /* Sleep until something can be taken, asking to be woken after `after` requests where
     * the device can be asked.  False: it is broken. */
    bool (*wait)(struct disk *, u32 after);
    /* Take one that is done, and end its number: whether it went well. */
    enum ring_result (*take)(struct disk *, bool *well);
};

/* The buffer of DISK_PAGES pages; from the first call on. */
u8 *disk_buffer(void);

/* No request is open, and `depth` may be: part of `connect`. */
static inline void disk_set_depth(struct disk *d, u32 depth)
{
    d->depth = d->frees = depth < DISK_MAX_DEPTH ? depth : DISK_MAX_DEPTH;
    for ( u32 i = 0; i < d->depth; i++ )
    {
        d->free[i] = (u8)(d->depth - 1 - i);
        d->asked[i] = DISK_NOTHING;
    }
}

/* The number of the next request, when fewer than disk->depth are open; and one that
 * was answered. */
static inline u32 disk_new_id(struct disk *d)
{
    return d->free[--d->frees];
}

/* 64 bits: where an answer has as many, its place is computed once. */
static inline void disk_end_id(struct disk *d, u64 id)
{
    d->asked[id] = DISK_NOTHING;
    d->free[d->frees++] = (u8)id;
}

/* `listen` of devices that interrupt by messages (MSI, MSI-X). */
void disk_listen_messages(struct disk *);

/*
 * For devices that interrupt: halt until `done` says so, which it is asked with
 * interrupts off.  False: dom0 gives up waiting for it (event_give_up()), the disk's `trouble`.
 */
bool disk_halt_until(struct disk *, bool (*done)(struct disk *));

#endif
