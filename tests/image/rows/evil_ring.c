/* A hostile backend of the xenometer device's data ring: see evil.h. */
#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/lib/string.h"
#include "evil.h"

/* What the attack left: the ring goes on, as if all had been answered.  The backend's
 * index is ours to mend as well, it writes it again only with its next answer. */
static const char *mend(struct row_run *r)
{
    struct ring_front *ring = &device.data_ring;

    (void)r;
    ring->broken = false;
    ring->rsp_cons = ring->rsp_seen = ring->req_prod;
    ring->shared->rsp_prod = ring->req_prod;
    device.trouble = NULL;
    return NULL;
}

static void run(struct row_run *r, u32 which)
{
    struct data_request q = { .id = 1, .operation = (u16)(EVIL_OPERATIONS + which) };
    struct data_request honest = { .id = 2, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
    struct {
        u64 before;
        struct data_response response;
        u64 after;
    } p = { .before = EVIL_GUARD, .after = EVIL_GUARD };

    SAMPLES(r, );
    for ( u32 i = 0; i < (which == EVIL_DATA_FLIPS ? 20 : 1) && !r->failure; i++ )
        if ( !data_exchange(&q, &p.response) )
            r->failure = "no answer";
        else if ( p.response.id != q.id )
            r->error = "an answer changed after it was checked";
    if ( p.before != EVIL_GUARD || p.after != EVIL_GUARD )
        r->error = "the driver wrote beyond its own";
    if ( which == EVIL_DATA_FLIPS )
        r->failure = NULL;   /* as the race goes */
    if ( r->failure )
        return;
    memset(honest.payload, 0x5a, DATA_PAYLOAD);
    mend(r);
    if ( !data_exchange(&honest, &p.response) ||
         memcmp(honest.payload, p.response.payload, DATA_PAYLOAD) )
        r->failure = "the ring does not go on";
}

#define DATA_ROW(identifier, name, outcome, reason)                                 \
    static void run_##identifier(struct row_run *r)                                 \
    {                                                                               \
        run(r, EVIL_##identifier);                                                  \
    }                                                                               \
    EVIL_ROW(identifier, name, 0, .setup = mend, .run = run_##identifier)

EVIL_DATA_CASES(DATA_ROW)
