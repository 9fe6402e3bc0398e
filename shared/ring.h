/*
 * The ring core: one shared ring between a frontend and a backend that do not
 * trust each other.  Used by the unikernel, by the dom0 backend and by the
 * unit tests; pure C, no operating system headers.
 *
 * Layout and notification protocol are those of Xen's public io/ring.h, so
 * that the same code faces Linux's backends.  Indices run freely through 32
 * bits; slot i stands at slots[(i & (count - 1)) * size].
 *
 *   field      written by   read by
 *   req_prod   frontend     backend    requests produced
 *   rsp_event  frontend     backend    "notify me when rsp_prod passes this"
 *   rsp_prod   backend      frontend   responses produced
 *   req_event  backend      frontend   "notify me when req_prod passes this"
 *
 * Written for a hostile peer:
 *  - what a side has produced and consumed it keeps in private memory; it
 *    never reads back an index that it wrote;
 *  - an index of the peer is fetched once and checked before use; a peer that
 *    claims more than it can have produced breaks the ring for good;
 *  - an entry is copied out once; only the copy is looked at (XSA-155).
 *
 * Everything is inline and takes the slot size as an argument: with a constant
 * there, a push and a take cost some twenty instructions each.
 */
#ifndef SHARED_RING_H
#define SHARED_RING_H

#include <stdbool.h>
#include <stdint.h>

#define RING_HEADER_SIZE 64u

/* In shared memory.  xen/io/ring.h, struct __name##_sring. */
struct ring_shared {
    uint32_t req_prod, req_event;
    uint32_t rsp_prod, rsp_event;
    uint8_t reserved[RING_HEADER_SIZE - 16];
    uint8_t slots[];
};
_Static_assert(sizeof(struct ring_shared) == RING_HEADER_SIZE, "ring header");

/* Number of slots: the largest power of two that fits.  0: not even one. */
static inline uint32_t ring_slot_count(uint32_t ring_bytes, uint32_t slot_size)
{
    uint32_t fit, count = 1;

    if ( ring_bytes <= RING_HEADER_SIZE || slot_size == 0 )
        return 0;
    fit = (ring_bytes - RING_HEADER_SIZE) / slot_size;
    if ( fit == 0 )
        return 0;
    while ( count <= fit / 2 )
        count *= 2;
    return count;
}

enum ring_result {
    RING_EMPTY  = 0,
    RING_TAKEN  = 1,
    RING_BROKEN = -1,   /* the peer's index is impossible; stays so */
};

static inline uint8_t *ring_slot(struct ring_shared *shared, uint32_t count,
                                 uint32_t index, uint32_t size)
{
    return shared->slots + (uint64_t)(index & (count - 1)) * size;
}

/* How many slots stand one behind the other from that one on, up to the ring's last. */
static inline uint32_t ring_slots_on(uint32_t count, uint32_t index)
{
    return count - (index & (count - 1));
}

/*
 * Copy between private memory and a slot.  The barrier keeps the compiler
 * from reading the shared entry again where the copy is meant: the peer may
 * change it between check and use.
 */
static inline void ring_copy(void *to, const void *from, uint32_t size)
{
    __builtin_memcpy(to, from, size);
    __asm__ volatile ("" ::: "memory");
}

/*
 * "Is the peer waiting for what I just published?"  True when its event index
 * lies in (old, now].  Unsigned arithmetic carries this across the wrap.
 */
static inline bool ring_event_passed(uint32_t event, uint32_t old, uint32_t now)
{
    return (uint32_t)(now - event) < (uint32_t)(now - old);
}

/* ------------------------------------------------------------ frontend -- */

struct ring_front {
    struct ring_shared *shared;
    uint32_t count;         /* slots, a power of two */
    uint32_t req_prod;      /* requests written, not all published */
    uint32_t req_published;
    uint32_t rsp_cons;      /* responses taken */
    uint32_t rsp_seen;      /* peer's rsp_prod, checked */
    bool broken;
};

