/*
 * A hostile frontend: rows that attack the backend, linked only into
 * build/xenometer-test.elf.  What the backend must do is asserted by
 * tests/lab/test_hostile.c; F1, F2 … number the cases of hostile frontends, and a row's name
 * has those it is for.  Its explanation is what must come of it (catalogue/attacks.h).
 */
#include "../../../domU-kernel/arch/memory.h"
#include "../../../domU-kernel/drivers/clock.h"
#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/lib/format.h"
#include "../../../domU-kernel/xen/events.h"
#include "../../../domU-kernel/xen/grants.h"
#include "../../../domU-kernel/xen/shutdown.h"
#include "../../../domU-kernel/xen/xenstore.h"

#define STATE_KEY "device/xenometer/0/state"

#define HOSTILE_ROW(identifier, row_name, what, right, function)            \
    HOSTILE_ROW_NEEDS(identifier, row_name, what, right, function, 0)
#define HOSTILE_ROW_NEEDS(identifier, row_name, what, right, function, what_needs) \
    ROW(hostile_##identifier, .run = function) = {                          \
        .name = "hostile/" row_name, .work = "attack the backend",          \
        .path = "hostile frontend", .help = what, .explanation = right,     \
        .elsewhere = "bare mode has no backend to attack",                  \
        .columns = "xen", .needs = what_needs,                            \
        .operations = 1, .samples = 1,                                      \
    }

/* The attack is over and the frontend lives on: one sample of nothing. */
static void survive(struct row_run *r)
{
    SAMPLES(r, );
}

/* The backend should let go of us now; nothing is left to be heard. */
static void wait_for_the_end(void)
{
    for ( ;; )
        event_wait(device.control_port, event_arrivals[device.control_port]);
}

static void publish(struct ring_front *ring, u32 port, u32 more)
{
    ring->shared->req_prod += more;
    event_send(port);
    wait_for_the_end();
}

static void run_f1(struct row_run *r)
{
    (void)r;
    publish(&device.data_ring, device.data_port, 1000);
}
HOSTILE_ROW(f1, "f1-runs-away", "req_prod runs away on the data ring", "error: ring", run_f1);

static void run_f1_control(struct row_run *r)
{
    (void)r;
    publish(&device.control_ring, device.control_port, 100);
}
HOSTILE_ROW(f1_control, "f1-control-runs-away", "req_prod runs away on the control ring",
            "error: ring", run_f1_control);

static void run_f2(struct row_run *r)
{
    (void)r;
    publish(&device.data_ring, device.data_port, 0u - 1u);
}
HOSTILE_ROW(f2, "f2-backwards", "req_prod moves backwards", "error: ring", run_f2);

static void run_f5(struct row_run *r)
{
    struct data_request q = { .id = 1, .operation = DATA_ECHO };
    struct data_response p;

    device.data_ring.shared->rsp_prod = 0x12345678;
    device.data_ring.shared->req_event = 0x87654321;
    event_send(device.data_port);
    /* What we broke on our side is ours to mend; the backend's is intact. */
    device.data_ring.shared->rsp_prod = device.data_ring.rsp_cons;
    if ( !ring_front_put(&device.data_ring, &q, DATA_SLOT_SIZE) )
        r->failure = "the ring is full";
    ring_front_push(&device.data_ring);
    event_send(device.data_port);
    if ( !data_wait(1) ||
         ring_front_take(&device.data_ring, &p, DATA_SLOT_SIZE) != RING_TAKEN || p.id != 1 )
        r->failure = "the backend lost its place";
    survive(r);
}
HOSTILE_ROW(f5, "f5-scribbles", "writes over the backend's indices", "success", run_f5);

