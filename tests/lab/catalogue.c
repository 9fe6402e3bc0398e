#include "catalogue.h"

#include <string.h>
#include <unistd.h>

#include "program.h"

static const char path[] = "build/test-all.json";

void catalogue_forget(void)
{
    unlink(path);
}

/* The rows of the second document go behind those of the first. */
static void append_rows(json_t *to, json_t *from)
{
    CU_ASSERT_EQUAL(json_array_extend(json_object_get(to, "rows"), json_object_get(from, "rows")), 0);
    json_decref(from);
}

#define MOST 60u

/* One boot: how boots compare is the method's suite. */
static json_t *run(const char *const *options_and_rows)
{
    const char *arguments[MOST] = { "run", "--host=lab", "--boots=1", "--verbose", "--output", path };
    struct outcome_of r;

    for ( size_t i = 0; options_and_rows[i] && i + 7 < MOST; i++ )
        arguments[6 + i] = options_and_rows[i];
    r = program_list(arguments);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    return json_load_file(path, 0, NULL);
}

/*
 * Each mode, and each path in one of them, for a domain has to be made for each kind of disk and
 * network.  A sample of the first rows goes no further than Xen or is soon answered: 60 are enough;
 * the others are in their own number.  A domain's life takes thousands of millions of
 * instructions, and so does its sample.
 */
#define LIGHT \
    "--samples=60", "baseline/*", "hypercall/*", "interrupt/*", "memory/tlb-*", \
    "memory/random-walk-1mib", "mmio/*", "port/*", "pv/*", "syscall/*", "virtio/*", "xenstore/*"
static const char *const light[] = {
    "--modes=pv,pvh,bare", LIGHT, "event/*", "exit/*", "memory/[!tr]*", "memory/remap-*", "sched/*", NULL,
};
/* Each further kind of domain is two to four seconds of CPU in HVM, whose device model has to be
 * started: PVH shows the same path, so HVM has its plain domain, the one with QEMU's devices and
 * the one with two vCPUs. */
static const char *const light_hvm[] = {
    "--modes=hvm", LIGHT, "event/[!f]*", "exit/[!r]*", "memory/populate-page", "memory/decrease-*",
    "memory/remap-hap", "sched/[!bv]*", "sched/block-wake-self", "sched/block-wake-peer", NULL,
};
#define EVERYWHERE \
    "console/*", "grant/[!v]*", "ring/echo-*", "ring/[!es]*", "ring/stream-depth-2", \
    "ring/stream-depth-8", "ring/stream-depth-32", "ring/stream-depth-64"
/* To read the TSC, turn after turn, takes an emulator long: in the modes whose ticks differ. */
#define TICKS "timer-load/guest-*-event-channel", "timer-load/guest-tickless"
/* Outside HVM each is a skip that says why. */
#define DEVICES "block/virtio", "block/virtio-depth-32", "block/nvme", "block/ahci", "block/ide-dma", \
    "block/ide-pio", "net/virtio", "net/e1000", "net/rtl8139"
static const char *const rings[] = {
    "--modes=pv", EVERYWHERE, TICKS, "grant/v*", "block/blkif-linux", "block/blkif-linux-write",
    "block/blkif-linux-depth-32", "block/blkif-linux-flush", "block/blkif-linux-discard",
    "block/blkif-own", "block/blkif-own-write", "block/blkif-own-depth-32", "block/blkif-own-flush",
    "block/blkif-own-discard", "block/blkif-qemu", "block/blkif-qemu-write", "net/netif-linux",
    "net/netif-own", "net/netif-own-stream", NULL,
};
static const char *const hardware[] = {
    "--modes=pvh,bare", EVERYWHERE, TICKS, "timer-load/guest-*-lapic", "timer-load/guest-100hz-hpet",
    DEVICES, NULL,
};
static const char *const devices[] = {
    "--modes=hvm", EVERYWHERE, DEVICES, NULL,
};
static const char *const process[] = {
    "--modes=dom0", "hypercall/from-dom0-process", NULL,
};
static const char *const lives[] = {
    "--samples=1", "lifecycle/[bcdf]*", NULL,
};
static const char *const every[] = { "*", NULL };

json_t *catalogue(void)
{
    static const char *const *const more[] = { light_hvm, process, rings, hardware, devices, lives };
    static json_t *all;

    if ( !all )
        all = json_load_file(path, 0, NULL);
    if ( !all && tests_take_long )
        all = run(every);
    else if ( !all )
    {
        all = run(light);
        CU_ASSERT_PTR_NOT_NULL_FATAL(all);
        for ( size_t i = 0; i < sizeof(more) / sizeof(*more); i++ )
        {
            json_t *rows = run(more[i]);

            CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
            append_rows(all, rows);
        }
        CU_ASSERT_EQUAL(json_dump_file(all, path, 0), 0);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    return all;
}

long long catalogue_figure(const char *row, const char *mode, const char *field)
{
    return figure(catalogue(), row, mode, field);
}
