/*
 * Column of the application in a Linux guest of KVM: the same kernel as below it, under the same
 * thin monitor as the unikernel (guests/kvm/vmm.c), with the application as process 1.
 */
#include <stdlib.h>

#include "app/domain.h"
#include "guests/app.h"
#include "guests/linux_guest.h"
#include "machines/lab.h"
#include "xenometer.h"

/* Nothing but the CPU, its interrupt controllers and the PIT is there: the kernel is not to look. */
#define OPTIONS \
    "earlycon=uart8250,io,0x3f8 acpi=off pci=off i8042.noaux i8042.nokbd " \
    LINUX_GUEST_OPTIONS " -- " DOMAIN_BY_PORT

static int run(struct batch *b)
{
    char *vmm = data_file(KVM_MONITOR), *kernel = NULL;
    size_t size = 0;
    void *root = linux_guest_root(b, &size);
    int status = STATUS_ENVIRONMENT;

    if ( !vmm )
        message(KVM_MONITOR " not found beside the program: run `make`");
    else if ( root )
        status = lab_batch_kernel(b, SYSTEM_LINUX, &kernel);
    if ( kernel )
        status = lab_batch(b, SYSTEM_LINUX,
            "gunzip vmlinux.gz && exec " APP_START "./" KVM_MONITOR " vmlinux root.cpio '" OPTIONS "'",
            (const struct lab_file[]){
                { .host_path = vmm, .name = KVM_MONITOR },
                { .host_path = kernel, .name = "vmlinux.gz" },
                { .name = "root.cpio", .data = root, .size = size },
                { .host_path = b->elf, .name = APP_PROGRAM } }, 4, "its monitor");
    free(root);
    free(kernel);
    free(vmm);
    return status;
}

COLUMN(linuxkvm) = {
    APP_COLUMN_ALONE, .name = "linuxkvm", .title = "Linux KVM", .order = 190, .classes = "app",
    .what = "an application in a Linux guest of KVM, under the thin monitor",
    .batch = run,
};
