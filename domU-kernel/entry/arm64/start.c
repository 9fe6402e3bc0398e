/*
 * The first C of ARM64, called by image.S: makes ready what the rest takes for granted.
 */
#include "../../main.h"
#include "../../arch/arm64/detect.h"
#include "../../arch/arm64/device_tree.h"
#include "../../arch/arm64/smp.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../drivers/arm64/gic.h"
#include "../../drivers/arm64/pl011.h"
#include "../../drivers/arm64/timer.h"
#include "../../xen/console.h"
#include "../../xen/hypercall.h"
#include "../../xen/pages.h"

#include <xenometer/protocol.h>

extern const u8 image_end[];
/* Where the clock begins: before, there is none (arch/arm64/traps.c enables it). */
u64 entry_tsc;

void start(const void *tree);

/* Where rows may have memory: behind the image, up to RAM's end, or to the device tree there. */
static void find_memory(const void *tree)
{
    const void *node = device_tree_find(tree, "device_type", "memory", 0);
    u64 end = node ? device_tree_number(tree, node, "reg", 0, 2) +
                     device_tree_number(tree, node, "reg", 2, 2) : 0;
    u64 used = (u64)image_end;

    if ( end <= used )
        panic("the device tree has no memory where the image is");
    if ( (u64)tree > used && (u64)tree < end )
        end = (u64)tree;
    memory_init(NULL, end >> PAGE_SHIFT, used >> PAGE_SHIFT);
}

static void serve_bare(const void *tree) __attribute__((noreturn));
static void serve_bare(const void *tree)
{
    const void *node = device_tree_find(tree, "compatible", BARE_COMMANDS, 0);

    if ( !node )
        panic("no commands: xenometer-vmm starts this image where there is no Xen");
    find_memory(tree);
    gic_init(tree);
    timer_init(tree);
    smp_init(tree);
    traps_allow_events();   /* SGIs, too: under Xen who serves dom0 does it */
    serve_commands((const void *)device_tree_number(tree, node, "reg", 0, 2),
                   (u32)(device_tree_number(tree, node, "reg", 2, 2) / sizeof(struct control_response)));
}

void start(const void *tree)
{
    struct xen_pages pages;

    mode_detect(tree);
    traps_init();
    entry_tsc = tsc_end();
    if ( mode_is(MODE_BARE) )
        serve_bare(tree);
    /* For what goes wrong before the rest is known. */
    pages = xen_pages_find();
    console_init(pages.console, pages.console_port);
    hypercall_init();
    if ( !device_tree_is(tree) )
        panic("no device tree at %p", tree);
    find_memory(tree);
    gic_init(tree);
    timer_init(tree);
    smp_init(tree);
    pl011_find(tree);
    serve_dom0();
}
