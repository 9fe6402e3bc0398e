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

EXPLANATION(xenstore_read) =
    "Sends XS_READ of the domain's own \"domid\" over the XenStore ring, byte by "
    "byte, notifies, and blocks until xenstored has answered.  xenstored is an "
    "ordinary process in dom0: the figure is one round trip to a process plus "
    "its work of parsing, permission check and look-up.";
ROW(xenstore_read, .run = run_read) = {
    .name = "xenstore/read",
    .work = "read one key of the control path",
    .path = "XenStore ring",
    .help = "read one short XenStore key",
    .explanation = explanation_xenstore_read,
    .elsewhere = "bare mode has no XenStore",
    .columns = "xen", .flags = ROW_HEADLINE | ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

/* Ours to write: the frontend directory of our device. */
#define SCRATCH "device/xenometer/0/scratch"

static void run_write(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *error;

        sample_keep(r, i, TIMED(error = xenstore_write(SCRATCH, i & 1 ? "1" : "0")));
        if ( error )
            r->failure = "xenstored refused a write to our own directory";
    }
}

EXPLANATION(xenstore_write) =
    "Writes a key in the domain's own directory.  Besides the round trip, xenstored checks permission "
    "and quota, updates its database, and fires the watches on the path: the backend's is one of them.";
ROW(xenstore_write, .run = run_write) = {
    .name = "xenstore/write",
    .work = "write one key of the control path",
    .path = "XenStore ring",
    .help = "write one short XenStore key",
    .explanation = explanation_xenstore_write,
    .elsewhere = "bare mode has no XenStore",
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

static void run_directory(struct row_run *r)
{
    char names[256];

    FOR_EACH_SAMPLE(r, i)
    {
        const char *error;

        sample_keep(r, i, TIMED(error = xenstore_directory("device", names, sizeof(names))));
        if ( error )
            r->failure = "xenstored refused to list our own directory";
    }
}

EXPLANATION(xenstore_directory) =
    "Lists the domain's device directory: as xenstore/read, with another operation.";
ROW(xenstore_directory, .run = run_directory) = {
    .name = "xenstore/directory",
    .work = "list a directory of the control path",
    .path = "XenStore ring",
    .help = "list one small XenStore directory",
    .explanation = explanation_xenstore_directory,
    .elsewhere = "bare mode has no XenStore",
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

static void run_transaction(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        const char *error;

        sample_keep(r, i, TIMED(error = xenstore_empty_transaction()));
        if ( error )
            r->failure = "xenstored refused an empty transaction";
    }
}

EXPLANATION(xenstore_transaction) =
    "Begins a transaction and commits it, empty: two round trips to xenstored.  What "
    "consistency costs before any key is touched.";
ROW(xenstore_transaction, .run = run_transaction) = {
    .name = "xenstore/transaction",
    .work = "commit an empty transaction of the control path",
    .path = "XenStore ring, two requests",
    .help = "begin and commit an empty transaction",
    .explanation = explanation_xenstore_transaction,
    .elsewhere = "bare mode has no XenStore",
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};

COLD static const char *setup_watch(struct row_run *r)
{
    (void)r;
    if ( xenstore_write(SCRATCH, "0") || xenstore_watch(SCRATCH, "row") )
        return "xenstored refused the watch";
    xenstore_wait_watch();   /* each watch fires once when it is set */
    return NULL;
}

COLD static void teardown_watch(struct row_run *r)
{
    if ( xenstore_unwatch(SCRATCH, "row") )
        r->failure = "xenstored does not know the watch any more";
}

static void run_watch(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
        sample_keep(r, i, TIMED((xenstore_write(SCRATCH, "1"), xenstore_wait_watch())));
}

EXPLANATION(xenstore_watch_fire) =
    "Writes a key that the domain itself watches and waits for the watch event: the way a frontend "
    "learns that its backend changed state.  The difference to xenstore/write is the event.";
ROW(xenstore_watch_fire, .setup = setup_watch, .run = run_watch, .teardown = teardown_watch) = {
    .name = "xenstore/watch-fire",
    .work = "be told of a change in the control path",
    .path = "XenStore watch",
    .help = "write a key one watches, until the watch fires",
    .explanation = explanation_xenstore_watch_fire,
    .elsewhere = "bare mode has no XenStore",
    .columns = "xen", .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 100, .warmup = 4,
};
