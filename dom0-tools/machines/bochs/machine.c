/*
 * Bochs's configuration, and what it boots.
 */
#include <stdlib.h>

#include "machines/bochs/bochs.h"
#include "machines/boot.h"
#include "machines/channel.h"
#include "xenometer.h"

/*
 * Ticks of its clock in a second, and so of the TSC: one an executed instruction (sync=none).
 * Not the 1000 million of QEMU's lab: what waits for a time by looking at the clock, as Xen and
 * Linux do while they start, executes as many more instructions, at some 40 million a second.
 */
#define TICKS 50000000u

/* Firmware, by Debian's packages bochsbios and vgabios. */
#define BIOS     "/usr/share/bochs/BIOS-bochs-latest"
#define VGA_BIOS "/usr/share/bochs/VGABIOS-lgpl-latest"

/*
 * cpu: a reset after a triple fault would hang the lab, not end it; Xen probes for model
 * specific registers that Bochs does not have.  speaker: would open the host's sound.  vga: the
 * screen stays one of text, which the display library wants.  `term` draws it on a terminal
 * that nobody sees.
 */
static const char configuration[] =
    "config_interface: textconfig\n"
    "display_library: term\n"
    "plugin_ctrl: speaker=0\n"
    "cpu: model=%s, count=1, ips=%u, reset_on_triple_fault=0, ignore_bad_msrs=1\n"
    "clock: sync=none, time0=1767225600\n"      /* 2026-01-01 */
    "memory: guest=%u, host=%u\n"
    "romimage: file=%s\n"
    "vgaromimage: file=%s\n"
    "vga: extension=none\n"
    "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
    "ata0-master: type=disk, mode=flat, path=\"/proc/self/fd/%d\", cylinders=%u, heads=%u, "
        "spt=%u, translation=none\n"
    "ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15\n"
    "ata1-master: type=cdrom, path=\"%s\", status=inserted\n"
    "boot: cdrom\n"
    "com1: enabled=1, %s\n"
    "log: /proc/self/fd/%d\n"
    "panic: action=fatal\n"
    "error: action=ignore\n"
    "info: action=ignore\n"
    "debug: action=ignore\n";

char *bochs_configuration(const struct lab_options *options, const char *serial)
{
    char *bios = bochs_file(BIOS), *vga_bios = bochs_file(VGA_BIOS);
    char *text = xasprintf(configuration, options->cpu, TICKS, BOCHS_RAM, BOCHS_RAM, bios, vga_bios,
                           BOCHS_FD_DISK, CHANNEL_CYLINDERS, CHANNEL_HEADS, CHANNEL_SECTORS,
                           bochs_iso_name(), serial, BOCHS_FD_LOG);

    free(vga_bios);
    free(bios);
    return text;
}

/*
 * vga=text-80x25: GRUB offers Xen a screen of 32 bits a pixel otherwise, which Bochs refuses.
 * clocksource=acpi: Bochs does not save its HPET's counter, which jumps at a load, and Xen's time,
 * and dom0's, with it.
 * noreboot: Bochs would start the machine again; a panic is seen on the serial line.
 */
char *bochs_grub_configuration(const char *xen_options, const char *dom0_options)
{
    return xasprintf("set timeout=0\n"
                     "set gfxpayload=text\n"
                     "serial --unit=0 --speed=115200\n"
                     "terminal_output serial\n"
                     "menuentry xen {\n"
                     "  multiboot2 /boot/xen vga=text-80x25 clocksource=acpi noreboot %s\n"
                     "  module2 /boot/vmlinux %s " EMULATOR_VARIABLE "=bochs\n"
                     "  module2 /boot/dom0.cpio\n"
                     "}\n", xen_options, dom0_options);
}
