/* What "your/version" is compared with: the same, timed as it should be. */
#include "exercise.h"

static xen_extraversion_t buffer;

static void run(struct row_run *r)
{
    SAMPLES(r, hypercall_xen_version(XENVER_extraversion, buffer));
}

EXPLANATION(check_version) =
    "What your/version should measure.";
ROW(check_version, .run = run) = {
    .name = "check/version", .work = "ask Xen for something", .path = "xen_version, XENVER_extraversion",
    .help = "the hypercall itself, timed alone", .explanation = explanation_check_version,
    .elsewhere = "bare mode has no hypervisor to call", .columns = "xen",
    .operations = 1, .samples = 100, .warmup = 8,
};
