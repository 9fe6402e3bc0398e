/* xen/hvm/hvm_op.h shows HVM_IOREQSRV_* only to tools. */
#define __XEN_TOOLS__ 1

#include "backend/ioreq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <xen/memory.h>

#include "backend/channel.h"
#include "xenometer.h"

#define PAGE_SIZE 4096u
#define MAX_VCPUS (PAGE_SIZE / sizeof(struct ioreq))   /* one page of requests */

struct vcpu {
    struct ioreq_server *server;
    uint32_t id;
    struct channel channel;
};

struct ioreq_server {
    xendevicemodel_handle *models;
    xenforeignmemory_handle *memory;
    struct events *events;
    uint32_t domid, vcpus;
    ioservid_t id;
    bool made;
    xenforeignmemory_resource_handle *resource;
    struct shared_iopage *page;   /* Xen writes requests, we answer in place */
    struct vcpu *vcpu;
    struct ioreq_registers registers;
};

/* -------------------------------------------------------- the registers -- */

/* Where an access of `size` bytes goes, or NULL: to nothing of ours. */
static uint8_t *place(struct ioreq_registers *r, uint8_t type, uint64_t address,
                      uint32_t size)
{
    uint64_t base = type == IOREQ_TYPE_PIO ? IOREQ_PORT_DEFAULT : IOREQ_MMIO_DEFAULT;
    uint64_t room = type == IOREQ_TYPE_PIO ? sizeof(r->ports) : sizeof(r->page);
    uint8_t *bytes = type == IOREQ_TYPE_PIO ? r->ports : r->page;

    if ( address < base || address - base > room - size )
        return NULL;
    return bytes + (address - base);
}

static uint64_t access_one(struct ioreq_registers *r, const struct ioreq *q,
                           uint64_t address, uint64_t data)
{
    uint8_t *at = place(r, q->type, address, q->size);
    uint64_t value = 0;

    if ( q->dir == IOREQ_WRITE )
    {
        if ( at )
            memcpy(at, &data, q->size);
        return data;
    }
    if ( !at )
        return ~0ull;
    memcpy(&value, at, q->size);
    return value;
}

/*
 * INS, OUTS, MOVS: `count` elements from or to memory at q->data.  Memory is
 * copied by the buffer, not by the element: each copy maps and unmaps a page of
 * the guest.
 */
static void access_string(struct ioreq_registers *r, const struct ioreq *q,
                          const struct guest_memory *memory)
{
    /* Ports stay, memory moves along (Xen: hvm/emulate.c, hvmemul_rep_*). */
    int64_t step = q->df ? -(int64_t)q->size : (int64_t)q->size;
    int64_t device_step = q->type == IOREQ_TYPE_PIO ? 0 : step;
    /* Xen sends no more at once (hvm/emulate.c), so more is not to be believed. */
    uint32_t count = q->count < PAGE_SIZE ? q->count : PAGE_SIZE;
    uint8_t buffer[PAGE_SIZE];

    for ( uint32_t done = 0, n; done < count; done += n )
    {
        uint64_t lowest;

        n = count - done < PAGE_SIZE / q->size ? count - done : PAGE_SIZE / q->size;
        /* Backwards, the last element is the lowest. */
        lowest = q->data + (uint64_t)(step * (q->df ? done + n - 1 : done));
        if ( q->dir == IOREQ_WRITE && !memory->copy(memory->context, lowest, buffer,
                                                    n * q->size, false) )
            return;
        for ( uint32_t i = 0; i < n; i++ )
        {
            uint8_t *at = buffer + (q->df ? n - 1 - i : i) * q->size;
            uint64_t data = 0;

            memcpy(&data, at, q->dir == IOREQ_WRITE ? q->size : 0);
            data = access_one(r, q, q->addr + (uint64_t)(device_step * (done + i)), data);
            memcpy(at, &data, q->size);
        }
        if ( q->dir == IOREQ_READ && !memory->copy(memory->context, lowest, buffer,
                                                   n * q->size, true) )
            return;
    }
}

