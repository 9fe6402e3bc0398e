/*
 * Columns of the image under Linux's KVM with QEMU as the monitor, in the place of our own thin one
 * (guests/kvm.c): its machine microvm, which has little, and pc, which has what a PC has.  QEMU starts
 * it at its PVH entry, by its firmware; it finds itself as in bare mode.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenometer/protocol.h>

#include "catalogue/column.h"
#include "guests/kvm/wire.h"
#include "guests/kvm_qemu.h"
#include "guests/lab_batch.h"
#include "lib/child.h"
#include "machines/lab.h"
#include "xenometer.h"

/* A card on a tap of the wire's, by number. */
#define CARD(number, tap, card, mac) \
    " -netdev tap,id=wire" #number ",fd=" #tap " -device " card ",netdev=wire" #number ",romfile=,mac=52:54:00:78:6d:" mac
_Static_assert(WIRE_TAP == 20, "the cards' descriptors below");

/*
 * What needs are to QEMU: as for HVM domains (guests/domain.c, backend/row_disk.c, row_network.c), the disk being
 * a file in memory.
 */
static const struct devices {
    row_needs need;
    const char *before, *under, *options;
} devices[] = {
    { DOMAIN_DEVICES, "", "",
      " -device VGA,romfile= -device virtio-rng-pci,disable-legacy=on,modern-pio-notify=on,vectors=2"
      " -device virtio-net-pci,disable-legacy=on,romfile=,tx=timer,x-txtimer=10000000" },
    { DOMAIN_CONTROLLERS, "truncate -s 8M disk && ", "",
      " -blockdev driver=raw,node-name=image,file.driver=file,file.filename=disk"
      " -device ide-hd,drive=image,bus=ide.0,share-rw=on"
      " -device virtio-blk-pci,drive=image,disable-legacy=on,share-rw=on"
      " -device ich9-ahci,id=ahci -device ide-hd,drive=image,bus=ahci.0,share-rw=on"
      " -device nvme,drive=image,serial=1,share-rw=on" },
    { DOMAIN_NICS, "", "./" WIRE_PROGRAM " 3 ",
      CARD(0, 20, "virtio-net-pci,disable-legacy=on", "00") CARD(1, 21, "e1000", "01") CARD(2, 22, "rtl8139", "02") },
};
#define DEVICES (sizeof(devices) / sizeof(devices[0]))

#define MESSAGE ": xenometer: "   /* in front of what it says, behind its name */

/* Can this Linux, which is no lab, have such a wire?  NULL, or why not; valid until the next. */
static const char *no_wire(const char *wire)
{
    const char *argv[] = { wire, "1", "true", NULL };
    static char why[160];
    char *complaint = NULL, *its;

    if ( child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 },
                   &complaint) == STATUS_OK )
        return NULL;
    its = complaint ? strstr(complaint, MESSAGE) : NULL;
    snprintf(why, sizeof(why), "QEMU's cards are on taps: %s", its ? its + strlen(MESSAGE) : "there is none");
    free(complaint);
    return why;
}

/* As much memory as in bare mode, of which touched pages only are there.  pc-testdev: VMM_PORT, VMM_MEMORY. */
static int run(struct batch *b, const char *machine)
{
    const struct devices *with = &(const struct devices){ .before = "", .under = "", .options = "" };
    char *script, *wire = data_file(WIRE_PROGRAM);
    int status = STATUS_OK;

    for ( size_t i = 0; i < DEVICES; i++ )
        if ( b->needs & devices[i].need )
            with = &devices[i];
    if ( !wire )
    {
        message(WIRE_PROGRAM " not found beside the program: run `make`");
        return STATUS_ENVIRONMENT;
    }
    if ( *with->under && !b->machine )
        b->skip = no_wire(wire);
    script = xasprintf("%s%s" KVM_QEMU "-m 288M -serial null -device pc-testdev -kernel image -initrd commands%s %s%s%s"
                       KVM_QEMU_ENDED_WELL, with->before, with->under, BARE_EXIT_PORT, BARE_RESULT_PORT,
                       b->machine ? " -append " BARE_ON_TCG : "", machine, with->options,
                       b->needs & DOMAIN_SMP ? " -smp 2" : "");
    if ( b->skip )
        b->skips_needs = true;
    else
        status = lab_batch(b, SYSTEM_LINUX, script, (const struct lab_file[]){
            { .host_path = b->elf, .name = "image" }, { .host_path = wire, .name = WIRE_PROGRAM } },
            *with->under ? 2 : 1, "QEMU");
    free(wire);
    free(script);
    return status;
}

static int run_microvm(struct batch *b)
{
    return run(b, KVM_MICROVM);
}

COLUMN(microvm) = {
    .name = "microvm", .title = "microvm", .order = 36, .home = HOME_BESIDE, .mode = MODE_BARE,
    .asked = true, .alone = true, .here = "/dev/kvm qemu-system-x86_64",
    .what = "a guest of Linux's KVM under QEMU, its machine microvm, without Xen",
    .classes = "image hardware kvms",
    .elsewhere = "it is Xen's own, our monitor's, or of a device that QEMU's microvm has not",
    .note = "microvm: QEMU as KVM's monitor, with a machine that has little beside the CPU; of the interrupt "
            "controllers KVM has the LAPIC only; rows with two vCPUs have two CPUs.",
    .impossible = lab_batch_impossible, .needs = DOMAIN_SMP, .batch = run_microvm,
};

static int run_pc(struct batch *b)
{
    return run(b, KVM_PC);
}

COLUMN(kvmpc) = {
    .name = "kvmpc", .title = "KVM pc", .order = 37, .home = HOME_BESIDE, .mode = MODE_BARE,
    .asked = true, .alone = true, .here = "/dev/kvm qemu-system-x86_64",
    .what = "a guest of Linux's KVM under QEMU, its machine pc, without Xen",
    .classes = "image hardware kvms pc",
    .elsewhere = "it is Xen's own, our monitor's, or of a device that QEMU's pc has not here, or not with its interrupt",
    .note = "KVM pc: QEMU as KVM's monitor, with a PC's devices; of those that Xen has in itself, KVM has PIC, I/O APIC, "
            "LAPIC and PIT; rows with two vCPUs have two CPUs.",
    .impossible = lab_batch_impossible,
    .needs = DOMAIN_DEVICES | DOMAIN_CONTROLLERS | DOMAIN_NICS | DOMAIN_SMP, .batch = run_pc,
};
