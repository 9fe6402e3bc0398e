/*
 * Column KVM: the image under Linux's hypervisor, by a monitor of our own (guests/kvm/vmm.c), the
 * thinnest there can be.  It finds itself as in bare mode: KVM is none that it speaks to.
 */
#include <stdlib.h>

#include "guests/app.h"
#include "machines/lab.h"
#include "xenometer.h"

static int run(struct batch *b)
{
    char *vmm = data_file(KVM_MONITOR);
    int status = STATUS_ENVIRONMENT;

    if ( vmm )
        status = lab_batch(b, SYSTEM_LINUX, b->needs & DOMAIN_SMP ? "exec ./" KVM_MONITOR " --cpus=2 image commands"
                                                                  : "exec ./" KVM_MONITOR " image commands",
                           (const struct lab_file[]){
            { .host_path = vmm, .name = KVM_MONITOR }, { .host_path = b->elf, .name = "image" } }, 2,
            "its monitor");
    else
        message(KVM_MONITOR " not found beside the program: run `make`");
    free(vmm);
    return status;
}

COLUMN(kvm) = {
    .name = "kvm", .title = "KVM", .order = 35, .home = HOME_BESIDE, .mode = MODE_BARE,
    .asked = true, .alone = true, .here = "/dev/kvm",
    .what = "a guest of Linux's KVM under a thin monitor of our own, without Xen",
    .classes = "image hardware kvms",
    .elsewhere = "it is Xen's own, or of a device that this monitor has not",
    .note = "KVM: a guest of Linux's KVM, and Linux alone below it; where a row speaks of dom0 or of Xen, a process "
            "on that Linux answers, a monitor without devices, or KVM; rows with two vCPUs have two CPUs.",
    .impossible = lab_batch_impossible, .needs = DOMAIN_SMP, .batch = run,
};
