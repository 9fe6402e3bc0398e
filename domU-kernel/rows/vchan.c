/* Beside our own ring: the stream of bytes that Xen's own library offers. */
#include "../drivers/data.h"
#include "../drivers/vchan.h"
#include "../harness/row.h"
#include "../lib/string.h"

static bool serve(u32 on, struct data_response *response)
{
    struct data_request request = { .operation = DATA_VCHAN, .gref = on };

    return data_exchange(&request, response);
}

COLD static void teardown(struct row_run *r)
{
    struct data_response response;

    (void)r;
    vchan_close();
    serve(0, &response);
}

COLD static const char *setup(struct row_run *r)
{
    struct data_response response;
    const char *reason;

    if ( !serve(1, &response) || response.status == DATA_NOT_SUPPORTED )
        return "this backend has no libxenvchan";
    if ( response.status != DATA_OKAY )
        return "libxenvchan makes no server in dom0, which needs /dev/xen/gntalloc: "
               "`modprobe xen-gntalloc`";
    reason = vchan_open(device.backend, device_backend_key("vchan"));
    if ( reason )
        teardown(r);
    return reason;
}

static void run(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u8 sent[DATA_PAYLOAD], back[DATA_PAYLOAD];
        bool came;

        for ( u32 j = 0; j < sizeof(sent); j++ )
            sent[j] = (u8)(i + j);
        sample_keep(r, i, TIMED(came = vchan_send(sent, sizeof(sent)) &&
                                       vchan_receive(back, sizeof(back))));
        if ( !came )
            r->failure = "the server of libxenvchan did not send it back";
        else if ( memcmp(sent, back, sizeof(sent)) )
            r->failure = "the echo came back changed";
    }
}

EXPLANATION(vchan_echo_64b) =
    "The guest writes 64 bytes into a ring of libxenvchan's, notifies and blocks; a thread in dom0 that sits in "
    "libxenvchan_recv() is woken, takes them, sends them back by libxenvchan_send() and waits again.  The pages are "
    "dom0's (/dev/xen/gntalloc), granted to the guest, which maps them: the other way round than a backend's.  "
    "Each side says in a byte of the page what it wants to be told of, and takes that back with a locked instruction.  "
    "It takes the library as many system calls as our own backend takes for ring/echo-64b, but in another order: it unmasks its "
    "event channel before it looks at the ring, and the answer waits for that.  Where both sides have a CPU that is what one "
    "waits longer for; `xenometer trace` shows it as the shorter tail.  Compare with ring/echo-64b-awake, which does not "
    "sleep at once.";
ROW(vchan_echo_64b, .setup = setup, .run = run, .teardown = teardown) = {
    .name = "vchan/echo-64b",
    .work = "ask a dom0 process and get its answer",
    .path = "libxenvchan, one message at a time",
    .help = "64 bytes to libxenvchan's server in dom0 and back",
    .explanation = explanation_vchan_echo_64b,
    .elsewhere = "bare mode has no other domain to make a vchan with",
    .against = "ring/echo-64b",
    .columns = "xen", .needs = SERVICE_DATA_RING,
    .flags = ROW_DOM0 | ROW_BLOCKS,
    .operations = 1, .samples = 200, .warmup = 8,
};
