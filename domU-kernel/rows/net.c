#include "net.h"
#include "../arch/mode.h"
#include "../drivers/clock.h"
#include "../drivers/vif.h"
#include "../lib/string.h"
#include "../xen/hypercall.h"

#include <xen/sched.h>
#include <xenometer/frame.h>

#define TRY_NS  10000000u   /* between two frames to an unknown neighbour … */
#define TRIES   500u        /* … as long as dom0's kernel may take to join a bridge */

/* ---- frames ---- */

struct __attribute__((packed)) ethernet {
    u8 to[6], from[6];
    u8 type[2];
};
_Static_assert(sizeof(struct ethernet) == FRAME_HEADER, "IEEE 802.3, 3.1.1");

static const u8 our_type[2] = { FRAME_ETHERTYPE >> 8, FRAME_ETHERTYPE & 0xff };

static u64 *word_at(u8 *frame, u32 offset)
{
    return (u64 *)(frame + offset);
}

/* The byte at `offset` of a frame, but for its header and numbers. */
static u8 pattern(u32 offset)
{
    return (u8)(offset * 0x9e3779b1u >> 24);   /* 2^32 / golden ratio */
}

static void fill(const struct nic *n, u8 *frame, const u8 to[6], u32 length)
{
    struct ethernet *e = (struct ethernet *)frame;

    for ( u32 i = FRAME_HEADER; i < length; i++ )
        frame[i] = pattern(i);
    memcpy(e->to, to, 6);
    memcpy(e->from, n->mac, 6);
    memcpy(e->type, our_type, 2);
}

static inline void set_number(u8 *frame, u32 length, u64 number)
{
    *word_at(frame, FRAME_NUMBER) = number;
    __builtin_memcpy(frame + length - 8, &number, 8);
}

static inline bool is_number(u8 *frame, u32 length, u64 number)
{
    u64 last;

    __builtin_memcpy(&last, frame + length - 8, 8);
    return *word_at(frame, FRAME_NUMBER) == number && last == number;
}

/* Is it the frame `length` long to us, all of it? */
static bool is_whole(const struct nic *n, const u8 peer[6], const u8 *frame, u32 length)
{
    const struct ethernet *e = (const struct ethernet *)frame;

    for ( u32 i = FRAME_PATTERN; i < length - 8; i++ )
        if ( frame[i] != pattern(i) )
            return false;
    return !memcmp(e->to, n->mac, 6) && !memcmp(e->from, peer, 6);
}

/*
 * The next of our frames, at least `shortest` bytes; others that pass on the bridge
 * are given back unread.  NULL: none yet.
 */
static u8 *take_ours(struct nic *n, u32 shortest)
{
    u8 *frame;
    u32 length;

    while ( (frame = n->ops->take(n, &length)) )
    {
        struct ethernet *e = (struct ethernet *)frame;

        if ( length >= shortest && e->type[0] == our_type[0] && e->type[1] == our_type[1] &&
             !__builtin_memcmp(e->to, n->mac, 6) )
            return frame;
        n->ops->give(n);
    }
    return NULL;
}

static void nap(const struct wire *p)
{
    struct sched_poll poll;

    if ( p->nap && boot_mode == MODE_BARE )
    {
        p->nap(TRY_NS);
        return;
    }
    poll = (struct sched_poll){ .timeout = clock_now() + TRY_NS };
    hypercall_sched_op(SCHEDOP_poll, &poll);
}

/*
 * Ask everybody who is there: the reflector answers with its own address.  The
 * bridge learns ours from that.  dom0's kernel joins the interface to the
 * bridge in its own time.  The answer to the last question ends it: frames keep their
 * order, so nothing of before is on its way then.
 */
COLD static const char *find_peer(struct wire *p)
{
    static const u8 everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct nic *n = p->nic;
    bool found = false, last = false;

    for ( u32 i = 0; i < TRIES && !last && !n->trouble; i++ )
    {
        u8 *frame = found ? NULL : n->ops->buffer(n);

        if ( frame )
        {
            fill(n, frame, everybody, NIC_SHORTEST);
            set_number(frame, NIC_SHORTEST, ++p->number);
            n->ops->put(n, NIC_SHORTEST);
        }
        n->ops->push(n, 1);
        nap(p);
        while ( (frame = take_ours(n, NIC_SHORTEST)) )
        {
            memcpy(p->peer, ((struct ethernet *)frame)->from, 6);
            found = true;
            last |= is_number(frame, NIC_SHORTEST, p->number);
            n->ops->give(n);
        }
    }
    n->ops->push(n, 1);
    if ( n->trouble )
        return n->trouble;
    return last ? NULL : "nobody on the bridge sends frames back";
}

void net_finish(const struct wire *p)
{
    if ( p->nic->ops->close )
        p->nic->ops->close(p->nic);
}

COLD const char *net_prepare(struct row_run *r, struct wire *p, u32 length)
{
    const char *trouble = p->open(p);

    if ( !trouble )
    {
        trouble = find_peer(p);
        if ( trouble && !p->nic->trouble )
            net_finish(p);
    }
    /* One that is there and does wrong is a failure, not the lack of one. */
    r->failure = p->nic->trouble;
    if ( trouble )
        return r->failure ? NULL : trouble;
    for ( u32 i = 0; i < p->nic->buffers; i++ )
        fill(p->nic, p->nic->transmit + i * NIC_BUFFER, p->peer, length);
    return NULL;
}

