#include "device.h"
#include "clock.h"
#include "../arch/cpu.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/power.h"
#include "../arch/traps.h"
#include "../harness/harness.h"
#include "../lib/format.h"
#include "../lib/string.h"
#include "../xen/console.h"
#include "../xen/control.h"
#include "../xen/events_fifo.h"
#include "../xen/grants.h"
#include "../xen/xenstore.h"

#include <xen/io/xenbus.h>

#define FRONTEND "device/" DEVICE_CLASS "/0"   /* relative to our own directory */

struct device device;
static char backend_path[128];

/* Linker script: the note with the build id; its 16-byte header (SysV gABI,
 * "Note Section") is followed by the id. */
extern const u8 build_id_note[], build_id_note_end[];

static const char *frontend_key(const char *key)
{
    static char path[96];

    format(path, sizeof(path), FRONTEND "/%s", key);
    return path;
}

const char *device_backend_key(const char *key)
{
    static char path[192];

    format(path, sizeof(path), "%s/%s", backend_path, key);
    return path;
}

static void write_number(const char *key, u64 value)
{
    const char *error = xenstore_write_number(frontend_key(key), value);

    if ( error )
        panic("cannot write %s/%s: %s", FRONTEND, key, error);
}

static void write_string(const char *key, const char *value)
{
    const char *error = xenstore_write(frontend_key(key), value);

    if ( error )
        panic("cannot write %s/%s: %s", FRONTEND, key, error);
}

/* Our side of the device as far as others were told: taken back by take_back(). */
static struct {
    bool watched, backend_watched;
    u64 state;               /* as we wrote it last; 0: the toolstack's Initialising */
    grant_ref refs[(1u << DATA_RING_ORDER) + 2 + SAMPLES_PAGES];
    u32 ref_count;
    u32 ports[3], port_count;
} ours;

static void set_state(u64 state)
{
    write_number("state", state);
    ours.state = state;
}

static grant_ref give(const void *page, bool readonly)
{
    grant_ref ref = grant_page(device.backend, page, readonly);

    ours.refs[ours.ref_count++] = ref;
    return ref;
}

static u32 make_port(void)
{
    u32 port = event_alloc_unbound(device.backend);

    ours.ports[ours.port_count++] = port;
    event_unmask(port);
    return port;
}

/*
 * What a backend that went in disorder still has mapped stays granted, and its entry in
 * the table taken: that page is the backend's as well until the domain ends.
 */
static void take_back(void)
{
    while ( ours.port_count )
        event_close(ours.ports[--ours.port_count]);
    while ( ours.ref_count )
        if ( grant_end(ours.refs[--ours.ref_count]) )
            grant_release(ours.refs[ours.ref_count]);
    if ( ours.backend_watched )
        xenstore_unwatch(device_backend_key("state"), "backend");
    ours.backend_watched = false;
    device.command = 0;
}

void device_forget(void)
{
    memset(&ours, 0, sizeof(ours));
}

/*
 * Until XenStore has news.  A device is made and connected in no time, mostly, and how long
 * that takes is measured: only where it takes longer do we listen to the toolstack
 * meanwhile.  False: it wants something else.
 */
#define AT_ONCE 200000000u   /* ns */

static bool wait_for_news(void)
{
    if ( !control_listens() && !xenstore_sleep(AT_ONCE) )
        control_listen();
    else if ( control_listens() )
        xenstore_sleep(button_period());
    control_idle();
    return control_look() == WISH_NONE;
}

/* False: the toolstack wants something else. */
static bool find_backend(void)
{
    char id[16];
    u64 number;
    bool said = false;

    /* Fires once at registration, then at every change below the path. */
    if ( !ours.watched && xenstore_watch(FRONTEND, "device") )
        panic("cannot watch %s", FRONTEND);
    ours.watched = true;
    if ( !boot_times.event )
        boot_times.event = tsc_end();   /* the answer to our first question */
    while ( xenstore_read(FRONTEND "/backend", backend_path, sizeof(backend_path)) ||
            xenstore_read(FRONTEND "/backend-id", id, sizeof(id)) )
    {
        if ( !said )
            print("waiting for a device: run `xenometer backend` in dom0\n");
        said = true;
        control_listen();
        if ( !wait_for_news() )
            return false;
    }
    if ( !parse_decimal(id, &number) || number >= 0x7ff0 )
        panic("%s/backend-id is \"%s\"", FRONTEND, id);
    device.backend = (u32)number;
    return true;
}

