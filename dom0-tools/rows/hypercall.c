/* Hypercalls of a process in dom0. */
#include "measure/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guests/domain.h"
#include "measure/record.h"
#include "xenometer.h"

static void run_from_dom0_process(struct row_run *r)
{
    struct xenctrl *xen = r->domains->host->xen;
    uint64_t *empty = xcalloc(r->count, sizeof(*empty));
    int version = 0;

    for ( uint32_t i = 0; i < r->count; i++ )
        empty[i] = TIMED((void)0);
    r->overhead = record_overhead(empty, r->count);
    free(empty);
    for ( uint32_t i = 0; i < r->warmup + r->count && version >= 0; i++ )
        sample_keep(r, i, TIMED(version = xenctrl_null(xen)));
    if ( version < 0 )
        r->failure = xasprintf("Xen does not tell its version: %s", strerror(errno));
}

ROW(hypercall_from_dom0_process, .run = run_from_dom0_process) = {
    .name = "hypercall/from-dom0-process",
    .work = "enter the hypervisor and return",
    .path = "libxenctrl, ioctl on privcmd, hypercall page",
    .help = "xen_version asked by a process in dom0",
    .explanation =
        "What every tool in dom0 pays to ask Xen anything.  A process may not make hypercalls: "
        "libxenctrl calls ioctl() on /dev/xen/privcmd; dom0's kernel copies number and arguments "
        "from the process, makes the hypercall for it, and returns.  In a PV dom0 the system call "
        "itself goes through Xen, both ways (syscall/guest-getpid).  Xen's own part is "
        "hypercall/null in PV; the rest is the detour.",
    .elsewhere = "a guest has no privcmd: its kernel makes the hypercall itself, hypercall/null",
    .columns = "dom0", .operations = 1, .samples = 1000, .warmup = 16,
};
