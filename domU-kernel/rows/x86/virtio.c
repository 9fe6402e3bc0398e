/*
 * The doorbell of an emulated bus: virtio devices in QEMU, without firmware,
 * without any accelerator in dom0's kernel.
 */
#include "../../arch/memory.h"
#include "../../arch/mode.h"
#include "../../drivers/x86/lapic.h"
#include "../../drivers/x86/virtio.h"
#include "../../harness/row.h"
#include "../../lib/string.h"
#include "../../xen/hypercall.h"

#include <xen/sched.h>

#define ONLY_HVM "only HVM and QEMU's pc under KVM have a device model that offers virtio"

#define ENTROPY_BYTES 64u
#define SEND_BYTES    (12u + 60u)   /* header (5.1.6.1) and the least Ethernet frame */
#define TRANSMIT      1u            /* section 5.1.2: queue numbers */

static struct virtio_device virtio;
static struct virtio_queue queues[2];
static u8 *buffer;

static void close_virtio(struct row_run *r)
{
    (void)r;
    virtio_close(&virtio, queues, 2);
    pages_free(buffer, 1);
}

/* Device of `type` with the one queue we use, interrupts by VECTOR_LAPIC. */
static const char *open_virtio(u32 type, u16 index)
{
    const char *reason = virtio_open(&virtio, type, VIRTIO_F_EVENT_IDX);

    if ( reason )
        return reason;
    lapic_enable();
    buffer = pages_alloc(1);
    reason = virtio_queue_open(&virtio, &queues[index], index, VECTOR_LAPIC);
    if ( reason )
        close_virtio(NULL);
    else
        virtio_start(&virtio);
    return reason;
}

COLD static const char *setup_entropy(struct row_run *r)
{
    (void)r;
    return open_virtio(VIRTIO_ENTROPY, 0);
}

COLD static const char *setup_entropy_port(struct row_run *r)
{
    const char *reason = setup_entropy(r);

    if ( !reason && !queues[0].bell_port )
    {
        close_virtio(r);
        reason = "the virtio device has no bell by port (modern-pio-notify)";
    }
    return reason;
}

/* Ask for random bytes; the bell is still to be rung. */
static void ask_entropy(struct row_run *r)
{
    memset(buffer, 0, ENTROPY_BYTES);
    virtio_put(&queues[0], buffer, ENTROPY_BYTES, true);
    if ( !virtio_publish(&queues[0]) )
        r->failure = "an idle device does not want to hear the bell";
}

static void check_entropy(struct row_run *r)
{
    u32 length = virtio_take(&queues[0]);
    u8 any = 0;

    for ( u32 i = 0; i < length && i < ENTROPY_BYTES; i++ )
        any |= buffer[i];
    if ( length == 0 || length > ENTROPY_BYTES || !any )
        r->failure = "the device used the buffer and left no data in it";
}

/* Until `count` buffers are used; the device model gets the CPU meanwhile: of itself under KVM, where
 * it is another thread. */
static void wait_yielding(const struct virtio_queue *q, u16 count)
{
    while ( virtio_used(q) < count )
        if ( mode_is(MODE_BARE) )
            cpu_relax();
        else
            hypercall_sched_op(SCHEDOP_yield, NULL);
}

/* Until `count` buffers are used, woken by the device's interrupt. */
static void wait_interrupt(const struct virtio_queue *q, u16 count)
{
    interrupts_disable();
    while ( virtio_used(q) < count )
    {
        /* Off, look, then allow and sleep in one step: otherwise the one we
         * wait for can arrive just before the sleep. */
        interrupts_enable_and_halt();
        interrupts_disable();
    }
    interrupts_enable();
}

