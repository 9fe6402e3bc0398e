/*
 * Columns of the application in a Linux guest of KVM: the same kernel as below it, under the same
 * thin monitor as the unikernel (guests/kvm/vmm.c) or under QEMU, with the application as process 1.
 */
#include <stdlib.h>

#include <xenometer/protocol.h>

#include "app/domain.h"
#include "guests/app.h"
#include "guests/kvm_qemu.h"
#include "guests/linux_guest.h"
#include "machines/lab.h"
#include "xenometer.h"

/* Nothing but the CPU, its interrupt controllers and the PIT is there: the kernel is not to look. */
#define OPTIONS \
    "earlycon=uart8250,io,0x3f8 acpi=off pci=off i8042.noaux i8042.nokbd " \
    LINUX_GUEST_OPTIONS " -- " DOMAIN_BY_PORT

/* QEMU's machines have what the kernel finds there. */
#define QEMU_OPTIONS "console=ttyS0 " LINUX_GUEST_OPTIONS " -- " DOMAIN_BY_PORT

/*
 * A Linux without PIC and PIT: nobody sets up microvm's PIC, whose vector for the PIT's first tick then is the
 * division error, and with the PIC alone Debian's kernel (6.12) stops in ACPI.  A clock of the day that is missing
 * costs it a second of search.
 */
#define MICROVM KVM_MICROVM ",pic=off,pit=off,rtc=on"

/* By such a monitor: `monitor` of a shell, which has all files in its directory. */
static int run(struct batch *b, const char *monitor)
{
    char *vmm = data_file(KVM_MONITOR), *script = xasprintf("gunzip vmlinux.gz && %s", monitor), *kernel = NULL;
    size_t size = 0;
    void *root = linux_guest_root(b, &size);
    int status = STATUS_ENVIRONMENT;

    if ( !vmm )
        message(KVM_MONITOR " not found beside the program: run `make`");
    else if ( root )
        status = lab_batch_kernel(b, SYSTEM_LINUX, false, &kernel);
    if ( kernel )
        status = lab_batch(b, SYSTEM_LINUX, script, (const struct lab_file[]){
                { .host_path = vmm, .name = KVM_MONITOR },
                { .host_path = kernel, .name = "vmlinux.gz" },
                { .name = "root.cpio", .data = root, .size = size },
                { .host_path = b->elf, .name = APP_PROGRAM } }, 4, "its monitor");
    free(root);
    free(script);
    free(kernel);
    free(vmm);
    return status;
}

static int run_thin(struct batch *b)
{
    return run(b, "exec " APP_START "./" KVM_MONITOR " vmlinux root.cpio '" OPTIONS "'");
}

static int run_qemu(struct batch *b, const char *machine)
{
    char *monitor = xasprintf(APP_RELAY KVM_QEMU "-m 288M -serial file:/dev/stderr -kernel vmlinux -initrd root.cpio -append '" QEMU_OPTIONS
                              "' %s" KVM_QEMU_ENDED_WELL, BARE_EXIT_PORT, BARE_RESULT_PORT, machine);
    int status = run(b, monitor);

    free(monitor);
    return status;
}

static int run_microvm(struct batch *b)
{
    return run_qemu(b, MICROVM);
}

static int run_pc(struct batch *b)
{
    return run_qemu(b, KVM_PC);
}

COLUMN(linuxkvm) = {
    APP_COLUMN_ALONE, .name = "linuxkvm", .title = "Linux KVM", .order = 184, .classes = "app linux",
    .what = "an application in a Linux guest of KVM, under the thin monitor",
    .batch = run_thin,
};

COLUMN(linuxmicrovm) = {
    APP_COLUMN_ALONE, .name = "linuxmicrovm", .title = "microvm", .order = 187, .classes = "app linux",
    .what = "an application in a Linux guest of KVM, under QEMU, its machine microvm",
    .note = "microvm: the Linux guest of KVM under QEMU, its machine microvm without PIC and PIT.",
    .batch = run_microvm,
};

COLUMN(linuxkvmpc) = {
    APP_COLUMN_ALONE, .name = "linuxkvmpc", .title = "KVM pc", .order = 188, .classes = "app linux",
    .what = "an application in a Linux guest of KVM, under QEMU, its machine pc",
    .note = "KVM pc: the Linux guest of KVM under QEMU, its machine pc.",
    .batch = run_pc,
};
