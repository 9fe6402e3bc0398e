/*
 * The same wire by every path: what a frame to a neighbour and back costs, one at a
 * time and streamed.  Each device is on one bridge of dom0, or of Linux under KVM (xenometer's own backend is
 * bridge and neighbour in one); one process there sends every frame back, and every
 * frame is compared with what was sent.
 */
#ifndef ROWS_NET_H
#define ROWS_NET_H

#include "../drivers/nic.h"
#include "../harness/row.h"

#define NO_WIRE "bare mode has no dom0 at the other end of a wire"

#define STREAMED 256u   /* frames in one sample of a stream */

/* By one device.  Those of the rows: open() and nap() are theirs, the rest zero at first. */
struct wire {
    struct nic *nic;
    const char *(*open)(struct wire *);
    void (*nap)(u64 ns);     /* without Xen, which has a hypercall for that */
    u8 peer[6];              /* the neighbour's address */
    u64 number;              /* of the next frame */
    const char *absent;      /* why there is no such interface */
};

/* A row's set-up, with frames that long: the device open, the neighbour known, all buffers filled.  NULL,
 * also with the row's failure; or why it cannot run.  And its end. */
const char *net_prepare(struct row_run *, struct wire *, u32 length);
void net_finish(const struct wire *);

/* One frame after another there and back; and STREAMED a sample, several under way. */
void net_bounce(struct row_run *, struct wire *);
void net_stream(struct row_run *, struct wire *);

/* `single` and `streams`: samples, fewer where they take longer. */
#define PATH_ROWS(id, name_, path_, peer, columns_, needs_, headline_, elsewhere_, depth, single, \
                  streams, why)                                                     \
    static const char *setup_##id(struct row_run *r)                                  \
    {                                                                               \
        return net_prepare(r, &id##_wire, NIC_SHORTEST);                                \
    }                                                                               \
    static const char *setup_stream_##id(struct row_run *r)                           \
    {                                                                               \
        return net_prepare(r, &id##_wire, NIC_FRAME);                                   \
    }                                                                               \
    static void run_##id(struct row_run *r) { net_bounce(r, &id##_wire); }            \
    static void run_stream_##id(struct row_run *r) { net_stream(r, &id##_wire); }     \
    EXPLANATION(net_##id) =                                                         \
        "Sends the shortest Ethernet frame there is, sleeps, and takes it as it comes back; it is " \
        "compared with what was sent.  " why "  The other net/ rows do the same work by other devices."; \
    static void teardown_##id(struct row_run *r)                                    \
    {                                                                               \
        (void)r;                                                                    \
        net_finish(&id##_wire);                                                         \
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

#endif
