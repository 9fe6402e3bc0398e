#include "backend/reflector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend/frame.h"
#include "xenometer.h"

#define BATCH 64u   /* frames by one system call */

struct reflector {
    int fd;
    bool runs;
    pthread_t thread;
    char interface[IFNAMSIZ];
    _Atomic uint64_t own;        /* its address, in the first six bytes */
    _Atomic uint64_t frames;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec from[BATCH], to[BATCH];
    /* One byte more: a longer frame shows. */
    uint8_t buffer[BATCH][FRAME_MAX + 1];
};

/* One turn: it sleeps until a frame is there, and takes as many as there are, up to BATCH. */
static bool turn(struct reflector *r)
{
    int count = recvmmsg(r->fd, r->in, BATCH, MSG_WAITFORONE, NULL), sent = 0;
    uint64_t own = atomic_load_explicit(&r->own, memory_order_relaxed);
    unsigned back = 0;

    /* ENETDOWN: said once, when the interface goes down; it may come up again. */
    if ( count < 0 )
        return errno == EINTR || errno == ENETDOWN;
    for ( int i = 0; i < count; i++ )
        if ( frame_is_ours(r->buffer[i], r->in[i].msg_len) &&
             frame_reflect(r->buffer[i], r->in[i].msg_len, (const uint8_t *)&own) )
        {
            r->to[back] = (struct iovec){ r->buffer[i], r->in[i].msg_len };
            back++;
        }
    while ( (unsigned)sent < back )
    {
        int n = sendmmsg(r->fd, r->out + sent, back - (unsigned)sent, MSG_DONTWAIT);

        /* What does not go out now is lost, as on any wire. */
        if ( n <= 0 )
            break;
        sent += n;
    }
    atomic_fetch_add_explicit(&r->frames, (uint64_t)sent, memory_order_relaxed);
    return true;
}

static void *reflect(void *context)
{
    while ( turn(context) )
        ;
    return NULL;
}

char *reflector_look(struct reflector *r)
{
    struct ifreq request = { 0 };
    uint64_t own = 0;

    memcpy(request.ifr_name, r->interface, IFNAMSIZ);
    if ( ioctl(r->fd, SIOCGIFHWADDR, &request) )
        return xasprintf("cannot use %s: %s", r->interface, strerror(errno));
    memcpy(&own, request.ifr_hwaddr.sa_data, 6);
    atomic_store_explicit(&r->own, own, memory_order_relaxed);
    return NULL;
}

static char *start(struct reflector *r)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(FRAME_ETHERTYPE),
    };
    sigset_t all, before;
    char *error;
    int failed;

    address.sll_ifindex = (int)if_nametoindex(r->interface);
    if ( !address.sll_ifindex )
        return xasprintf("there is no network interface %s", r->interface);
    /* No protocol before it is bound: nothing of other interfaces. */
    r->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if ( r->fd < 0 )
        return xasprintf("cannot open a packet socket: %s", strerror(errno));
    if ( bind(r->fd, (struct sockaddr *)&address, sizeof(address)) )
        return xasprintf("cannot use %s: %s", r->interface, strerror(errno));
    for ( unsigned i = 0; i < BATCH; i++ )
    {
        r->from[i] = (struct iovec){ r->buffer[i], sizeof(r->buffer[i]) };
        r->in[i].msg_hdr = (struct msghdr){ .msg_iov = &r->from[i], .msg_iovlen = 1 };
        r->out[i].msg_hdr = (struct msghdr){ .msg_iov = &r->to[i], .msg_iovlen = 1 };
    }
    error = reflector_look(r);
    if ( error )
        return error;
    /* Signals are the loop's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&r->thread, NULL, reflect, r);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    r->runs = failed == 0;
    return failed ? xasprintf("no thread to reflect what comes to %s: %s", r->interface, strerror(failed))
                  : NULL;
}

struct reflector *reflector_new(const char *interface, char **error)
{
    struct reflector *r = xcalloc(1, sizeof(*r));

    r->fd = -1;
    snprintf(r->interface, sizeof(r->interface), "%s", interface);
    *error = start(r);
    if ( !*error )
        return r;
    reflector_free(r);
    return NULL;
}

void reflector_free(struct reflector *r)
{
    if ( !r )
        return;
    if ( r->runs )
    {
        pthread_cancel(r->thread);
        pthread_join(r->thread, NULL);
    }
    if ( r->fd >= 0 )
        close(r->fd);
    free(r);
}

uint64_t reflector_frames(const struct reflector *r)
{
    return atomic_load_explicit(&r->frames, memory_order_relaxed);
}