#define NOTIFY_RUN(kind)                                                        \
    static void run_notify_##kind(struct row_run *r)                            \
    {                                                                           \
        FOR_EACH_SAMPLE(r, i)                                                   \
        {                                                                       \
            ask_entropy(r);                                                     \
            sample_keep(r, i, TIMED(virtio_notify_##kind(&queues[0])));         \
            wait_yielding(&queues[0], 1);                                       \
            check_entropy(r);                                                   \
        }                                                                       \
    }
NOTIFY_RUN(port)
NOTIFY_RUN(mmio)

#define VIRTIO_ROW \
    .elsewhere = ONLY_HVM, .columns = "hvm kvmpc", .needs = DOMAIN_DEVICES, .operations = 1

EXPLANATION(virtio_notify_pio) =
    "A request for 64 random bytes lies in the queue; the figure is the OUT that tells QEMU so, until it has "
    "looked at the queue and let the vCPU go on; the bytes come after it and are checked.  The bell is a "
    "synchronous request to a process: under Xen no eventfd takes it.  Under KVM one does (port/eventfd), "
    "and QEMU's main loop, which it wakes, takes the CPU over at once where there is but one.  Compare "
    "with event/send-masked, the bell of a shared ring, and with port/qemu-ide, QEMU without a queue.";
ROW(virtio_notify_pio,
    .setup = setup_entropy_port, .run = run_notify_port, .teardown = close_virtio) = {
    .name = "virtio/notify-pio",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by OUT, virtio queue in QEMU",
    .help = "ring the bell of a virtio queue by port",
    .explanation = explanation_virtio_notify_pio,
    .flags = ROW_DOM0 | ROW_BLOCKS, .samples = 200, .warmup = 8, VIRTIO_ROW,
};

EXPLANATION(virtio_notify_mmio) =
    "As virtio/notify-pio, the same queue of the same device, by its bell in memory, which version 1 devices "
    "have by default: Xen must walk the guest's page table and decode the write before it can "
    "ask QEMU.  The difference to notify-pio is that decoding.";
ROW(virtio_notify_mmio,
    .setup = setup_entropy, .run = run_notify_mmio, .teardown = close_virtio) = {
    .name = "virtio/notify-mmio",
    .work = "ask a dom0 process and get its answer",
    .path = "VM exit by memory write, virtio queue in QEMU",
    .help = "ring the bell of a virtio queue by memory",
    .explanation = explanation_virtio_notify_mmio,
    .flags = ROW_DOM0 | ROW_BLOCKS, .samples = 200, .warmup = 8, VIRTIO_ROW,
};

static void run_completion(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 before = cpu_interrupts;

        virtio_interrupt_after(&queues[0], 1);
        ask_entropy(r);
        sample_keep(r, i, TIMED({
            virtio_notify_mmio(&queues[0]);
            wait_interrupt(&queues[0], 1);
            while ( cpu_interrupts == before )   /* the bytes may be first */
                cpu_relax();
        }));
        if ( cpu_interrupts != before + 1 || virtio_used(&queues[0]) != 1 )
            r->failure = "one buffer was asked for: there is not one interrupt and one buffer";
        else
            check_entropy(r);
    }
}

EXPLANATION(virtio_completion_interrupt) =
    "virtio/notify-mmio and what follows: QEMU writes 64 bytes into the buffer, puts it on the used ring, and has "
    "Xen deliver an MSI (a hypercall from dom0, vmsi_deliver), which wakes the halted vCPU; the "
    "guest takes the interrupt and writes EOI.  A whole request: compare with ring/echo-64b, the same amount of "
    "data by shared ring and event channel.";
ROW(virtio_completion_interrupt,
    .setup = setup_entropy, .run = run_completion, .teardown = close_virtio) = {
    .name = "virtio/completion-interrupt",
    .work = "ask a dom0 process and get its answer",
    .path = "virtio bell, QEMU, MSI-X, EOI",
    .help = "get 64 random bytes from a virtio device, woken by its interrupt",
    .explanation = explanation_virtio_completion_interrupt,
    .flags = ROW_DOM0 | ROW_BLOCKS, .samples = 200, .warmup = 8, VIRTIO_ROW,
};

COLD static const char *setup_network(struct row_run *r)
{
    (void)r;
    return open_virtio(VIRTIO_NETWORK, TRANSMIT);
}

/*
 * One bell, then frames until QEMU's timer looks at the queue.  A frame that came
 * after that wants a bell again: it begins the next batch and is no sample.
 */
static void run_suppressed(struct row_run *r)
{
    struct virtio_queue *q = &queues[TRANSMIT];
    u32 i = 0, bells = 0;

    while ( i < r->warmup + r->count && !r->failure )
    {
        u16 sent = 0;
        bool wanted;

        virtio_interrupt_after(q, q->size);
        do {
            u64 ticks = TIMED({
                virtio_put(q, buffer, SEND_BYTES, false);
                wanted = virtio_publish(q);
            });

            sent++;
            if ( wanted )
            {
                virtio_notify_mmio(q);
                bells++;
            }
            else if ( i < r->warmup + r->count )
                sample_keep(r, i++, ticks);
        } while ( sent < q->size );
        wait_interrupt(q, sent);
        while ( sent-- )
            virtio_take(q);
        /* Half of the frames at the very least, or nothing is suppressed. */
        if ( bells * q->size > 2 * (i + q->size) )
            r->failure = "the device wants to hear the bell for each frame";
    }
}

EXPLANATION(virtio_notify_suppressed) =
    "Sending a frame while QEMU's virtio-net waits to collect more: it has said by the event index that it "
    "will look by itself, so the driver writes descriptor, ring entry and index, reads the event index, and "
    "leaves it at that: no exit.  That the frames were taken later is checked on the "
    "used ring.  Compare with virtio/notify-mmio, what was saved, and with ring/stream-depth-32.";
ROW(virtio_notify_suppressed,
    .setup = setup_network, .run = run_suppressed, .teardown = close_virtio) = {
    .name = "virtio/notify-suppressed",
    .work = "tell a dom0 process something, no answer",
    .path = "virtio queue, no bell",
    .help = "queue a frame while the device does not want to hear the bell",
    .explanation = explanation_virtio_notify_suppressed,
    .flags = ROW_DOM0, .samples = 500, .warmup = 16, VIRTIO_ROW,
};
