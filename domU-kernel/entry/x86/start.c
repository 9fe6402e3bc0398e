/*
 * The first C of x86, called by pv.S and pvh.S: makes ready what the rest takes for granted,
 * by the way this image was started.
 */
#include "../../main.h"
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../arch/traps.h"
#include "../../harness/harness.h"
#include "../../xen/console.h"
#include "../../xen/hypercall.h"
#include "../../xen/shutdown.h"

#include <xen/arch-x86/hvm/start_info.h>

void start_pv(struct start_info *);
void start_hardware(const struct hvm_start_info *);

void start_pv(struct start_info *info)
{
    boot_mode = MODE_PV;
    start_info = info;
    /* The page tables are the builder's last but for the boot stack. */
    memory_init((unsigned long *)info->mfn_list, info->nr_pages,
                (info->pt_base >> PAGE_SHIFT) + info->nr_pt_frames + 1);
    /* For what goes wrong before the rest is known. */
    console_init(page_of_machine_frame(info->console.domU.mfn), info->console.domU.evtchn);
    hypercall_init();
    traps_init();
    serve_dom0();
}

static void serve_bare(const struct hvm_start_info *info) __attribute__((noreturn));
static void serve_bare(const struct hvm_start_info *info)
{
    const struct hvm_modlist_entry *module = (const void *)info->modlist_paddr;

    if ( info->magic != XEN_HVM_START_MAGIC_VALUE || info->nr_modules != 1 )
        panic("no commands: start with -initrd (%u modules)", info->nr_modules);
    harness_serve_module((const void *)module->paddr,
                         (u32)(module->size / sizeof(struct control_response)));
    shutdown_poweroff();
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
    memory_init(NULL, ram_pages(info), (u64)info >> PAGE_SHIFT);
    if ( boot_mode == MODE_BARE )
        serve_bare(info);

    hypercall_init();
    serve_dom0();
}
