/* The wire by network cards that QEMU emulates. */
#include "../net.h"
#include "../../drivers/x86/e1000.h"
#include "../../drivers/x86/lapic.h"
#include "../../drivers/x86/rtl8139.h"
#include "../../drivers/x86/virtio_net.h"

#define ONLY_QEMU "only HVM and QEMU's pc under KVM have a device model that emulates network cards"

/* A device that only one of the rows has at a time. */
#define DEVICE_WIRE(id, type)                                                         \
    static struct type id##_device;                                                   \
    static const char *open_##id(struct wire *p)                                      \
    {                                                                               \
        p->nic = &id##_device.nic;                                                  \
        return type##_open(&id##_device);                                             \
    }                                                                               \
    static struct wire id##_wire = { .open = open_##id, .nap = lapic_nap }

DEVICE_WIRE(virtio, virtio_net);
DEVICE_WIRE(e1000, e1000);
DEVICE_WIRE(rtl8139, rtl8139);

PATH_ROWS(virtio, "virtio", "virtio queues, QEMU, tap, bridge",
          "virtio-net in QEMU", "hvm kvmpc", DOMAIN_NICS, ROW_HEADLINE, ONLY_QEMU, "32", 100, 10,
          "The bell of a queue is a VM exit to QEMU, which writes the frame to a tap device on the bridge; "
          "the answer comes by MSI.  "
          "Under KVM the bell is an eventfd, MSI an ioctl, and no page is mapped.");
PATH_ROWS(e1000, "e1000", "Intel 82540EM, QEMU, tap, bridge",
          "the Intel 82540EM in QEMU", "hvm kvmpc", DOMAIN_NICS, 0, ONLY_QEMU, "32", 100, 6,
          "A write to the controller's register makes QEMU send the frame; the answer raises an interrupt line, "
          "whose handler reads the cause and masks the device, two exits to QEMU; before the "
          "next frame is sent it is allowed again, one more.");
PATH_ROWS(rtl8139, "rtl8139", "RTL8139, QEMU, tap, bridge",
          "the RTL8139 in QEMU", "hvm kvmpc", DOMAIN_NICS, 0, ONLY_QEMU, "16", 60, 3,
          "As net/e1000, by ports; each step of the original RTL8139 is one: the frame's length, the "
          "place in the receive ring, cause and mask of the interrupt.");
