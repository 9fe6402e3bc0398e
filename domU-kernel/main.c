/*
 * The boot order, on one screen.
 *
 *   entry/x86/pv.S      -> start_pv        Xen's PV builder
 *   entry/x86/pvh.S     -> start_hardware  PVH and HVM domains, or QEMU directly
 *   entry/arm64/image.S -> start           an ARM64 domain, or a guest of KVM
 *
 * all in start.c beside them.  Then the same for all, serve_commands() without Xen, else serve_dom0(): connect
 * to dom0, run what it asks for, shut down; or do what the toolstack asks for: shut down, reboot, suspend and in
 * the restored domain connect again.
 */
#include "main.h"
#include "arch/bare.h"
#include "arch/cpu.h"
#include "arch/memory.h"
#include "arch/mode.h"
#include "arch/smp.h"
#include "arch/traps.h"
#include "drivers/device.h"
#include "harness/harness.h"
#include "xen/console.h"
#include "xen/control.h"
#include "xen/events.h"
#include "xen/grants.h"
#include "xen/pages.h"
#include "xen/shared_info.h"
#include "xen/shutdown.h"
#include "xen/suspend.h"
#include "xen/timer.h"
#include "xen/xenstore.h"

extern u64 entry_tsc;   /* the entry's */

/*
 * What belongs to the domain and not to the image: again after a restore.  `same`: after
 * a suspend that came to nothing, in the old domain.
 */
static void meet_xen(bool same)
{
    struct xen_pages pages = xen_pages_find();

    console_init(pages.console, pages.console_port);
    shared_info_init(pages.shared_info);
    print("xenometer: %s\n", mode_name());
    events_init(same);
    timer_stop();
    grants_init(same);
    if ( !pages.xenstore_port )
        panic("this domain has no XenStore: start it with xl");
    xenstore_init(pages.xenstore, pages.xenstore_port);
    if ( traps_clock_trouble() )
        panic("%s", traps_clock_trouble());
    if ( mode_is(MODE_PV) )
        suspend_offer();
}

/* Serve one backend after another until something else is to be done. */
static enum control_wish attend(void)
{
    while ( device_connect() )
    {
        enum harness_end end = harness_serve_device();

        if ( end == END_WISH )
            xenstore_write(KEY_LAST_WORDS, control_reason(control_look()));
        device_close(end == END_SUSPEND || (end == END_WISH && control_look() == WISH_SUSPEND));
        if ( end == END_WISH )
            return control_look();
        if ( end == END_STOP )
            return WISH_POWEROFF;
        if ( end == END_SUSPEND )
            return control_await();
    }
    return control_look();
}

void serve_commands(const struct control_response *commands, u32 count)
{
    u32 capacity = SAMPLES_PAGES * SAMPLES_PER_PAGE;
    u64 *ticks = pages_alloc(SAMPLES_PAGES);
    struct control_request result = {
        .kind = CONTROL_READY, .boot = tsc_end() - entry_tsc,
    };

    /* Only rows of columns whose monitor has them ask for them. */
    device.ioreq_port = VMM_PORT;
    device.ioreq_mmio = VMM_MEMORY;
    bare_send(&result, sizeof(result));
    for ( u32 i = 0; i < count && commands[i].operation == CONTROL_RUN; i++ )
    {
        harness_run(&commands[i], &result, ticks, capacity);
        bare_send(&result, sizeof(result));
        bare_send(ticks, result.samples * sizeof(u64));
    }
    shutdown_poweroff();
}

void serve_dom0(void)
{
    bool same = false;

    for ( u32 suspends = 0;; suspends++ )
    {
        enum control_wish wish;

        meet_xen(same);
        if ( suspends && !same )
            smp_resume();
        if ( same )
            xenstore_write(KEY_LAST_WORDS, "");
        harness_resume(suspends);
        wish = attend();
        if ( wish == WISH_POWEROFF )
            shutdown_poweroff();
        if ( wish == WISH_REBOOT )
            shutdown_reboot();
        same = suspend();
        control_done(same);
        if ( !same )
            device_forget();
    }
}
