/* The loopback network of the paradigm: its own in a network namespace and in gVisor. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/row.h"

#define BYTES 64u

static pthread_t partner;
static int ours = -1, theirs = -1;
static struct sockaddr_in address;   /* that of `theirs` */

/* A socket on a free port of 127.0.0.1; -1 with errno. */
static int bound(int type, struct sockaddr_in *at)
{
    socklen_t size = sizeof(*at);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    *at = (struct sockaddr_in){ .sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    if ( fd >= 0 && (bind(fd, (struct sockaddr *)at, size) ||
                     getsockname(fd, (struct sockaddr *)at, &size)) )
    {
        int error = errno;

        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

/* ------------------------------------------------------------------- UDP -- */

static void *answer(void *unused)
{
    char message[BYTES];

    /* An empty message ends it. */
    while ( recv(theirs, message, BYTES, 0) == BYTES && send(theirs, message, BYTES, 0) == BYTES )
        ;
    return unused;
}

static const char *setup_udp(struct row_run *r)
{
    struct sockaddr_in own;
    int error;

    (void)r;
    ours = bound(SOCK_DGRAM, &own);
    theirs = bound(SOCK_DGRAM, &address);
    if ( ours < 0 || theirs < 0 || connect(ours, (struct sockaddr *)&address, sizeof(address)) ||
         connect(theirs, (struct sockaddr *)&own, sizeof(own)) )
        return refused("UDP on 127.0.0.1", errno);
    error = pthread_create(&partner, NULL, answer, NULL);
    return error ? refused("pthread_create", error) : NULL;
}

static void run_udp(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        char message[BYTES], back[BYTES] = { 0 };
        long sent, got;

        memset(message, (int)(i | 1), BYTES);
        sample_keep(r, i, TIMED((
            sent = system_call(SYS_sendto, ours, (long)message, BYTES, 0, 0, 0),
            got = system_call(SYS_recvfrom, ours, (long)back, BYTES, 0, 0, 0))));
        if ( sent != BYTES || got != BYTES || memcmp(back, message, BYTES) )
            r->failure = "other bytes came back by UDP";
    }
}

static void teardown_udp(struct row_run *r)
{
    (void)r;
    if ( send(ours, "", 0, 0) == 0 )
        pthread_join(partner, NULL);
    close(ours);
    close(theirs);
}

EXPLANATION(app_udp_64b) =
    "A datagram of 64 bytes over 127.0.0.1 to a thread that sleeps in recv(), and back: socket, UDP, IP "
    "and the loopback device, each way, and two wake-ups.  A container with a network namespace has a "
    "loopback of its own in the same kernel's network stack; gVisor's Sentry has a network stack in Go.";
ROW(app_udp_64b, .setup = setup_udp, .run = run_udp, .teardown = teardown_udp) = {
    .name = "app/udp-64b", .work = "send 64 bytes to another thread and get them back",
    .path = "UDP, IP, loopback", .help = "64 bytes to another thread and back, by UDP",
    .against = "app/unix-socket", .explanation = explanation_app_udp_64b,
    .columns = "app", .operations = 1, .samples = 300, .warmup = 32, .bytes = 2 * BYTES,
};

/* ------------------------------------------------------------------- TCP -- */

static const char *setup_tcp(struct row_run *r)
{
    (void)r;
    theirs = bound(SOCK_STREAM, &address);
    return theirs < 0 || listen(theirs, 16) ? refused("TCP on 127.0.0.1", errno) : NULL;
}

static void run_tcp(struct row_run *r)
{
    /* No connection is left to wait for late packets: it is reset. */
    const struct linger at_once = { .l_onoff = 1 };

    FOR_EACH_SAMPLE(r, i)
    {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        long connected, accepted;
        char byte = 0;

        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        sample_keep(r, i, TIMED((
            connected = system_call3(SYS_connect, fd, (long)&address, sizeof(address)),
            accepted = system_call(SYS_accept4, theirs, 0, 0, SOCK_CLOEXEC, 0, 0))));
        if ( connected || accepted < 0 || send(fd, "x", 1, 0) != 1 ||
             recv((int)accepted, &byte, 1, 0) != 1 || byte != 'x' )
            r->failure = "the connection does not carry a byte";
        close(fd);
        if ( accepted >= 0 )
            close((int)accepted);
    }
}

static void teardown_tcp(struct row_run *r)
{
    (void)r;
    close(theirs);
}

EXPLANATION(app_tcp_connect) =
    "connect to a socket that listens on 127.0.0.1, and accept: three packets over the loopback, and "
    "the kernel's state at both ends.  Socket and close are outside the timed region.";
ROW(app_tcp_connect, .setup = setup_tcp, .run = run_tcp, .teardown = teardown_tcp) = {
    .name = "app/tcp-connect", .work = "make a TCP connection",
    .path = "connect, accept, TCP, IP, loopback", .help = "connect and accept by TCP",
    .explanation = explanation_app_tcp_connect,
    .columns = "app", .operations = 1, .samples = 200, .warmup = 16,
};