static u64 backend_state(void)
{
    u64 state = XenbusStateUnknown;

    xenstore_read_number(device_backend_key("state"), &state);
    return state;
}

/* Unknown: the directory is gone. */
static u64 frontend_state(void)
{
    u64 state = XenbusStateUnknown;

    xenstore_read_number(frontend_key("state"), &state);
    return state;
}

/* Is our state still what we wrote?  Another backend that takes over begins anew. */
static bool still_ours(void)
{
    return frontend_state() == ours.state;
}

bool device_lost(void)
{
    return xenstore_backend_fired() &&
           (backend_state() != XenbusStateConnected || !still_ours());
}

enum waited { WAITED, WAITED_IN_VAIN, CALLED_AWAY };

static enum waited wait_backend(u64 wanted)
{
    u64 state;

    xenstore_backend_fired();
    while ( (state = backend_state()) != wanted )
    {
        if ( wanted == XenbusStateConnected
                 ? state == XenbusStateUnknown || state > XenbusStateConnected ||
                   (xenstore_backend_fired() && !still_ours())
                 : state == XenbusStateUnknown && frontend_state() == XenbusStateUnknown )
            return WAITED_IN_VAIN;
        if ( !wait_for_news() )
            return CALLED_AWAY;
    }
    return WAITED;
}

static bool give_up(void)
{
    return device_given_up() || harness_called_away();
}

bool device_given_up(void)
{
    return device.command && device.give_up && *device.give_up == device.command;
}

static void share_rings(void)
{
    /* Kept for ever: connecting anew takes the same pages. */
    static u8 *control, *data;

    if ( !control )
    {
        control = pages_alloc(1);
        data = pages_alloc(1u << DATA_RING_ORDER);
    }
    /* Before the backend can see them: it attaches to what it finds. */
    ring_front_init(&device.control_ring, (struct ring_shared *)control,
                    ring_slot_count(PAGE_SIZE, CONTROL_SLOT_SIZE));
    _Static_assert(CONTROL_GIVE_UP == RING_HEADER_SIZE + 16 * CONTROL_SLOT_SIZE, "16 slots");
    device.give_up = (u32 *)(control + CONTROL_GIVE_UP);
    *(u32 *)(control + CONTROL_GIVE_UP) = 0;
    event_give_up = give_up;
    device.trouble = NULL;
    device.data_owed = false;
    ring_front_init(&device.data_ring, (struct ring_shared *)data,
                    ring_slot_count((u32)PAGE_SIZE << DATA_RING_ORDER, DATA_SLOT_SIZE));
    for ( u32 i = 0; i < 1u << DATA_RING_ORDER; i++ )
    {
        char key[16];

        format(key, sizeof(key), KEY_RING_REF "%u", i);
        write_number(key, give(data + i * PAGE_SIZE, false));
    }
    write_number(KEY_RING_ORDER, DATA_RING_ORDER);
    write_number(KEY_CONTROL_REF, give(control, false));

    device.control_port = make_port();
    device.data_port = make_port();
    device.echo_port = make_port();
    write_number(KEY_CONTROL_CHANNEL, device.control_port);
    write_number(KEY_EVENT_CHANNEL, device.data_port);
    write_number(KEY_ECHO_CHANNEL, device.echo_port);
}

static void share_samples(void)
{
    static u32 *index;

    if ( !index )
    {
        index = pages_alloc(1);
        device.samples = pages_alloc(SAMPLES_PAGES);
    }
    device.samples_capacity = SAMPLES_PAGES * SAMPLES_PER_PAGE;
    for ( u32 i = 0; i < SAMPLES_PAGES; i++ )
        index[i] = give((u8 *)device.samples + i * PAGE_SIZE, true);
    write_number(KEY_SAMPLES_REF, give(index, true));
    write_number(KEY_SAMPLES_PAGES, SAMPLES_PAGES);
}

