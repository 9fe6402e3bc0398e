/*
 * From one network namespace to another, as containers reach each other: by a veth pair, and by two on
 * a bridge.  All of it is in namespaces of a child of ours, and gone with it.  rtnetlink(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/apart.h"

#define BYTES   64u
#define PORT    7
#define CLIENT  0x0a4d0001u   /* 10.77.0.1 and .2 */
#define SERVER  0x0a4d0002u
#define SETTLED_NS 100000000l

/* ---------------------------------------------------------------- netlink -- */

struct request {
    struct nlmsghdr head;
    union { struct ifinfomsg link; struct ifaddrmsg address; } body;
    char attributes[512];
};

static void begin(struct request *q, uint16_t type, uint16_t flags, size_t body)
{
    memset(q, 0, sizeof(*q));
    q->head.nlmsg_type = type;
    q->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    q->head.nlmsg_len = NLMSG_LENGTH(body);
}

static struct rtattr *put(struct request *q, uint16_t type, const void *data, size_t size)
{
    struct rtattr *a = (void *)((char *)q + NLMSG_ALIGN(q->head.nlmsg_len));

    a->rta_type = type;
    a->rta_len = (uint16_t)RTA_LENGTH(size);
    if ( size )
        memcpy(RTA_DATA(a), data, size);
    q->head.nlmsg_len = NLMSG_ALIGN(q->head.nlmsg_len) + RTA_ALIGN(a->rta_len);
    return a;
}

static void put_name(struct request *q, const char *name)
{
    put(q, IFLA_IFNAME, name, strlen(name) + 1);
}

static void put_end(struct request *q, struct rtattr *nest)
{
    nest->rta_len = (uint16_t)((char *)q + q->head.nlmsg_len - (char *)nest);
}

/* In the thread's namespace.  0, or an error. */
static int ask(struct request *q)
{
    char buffer[1024];
    const struct nlmsghdr *answer = (void *)buffer;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), error = 0;

    if ( fd < 0 || send(fd, q, q->head.nlmsg_len, 0) < 0 || recv(fd, buffer, sizeof(buffer), 0) < 0 )
        error = errno;
    else if ( answer->nlmsg_type == NLMSG_ERROR )
        error = -((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
    if ( fd >= 0 )
        close(fd);
    return error;
}

static struct rtattr *put_kind(struct request *q, const char *kind)
{
    struct rtattr *info = put(q, IFLA_LINKINFO, NULL, 0);

    put(q, IFLA_INFO_KIND, kind, strlen(kind));
    return info;
}

static int make_bridge(const char *name)
{
    struct request q;
    struct rtattr *info;

    begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(q.body.link));
    put_name(&q, name);
    info = put_kind(&q, "bridge");
    put_end(&q, info);
    return ask(&q);
}

/* A pair: `name` in the namespace `home`, -1: this one, and "eth0" in the namespace `there`. */
static int make_pair(const char *name, int home, int there)
{
    struct ifinfomsg none = { 0 };
    struct rtattr *info, *data, *peer;
    struct request q;

    begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(q.body.link));
    put_name(&q, name);
    if ( home >= 0 )
        put(&q, IFLA_NET_NS_FD, &home, sizeof(home));
    info = put_kind(&q, "veth");
    data = put(&q, IFLA_INFO_DATA, NULL, 0);
    peer = put(&q, VETH_INFO_PEER, &none, sizeof(none));
    put_name(&q, "eth0");
    put(&q, IFLA_NET_NS_FD, &there, sizeof(there));
    put_end(&q, peer);
    put_end(&q, data);
    put_end(&q, info);
    return ask(&q);
}

static int bring_up(const char *name, const char *bridge)
{
    struct request q;
    int master = bridge ? (int)if_nametoindex(bridge) : 0;

    begin(&q, RTM_NEWLINK, 0, sizeof(q.body.link));
    q.body.link.ifi_index = (int)if_nametoindex(name);
    q.body.link.ifi_flags = q.body.link.ifi_change = IFF_UP;
    if ( bridge )
        put(&q, IFLA_MASTER, &master, sizeof(master));
    return ask(&q);
}

static int give_address(const char *name, uint32_t address)
{
    uint32_t wire = htonl(address);
    struct request q;

    begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(q.body.address));
    q.body.address = (struct ifaddrmsg){ .ifa_family = AF_INET, .ifa_prefixlen = 24,
                                         .ifa_index = if_nametoindex(name) };
    put(&q, IFA_LOCAL, &wire, sizeof(wire));
    put(&q, IFA_ADDRESS, &wire, sizeof(wire));
    return ask(&q);
}

/* IPv6 looks for routers and neighbours now and then: none of ours. */
static void without_ipv6(void)
{
    int fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC);

    if ( fd >= 0 )
    {
        (void)!write(fd, "1", 1);
        close(fd);
    }
}

/* ------------------------------------------------------------------ ends -- */

/* One end: a thread in a network namespace of its own. */
struct end {
    pthread_t thread;
    uint32_t address, other;
    int namespace, socket, error;
    sem_t made, wired, ready;    /* its namespace; by the main thread; its socket */
};

static int enter_own(struct end *e)
{
    int error = unshare(CLONE_NEWNET) ? errno : 0;

    e->namespace = error ? -1 : open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if ( !error && e->namespace < 0 )
        error = errno;
    without_ipv6();
    sem_post(&e->made);
    return error;
}

