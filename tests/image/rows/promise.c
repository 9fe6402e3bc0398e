/*
 * Many domains on one backend, one of which storms: rows of build/xenometer-test.elf, put to use
 * by tests/lab/test_promises.c.  A domain storms if its name ends in "storm"; the others measure.
 */
#include "../../../domU-kernel/drivers/clock.h"
#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/drivers/device.h"
#include "../../../domU-kernel/harness/harness.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/lib/string.h"
#include "../../../domU-kernel/xen/console.h"
#include "../../../domU-kernel/xen/events.h"
#include "../../../domU-kernel/xen/shutdown.h"
#include "../../../domU-kernel/xen/xenstore.h"

#include <xenometer/protocol.h>

#define PROMISE_ROW(identifier, row_name, what, ...)                        \
    ROW(promise_##identifier, __VA_ARGS__) = {                              \
        .name = "promise/" row_name, .work = "share a backend",             \
        .path = "data ring", .help = what, .explanation = what,             \
        .elsewhere = "bare mode has no backend",                            \
        .columns = "xen", .operations = 1, .samples = 1,                    \
    }

#define SECOND      1000000000ul   /* ns */
#define STORM_TIME  (3 * SECOND)
#define TOGETHER    500u           /* requests of each domain */
#define RECONNECTS  1000u

static u64 now(void)
{
    return clock_now();
}

static bool storms(void)
{
    char name[48];
    size_t length;

    if ( xenstore_read("name", name, sizeof(name)) )
        return false;
    length = strlen(name);
    return length >= 5 && !memcmp(name + length - 5, "storm", 5);
}

static void echo(struct row_run *r)
{
    struct data_request q = { .id = 1, .operation = DATA_ECHO, .length = DATA_PAYLOAD };
    struct data_response p;

    if ( !data_exchange(&q, &p) || p.status != DATA_OKAY )
        r->failure = "the backend did not answer";
}

/* Events for nothing until then, or NULL: this domain does not storm. */
static const char *storm_until(u64 end)
{
    if ( !storms() )
        return NULL;
    while ( now() < end )
        for ( u32 i = 0; i < 100; i++ )
            event_send(device.data_port);
    return "stormed";
}

static const char *setup_beside(struct row_run *r)
{
    (void)r;
    return storm_until(now() + STORM_TIME);
}

static void run_beside(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
        sample_keep(r, i, TIMED(echo(r)));
}
PROMISE_ROW(beside, "beside", "a request and its answer, beside a storm", .setup = setup_beside, .run = run_beside);

/* All domains begin at once: at the time that is written to them when all are there, by the clock
 * they share. */
static u64 gate(void)
{
    u64 time;

    while ( xenstore_read_number("gate", &time) )
        xenstore_sleep(SECOND / 20);
    return time;
}

static const char *setup_together(struct row_run *r)
{
    u64 start;

    (void)r;
    if ( !storms() )
        return NULL;
    start = gate();
    while ( now() < start - SECOND / 10 )
        xenstore_sleep(SECOND / 20);
    return storm_until(start + SECOND);
}

/* The sample is what all requests together take. */
static void run_together(struct row_run *r)
{
    u64 start = gate();

    if ( now() > start )
        r->failure = "it was late";
    for ( u64 t = now(); t < start; t = now() )
        xenstore_sleep(start - t);
    sample_keep(r, 0, TIMED({
        for ( u32 i = 0; i < TOGETHER && !r->failure; i++ )
            echo(r);
    }));
}
PROMISE_ROW(together, "together", "many requests, in all domains at once", .setup = setup_together,
            .run = run_together);

/* F38: the own device, closed and connected; for `xenometer backend`, which lets a domain come
 * back.  Where it connected last, it goes on being served: the row never ends. */
static void run_reconnects(struct row_run *r)
{
    u32 times = 0;

    (void)r;
    do {
        xenstore_write(KEY_LAST_WORDS, "asked to come again");
        device_close(true);
    } while ( device_connect() && ++times < RECONNECTS );
    print("connected %u times\n", times);
    harness_serve_device();
    device_close(false);
    shutdown_poweroff();
}
PROMISE_ROW(reconnects, "f38-reconnects", "disconnects and connects its device 1,000 times",
            .run = run_reconnects);
