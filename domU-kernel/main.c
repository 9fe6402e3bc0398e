/*
 * The boot order, on one screen.
 *
 *   entry/x86/pv.S   -> start_pv        Xen's PV builder
 *   entry/x86/pvh.S  -> start_hardware  PVH and HVM domains, or QEMU directly
 *
 * both in entry/x86/start.c; another architecture has its own.  Then the same for all,
 * serve_dom0(): connect to dom0, run what it asks for, shut down; or do what the
 * toolstack asks for: shut down, reboot, suspend and in the restored domain connect again.
 */
#include "main.h"
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
#include "xen/hvm_param.h"
#include "xen/hypercall.h"
#include "xen/shared_info.h"
#include "xen/shutdown.h"
#include "xen/suspend.h"
#include "xen/timer.h"
#include "xen/xenstore.h"

struct start_info *start_info;

/*
 * What belongs to the domain and not to the image: again after a restore.  `same`: after
 * a suspend that came to nothing, in the old domain.
 */
static void meet_xen(bool same)
{
    void *console, *xenstore;
    u32 console_port, xenstore_port;

    if ( boot_mode == MODE_PV )
    {
        console = page_of_machine_frame(start_info->console.domU.mfn);
        console_port = start_info->console.domU.evtchn;
        xenstore = page_of_machine_frame(start_info->store_mfn);
        xenstore_port = start_info->store_evtchn;
    }
    else
    {
        u64 frame = hvm_param_get(HVM_PARAM_CONSOLE_PFN);

        console = frame ? (void *)(frame << PAGE_SHIFT) : NULL;
        console_port = (u32)hvm_param_get(HVM_PARAM_CONSOLE_EVTCHN);
        xenstore = (void *)(hvm_param_get(HVM_PARAM_STORE_PFN) << PAGE_SHIFT);
        xenstore_port = (u32)hvm_param_get(HVM_PARAM_STORE_EVTCHN);
    }
    console_init(console, console_port);
    shared_info_init(start_info ? start_info->shared_info : 0);
    print("xenometer: %s\n", mode_name());
    events_init(same);
    timer_stop();
    grants_init(same);
    if ( !xenstore_port )
        panic("this domain has no XenStore: start it with xl");
    xenstore_init(xenstore, xenstore_port);
    if ( !rdtscp_works() )
        panic("RDTSCP, which ends each timed region, does not work here: tsc_mode=\"native\" "
              "in the domain's config lets it");
    suspend_offer(start_info);
}

/* Serve one backend after another until something else is to be done. */
static enum control_wish attend(void)
{
    while ( device_connect() )
    {
        enum harness_end end = harness_serve_device();

        if ( end == END_WISH )
            xenstore_write(KEY_LAST_WORDS, control_reason(control_look()));
        device_close();
        if ( end == END_WISH )
            return control_look();
        if ( end == END_STOP )
            return WISH_POWEROFF;
        if ( end == END_SUSPEND )
            return control_await();
    }
    return control_look();
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
        same = suspend(start_info);
        control_done(same);
        if ( !same )
            device_forget();
    }
}
