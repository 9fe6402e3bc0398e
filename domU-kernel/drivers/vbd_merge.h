/*
 * Neighbouring blocks in one request: what a block layer makes of them between its plug
 * and the ring.  Each block keeps a number of its own, below the disk's depth, and its
 * own answer; the ring carries one request and one answer for all of them.
 *
 * The segments are those a request of xen/io/blkif.h has room for, of whole pages.
 */
#ifndef DRIVERS_VBD_MERGE_H
#define DRIVERS_VBD_MERGE_H

#include "vbd.h"

struct vbd_merge {
    struct vbd *vbd;
    /* The request that may grow, which is not published; NULL: there is none.  What it is
     * stands here too, because the backend can write where it is. */
    struct blkif_request *open;
    u8 operation, segments;
    u8 last;                 /* of its numbers */
    u64 end;                 /* the sector behind it */
    /* After each number, the next one of the same request; VBD_MERGE_END. */
    u8 next[DISK_MAX_DEPTH];
    /* Numbers that were answered and not taken yet, and how they went. */
    u8 done;
    bool well;
};
#define VBD_MERGE_END 0xffu

/* In disk.asked[] of a number that is in another one's request: no answer may name it. */
#define VBD_ASKED_MERGED 0x400u

/* Nothing is open or done. */
static inline void vbd_merge_init(struct vbd_merge *m, struct vbd *v)
{
    *m = (struct vbd_merge){ .vbd = v, .done = VBD_MERGE_END };
}

/* vbd_put_page(), in the request before it if that is its neighbour's. */
static inline __attribute__((always_inline))
void vbd_merge_put(struct vbd_merge *m, u32 id, u8 operation, u64 sector, u32 page)
{
    struct vbd *v = m->vbd;

    m->next[id] = VBD_MERGE_END;
    if ( m->open && sector == m->end && m->operation == operation &&
         m->segments < BLKIF_MAX_SEGMENTS_PER_REQUEST )
    {
        m->open->seg[m->segments++] = vbd_page_segment[page];
        m->open->nr_segments = m->segments;
        m->next[m->last] = (u8)id;
        v->disk.asked[id] = VBD_ASKED_MERGED;
    }
    else
    {
        m->open = &v->slot[v->ring.req_prod & v->mask]->req;
        m->operation = operation;
        m->segments = 1;
        vbd_put_page(v, id, operation, sector, page);
    }
    m->last = (u8)id;
    m->end = sector + DISK_PAGE_SECTORS;
}

/* vbd_push(). */
static inline __attribute__((always_inline)) void vbd_merge_push(struct vbd_merge *m)
{
    m->open = NULL;   /* the backend reads it from now on */
    vbd_push(m->vbd);
}

/* vbd_wait(), for the answers of about half of the open requests: there are fewer than numbers. */
static inline __attribute__((always_inline)) bool vbd_merge_wait(struct vbd_merge *m)
{
    u32 open = m->vbd->ring.req_prod - m->vbd->ring.rsp_cons;

    return m->done != VBD_MERGE_END || vbd_wait(m->vbd, open > 1 ? open / 2 : 1);
}

/* vbd_take(), number by number. */
static inline __attribute__((always_inline))
enum ring_result vbd_merge_take(struct vbd_merge *m, bool *well)
{
    struct disk *d = &m->vbd->disk;
    enum ring_result r;
    u32 id = m->done;

    if ( id != VBD_MERGE_END )
    {
        m->done = m->next[id];
        disk_end_id(d, id);
        *well = m->well;
        return RING_TAKEN;
    }
    r = vbd_take_id(m->vbd, &id, &m->well);
    if ( r == RING_TAKEN )
        m->done = m->next[id];
    *well = m->well;
    return r;
}

#endif
