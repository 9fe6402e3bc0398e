/*
 * The same wire by every path: what a frame to a neighbour and back costs, one at a
 * time and streamed.  Each device is on one bridge of dom0 (xenometer's own backend is
 * bridge and neighbour in one); one process there sends every frame back, and every
 * frame is compared with what was sent.
 */
#include "../../drivers/clock.h"
#include "../../drivers/x86/e1000.h"
#include "../../drivers/x86/rtl8139.h"
#include "../../drivers/vif.h"
#include "../../drivers/x86/virtio_net.h"
#include "../../harness/row.h"
#include "../../lib/string.h"
#include "../../xen/hypercall.h"

#include <xen/sched.h>
#include <xenometer/frame.h>

#define ONLY_HVM "only HVM has a device model that emulates network cards"
#define NO_WIRE "bare mode has no dom0 at the other end of a wire"

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

/* ---- the paths ---- */

struct path {
    struct nic *nic;
    const char *(*open)(struct path *);
    u8 peer[6];              /* the neighbour's address */
    u64 number;              /* of the next frame */
    const char *absent;      /* why there is no such interface */
};

static void nap(void)
{
    struct sched_poll poll = { .timeout = clock_system_time(tsc_begin()) + TRY_NS };

    hypercall_sched_op(SCHEDOP_poll, &poll);
}

/*
 * Ask everybody who is there: the reflector answers with its own address.  The
 * bridge learns ours from that.  dom0's kernel joins the interface to the
 * bridge in its own time.  The answer to the last question ends it: frames keep their
 * order, so nothing of before is on its way then.
 */
COLD static const char *find_peer(struct path *p)
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
        nap();
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

static void finish(const struct path *p)
{
    if ( p->nic->ops->close )
        p->nic->ops->close(p->nic);
}

/* The device open, the neighbour known, all buffers filled.  NULL, also with the row's
 * failure; or why it cannot run. */