uint64_t ioreq_serve(struct ioreq_registers *r, const struct ioreq *q,
                     const struct guest_memory *memory)
{
    if ( q->type != IOREQ_TYPE_PIO && q->type != IOREQ_TYPE_COPY )
        return q->data;   /* for example IOREQ_TYPE_INVALIDATE, sent to all */
    if ( q->size != 1 && q->size != 2 && q->size != 4 && q->size != 8 )
        return ~0ull;
    if ( q->data_is_ptr )
    {
        access_string(r, q, memory);
        return q->data;
    }
    return access_one(r, q, q->addr, q->data);
}

/* ----------------------------------------------------------- the server -- */

static bool guest_copy(void *context, uint64_t address, void *data, uint32_t size,
                       bool to_guest)
{
    struct ioreq_server *s = context;
    uint8_t *bytes = data;

    /* What is contiguous for the guest may be two pages here. */
    while ( size )
    {
        uint32_t offset = (uint32_t)(address % PAGE_SIZE);
        uint32_t n = PAGE_SIZE - offset < size ? PAGE_SIZE - offset : size;
        xen_pfn_t frame = address / PAGE_SIZE;
        uint8_t *page = xenforeignmemory_map(s->memory, s->domid,
                                             PROT_READ | (to_guest ? PROT_WRITE : 0),
                                             1, &frame, NULL);

        if ( !page )
            return false;
        if ( to_guest )
            memcpy(page + offset, bytes, n);
        else
            memcpy(bytes, page + offset, n);
        xenforeignmemory_unmap(s->memory, page, 1);
        bytes += n;
        address += n;
        size -= n;
    }
    return true;
}

static bool answer(struct ioreq_server *s, struct ioreq *shared, unsigned state)
{
    struct guest_memory memory = { s, guest_copy };
    struct ioreq request;

    if ( shared->state != state )
        return false;
    /*
     * Acquire: the state must be read before the request it announces;
     * otherwise we might serve what stood there before.  Pairs with Xen's
     * barrier before it sets STATE_IOREQ_READY (ioreq_send()).
     */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    request = *shared;
    shared->state = STATE_IOREQ_INPROCESS;
    shared->data = ioreq_serve(&s->registers, &request, &memory);
    /*
     * Release: the data must be seen before the state that says it is there;
     * otherwise the vCPU might take the old data into its register.  Pairs
     * with Xen's barrier after it read STATE_IORESP_READY (wait_for_io()).
     */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    shared->state = STATE_IORESP_READY;
    return true;
}

static enum heard ioreq_event(void *context)
{
    const struct vcpu *v = context;

    if ( answer(v->server, &v->server->page->vcpu_ioreq[v->id], STATE_IOREQ_READY) )
        channel_notify(&v->channel);
    return HEARD_WORK;   /* Xen itself sends these */
}

static bool bind_vcpus(struct ioreq_server *s)
{
    for ( uint32_t v = 0; v < s->vcpus; v++ )
    {
        s->vcpu[v].server = s;
        s->vcpu[v].id = v;
        if ( !channel_bind(&s->vcpu[v].channel, s->events, s->domid,
                           s->page->vcpu_ioreq[v].vp_eport, ioreq_event, &s->vcpu[v]) )
            return false;
    }
    return true;
}

/*
 * Its ranges are claimed, and it is enabled.  Requests that were made meanwhile, or that
 * the other had taken up, wait: nobody will tell of them again.  Nor of an answer after which
 * the other had no time to notify; a vCPU that waits for none takes no notice of an event.
 */
