/*
 * The first C of x86, called by pv.S and pvh.S: makes ready what the rest takes for granted,
 * by the way this image was started.
 */
#include "../../main.h"
#include "../../arch/cpu.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/x86/detect.h"
#include "../../arch/traps.h"
#include "../../drivers/x86/lapic.h"
#include "../../lib/string.h"
#include "../../xen/console.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/start_info.h"

#include <xen/arch-x86/hvm/start_info.h>
#include <xenometer/protocol.h>

extern u64 entry_tsc;   /* pv.S */

void start_pv(struct start_info *);
void start_hardware(const struct hvm_start_info *);

/* The image ends below: the linker script asserts it. */
#define IMAGE_LIMIT (0x800000u >> PAGE_SHIFT)

/* The builder's last frame, or the image's. */
static u64 in_use(u64 frame)
{
    return frame < IMAGE_LIMIT ? IMAGE_LIMIT : frame;
}

void start_pv(struct start_info *info)
{
    boot_mode = MODE_PV;
    start_info = info;
    /* The page tables are the builder's last but for the boot stack. */
    memory_init((unsigned long *)info->mfn_list, info->nr_pages,
                in_use((info->pt_base >> PAGE_SHIFT) + info->nr_pt_frames + 1));
    /* For what goes wrong before the rest is known. */
    console_init(page_of_machine_frame(info->console.domU.mfn), info->console.domU.evtchn);
    hypercall_init();
    traps_init();
    serve_dom0();
}

/*
 * As every system has taken one long before it measures anything: each exit to KVM is 92
 * instructions shorter once that has delivered an interrupt of the LAPIC and seen its end.
 */
static void take_interrupt(void)
{
    u64 seen = cpu_interrupts;

    lapic_enable();
    lapic_self_ipi();
    interrupts_enable();
    while ( cpu_interrupts == seen )
        cpu_relax();
    interrupts_disable();
    interrupts_restore();
}

static void serve_bare(const struct hvm_start_info *info) __attribute__((noreturn));
static void serve_bare(const struct hvm_start_info *info)
{
    const struct hvm_modlist_entry *module = (const void *)info->modlist_paddr;

    if ( info->cmdline_paddr && !strcmp((const char *)info->cmdline_paddr, BARE_ON_TCG) )
        cpu_is_tcg = true;
    if ( info->magic != XEN_HVM_START_MAGIC_VALUE || info->nr_modules != 1 )
        panic("no commands: start with -initrd (%u modules)", info->nr_modules);
    take_interrupt();
    serve_commands((const void *)module->paddr, (u32)(module->size / sizeof(struct control_response)));
}

/* Pages up to the end of the RAM that the image stands in, boot modules aside. */
static u64 ram_pages(const struct hvm_start_info *info)
{
    const struct hvm_memmap_table_entry *map = (const void *)info->memmap_paddr;
    const struct hvm_modlist_entry *module = (const void *)info->modlist_paddr;
    u64 image = (u64)&ram_pages, end = 0;

    for ( u32 i = 0; info->version >= 1 && i < info->memmap_entries; i++ )
        if ( map[i].type == XEN_HVM_MEMMAP_TYPE_RAM &&
             map[i].addr <= image && image < map[i].addr + map[i].size )
            end = map[i].addr + map[i].size;
    for ( u32 i = 0; i < info->nr_modules; i++ )
        if ( module[i].paddr > image && module[i].paddr < end )
            end = module[i].paddr;
    return end >> PAGE_SHIFT;
}

void start_hardware(const struct hvm_start_info *info)
{
    mode_detect_hardware();
    traps_init();
    memory_init(NULL, ram_pages(info), in_use((u64)info >> PAGE_SHIFT));
    if ( boot_mode == MODE_BARE )
        serve_bare(info);

    hypercall_init();
    serve_dom0();
}