COLD static const char *prepare(struct row_run *r, struct path *p, u32 length)
{
    const char *trouble = p->open(p);

    if ( !trouble )
    {
        trouble = find_peer(p);
        if ( trouble && !p->nic->trouble )
            finish(p);
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
static u8 *bounce(struct path *p, bool give, u64 number)
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

static void run_bounce(struct row_run *r, struct path *p)
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

#define STREAMED 256u   /* frames in one sample */
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
static const char *stream(struct path *p, struct arrivals *a)
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

static void run_stream(struct row_run *r, struct path *p)
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

/* ---- the rows ---- */

/* Once: it stays connected, and broken. */
static const char *open_vif(struct path *p, struct vif *v, const char *frontend)
{
    if ( !p->nic )
    {
        p->nic = &v->nic;
        p->absent = vif_connect(v, frontend);
    }
    return v->nic.trouble ? v->nic.trouble : p->absent;
}

static struct vif netback_vif, own_vif;

static const char *open_netback(struct path *p)
{
    return open_vif(p, &netback_vif, "device/vif/0");
}

static const char *open_own(struct path *p)
{
    return open_vif(p, &own_vif, "device/vif/1");
}

static struct path own_path = { .open = open_own };
static struct path netback_path = { .open = open_netback };

/* A device that only one of the rows has at a time. */
#define DEVICE_PATH(id, type)                                                         \
    static struct type id##_device;                                                   \
    static const char *open_##id(struct path *p)                                      \
    {                                                                               \
        p->nic = &id##_device.nic;                                                  \
        return type##_open(&id##_device);                                             \
    }                                                                               \
    static struct path id##_path = { .open = open_##id }

DEVICE_PATH(virtio, virtio_net);
DEVICE_PATH(e1000, e1000);
DEVICE_PATH(rtl8139, rtl8139);

/* `single` and `streams`: samples, fewer where they take longer. */
#define PATH_ROWS(id, name_, path_, peer, columns_, needs_, headline_, elsewhere_, depth, single, \
                  streams, why)                                                     \
    static const char *setup_##id(struct row_run *r)                                  \
    {                                                                               \
        return prepare(r, &id##_path, NIC_SHORTEST);                                \
    }                                                                               \
    static const char *setup_stream_##id(struct row_run *r)                           \
    {                                                                               \
        return prepare(r, &id##_path, NIC_FRAME);                                   \
    }                                                                               \
    static void run_##id(struct row_run *r) { run_bounce(r, &id##_path); }            \
    static void run_stream_##id(struct row_run *r) { run_stream(r, &id##_path); }     \
    EXPLANATION(net_##id) =                                                         \
        "Sends the shortest Ethernet frame there is, sleeps, and takes it as it comes back; it is " \
        "compared with what was sent.  " why "  The other net/ rows do the same work by other devices."; \
    static void teardown_##id(struct row_run *r)                                    \
    {                                                                               \
        (void)r;                                                                    \
        finish(&id##_path);                                                         \
    }                                                                               \
    ROW(net_##id, .setup = setup_##id, .run = run_##id, .teardown = teardown_##id) = { \
        .name = "net/" name_,                                                       \
        .work = "send a 64-byte frame and get it back",                             \
        .path = path_,                                                              \
        .help = "a 64-byte frame to dom0 and back through " peer,                   \
        .explanation = explanation_net_##id,                                        \
        .elsewhere = elsewhere_,                                                    \
        .columns = columns_, .needs = needs_, .flags = headline_ | ROW_DOM0 | ROW_BLOCKS, \
        .operations = 1, .samples = single, .warmup = 16,                           \
    };                                                                              \
    EXPLANATION(net_##id##_stream) =                                                \
        "As net/" name_ ", but 256 frames of 1,500 bytes with up to " depth " under way; the figure is for " \
        "one frame, there and back.  Their order is checked, and the last of them byte by byte."; \
    ROW(net_##id##_stream, .setup = setup_stream_##id, .run = run_stream_##id,      \
        .teardown = teardown_##id) = {                                              \
        .name = "net/" name_ "-stream",                                             \
        .work = "stream 1,500-byte frames and get them back",                       \
        .path = path_ ", up to " depth " open",                                     \
        .help = "stream 1,500-byte frames to dom0 and back through " peer "; per frame", \
        .explanation = explanation_net_##id##_stream,                               \
        .elsewhere = elsewhere_,                                                    \
        .columns = columns_, .needs = needs_, .flags = ROW_DOM0 | ROW_BLOCKS | ROW_BATCHES, \
        .operations = STREAMED, .bytes = 1500, .samples = streams, .warmup = 1,     \
    }

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
PATH_ROWS(virtio, "virtio", "virtio queues, QEMU, tap, bridge",
          "virtio-net in QEMU", "hvm", DOMAIN_NICS, ROW_HEADLINE, ONLY_HVM, "32", 100, 10,
          "The bell of a queue is a VM exit to QEMU, which writes the frame to a tap device on the bridge; "
          "the answer comes by MSI.");
PATH_ROWS(e1000, "e1000", "Intel 82540EM, QEMU, tap, bridge",
          "the Intel 82540EM in QEMU", "hvm", DOMAIN_NICS, 0, ONLY_HVM, "32", 100, 6,
          "A write to the controller's register makes QEMU send the frame; the answer raises an interrupt line, "
          "whose handler reads the cause and masks the device, two exits to QEMU; before the "
          "next frame is sent it is allowed again, one more.");
PATH_ROWS(rtl8139, "rtl8139", "RTL8139, QEMU, tap, bridge",
          "the RTL8139 in QEMU", "hvm", DOMAIN_NICS, 0, ONLY_HVM, "16", 60, 3,
          "As net/e1000, by ports; each step of the original RTL8139 is one: the frame's length, the "
          "place in the receive ring, cause and mask of the interrupt.");