static bool adopt(struct ioreq_server *s)
{
    if ( !bind_vcpus(s) )
        return false;
    for ( uint32_t v = 0; v < s->vcpus; v++ )
    {
        struct ioreq *q = &s->page->vcpu_ioreq[v];

        if ( !answer(s, q, STATE_IOREQ_READY) )
            answer(s, q, STATE_IOREQ_INPROCESS);
        channel_notify(&s->vcpu[v].channel);
    }
    return true;
}

/* What failed, for the message; NULL when all is there. */
static const char *set_up(struct ioreq_server *s)
{
    void *address = NULL;
    bool adopted;

    /* Without the buffer every access is synchronous: none may pass early. */
    if ( !s->made && xendevicemodel_create_ioreq_server(s->models, (domid_t)s->domid,
                                            HVM_IOREQSRV_BUFIOREQ_OFF, &s->id) )
        return "create it";
    adopted = s->made;
    s->made = true;
    s->resource = xenforeignmemory_map_resource(
        s->memory, (domid_t)s->domid, XENMEM_resource_ioreq_server, s->id,
        XENMEM_resource_ioreq_server_frame_ioreq(0), 1, &address,
        PROT_READ | PROT_WRITE, 0);
    if ( !s->resource )
        return "map its requests";
    s->page = address;
    if ( adopted )
        return adopt(s) ? NULL : "bind its event channels";
    if ( xendevicemodel_map_io_range_to_ioreq_server(
             s->models, (domid_t)s->domid, s->id, 0, IOREQ_PORT_DEFAULT,
             IOREQ_PORT_DEFAULT + IOREQ_PORTS - 1) )
        return "claim its ports";
    if ( xendevicemodel_map_io_range_to_ioreq_server(
             s->models, (domid_t)s->domid, s->id, 1, IOREQ_MMIO_DEFAULT,
             IOREQ_MMIO_DEFAULT + PAGE_SIZE - 1) )
        return "claim its page";
    if ( xendevicemodel_set_ioreq_server_state(s->models, (domid_t)s->domid, s->id, 1) )
        return "enable it";
    /* Xen fills in vp_eport when the server is enabled. */
    return bind_vcpus(s) ? NULL : "bind its event channels";
}

struct ioreq_server *ioreq_open(xendevicemodel_handle *models,
                                xenforeignmemory_handle *memory,
                                struct events *events, uint32_t domid,
                                uint32_t vcpus, uint32_t left, char **error)
{
    struct ioreq_server *s = xcalloc(1, sizeof(*s));
    const char *failed;

    *s = (struct ioreq_server){
        .models = models, .memory = memory, .events = events, .domid = domid,
        .vcpus = vcpus < MAX_VCPUS ? vcpus : MAX_VCPUS,
    };
    s->vcpu = xcalloc(s->vcpus, sizeof(*s->vcpu));
    s->made = left != IOREQ_NONE;
    s->id = (ioservid_t)left;
    failed = set_up(s);
    if ( !failed )
        return s;
    if ( left != IOREQ_NONE )
    {
        ioreq_close(s);   /* which ends the other's, too */
        return ioreq_open(models, memory, events, domid, vcpus, IOREQ_NONE, error);
    }
    *error = xasprintf("no ioreq server for domain %u: cannot %s: %s", domid, failed,
                       strerror(errno));
    ioreq_close(s);
    return NULL;
}

uint32_t ioreq_id(const struct ioreq_server *s)
{
    return s->id;
}

void ioreq_close(struct ioreq_server *s)
{
    if ( !s )
        return;
    for ( uint32_t v = 0; v < s->vcpus; v++ )
        channel_unbind(&s->vcpu[v].channel);
    if ( s->resource )
        xenforeignmemory_unmap_resource(s->memory, s->resource);
    if ( s->made )
    {
        /* Disabled first: a request under way would find nobody to answer. */
        xendevicemodel_set_ioreq_server_state(s->models, (domid_t)s->domid, s->id, 0);
        xendevicemodel_destroy_ioreq_server(s->models, (domid_t)s->domid, s->id);
    }
    free(s->vcpu);
    free(s);
}
