/* A hostile backend of the xenometer device's data ring: see evil.h. */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/hypercall.h"
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

#define POISONED 8u   /* pages */

static u64 ask(struct row_run *r, u32 which, grant_ref gref, u16 pages)
{
    struct data_request q = {
        .id = 1, .operation = (u16)(EVIL_OPERATIONS + which), .gref = gref, .pages = pages,
    };
    struct data_response p = { .value = 0 };

    if ( !data_exchange(&q, &p) )
        r->failure = "no answer";
    return p.value;
}

/* What the backend keeps mapped is not withdrawn, and nobody gets its page. */
static void suffer_keeps(struct row_run *r)
{
    struct data_pages set = data_pages_grant(1);
    u8 *others[16];

    if ( !ask(r, EVIL_DATA_KEEPS, set.gref, 1) )
        r->error = "the hostile backend could not keep the page";
    else if ( data_pages_end(&set) )
        r->failure = "a page that is mapped was taken back";
    for ( u32 i = 0; i < ARRAY_SIZE(others); i++ )
        if ( (others[i] = pages_alloc(1)) == set.at )
            r->failure = "a page that is mapped is used again";
    for ( u32 i = 0; i < ARRAY_SIZE(others); i++ )
        pages_free(others[i], 1);
    ask(r, EVIL_DATA_KEEPS, 0, 0);
    if ( !r->failure && !data_pages_end(&set) )
        r->failure = "a page that is not mapped any more cannot be taken back";
}

/* What memory held before it was granted. */
static void suffer_leftovers(struct row_run *r)
{
    u8 *secret = pages_alloc(POISONED);
    struct data_pages set;

    memset(secret, 0x5a, POISONED * PAGE_SIZE);
    pages_free(secret, POISONED);
    set = data_pages_grant(POISONED);
    if ( set.at != secret )
        r->error = "other pages were granted than those with the secret";
    switch ( ask(r, EVIL_DATA_LEFTOVERS, set.gref, POISONED) )
    {
    case 0: break;
    case 256: r->error = "the hostile backend could not look"; break;
    default: r->failure = "the backend sees what a page held before it was granted";
    }
    data_pages_end(&set);
}

/* The table stays in the version it was put in when the domain booted. */
static void suffer_version(struct row_run *r)
{
    struct gnttab_get_version get = { .dom = DOMID_SELF };
    struct data_pages set;

    ask(r, EVIL_DATA_VERSION, 0, 0);
    if ( hypercall_grant_table_op(GNTTABOP_get_version, &get, 1) || get.version != grant_version )
        r->failure = "the grant table's version has changed";
    set = data_pages_grant(2);
    if ( !r->failure && (!data_pages_keep(&set) || !data_pages_drop()) )
        r->failure = "a grant is not what it says";
    if ( !data_pages_end(&set) )
        r->failure = "a grant cannot be withdrawn";
}

static bool suffer(struct row_run *r, u32 which)
{
    switch ( which )
    {
    case EVIL_DATA_KEEPS:     suffer_keeps(r); break;
    case EVIL_DATA_LEFTOVERS: suffer_leftovers(r); break;
    case EVIL_DATA_VERSION:   suffer_version(r); break;
    default: return false;
    }
    SAMPLES(r, );
    return true;
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

    if ( suffer(r, which) )
        return;
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

/* The domain has the process that serves it try to get out, each way in turn. */
static void run_escapes(struct row_run *r)
{
#define ESCAPE_TEXT(identifier, name) "the serving process " name,
    static const char *const failures[] = { ESCAPES_ALL(ESCAPE_TEXT) };

    for ( u32 i = 0; i < ESCAPES && !r->failure; i++ )
    {
        struct data_request q = { .id = i, .operation = (u16)(EVIL_ESCAPES + i) };
        struct data_response p;

        if ( !data_exchange(&q, &p) )
            r->failure = "no answer: it got out, or ended";
        else if ( p.value )
            r->failure = failures[i];
    }
    SAMPLES(r, );
}
ROW(escapes, .setup = NULL, .run = run_escapes) = {
    .name = "escape/all", .work = "get out of the serving process", .path = "hostile backend",
    .help = "tries all ways out of the process that serves it", .explanation = "success",
    .elsewhere = "bare mode has no backend", .columns = "xen", .needs = SERVICE_DATA_RING,
    .operations = 1, .samples = 1,
};

#define DATA_ROW(identifier, name, outcome, reason)                                 \
    static void run_##identifier(struct row_run *r)                                 \
    {                                                                               \
        run(r, EVIL_##identifier);                                                  \
    }                                                                               \
    EVIL_ROW(identifier, name, outcome, reason, 0, .setup = mend, .run = run_##identifier)

EVIL_DATA_CASES(DATA_ROW)