static void write_build_id(void)
{
    char text[64];
    size_t at = 0;

    for ( const u8 *b = build_id_note + 16; b < build_id_note_end && at + 3 < sizeof(text); b++ )
        at += format(text + at, sizeof(text) - at, "%02x", *b);
    write_string(KEY_IMAGE, text);
}

/* With the backend in InitWait. */
static void negotiate(void)
{
    char version[32];   /* or another short value */
    u64 number;

    if ( xenstore_read(device_backend_key(KEY_VERSION), version, sizeof(version)) ||
         strcmp(version, PROTOCOL_VERSION) )
        panic("the backend speaks \"%s\", this image " PROTOCOL_VERSION
              ": build both from one checkout", version);
    if ( !xenstore_read_number(device_backend_key(KEY_IOREQ_PORT), &number) && number <= 0xfff0 )
        device.ioreq_port = (u32)number;
    if ( !xenstore_read_number(device_backend_key(KEY_IOREQ_MMIO), &number) &&
         number < 0x100000000ul )   /* what entry/x86/pvh.S maps */
        device.ioreq_mmio = number;

    device.fifo = !xenstore_read(device_backend_key(KEY_EVENT_ABI), version, sizeof(version)) &&
                  !strcmp(version, EVENT_ABI_FIFO);
    device.grant_v2 = !xenstore_read_number(device_backend_key(KEY_GRANT_VERSION), &number) &&
                      number == 2;
    if ( device.grant_v2 )
        grants_use_v2();

    cpu_is_tcg = !xenstore_read(device_backend_key(KEY_CPU_EMULATOR), version, sizeof(version)) &&
                 !strcmp(version, CPU_EMULATOR_TCG);

    /* Before the ports that a row uses; those there are already keep working. */
    if ( device.fifo )
        events_use_fifo();
    device.shadow = !xenstore_read(device_backend_key(KEY_PAGING), version, sizeof(version)) &&
                    !strcmp(version, PAGING_SHADOW);

    share_rings();
    share_samples();
    write_build_id();
    write_string(KEY_MODE, mode_name());
    write_string(KEY_PROTOCOL, PROTOCOL_VERSION);
    set_state(XenbusStateInitialised);
}

static enum waited connect(void)
{
    enum waited waited;

    if ( xenstore_watch(device_backend_key("state"), "backend") )
        panic("cannot watch %s", backend_path);
    ours.backend_watched = true;
    /* After another connection: also where a new toolstack's directory says so already. */
    if ( ours.state )
        set_state(XenbusStateInitialising);
    waited = wait_backend(XenbusStateInitWait);
    if ( waited != WAITED )
        return waited;
    negotiate();
    waited = wait_backend(XenbusStateConnected);
    if ( waited == WAITED )
        set_state(XenbusStateConnected);
    return waited;
}

bool device_connect(void)
{
    while ( find_backend() )
        switch ( connect() )
        {
        case WAITED:
            return true;
        case WAITED_IN_VAIN:
            take_back();
            break;
        case CALLED_AWAY:
            device_close(control_look() == WISH_SUSPEND);
            return false;
        }
    return false;
}

/* A backend that is alive unmaps what it was given, and then says that it is closed too. */
#define LETTING_GO 500000000u   /* ns: one that was killed never does */

static void wait_let_go(void)
{
    u64 end = clock_now() + LETTING_GO, state;

    while ( ((state = backend_state()) == XenbusStateConnected || state == XenbusStateClosing) &&
            clock_now() < end )
        xenstore_sleep(LETTING_GO / 10);
}

void device_close(bool goes_on)
{
    /* Where the directory went, a write would make it anew. */
    if ( ours.state && still_ours() )
    {
        set_state(XenbusStateClosing);
        set_state(XenbusStateClosed);
        if ( goes_on )
            wait_let_go();
    }
    take_back();
}
