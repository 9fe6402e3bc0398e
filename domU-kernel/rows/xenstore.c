/* The control path: XenStore. */
#include "../harness/row.h"
#include "../xen/xenstore.h"

static void run_read(struct row_run *r)
{
    char value[16];

    FOR_EACH_SAMPLE(r, i)
    {
        const char *error;

        sample_keep(r, i, TIMED(error = xenstore_read("domid", value, sizeof(value))));
        if ( error )
            r->failure = "xenstored refused to read our domid";
    }
}

ROW(xenstore_read) = {
    .name = "xenstore/read",
    .work = "read one key of the control path",
    .path = "XenStore ring",
    .help = "read one short XenStore key",
    .explanation =
        "Sends XS_READ of the domain's own \"domid\" over the XenStore ring, byte by "
        "byte, notifies, and blocks until xenstored has answered.  xenstored is an "
        "ordinary process in dom0: the figure is one round trip to a process plus "
        "its work of parsing, permission check and look-up.",
    .elsewhere = "bare mode has no XenStore",
    .modes = MODES_XEN, .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
    .run = run_read,
};
