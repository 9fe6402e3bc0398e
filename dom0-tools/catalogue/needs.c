#include "catalogue/needs.h"

#include <stdlib.h>

#include "xenometer.h"

/* What `xenometer run` gives a row, and starts its domain with. */
static const struct {
    row_needs need;
    const char *text;
} needs[] = {
    { SERVICE_DATA_RING, "dom0's data ring" },
    { SERVICE_ECHO, "dom0's echo of events" },
    { SERVICE_IOREQ, "an ioreq server of xenometer's in dom0" },
    { DOMAIN_SMP, "two vCPUs, each on a physical CPU of its own" },
    { DOMAIN_SMP_SHARED, "two vCPUs on one physical CPU" },
    { DOMAIN_FIFO, "FIFO event channels" },
    { DOMAIN_GRANT_V2, "grant table version 2" },
    { DOMAIN_LARGE, "272 MiB of memory" },
    { DOMAIN_ON_DEMAND, "memory populated on demand" },
    { DOMAIN_SHADOW, "shadow paging" },
    { DOMAIN_TSC_EMULATED, "a TSC that Xen emulates (tsc_mode always_emulate)" },
    { DOMAIN_DEVICES, "a VGA, virtio-rng and virtio-net in QEMU" },
    { DOMAIN_DISK, "a RAM disk in dom0" },
    { DOMAIN_NETWORK, "a bridge in dom0" },
    { DOMAIN_NICS, "a bridge in dom0; three network cards in QEMU" },
    { DOMAIN_QDISK, "a RAM disk in dom0 and QEMU's block backend (qdisk)" },
    { DOMAIN_CONTROLLERS, "a RAM disk in dom0 behind QEMU's emulated disk controllers" },
    { DOMAIN_PEER, "a second domain" },
    { DOMAIN_LINUX, "dom0's own kernel as a domain, 128 MiB" },
};

char *needs_text(row_needs of)
{
    char *text = NULL;

    for ( size_t i = 0; i < sizeof(needs) / sizeof(*needs); i++ )
    {
        char *longer;

        if ( !(of & needs[i].need) )
            continue;
        longer = text ? xasprintf("%s; %s", text, needs[i].text) : xstrdup(needs[i].text);
        free(text);
        text = longer;
    }
    return text;
}
