#include "backend/reflector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netpacket/packet.h>
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
    struct loop *loop;
    int fd;
    char interface[IFNAMSIZ];
    uint8_t own[6];              /* its address */
    uint64_t frames;
    struct mmsghdr in[BATCH], out[BATCH];
    struct iovec from[BATCH], to[BATCH];
    /* One byte more: a longer frame shows. */
    uint8_t buffer[BATCH][FRAME_MAX + 1];
};

/* One turn: as many as are there, up to BATCH. */
static void ready(void *context)
{
    struct reflector *r = context;
    int count = recvmmsg(r->fd, r->in, BATCH, MSG_DONTWAIT, NULL), sent = 0;
    unsigned back = 0;

    for ( int i = 0; i < count; i++ )
        if ( frame_is_ours(r->buffer[i], r->in[i].msg_len) &&
             frame_reflect(r->buffer[i], r->in[i].msg_len, r->own) )
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
    r->frames += (uint64_t)sent;
}

char *reflector_look(struct reflector *r)
{
    struct ifreq request = { 0 };

    memcpy(request.ifr_name, r->interface, IFNAMSIZ);
    if ( ioctl(r->fd, SIOCGIFHWADDR, &request) )
        return xasprintf("cannot use %s: %s", r->interface, strerror(errno));
    memcpy(r->own, request.ifr_hwaddr.sa_data, 6);
    return NULL;
}

static char *start(struct reflector *r)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(FRAME_ETHERTYPE),
    };

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
    if ( !loop_add(r->loop, r->fd, ready, r) )
        return xasprintf("cannot watch %s: %s", r->interface, strerror(errno));
    return reflector_look(r);
}

struct reflector *reflector_new(struct loop *loop, const char *interface, char **error)
{
    struct reflector *r = xcalloc(1, sizeof(*r));

    r->loop = loop;
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
    if ( r->fd >= 0 )
    {
        loop_remove(r->loop, r->fd);
        close(r->fd);
    }
    free(r);
}

uint64_t reflector_frames(const struct reflector *r)
{
    return r->frames;
}
