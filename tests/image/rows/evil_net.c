/* Hostile backends of the netif protocol: see evil.h. */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/drivers/vif.h"
#include "../../../domU-kernel/lib/format.h"
#include "../../../domU-kernel/lib/string.h"
#include "evil.h"

#define FRAMES 200u   /* all transmit buffers several times */

static struct {
    u64 before;
    struct vif vif;
    u64 after;
} guarded;

static const char *setup(struct row_run *r, u32 which)
{
    char frontend[32];
    const char *trouble;

    memset(&guarded, 0, sizeof(guarded));
    guarded.before = guarded.after = EVIL_GUARD;
    if ( !evil_make(EVIL_MAKE_NIC + which) )
        return "there is no hostile backend here: run build/xenometer-evil";
    format(frontend, sizeof(frontend), "device/vif/%u", EVIL_NICS + which);
    trouble = vif_connect(&guarded.vif, frontend);
    r->failure = guarded.vif.nic.trouble;
    return r->failure ? NULL : trouble;
}

/* One frame, and one back; what is wrong with what the driver says, or NULL. */
static const char *bounce(struct vif *v)
{
    struct nic *n = &v->nic;
    u8 *frame;
    u32 length;

    while ( !(frame = n->ops->buffer(n)) && !n->trouble )
        n->ops->wait(n, 1);
    if ( !frame )
        return NULL;
    if ( frame < n->transmit || frame > n->transmit + (NIC_BUFFERS - 1) * NIC_BUFFER )
        return "a transmit buffer is none";
    n->ops->put(n, NIC_SHORTEST);
    n->ops->push(n, 1);
    while ( !(frame = n->ops->take(n, &length)) && !n->trouble )
        n->ops->wait(n, 1);
    if ( !frame )
        return NULL;
    if ( frame < v->receive || length > PAGE_SIZE ||
         frame + length > v->receive + NIC_BUFFERS * PAGE_SIZE )
        return "a frame stands outside of the receive buffers";
    if ( n->ops->take(n, &length) )
        return "one frame came back twice";
    n->ops->give(n);
    return NULL;
}

static void run(struct row_run *r, u32 which)
{
    struct vif *v = &guarded.vif;

    SAMPLES(r, );
    for ( u32 i = 0; i < FRAMES && !r->failure && !r->error; i++ )
    {
        r->error = bounce(v);
        r->failure = v->nic.trouble;
        if ( guarded.before != EVIL_GUARD || guarded.after != EVIL_GUARD ||
             v->frees > NIC_BUFFERS )
            r->error = "the driver wrote beyond its own";
    }
    if ( r->error || which == EVIL_RX_FLIPS )
        r->failure = NULL;
}

/* The next row needs them. */
static void free_shared(struct row_run *r, u8 *pages, grant_ref *refs, u32 count)
{
    for ( u32 i = 0; i < count && pages; i++ )
        if ( grant_end(refs[i]) )
            grant_release(refs[i]);
        else
            r->error = "the backend has a buffer mapped that it should copy";
    if ( pages && !r->error )
        pages_free(pages, count);
}

static void teardown(struct row_run *r)
{
    struct vif *v = &guarded.vif;

    free_shared(r, v->nic.transmit, v->tx_ref, ARRAY_SIZE(v->tx_ref));
    free_shared(r, v->receive, v->rx_ref, ARRAY_SIZE(v->rx_ref));
}

/* In another domain than the disks, which have used up the pages; so this one has version
 * 2 of the grant table, as the other has version 1. */
#define NIC_ROW(identifier, name, outcome, reason)                                  \
    static const char *setup_##identifier(struct row_run *r)                        \
    {                                                                               \
        return setup(r, EVIL_##identifier);                                         \
    }                                                                               \
    static void run_##identifier(struct row_run *r)                                 \
    {                                                                               \
        run(r, EVIL_##identifier);                                                  \
    }                                                                               \
    EVIL_ROW(identifier, name, outcome, reason, DOMAIN_GRANT_V2, .setup = setup_##identifier, .run = run_##identifier, \
             .teardown = teardown)

EVIL_NIC_CASES(NIC_ROW)
