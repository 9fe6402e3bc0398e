/* A row of your own: what it takes to ask Xen for its extra version.  A solution. */
#include "exercise.h"

static xen_extraversion_t buffer;

static void run(struct row_run *r)
{
    SAMPLES(r, hypercall_xen_version(XENVER_extraversion, buffer));
    /* Outside the timed region: did Xen write a text there? */
    if ( buffer[0] == '\0' )
        r->failure = "Xen answers without an extra version";
}

EXPLANATION(your_version) =
    "Xen enters its handler of xen_version as in hypercall/null, and copies 16 bytes to the guest.  The difference "
    "to hypercall/null is that copy: a few instructions in PV, where Xen writes to the guest's memory directly; in "
    "PVH and HVM it has to walk the guest's page tables first.";
ROW(your_version, .run = run) = {
    .name = "your/version",
    .work = "ask Xen for something",
    .path = "xen_version, XENVER_extraversion",
    .help = "Xen's extra version, 16 bytes copied to the guest",
    .explanation = explanation_your_version,
    .elsewhere = "bare mode has no hypervisor to call",
    .columns = "xen",
    .operations = 1, .samples = 100, .warmup = 8,
};
