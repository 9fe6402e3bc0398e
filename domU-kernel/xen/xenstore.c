#include "xenstore.h"
#include "events.h"
#include "../arch/cpu.h"
#include "../drivers/clock.h"
#include "../arch/traps.h"
#include "../lib/format.h"
#include "../lib/string.h"

#include <xen/io/xs_wire.h>

/* Before there is one: no news. */
static struct xenstore_domain_interface nothing;
static volatile struct xenstore_domain_interface *ring = &nothing;
static u32 event_port;
static u32 next_id;
static u32 watches_fired, watches_seen;
static bool control_fired, backend_fired;
static bool sending;   /* a request is in the ring in part */
u64 xenstore_ticks;

void xenstore_init(void *interface, u32 port)
{
    ring = interface;
    event_port = port;
    event_unmask(port);
}

/* Send `size` bytes, sleeping while the ring is full. */
static void send(const void *data, u32 size)
{
    const u8 *from = data;

    while ( size )
    {
        u32 seen = event_arrivals[event_port];
        u32 prod = ring->req_prod;
        u32 cons = __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);
        u32 room = XENSTORE_RING_SIZE - (prod - cons);

        if ( room > XENSTORE_RING_SIZE )
            panic("XenStore ring: impossible indices %u, %u", prod, cons);
        if ( room == 0 )
        {
            event_wait(event_port, seen);
            continue;
        }
        for ( ; room && size; room--, size-- )
            ring->req[MASK_XENSTORE_IDX(prod++)] = (char)*from++;
        /* Release: the bytes before the index that announces them. */
        __atomic_store_n(&ring->req_prod, prod, __ATOMIC_RELEASE);
        event_send(event_port);
    }
}

/* Receive `size` bytes; those that do not fit `to` (`space`) are dropped. */
static void receive(void *to, u32 size, u32 space)
{
    u8 *out = to;

    while ( size )
    {
        u32 seen = event_arrivals[event_port];
        u32 cons = ring->rsp_cons;
        /* Acquire: the index before the bytes it announces. */
        u32 prod = __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE);
        u32 there = prod - cons;

        if ( there > XENSTORE_RING_SIZE )
            panic("XenStore ring: impossible indices %u, %u", prod, cons);
        if ( there == 0 )
        {
            event_wait(event_port, seen);
            continue;
        }
        for ( ; there && size; there--, size-- )
        {
            char c = ring->rsp[MASK_XENSTORE_IDX(cons++)];

            if ( space )
                *out++ = (u8)c, space--;
        }
        /* Release: the bytes are read before their room is given back. */
        __atomic_store_n(&ring->rsp_cons, cons, __ATOMIC_RELEASE);
        event_send(event_port);
    }
}

/*
 * One message in.  Watch events are counted and dropped: whoever waits for
 * one reads the store anew.  True when it answers request `id`.
 */
static bool receive_message(u32 id, u32 *type, char *value, size_t size, size_t *length)
{
    struct xsd_sockmsg m;

    receive(&m, sizeof(m), sizeof(m));
    if ( m.len > XENSTORE_PAYLOAD_MAX )
        panic("XenStore sent %u bytes in one message", m.len);
    if ( m.type == XS_WATCH_EVENT )
    {
        char first;   /* of the path, which is relative if the watch's was */

        receive(&first, m.len, sizeof(first));
        if ( first == 'c' || first == 'm' )   /* control.c's */
            control_fired = true;
        else
            watches_fired++;
        if ( first == '/' )
            backend_fired = true;
        return false;
    }
    receive(value, m.len, (u32)(size - 1));
    *length = m.len < size ? m.len : size - 1;
    value[*length] = '\0';
    *type = m.type;
    return m.req_id == id;
}

/* The payload is `path`, NUL, then `rest` without its NUL unless asked for. */
static const char *request_in(u32 transaction, u32 type, const char *path, const char *rest,
                              bool rest_terminated, char *value, size_t size)
{
    static char error[32];
    char dummy[32];
    size_t length;
    u32 rest_size = rest ? (u32)strlen(rest) + rest_terminated : 0;
    struct xsd_sockmsg m = {
        .type = type, .req_id = ++next_id, .tx_id = transaction,
        .len = (u32)strlen(path) + 1 + rest_size,
    };
    u64 begin = tsc_begin();
    u32 answer;

    if ( !value )
    {
        value = dummy;
        size = sizeof(dummy);
    }
    sending = true;
    send(&m, sizeof(m));
    send(path, (u32)strlen(path) + 1);
    if ( rest )
        send(rest, rest_size);
    sending = false;
    while ( !receive_message(m.req_id, &answer, value, size, &length) )
        ;
    xenstore_ticks += tsc_end() - begin;
    if ( answer == type )
        return NULL;
    string_copy(error, answer == XS_ERROR ? value : "EPROTO", sizeof(error));
    return error;
}