/*
 * Take a zeroed page or pages as a new ring.  The caller owns the memory and
 * has not shared it yet.
 */
static inline void ring_front_init(struct ring_front *f,
                                   struct ring_shared *shared, uint32_t count)
{
    *f = (struct ring_front){ .shared = shared, .count = count };
    shared->req_prod = shared->rsp_prod = 0;
    /* The very first request and response are to be notified. */
    shared->req_event = shared->rsp_event = 1;
}

/* Free request slots: outstanding responses occupy theirs until taken. */
static inline uint32_t ring_front_free(const struct ring_front *f)
{
    return f->count - (f->req_prod - f->rsp_cons);
}

/*
 * Write one request of `size` bytes into a slot of `slot_size`, unpublished: the
 * rest of the slot keeps what it had.  False: the ring is full or broken.
 */
static inline bool ring_front_put_part(struct ring_front *f, const void *request,
                                       uint32_t size, uint32_t slot_size)
{
    if ( f->broken || ring_front_free(f) == 0 )
        return false;
    ring_copy(ring_slot(f->shared, f->count, f->req_prod, slot_size), request, size);
    f->req_prod++;
    return true;
}

/* The same for a request that fills its slot. */
static inline bool ring_front_put(struct ring_front *f, const void *request,
                                  uint32_t size)
{
    return ring_front_put_part(f, request, size, size);
}

