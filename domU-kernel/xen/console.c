#include "console.h"
#include "events.h"
#include "hypercall.h"
#include "../arch/bare.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"
#include "../drivers/clock.h"
#include "../lib/format.h"

#include <xen/io/console.h>
#include <xen/sched.h>

/* A console daemon that is not there must not stop us: give up after this
 * many yields and drop the text. */
#define PATIENCE 10000u

static struct xencons_interface *ring;
static u32 event_port;

void console_init(void *r, u32 port)
{
    ring = r;
    event_port = port;
}

static bool wait_until_free(u32 used_at_most)
{
    for ( u32 i = 0; i < PATIENCE; i++ )
    {
        u32 used = ring->out_prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);

        if ( used <= used_at_most )
            return true;
        if ( i == 0 )
            event_send(event_port);
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    return false;
}

static void ring_put(char c)
{
    u32 prod = ring->out_prod;

    if ( !wait_until_free(sizeof(ring->out) - 1) )
        return;
    ring->out[prod % sizeof(ring->out)] = c;
    /* Release: the character before the index that announces it. */
    __atomic_store_n(&ring->out_prod, prod + 1, __ATOMIC_RELEASE);
}

static void put(char c)
{
    if ( mode_is(MODES_HARDWARE) )
        bare_log(c);
    if ( ring )
    {
        if ( c == '\n' )
            ring_put('\r');
        ring_put(c);
    }
}

void print_arguments(const char *f, va_list arguments)
{
    char line[256];

    format_arguments(line, sizeof(line), f, arguments);
    for ( const char *c = line; *c; c++ )
        put(*c);
    if ( ring )
        event_send(event_port);
}

void print(const char *f, ...)
{
    va_list arguments;

    va_start(arguments, f);
    print_arguments(f, arguments);
    va_end(arguments);
}

void console_flush(void)
{
    if ( ring )
        wait_until_free(0);
}

bool console_has_ring(void)
{
    return ring != NULL;
}

u32 console_ring_write(const char *bytes, u32 count)
{
    u32 prod = ring->out_prod;
    /* Acquire: the daemon has read a byte before we write over it. */
    u32 used = prod - __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE);
    u32 room = used < sizeof(ring->out) ? (u32)sizeof(ring->out) - used : 0;

    if ( count > room )
        count = room;
    for ( u32 i = 0; i < count; i++ )
        ring->out[(prod + i) % sizeof(ring->out)] = bytes[i];
    /* Release: the bytes before the index that announces them. */
    __atomic_store_n(&ring->out_prod, prod + count, __ATOMIC_RELEASE);
    event_send(event_port);
    return count;
}

bool console_ring_taken(u64 patience)
{
    struct sched_poll poll = { .nr_ports = 1 };
    u64 end = 0;

    set_xen_guest_handle(poll.ports, &event_port);
    for ( ;; )
    {
        /* Clear, then look: what the daemon takes after the look sets the bit
         * again, and the poll returns at once. */
        event_clear(event_port);
        if ( __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) == ring->out_prod )
            return true;
        if ( !end )
            end = poll.timeout = clock_now() + patience;
        else if ( clock_now() >= end )
            return false;
        hypercall_sched_op(SCHEDOP_poll, &poll);
    }
}