static void run_bad_requests(struct row_run *r)
{
    static const struct data_request requests[] = {
        { .id = 1, .operation = 99 },                                            /* F21 */
        { .id = 2, .operation = DATA_MAP, .gref = 0xffffffff, .pages = 1 },      /* F8 */
        { .id = 2, .operation = DATA_MAP, .gref = 500, .pages = 1 },             /* F8, F22 */
        { .id = 2, .operation = DATA_COPY, .gref = 500000, .pages = 1,
          .length = 4096 },                                                      /* F8, F22 */
        { .id = 3, .operation = DATA_MAP, .gref = 8, .pages = 1, .offset = 0xfffc },   /* F16 */
        { .id = 4, .operation = DATA_COPY, .gref = 8, .pages = 1, .length = 0xffff,
          .offset = 0xfff0 },                                                    /* F16 */
        { .id = 5, .operation = DATA_COPY, .gref = 8, .pages = 1, .length = 0 }, /* F17 */
        { .id = 5, .operation = DATA_COPY, .gref = 8, .pages = 0, .length = 8 }, /* F17 */
        { .id = 5, .operation = DATA_MAP, .gref = 8, .pages = DATA_PAGES + 1 },  /* F17 */
        { .id = 5, .operation = DATA_MAP, .gref = 0xfffffff0, .pages = DATA_PAGES },
        { .id = 5, .operation = DATA_KEEP, .gref = 8, .pages = 0xffff },         /* F17 */
        { .id = 5, .operation = DATA_DROP },                         /* nothing is kept */
        { .id = 5, .operation = DATA_KEPT, .gref = 8, .pages = 1, .length = 8 },
        { .id = 5, .operation = DATA_ECHO_KEPT, .gref = 8, .length = 8 },
        { .id = 5, .operation = DATA_ECHO_MAP, .gref = 8, .length = 2, .offset = 4095 },   /* F16 */
        { .id = 5, .operation = DATA_ECHO_COPY, .gref = 0xffffffff, .length = 8 },
        { .id = 6, .operation = DATA_ECHO, .length = DATA_PAYLOAD + 1 },         /* F15 */
        { .id = 7, .operation = DATA_SINK, .length = 0xffff },
    };
    struct data_request good = { .id = 8, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
    struct data_response p;

    for ( u32 i = 0; i < ARRAY_SIZE(requests) && !r->failure; i++ )
    {
        if ( !data_exchange(&requests[i], &p) )
            r->failure = "a bad request was not answered";
        else if ( p.status == DATA_OKAY )
            r->failure = "a bad request was accepted";
        for ( u32 j = 0; j < DATA_PAYLOAD; j++ )
            if ( p.payload[j] )
                r->failure = "an answer leaks memory";   /* F23 */
    }
    if ( !data_exchange(&good, &p) || p.status != DATA_OKAY )
        r->failure = "a good request after bad ones failed";
    survive(r);
}
HOSTILE_ROW(bad_requests, "f8-f15-f16-f17-f21-f22-f23-requests",
            "bad references, offsets, lengths, operations", "success", run_bad_requests);

/* F9, F13: `pages` pages from `first` on are refused, by every operation. */
static void refused(struct row_run *r, grant_ref first, u16 pages, u16 operation)
{
    struct data_request q = {
        .id = 1, .operation = operation, .gref = first, .pages = pages, .length = 8,
    };
    struct data_response p;

    if ( !data_exchange(&q, &p) )
        r->failure = "a bad set of grants was not answered";
    else if ( p.status != DATA_ERROR )
        r->failure = "a bad set of grants was accepted";
}

static void run_f9(struct row_run *r)
{
    struct data_pages set = data_pages_grant(4);
    u64 frame = page_frame(set.at + 2 * PAGE_SIZE);

    /* One reference of four is void. */
    if ( !grant_end(set.gref + 2) )
        r->failure = "an unused grant could not be ended";
    refused(r, set.gref, 4, DATA_MAP);
    refused(r, set.gref, 4, DATA_COPY);
    refused(r, set.gref, 4, DATA_KEEP);
    refused(r, set.gref + 1, 2, DATA_ECHO_MAP);
    refused(r, set.gref + 1, 2, DATA_ECHO_COPY);
    refused(r, set.gref + 2, 2, DATA_ECHO_MAP);
    /* One is read-only: that will do for those that only read. */
    grant_allow(set.gref + 2, device.backend, frame, true);
    refused(r, set.gref, 4, DATA_KEEP);
    refused(r, set.gref + 1, 2, DATA_ECHO_MAP);
    refused(r, set.gref + 1, 2, DATA_ECHO_COPY);
    /* The good ones of a bad set were not left mapped. */
    if ( !data_pages_end(&set) )
        r->failure = "the backend kept a page of a refused set mapped";
    survive(r);
}
HOSTILE_ROW(f9, "f9-f13-one-bad-grant", "sets with one void or read-only grant", "success", run_f9);

#define FRAUDS 40u

/* The frontend wants its pages back while the backend keeps them. */
static void run_f12(struct row_run *r)
{
    struct data_pages set = data_pages_grant(DATA_PAGES), other = data_pages_grant(2);

    if ( !data_pages_keep(&set) )
        r->failure = "the backend would not keep pages";
    for ( u32 i = 0; i < FRAUDS && !r->failure; i++ )
        refused(r, other.gref, 2, DATA_KEEP);   /* a second set, again and again */
    if ( grant_end(set.gref) || grant_end(set.gref + DATA_PAGES - 1) )
        r->failure = "a mapped page could be withdrawn";
    if ( !data_pages_drop() )
        r->failure = "the backend would not drop pages";
    /* Version 1 leaves an entry in use as it is; in version 2 it is void now. */
    if ( data_pages_keep(&set) != (grant_version == 1) )
        r->failure = "an entry is not what its version says";
    if ( grant_version == 1 && !data_pages_drop() )
        r->failure = "the backend would not drop pages";
    if ( !data_pages_end(&set) || !data_pages_end(&other) )
        r->failure = "the backend kept pages that it should drop";
    survive(r);
}
HOSTILE_ROW(f12, "f12-withdraws-kept", "withdraws kept pages, asks for ever more", "success", run_f12);
HOSTILE_ROW_NEEDS(f12_v2, "f12-withdraws-kept-v2", "the same in grant table version 2", "success", run_f12,
                  DOMAIN_GRANT_V2);

/* F37: the domain goes with 32 of its pages mapped in dom0. */
static void run_f37(struct row_run *r)
{
    struct data_pages set = data_pages_grant(DATA_PAGES);

    if ( !data_pages_keep(&set) )
        r->failure = "the backend would not keep pages";
    else
        shutdown_poweroff();
}
HOSTILE_ROW(f37, "f37-dies-with-kept", "dies while the backend keeps its pages", "error", run_f37);

/* The device goes the same way, by an error of the frontend. */
static void run_f37_broken(struct row_run *r)
{
    struct data_pages set = data_pages_grant(DATA_PAGES);

    if ( !data_pages_keep(&set) )
        r->failure = "the backend would not keep pages";
    else
        publish(&device.data_ring, device.data_port, 1000);
}
HOSTILE_ROW(f37_broken, "f37-breaks-with-kept", "breaks the ring while its pages are kept",
            "error: ring", run_f37_broken);

#define STORM 20000u

static void run_f25(struct row_run *r)
{
    struct data_request q = { .id = 9, .operation = DATA_ECHO };
    struct data_response p;

    for ( u32 i = 0; i < STORM; i++ )
    {
        event_send(device.data_port);
        event_send(device.control_port);
    }
    if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
        r->failure = "no service after the storm";
    survive(r);
}
/* A second of it and more, for the backend's share of the CPU (catalogue/attacks.c). */
static void run_f25_long(struct row_run *r)
{
    u64 end = clock_now() + 1500000000;

    while ( clock_now() < end )
        for ( u32 i = 0; i < 100; i++ )
            event_send(device.data_port);
    survive(r);
}
HOSTILE_ROW(f25_long, "long-f25-storm", "events without work for a second", "success", run_f25_long);

HOSTILE_ROW(f25, "f25-storm", "events without work, then one request", "success", run_f25);

static void run_f29(struct row_run *r)
{
    for ( u32 i = 0; i < 100; i++ )
        xenstore_write_number(STATE_KEY, 4);   /* F31: Connected, again and again */
    survive(r);
}
HOSTILE_ROW(f29, "f29-f31-state-spam", "writes its state over and over", "success", run_f29);

static void run_f30(struct row_run *r)
{
    (void)r;
    xenstore_write(STATE_KEY, "4x");
    wait_for_the_end();
}
HOSTILE_ROW(f30, "f30-state-garbage", "a state that is no number", "error: state", run_f30);

static void run_f36(struct row_run *r)
{
    struct data_request q = { .id = 10, .operation = DATA_ECHO };
    struct data_response p;

    xenstore_write("device/xenometer/0/ring-ref0", "-1");
    xenstore_write("device/xenometer/0/event-channel", "999999999999");
    if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
        r->failure = "the backend read the keys again";
    survive(r);
}
HOSTILE_ROW(f36, "f36-keys-change", "changes its keys after connecting", "success", run_f36);

/* One more than the ring has slots: an answer would have to stand where nobody has read one. */
static void run_f4(struct row_run *r)
{
    (void)r;
    publish(&device.data_ring, device.data_port, device.data_ring.count + 1);
}
HOSTILE_ROW(f4, "f4-more-than-slots", "a request more than the ring has slots", "error: ring", run_f4);

#define FLIPS 60u

/*
 * F6: the request changes, without a pause, from the moment the backend is told until it has
 * answered.  In the fast clock it looks at the request meanwhile.  What it checked it must have
 * used: the answer is an error or a page's word, and it lives.
 */
static void run_f6(struct row_run *r)
{
    struct data_pages set = data_pages_grant(1);
    struct data_request q = data_pages_request(&set, DATA_MAP);
    struct data_response p;

    *(u64 *)set.at = 0x5ca1ab1e;
    for ( u32 i = 0; i < FLIPS && !r->failure; i++ )
    {
        volatile struct data_request *slot = (void *)ring_slot(
            device.data_ring.shared, device.data_ring.count, device.data_ring.req_prod, DATA_SLOT_SIZE);
        const volatile u32 *answered = &device.data_ring.shared->rsp_prod;

        q.id = i;
        q.operation = i & 1 ? DATA_COPY : DATA_MAP;
        q.length = 8;
        ring_front_put(&device.data_ring, &q, DATA_SLOT_SIZE);
        ring_front_push(&device.data_ring);
        event_send(device.data_port);
        /* The answer is written over the request: hands off once it is there. */
        for ( u32 n = 0; *answered != device.data_ring.req_prod && n < 20000; n++ )
        {
            slot->pages = 0xffff;
            slot->offset = 0xfff8;
            slot->length = 0xffff;
            slot->pages = 1;
            slot->offset = 0;
            slot->length = 8;
        }
        if ( !data_wait(1) || ring_front_take(&device.data_ring, &p, DATA_SLOT_SIZE) != RING_TAKEN )
            r->failure = "no answer to a request that changed";
        /* The last change can have come with the answer, and is over it: its length, over the status. */
        else if ( p.status != DATA_OKAY && p.status != DATA_ERROR && p.status != 8 &&
                  p.status != (s16)0xffff )
            r->failure = "an answer that is none";
    }
    if ( !data_pages_end(&set) )
        r->failure = "the backend kept the page mapped";
    survive(r);
}
HOSTILE_ROW(f6, "f6-flips", "changes its requests while they are looked at", "success", run_f6);

/* F11: withdrawn between the request and the moment it is heard of. */
static void run_f11(struct row_run *r)
{
    static const u16 operations[] = { DATA_MAP, DATA_COPY, DATA_KEEP, DATA_ECHO_MAP, DATA_ECHO_COPY };

    for ( u32 i = 0; i < ARRAY_SIZE(operations) && !r->failure; i++ )
    {
        struct data_pages set = data_pages_grant(2);
        struct data_request q = data_pages_request(&set, operations[i]);
        struct data_response p;

        q.length = 8;
        ring_front_put(&device.data_ring, &q, DATA_SLOT_SIZE);
        if ( !data_pages_end(&set) )
            r->failure = "a grant nobody uses could not be withdrawn";
        data_push();
        if ( !data_wait(1) ||
             ring_front_take(&device.data_ring, &p, DATA_SLOT_SIZE) != RING_TAKEN )
            r->failure = "a request about withdrawn grants was not answered";
        else if ( p.status != DATA_ERROR )
            r->failure = "a request about withdrawn grants was accepted";
    }
    survive(r);
}
HOSTILE_ROW(f11, "f11-withdrawn", "withdraws grants before the backend uses them", "success", run_f11);

/* F14: three good pages and a void one, over and over.  A map that is lost each time ends at the
 * kernel's limit of mappings (65,530), and one lost reference keeps the page. */
static void partial_maps(struct row_run *r, u32 times)
{
    struct data_pages set = data_pages_grant(4);

    if ( !grant_end(set.gref + 3) )
        r->failure = "an unused grant could not be ended";
    for ( u32 i = 0; i < times && !r->failure; i++ )
        refused(r, set.gref, 4, DATA_MAP);
    grant_allow(set.gref + 3, device.backend, page_frame(set.at + 3 * PAGE_SIZE), false);
    if ( !data_pages_end(&set) )
        r->failure = "the backend kept a page of a refused set mapped";
    survive(r);
}

static void run_f14(struct row_run *r) { partial_maps(r, 50); }
HOSTILE_ROW(f14, "f14-partial-map", "maps that fail in part, 50 times", "success", run_f14);

static void run_f14_long(struct row_run *r) { partial_maps(r, 100000); }
HOSTILE_ROW(f14_long, "long-f14-partial-map", "maps that fail in part, 100,000 times", "success", run_f14_long);

/* F26: each event but one is for nothing, and the one is never starved. */
static void run_f26(struct row_run *r)
{
    struct data_request q = { .operation = DATA_ECHO };
    struct data_response p;

    for ( u32 i = 0; i < 30 && !r->failure; i++ )
    {
        for ( u32 n = 0; n < 50; n++ )
            event_send(device.data_port);
        q.id = i;
        if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
            r->failure = "a request in a storm was not answered";
    }
    survive(r);
}
HOSTILE_ROW(f26, "f26-storm-with-work", "a storm of events, with a request now and then", "success", run_f26);

/* F28: requests that nobody is told of.  A backend that looked all the same would burn the CPU. */
static void run_f28(struct row_run *r)
{
    struct data_request q = { .id = 1, .operation = DATA_ECHO };
    const volatile u32 *answered = &device.data_ring.shared->rsp_prod;
    struct data_response p;
    u32 before;

    /* What woke it last is over: it sleeps. */
    xenstore_empty_transaction();
    before = *answered;
    ring_front_put(&device.data_ring, &q, DATA_SLOT_SIZE);
    ring_front_push(&device.data_ring);
    /* Each of these runs other processes of dom0. */
    for ( u32 i = 0; i < 10; i++ )
        xenstore_empty_transaction();
    if ( *answered != before )
        r->failure = "the backend polls a ring that nobody has told it of";
    event_send(device.data_port);
    if ( !data_wait(1) || ring_front_take(&device.data_ring, &p, DATA_SLOT_SIZE) != RING_TAKEN ||
         p.id != 1 )
        r->failure = "a request that was told of late was not answered";
    survive(r);
}
HOSTILE_ROW(f28, "f28-never-notifies", "requests without events", "success", run_f28);

/* F39: a bad request, and the domain is gone before its answer. */
static void run_f39(struct row_run *r)
{
    struct data_pages set = data_pages_grant(2);
    struct data_request q = data_pages_request(&set, DATA_MAP);

    if ( !grant_end(set.gref + 1) )
        r->failure = "an unused grant could not be ended";
    for ( u32 i = 0; i < 8; i++ )
        ring_front_put(&device.data_ring, &q, DATA_SLOT_SIZE);
    ring_front_push(&device.data_ring);
    event_send(device.data_port);
    if ( !r->failure )
        shutdown_poweroff();
}
HOSTILE_ROW(f39, "f39-bad-request-and-gone", "bad requests, and the domain ends at once", "error", run_f39);

#define FLOOD 20000u

/* F41: keys until xenstored refuses more.  The device works on, and so do others': the next row
 * has a domain of its own. */
static void run_f41(struct row_run *r)
{
    struct data_request q = { .id = 11, .operation = DATA_ECHO };
    struct data_response p;
    char path[48];
    u32 i;

    for ( i = 0; i < FLOOD; i++ )
    {
        format(path, sizeof(path), "device/xenometer/0/flood%u", i);
        if ( xenstore_write(path, "x") )
            break;
    }
    if ( i == FLOOD )
        r->error = "xenstored has no quota here";
    else if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
        r->failure = "the backend does not serve a domain that has no keys left";
    else
        shutdown_poweroff();
}
HOSTILE_ROW(f41, "f41-quota", "fills XenStore until its quota ends it", "error: poweroff", run_f41);

static void run_lies(struct row_run *r)
{
    r->taken = 0xffffffff;
}
HOSTILE_ROW(lies, "too-many-samples", "reports more samples than there are", "error: more samples", run_lies);

static void run_words(struct row_run *r)
{
    r->failure = "\033[31mred\n\rxenometer: all is well %n%s \xff";
}
HOSTILE_ROW(words, "words", "a reason meant for a terminal", "failure: ?[31mred", run_words);