/* ---- what is measured ---- */

/*
 * One frame there and back.  The answer's buffer is given back with the next frame,
 * so that each sample has one of everything.
 */
static u8 *bounce(struct wire *p, bool give, u64 number)
{
    struct nic *n = p->nic;
    u8 *frame;

    if ( give )
        n->ops->give(n);
    while ( !(frame = n->ops->buffer(n)) && !n->trouble )
        n->ops->wait(n, 1);
    if ( !frame )
        return NULL;
    set_number(frame, NIC_SHORTEST, number);
    n->ops->put(n, NIC_SHORTEST);
    n->ops->push(n, 1);
    while ( !(frame = take_ours(n, NIC_SHORTEST)) && !n->trouble )
        n->ops->wait(n, 1);
    return frame;
}

void net_bounce(struct row_run *r, struct wire *p)
{
    struct nic *n = p->nic;
    bool held = false;

    FOR_EACH_SAMPLE(r, i)
    {
        u64 number = ++p->number;
        u8 *frame;

        sample_keep(r, i, TIMED(frame = bounce(p, held, number)));
        held = frame;
        if ( !frame )
            r->failure = n->trouble;
        else if ( !is_number(frame, NIC_SHORTEST, number) )
            r->failure = "another frame came back than was sent";
        else if ( !is_whole(n, p->peer, frame, NIC_SHORTEST) )
            r->failure = "a frame came back damaged";
    }
    if ( held )
        n->ops->give(n);
}

#define DEPTH    32u    /* under way at most, where the device has room for them */

/* The frames that came last, one for each buffer. */
struct arrivals {
    u8 *frame[NIC_BUFFERS];
    u32 count;
};

/*
 * STREAMED frames there and back, in order.  As in ring.c, half of those under way
 * are left before we ask to be woken.
 */
static const char *stream(struct wire *p, struct arrivals *a)
{
    struct nic *n = p->nic;
    const struct nic_operations *ops = n->ops;
    u32 sent = 0, back = 0, after, depth = n->depth < DEPTH ? n->depth : DEPTH;
    u64 number = p->number;

    while ( back < STREAMED )
    {
        u8 *frame;

        while ( sent < STREAMED && sent - back < depth && (frame = ops->buffer(n)) )
        {
            set_number(frame, NIC_FRAME, number + ++sent);
            ops->put(n, NIC_FRAME);
        }
        after = sent - back > depth / 2 ? depth / 2 : sent > back ? sent - back : 1;
        ops->push(n, after);
        frame = take_ours(n, NIC_FRAME);
        if ( n->trouble )
            return n->trouble;
        if ( !frame )
        {
            ops->wait(n, after);
            continue;   /* perhaps it is a transmit buffer that came back */
        }
        do {
            if ( !is_number(frame, NIC_FRAME, number + ++back) )
                return "a frame is lost, or came out of order";
            a->frame[a->count++ % NIC_BUFFERS] = frame;
            ops->give(n);
        } while ( back < STREAMED && (frame = take_ours(n, NIC_FRAME)) );
    }
    ops->push(n, 1);
    p->number = number + STREAMED;
    return NULL;
}

void net_stream(struct row_run *r, struct wire *p)
{
    FOR_EACH_SAMPLE(r, i)
    {
        struct arrivals a = { .count = 0 };
        const char *trouble;

        sample_keep(r, i, TIMED(trouble = stream(p, &a)));
        r->failure = trouble;
        /* What was not overwritten since, read whole: a buffer comes round again
         * after NIC_BUFFERS frames at the earliest. */
        for ( u32 k = 0; k < p->nic->depth / 2 && !r->failure; k++ )
            if ( !is_whole(p->nic, p->peer, a.frame[(a.count - 1 - k) % NIC_BUFFERS], NIC_FRAME) )
                r->failure = "a frame came back damaged";
    }
}

/* ---- netif ---- */

/* Once: it stays connected, and broken. */
static const char *open_vif(struct wire *p, struct vif *v, const char *frontend)
{
    if ( !p->nic )
    {
        p->nic = &v->nic;
        p->absent = vif_connect(v, frontend);
    }
    return v->nic.trouble ? v->nic.trouble : p->absent;
}

static struct vif netback_vif, own_vif;

static const char *open_netback(struct wire *p)
{
    return open_vif(p, &netback_vif, "device/vif/0");
}

static const char *open_own(struct wire *p)
{
    return open_vif(p, &own_vif, "device/vif/1");
}

static struct wire own_wire = { .open = open_own };
static struct wire netback_wire = { .open = open_netback };

PATH_ROWS(netback, "netif-linux", "netif rings, Linux's xen-netback, bridge",
          "the netif rings and Linux's xen-netback", "xen", DOMAIN_NETWORK, ROW_HEADLINE, NO_WIRE,
          "32", 100, 20,
          "The rings tell Linux's xen-netback, which hands the frame to the bridge; a process reads and "
          "writes it by a packet socket there.");
PATH_ROWS(own, "netif-own", "netif rings, xenometer's backend",
          "the netif rings and xenometer's own backend", "xen", DOMAIN_NETWORK, ROW_HEADLINE, NO_WIRE,
          "32", 100, 20,
          "The rings tell a process, which copies the frame out of the guest's page and into another; "
          "there is no bridge in between, and no kernel but for the copies.");
