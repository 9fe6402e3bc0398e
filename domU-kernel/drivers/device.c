#include "device.h"
#include "../arch/cpu.h"
#include "../arch/memory.h"
#include "../arch/mode.h"
#include "../arch/traps.h"
#include "../harness/harness.h"
#include "../lib/format.h"
#include "../lib/string.h"
#include "../xen/console.h"
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

static const char *backend_key(const char *key)
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

static void find_backend(void)
{
    char id[16];
    u64 number;
    bool said = false;

    /* Fires once at registration, then at every change below the path. */
    if ( xenstore_watch(FRONTEND, "device") )
        panic("cannot watch %s", FRONTEND);
    boot_times.event = tsc_end();   /* the answer to our first question */
    for ( ;; )
    {
        xenstore_wait_watch();
        if ( !xenstore_read(FRONTEND "/backend", backend_path, sizeof(backend_path)) &&
             !xenstore_read(FRONTEND "/backend-id", id, sizeof(id)) )
            break;
        if ( !said )
            print("waiting for a device: run `xenometer backend` in dom0\n");
        said = true;
    }
    if ( !parse_decimal(id, &number) || number >= 0x7ff0 )
        panic("%s/backend-id is \"%s\"", FRONTEND, id);
    device.backend = (u32)number;
}

static u64 backend_state(void)
{
    u64 state = XenbusStateUnknown;

    xenstore_read_number(backend_key("state"), &state);
    return state;
}

static void wait_backend(u64 wanted, const char *what)
{
    u64 state;

    while ( (state = backend_state()) != wanted )
    {
        if ( state > XenbusStateConnected )
            panic("the backend closed (state %lu) before it was %s", state, what);
        xenstore_wait_watch();
    }
}

static bool give_up(void)
{
    return device.command && *device.give_up == device.command;
}

static void share_rings(void)
{
    grant_ref ref[1u << DATA_RING_ORDER];
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
    ring_front_init(&device.data_ring, (struct ring_shared *)data,
                    ring_slot_count((u32)PAGE_SIZE << DATA_RING_ORDER, DATA_SLOT_SIZE));
    for ( u32 i = 0; i < ARRAY_SIZE(ref); i++ )
    {
        char key[16];

        ref[i] = grant_page(device.backend, data + i * PAGE_SIZE, false);
        format(key, sizeof(key), KEY_RING_REF "%u", i);
        write_number(key, ref[i]);
    }
    write_number(KEY_RING_ORDER, DATA_RING_ORDER);
    write_number(KEY_CONTROL_REF, grant_page(device.backend, control, false));

    device.control_port = event_alloc_unbound(device.backend);
    device.data_port = event_alloc_unbound(device.backend);
    device.echo_port = event_alloc_unbound(device.backend);
    write_number(KEY_CONTROL_CHANNEL, device.control_port);
    write_number(KEY_EVENT_CHANNEL, device.data_port);
    write_number(KEY_ECHO_CHANNEL, device.echo_port);
    event_unmask(device.control_port);
    event_unmask(device.data_port);
    event_unmask(device.echo_port);
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
        index[i] = grant_page(device.backend, (u8 *)device.samples + i * PAGE_SIZE, true);
    write_number(KEY_SAMPLES_REF, grant_page(device.backend, index, true));
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

void device_connect(void)
{
    char version[32];   /* or another short value */
    u64 number;

    find_backend();
    if ( xenstore_watch(backend_key("state"), "backend") )
        panic("cannot watch %s", backend_path);
    wait_backend(XenbusStateInitWait, "ready");

    if ( xenstore_read(backend_key(KEY_VERSION), version, sizeof(version)) ||
         strcmp(version, PROTOCOL_VERSION) )
        panic("the backend speaks \"%s\", this image " PROTOCOL_VERSION
              ": build both from one checkout", version);
    if ( !xenstore_read_number(backend_key(KEY_IOREQ_PORT), &number) && number <= 0xfff0 )
        device.ioreq_port = (u32)number;
    if ( !xenstore_read_number(backend_key(KEY_IOREQ_MMIO), &number) &&
         number < 0x100000000ul )   /* what entry/pvh.S maps */
        device.ioreq_mmio = number;

    device.fifo = !xenstore_read(backend_key(KEY_EVENT_ABI), version, sizeof(version)) &&
                  !strcmp(version, EVENT_ABI_FIFO);
    device.grant_v2 = !xenstore_read_number(backend_key(KEY_GRANT_VERSION), &number) &&
                      number == 2;
    if ( device.grant_v2 )
        grants_use_v2();

    cpu_is_tcg = !xenstore_read(backend_key(KEY_CPU_EMULATOR), version, sizeof(version)) &&
                 !strcmp(version, CPU_EMULATOR_TCG);

    /* Before the ports that a row uses; those there are already keep working. */
    if ( device.fifo )
        events_use_fifo();
    device.shadow = !xenstore_read(backend_key(KEY_PAGING), version, sizeof(version)) &&
                    !strcmp(version, PAGING_SHADOW);

    share_rings();
    share_samples();
    write_build_id();
    write_string(KEY_MODE, mode_name());
    write_string(KEY_PROTOCOL, PROTOCOL_VERSION);
    write_number("state", XenbusStateInitialised);

    wait_backend(XenbusStateConnected, "connected");
    write_number("state", XenbusStateConnected);
}

void device_close(void)
{
    write_number("state", XenbusStateClosing);
    write_number("state", XenbusStateClosed);
}