static int connect_end(struct end *e)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT),
                                .sin_addr.s_addr = htonl(e->address) };
    struct sockaddr_in there = here;
    int error = give_address("eth0", e->address);

    if ( !error )
        error = bring_up("eth0", NULL);
    if ( error )
        return error;
    there.sin_addr.s_addr = htonl(e->other);
    e->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if ( e->socket < 0 || bind(e->socket, (struct sockaddr *)&here, sizeof(here)) ||
         connect(e->socket, (struct sockaddr *)&there, sizeof(there)) )
        return errno;
    return 0;
}

static void echo(const struct end *e)
{
    char message[BYTES];

    while ( recv(e->socket, message, BYTES, 0) == BYTES && send(e->socket, message, BYTES, 0) == BYTES )
        ;
}

/* The server answers to the child's end. */
static void *be_end(void *argument)
{
    struct end *e = argument;

    e->socket = -1;
    e->error = enter_own(e);
    while ( sem_wait(&e->wired) )
        ;
    if ( !e->error )
        e->error = connect_end(e);
    sem_post(&e->ready);
    if ( !e->error && e->address == SERVER )
        echo(e);
    return NULL;
}

static struct end ends[2];

static void wait_for(sem_t *s)
{
    while ( sem_wait(s) )
        ;
}

static int start_end(struct end *e, uint32_t address, uint32_t other)
{
    int error;

    e->address = address;
    e->other = other;
    sem_init(&e->made, 0, 0);
    sem_init(&e->wired, 0, 0);
    sem_init(&e->ready, 0, 0);
    error = pthread_create(&e->thread, NULL, be_end, e);
    if ( !error )
        wait_for(&e->made);
    return error ? error : e->error;
}

/* In the child's own namespace, which is between the two as a host is. */
static int wire(bool bridge)
{
    int error;

    if ( !bridge )
        return make_pair("eth0", ends[0].namespace, ends[1].namespace);
    error = make_bridge("br0");
    for ( int i = 0; i < 2 && !error; i++ )
    {
        char name[] = { 'p', (char)('0' + i), 0 };

        error = make_pair(name, -1, ends[i].namespace);
        if ( !error )
            error = bring_up(name, "br0");
    }
    return error ? error : bring_up("br0", NULL);
}

static bool by_bridge;

static void measure(struct row_run *r)
{
    const struct timespec settled = { .tv_nsec = SETTLED_NS }, limit = { .tv_sec = 5 };
    int fd = ends[0].socket;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    nanosleep(&settled, NULL);   /* notifications of links that went up */
    FOR_EACH_SAMPLE(r, i)
    {
        char message[BYTES], back[BYTES] = { 0 };
        long sent, got;

        memset(message, (int)(i | 1), BYTES);
        sample_keep(r, i, TIMED((
            sent = system_call(SYS_sendto, fd, (long)message, BYTES, 0, 0, 0),
            got = system_call(SYS_recvfrom, fd, (long)back, BYTES, 0, 0, 0))));
        if ( sent != BYTES || got != BYTES || memcmp(back, message, BYTES) )
            r->failure = "other bytes came back from the other namespace";
    }
}

/* The child is the client: its end is made by a thread, whose socket stays in that namespace. */
static void run_links(struct row_run *r)
{
    int error = unshare(CLONE_NEWNET) ? errno : 0;

    without_ipv6();
    if ( !error )
        error = start_end(&ends[0], CLIENT, SERVER);
    if ( !error )
        error = start_end(&ends[1], SERVER, CLIENT);
    if ( !error )
        error = wire(by_bridge);
    for ( int i = 0; i < 2 && !error; i++ )
    {
        sem_post(&ends[i].wired);
        wait_for(&ends[i].ready);
        error = ends[i].error;
    }
    if ( error )
        r->failure = refused("network namespaces and links between them", error);
    else
        measure(r);
}

static const char *setup_veth(struct row_run *r)
{
    (void)r;
    by_bridge = false;
    return apart_possible(run_links);
}

static const char *setup_bridge(struct row_run *r)
{
    (void)r;
    by_bridge = true;
    return apart_possible(run_links);
}

static void run(struct row_run *r)
{
    by_child(r, run_links);
}

EXPLANATION(veth_udp) =
    "app/udp-64b between two network namespaces with a veth pair between them: what one end sends is received by the "
    "other's network stack, through the CPU's backlog queue, each way; the loopback does the same within one.";
ROW(veth_udp, .setup = setup_veth, .run = run) = {
    .name = "mechanism/veth-udp-64b", .work = "send 64 bytes to another thread and get them back",
    .path = "UDP, IP, a veth pair", .help = "app/udp-64b to another network namespace, by veth",
    .explanation = explanation_veth_udp, .elsewhere = ALONE, .against = "app/udp-64b",
    .columns = "native", .operations = 1, .samples = 300, .warmup = 32, .bytes = 2 * BYTES,
};

EXPLANATION(bridge_udp) =
    "The same with a bridge between: a veth pair from each of the two to a namespace in the middle, whose bridge "
    "looks up the address and passes the frame on, as on a host with two containers.";
ROW(bridge_udp, .setup = setup_bridge, .run = run) = {
    .name = "mechanism/bridge-udp-64b", .work = "send 64 bytes to another thread and get them back",
    .path = "UDP, IP, veth, bridge, veth", .help = "app/udp-64b to another network namespace, by a bridge",
    .explanation = explanation_bridge_udp, .elsewhere = ALONE, .against = "mechanism/veth-udp-64b",
    .columns = "native", .operations = 1, .samples = 300, .warmup = 32, .bytes = 2 * BYTES,
};