/* Publish what was put.  True: the backend asked to be notified. */
static inline bool ring_front_push(struct ring_front *f)
{
    uint32_t old = f->req_published, now = f->req_prod;

    /*
     * Release: the entries must be seen before the index that announces them.
     * Otherwise the backend takes a slot's old content for a new request.
     */
    __atomic_store_n(&f->shared->req_prod, now, __ATOMIC_RELEASE);
    f->req_published = now;
    /*
     * Full barrier: our req_prod must be seen before we read req_event.  The
     * backend does the reverse (writes req_event, then reads req_prod).  If
     * both reads could run ahead of both writes, we would see its old
     * req_event and it our old req_prod: no notification, and it sleeps on
     * a request that is there.
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_event_passed(__atomic_load_n(&f->shared->req_event,
                                             __ATOMIC_RELAXED), old, now);
}

/* Give the ring up: a response was no answer to what was asked. */
static inline enum ring_result ring_front_break(struct ring_front *f)
{
    f->broken = true;
    f->rsp_seen = f->rsp_cons;
    return RING_BROKEN;
}

/* Look at the peer's index once; whatever it says must be possible. */
static inline enum ring_result ring_front_look(struct ring_front *f)
{
    uint32_t prod;

    /* A broken ring has none that are seen: asked in this order, what is common
     * costs one comparison. */
    if ( f->rsp_seen != f->rsp_cons )
        return RING_TAKEN;
    if ( f->broken )
        return RING_BROKEN;
    /* Acquire: the index must be read before the entries it announces. */
    prod = __atomic_load_n(&f->shared->rsp_prod, __ATOMIC_ACQUIRE);
    if ( (uint32_t)(prod - f->rsp_cons) >
         (uint32_t)(f->req_published - f->rsp_cons) )
        return ring_front_break(f);   /* more answers than questions */
    f->rsp_seen = prod;
    return prod == f->rsp_cons ? RING_EMPTY : RING_TAKEN;
}

/* Take one response, the first `size` bytes of a slot of `slot_size`, into
 * private memory. */
static inline enum ring_result ring_front_take_part(struct ring_front *f, void *response,
                                                    uint32_t size, uint32_t slot_size)
{
    enum ring_result r = ring_front_look(f);

    if ( r != RING_TAKEN )
        return r;
    ring_copy(response, ring_slot(f->shared, f->count, f->rsp_cons, slot_size), size);
    f->rsp_cons++;
    return RING_TAKEN;
}

/* The same for a response that fills its slot. */
static inline enum ring_result ring_front_take(struct ring_front *f,
                                               void *response, uint32_t size)
{
    return ring_front_take_part(f, response, size, size);
}

/*
 * Before sleeping: ask to be notified when `after` (>= 1) more responses are
 * there, then look once more.  RING_TAKEN: something to take, don't sleep.
 */
static inline enum ring_result ring_front_final_check(struct ring_front *f,
                                                      uint32_t after)
{
    __atomic_store_n(&f->shared->rsp_event, f->rsp_cons + after,
                     __ATOMIC_RELAXED);
    /*
     * Full barrier: rsp_event must be seen before we read rsp_prod; pairs
     * with the one in ring_back_push().  Without it both sides may miss each
     * other and we sleep on a response that is there.
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_front_look(f);
}

/* ------------------------------------------------------------- backend -- */

struct ring_back {
    struct ring_shared *shared;
    uint32_t count;         /* slots, a power of two */
    uint32_t rsp_prod;      /* responses written, not all published */
    uint32_t rsp_published;
    uint32_t req_cons;      /* requests taken */
    uint32_t req_seen;      /* peer's req_prod, checked */
    bool broken;
};

/*
 * Attach to a ring the frontend prepared.  Its indices are taken over once
 * (a reconnecting frontend may not start at zero); false when they claim more
 * requests than the ring has slots.
 */
static inline bool ring_back_attach(struct ring_back *b,
                                    struct ring_shared *shared, uint32_t count)
{
    uint32_t req = __atomic_load_n(&shared->req_prod, __ATOMIC_ACQUIRE);
    uint32_t rsp = __atomic_load_n(&shared->rsp_prod, __ATOMIC_RELAXED);

    *b = (struct ring_back){ .shared = shared, .count = count,
                             .rsp_prod = rsp, .rsp_published = rsp,
                             .req_cons = rsp, .req_seen = rsp };
    b->broken = (uint32_t)(req - rsp) > count;
    return !b->broken;
}

/*
 * For a backend that goes on where another ended: the slot of the oldest request that
 * is not answered, for reading only; NULL: there is none.
 */
static inline const void *ring_back_oldest(const struct ring_back *b, uint32_t slot_size)
{
    uint32_t prod = __atomic_load_n(&b->shared->req_prod, __ATOMIC_ACQUIRE);

    return (uint32_t)(prod - b->rsp_prod - 1) < b->count
           ? ring_slot(b->shared, b->count, b->rsp_prod, slot_size) : (const void *)0;
}

/* That slot holds an answer already: it is neither taken nor answered again.  Before
 * anything is taken. */
static inline void ring_back_adopt(struct ring_back *b)
{
    b->req_seen = b->req_cons = ++b->rsp_prod;
}

/* Give the ring up: what it asks is no request. */
static inline enum ring_result ring_back_break(struct ring_back *b)
{
    b->broken = true;
    b->req_seen = b->req_cons;
    return RING_BROKEN;
}

/* Requests that are taken and not answered. */
static inline uint32_t ring_back_unanswered(const struct ring_back *b)
{
    return b->req_cons - b->rsp_prod;
}

/* Look at the peer's index, which must be possible. */
static inline enum ring_result ring_back_fetch(struct ring_back *b)
{
    uint32_t prod;

    /* Acquire: the index must be read before the entries it announces. */
    prod = __atomic_load_n(&b->shared->req_prod, __ATOMIC_ACQUIRE);
    /*
     * Slots between rsp_prod and req_cons are taken and not yet answered, so
     * at most count - (req_cons - rsp_prod) new ones can exist.  An index
     * that moved backwards shows up here as a huge difference.
     */
    if ( (uint32_t)(prod - b->req_cons) > b->count - ring_back_unanswered(b) )
        return ring_back_break(b);
    b->req_seen = prod;
    return prod == b->req_cons ? RING_EMPTY : RING_TAKEN;
}

static inline enum ring_result ring_back_look(struct ring_back *b)
{
    /* As in ring_front_look(). */
    if ( b->req_seen != b->req_cons )
        return RING_TAKEN;
    return b->broken ? RING_BROKEN : ring_back_fetch(b);
}

/* Requests that ring_back_look() has seen and that are not taken. */
static inline uint32_t ring_back_seen(const struct ring_back *b)
{
    return b->req_seen - b->req_cons;
}

/* Are so many requests there to be taken, one after the other? */
static inline bool ring_back_has(struct ring_back *b, uint32_t wanted)
{
    if ( !b->broken && ring_back_seen(b) < wanted )
        ring_back_fetch(b);
    return !b->broken && ring_back_seen(b) >= wanted;
}

/* Take one request into private memory; only this copy may be checked. */
static inline enum ring_result ring_back_take(struct ring_back *b,
                                              void *request, uint32_t size)
{
    enum ring_result r = ring_back_look(b);

    if ( r != RING_TAKEN )
        return r;
    ring_copy(request, ring_slot(b->shared, b->count, b->req_cons, size), size);
    b->req_cons++;
    return RING_TAKEN;
}

/* The rest of the request that was taken last, of which `size` bytes were copied: no byte
 * is looked at twice. */
static inline void ring_back_take_rest(const struct ring_back *b, void *request,
                                       uint32_t size, uint32_t slot_size)
{
    ring_copy((uint8_t *)request + size,
              ring_slot(b->shared, b->count, b->req_cons - 1, slot_size) + size,
              slot_size - size);
}

/*
 * Write one response of `size` bytes into a slot of `slot_size`; the rest keeps
 * what the frontend had there, so that no private memory leaks.  False: there is
 * no taken request left to answer, a fault of the caller.
 */
static inline bool ring_back_put_part(struct ring_back *b, const void *response,
                                      uint32_t size, uint32_t slot_size)
{
    if ( ring_back_unanswered(b) == 0 )
        return false;
    ring_copy(ring_slot(b->shared, b->count, b->rsp_prod, slot_size), response, size);
    b->rsp_prod++;
    return true;
}

/* Where the next response goes, for who writes it there, and as many behind it, and then
 * counts them: only as many as are taken and not answered. */
static inline void *ring_back_next(struct ring_back *b, uint32_t slot_size)
{
    return ring_slot(b->shared, b->count, b->rsp_prod, slot_size);
}

static inline void ring_back_count(struct ring_back *b, uint32_t responses)
{
    b->rsp_prod += responses;
}

/* The same for a response that fills its slot (unused bytes zero). */
static inline bool ring_back_put(struct ring_back *b, const void *response,
                                 uint32_t size)
{
    return ring_back_put_part(b, response, size, size);
}

/* Publish what was put.  True: the frontend asked to be notified. */
static inline bool ring_back_push(struct ring_back *b)
{
    uint32_t old = b->rsp_published, now = b->rsp_prod;

    /* Release: entries before index, as in ring_front_push(). */
    __atomic_store_n(&b->shared->rsp_prod, now, __ATOMIC_RELEASE);
    b->rsp_published = now;
    /*
     * Full barrier: our rsp_prod must be seen before we read rsp_event;
     * pairs with ring_front_final_check().
     */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_event_passed(__atomic_load_n(&b->shared->rsp_event,
                                             __ATOMIC_RELAXED), old, now);
}

/* Before sleeping: as ring_front_final_check(), for requests. */
static inline enum ring_result ring_back_final_check(struct ring_back *b,
                                                     uint32_t after)
{
    __atomic_store_n(&b->shared->req_event, b->req_cons + after,
                     __ATOMIC_RELAXED);
    /* Full barrier: req_event before req_prod; pairs with ring_front_push(). */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_back_look(b);
}

#endif
