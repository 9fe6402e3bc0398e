/* The header's own ring_shared is not the one of shared/ring.h. */
#define ring_shared vchan_indices
#include <xen/io/libxenvchan.h>
#undef ring_shared

#include "vchan.h"
#include "../lib/format.h"
#include "../lib/string.h"
#include "../xen/events.h"
#include "../xen/grant_map.h"
#include "../xen/xenstore.h"

/* The two rings that fit into the page (xen/io/libxenvchan.h, left_order). */
#define SMALL_ORDER 10u
#define LARGE_ORDER 11u

struct stream {
    struct vchan_indices *shared;
    u8 *bytes;
    u32 size, done;    /* done: what we produced, or consumed */
};

static struct {
    struct vchan_interface *page;
    struct stream out, in;
    u32 port;
} our;

/* A ring of that order stands at as many bytes.  False: it is on pages of its own. */
static bool find(struct stream *s, struct vchan_indices *shared, u32 order, u32 done)
{
    *s = (struct stream){
        .shared = shared, .bytes = (u8 *)our.page + (1u << order), .size = 1u << order,
        .done = done,
    };
    return order == SMALL_ORDER || order == LARGE_ORDER;
}

static const char *read_number(const char *directory, const char *key, u64 *number)
{
    char path[192];

    format(path, sizeof(path), "%s/%s", directory, key);
    return xenstore_read_number(path, number);
}

COLD const char *vchan_open(u32 domain, const char *path)
{
    const char *reason = NULL;
    u64 ref, port;
    u16 left, right;

    if ( read_number(path, "ring-ref", &ref) || read_number(path, "event-channel", &port) )
        return "the server of libxenvchan is not in XenStore";
    our.page = grant_map(domain, (u32)ref, &reason);
    if ( reason )
        return reason;
    left = *(volatile u16 *)&our.page->left_order;
    right = *(volatile u16 *)&our.page->right_order;
    if ( left == right || !find(&our.out, &our.page->left, left, our.page->left.prod) ||
         !find(&our.in, &our.page->right, right, our.page->right.cons) )
    {
        grant_unmap();
        return "the rings of libxenvchan's server are not on its page";
    }
    our.port = event_bind_interdomain(domain, (u32)port);
    event_unmask(our.port);
    our.page->cli_live = 1;
    __atomic_fetch_or(&our.page->srv_notify, VCHAN_NOTIFY_WRITE, __ATOMIC_SEQ_CST);
    event_send(our.port);
    return NULL;
}

COLD void vchan_close(void)
{
    if ( !our.port )
        return;
    our.page->cli_live = 0;
    event_send(our.port);
    event_close(our.port);
    our.port = 0;
    grant_unmap();
}

/* Tell the server of what was done, if it wants to know. */
static void tell(u8 bit)
{
    /*
     * A full barrier: our index must be seen before its wish is read.  The server sets its wish
     * and then looks at the index: both reads ahead of both writes, and it would sleep over
     * what is there.
     */
    u8 wished = __atomic_fetch_and(&our.page->cli_notify, (u8)~bit, __ATOMIC_SEQ_CST);

    if ( wished & bit )
        event_send(our.port);
}

/* Copy between `data` and the ring, which may end in between. */
static u32 part(const struct stream *s, u32 size)
{
    u32 left = s->size - (s->done & (s->size - 1));

    return left < size ? left : size;
}

bool vchan_send(const void *data, u32 size)
{
    struct stream *s = &our.out;
    u32 cons = __atomic_load_n(&s->shared->cons, __ATOMIC_ACQUIRE), first = part(s, size);

    if ( s->size - (s->done - cons) < size || s->done - cons > s->size )
        return false;
    memcpy(s->bytes + (s->done & (s->size - 1)), data, first);
    memcpy(s->bytes, (const u8 *)data + first, size - first);
    s->done += size;
    /* Release: the bytes must be seen before the index that announces them. */
    __atomic_store_n(&s->shared->prod, s->done, __ATOMIC_RELEASE);
    tell(VCHAN_NOTIFY_WRITE);
    return true;
}

/* Bytes that can be taken; more than the ring has: the server broke it. */
static u32 ready(const struct stream *s)
{
    /* Acquire: the index must be read before the bytes it announces. */
    return __atomic_load_n(&s->shared->prod, __ATOMIC_ACQUIRE) - s->done;
}

bool vchan_receive(void *data, u32 size)
{
    struct stream *s = &our.in;
    u32 there = ready(s), first = part(s, size);

    while ( there < size )
    {
        /* The count before the look: an event that comes behind it differs from `seen`. */
        u32 seen = event_arrivals[our.port];

        /* A full barrier: the wish must be seen before we look; pairs with the server's. */
        __atomic_fetch_or(&our.page->srv_notify, VCHAN_NOTIFY_WRITE, __ATOMIC_SEQ_CST);
        there = ready(s);
        if ( there < size &&
             (!__atomic_load_n(&our.page->srv_live, __ATOMIC_RELAXED) ||
              event_expect(our.port, seen) == seen) )
            return false;
    }
    if ( there > s->size )
        return false;
    memcpy(data, s->bytes + (s->done & (s->size - 1)), first);
    memcpy((u8 *)data + first, s->bytes, size - first);
    s->done += size;
    __atomic_store_n(&s->shared->cons, s->done, __ATOMIC_RELEASE);
    tell(VCHAN_NOTIFY_READ);
    return true;
}
