/*
 * Column KVM ARM64: the image under Linux's hypervisor on an ARM64 CPU, by a monitor of our own
 * (guests/kvm/vmm_arm64.c).  Without the virtualization host extensions (ARMv8.1; --cpu=arm64) Linux is at EL1, beside
 * its guest, and KVM's part at EL2 switches between the two; with them (--cpu=arm64-vhe) all of Linux is at EL2.
 */
#include <stdlib.h>
#include <string.h>

#include "guests/lab_batch.h"
#include "machines/lab.h"
#include "xenometer.h"

#define MONITOR "xenometer-vmm"

static const char *impossible(const struct lab_options *lab)
{
    if ( !lab )
        return "it is measured in the lab only: --host=lab --cpu=arm64";
    if ( strcmp(lab_cpu_architecture(lab->cpu), "arm64") )
        return "it takes an ARM64 CPU: --cpu=arm64";
    return NULL;
}

static int run(struct batch *b)
{
    const char *how = "make";
    char *vmm = b->machine ? lab_cpu_file(b->machine->cpu, MONITOR, &how) : data_file(MONITOR);
    int status = STATUS_ENVIRONMENT;

    if ( vmm )
        status = lab_batch(b, SYSTEM_LINUX, b->needs & DOMAIN_SMP ? "exec ./" MONITOR " --cpus=2 image commands"
                                                                  : "exec ./" MONITOR " image commands",
                           (const struct lab_file[]){
            { .host_path = vmm, .name = MONITOR }, { .host_path = b->elf, .name = "image" } }, 2,
            "its monitor");
    else
        message(MONITOR " for ARM64 not found beside the program: run `%s`", how);
    free(vmm);
    return status;
}

COLUMN(kvm_arm64) = {
    .name = "kvmarm64", .title = "KVM ARM64", .order = 34, .home = HOME_BESIDE, .mode = MODE_BARE,
    .asked = true, .alone = true, .arm64 = true, .here = "/dev/kvm",
    .what = "a guest of Linux's KVM on an ARM64 CPU, under a thin monitor of our own, without Xen",
    .classes = "image arms",
    .elsewhere = "it is Xen's own, or of a device that this monitor has not",
    .note = "KVM ARM64: a guest of Linux's KVM, and Linux alone below it: at EL1 beside its guest, or with the "
            "virtualization host extensions (--cpu=arm64-vhe) at EL2; where a row speaks of dom0 or of Xen, a process on "
            "that Linux answers, or KVM; rows with two vCPUs have two CPUs.",
    .impossible = impossible, .needs = DOMAIN_SMP, .batch = run,
};