static const char *request(u32 type, const char *path, const char *rest,
                           bool rest_terminated, char *value, size_t size)
{
    return request_in(0, type, path, rest, rest_terminated, value, size);
}

const char *xenstore_directory(const char *path, char *names, size_t size)
{
    return request(XS_DIRECTORY, path, NULL, false, names, size);
}

const char *xenstore_empty_transaction(void)
{
    char id[24];
    unsigned long number;
    const char *error = request(XS_TRANSACTION_START, "", NULL, false, id, sizeof(id));

    if ( error )
        return error;
    if ( !parse_decimal(id, &number) )
        return "EPROTO";
    return request_in((u32)number, XS_TRANSACTION_END, "T", NULL, false, NULL, 0);
}

const char *xenstore_read(const char *path, char *value, size_t size)
{
    return request(XS_READ, path, NULL, false, value, size);
}

const char *xenstore_write(const char *path, const char *value)
{
    return request(XS_WRITE, path, value, false, NULL, 0);
}

void xenstore_say(const char *path, const char *value)
{
    struct xsd_sockmsg m = {
        .type = XS_WRITE, .len = (u32)(strlen(path) + 1 + strlen(value)),
    };
    u32 used = ring->req_prod - ring->req_cons;

    if ( ring == &nothing || sending || used > XENSTORE_RING_SIZE ||
         XENSTORE_RING_SIZE - used < sizeof(m) + m.len )
        return;
    send(&m, sizeof(m));
    send(path, (u32)strlen(path) + 1);
    send(value, (u32)strlen(value));
}

const char *xenstore_watch(const char *path, const char *token)
{
    return request(XS_WATCH, path, token, true, NULL, 0);
}

const char *xenstore_unwatch(const char *path, const char *token)
{
    return request(XS_UNWATCH, path, token, true, NULL, 0);
}

const char *xenstore_read_number(const char *path, u64 *value)
{
    char text[32];
    const char *error = xenstore_read(path, text, sizeof(text));

    if ( error )
        return error;
    return parse_decimal(text, value) ? NULL : "EINVAL";
}

const char *xenstore_write_number(const char *path, u64 value)
{
    char text[24];

    format(text, sizeof(text), "%lu", value);
    return xenstore_write(path, text);
}

/* Take a message that answers nothing: a watch event. */
static void take_news(void)
{
    u32 type;
    size_t length;
    char value[32];

    receive_message(0, &type, value, sizeof(value), &length);
}

void xenstore_wait_watch(void)
{
    u64 begin = tsc_begin();

    while ( watches_seen == watches_fired )
        take_news();
    watches_seen = watches_fired;
    xenstore_ticks += tsc_end() - begin;
}

bool xenstore_watch_fired(void)
{
    bool fired;

    while ( ring->rsp_prod != ring->rsp_cons )
        take_news();
    fired = watches_seen != watches_fired;
    watches_seen = watches_fired;
    return fired;
}

bool xenstore_has_news(void)
{
    return ring->rsp_prod != ring->rsp_cons || control_fired || backend_fired;
}

static bool take_flag(bool *flag)
{
    bool fired;

    while ( ring->rsp_prod != ring->rsp_cons )
        take_news();
    fired = *flag;
    *flag = false;
    return fired;
}

bool xenstore_control_fired(void)
{
    return take_flag(&control_fired);
}

bool xenstore_backend_fired(void)
{
    return take_flag(&backend_fired);
}

/* Masked, so that an event after the look ends the poll rather than come before it. */
static void doze(u64 until)
{
    struct sched_poll poll = { .nr_ports = 1, .timeout = until };

    set_xen_guest_handle(poll.ports, &event_port);
    event_mask(event_port);
    if ( ring->rsp_prod == ring->rsp_cons )
        hypercall_sched_op(SCHEDOP_poll, &poll);
    event_unmask(event_port);
}

bool xenstore_sleep(u64 patience)
{
    u64 begin = tsc_begin(), end = patience ? clock_now() + patience : 0;
    bool fired;

    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u32 seen = event_arrivals[event_port];

        fired = xenstore_watch_fired() || control_fired;
        if ( fired || (end && clock_now() >= end) )
            break;
        if ( end )
            doze(end);
        else
            event_sleep(event_port, seen);
    }
    xenstore_ticks += tsc_end() - begin;
    return fired;
}

bool xenstore_await_watch(void)
{
    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u32 seen = event_arrivals[event_port];

        if ( xenstore_watch_fired() )
            return true;
        if ( !event_sleep(event_port, seen) && event_give_up && event_give_up() )
            return false;
    }
}
