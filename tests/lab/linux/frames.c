/*
 * Process 1 of a Linux domU whose network interface `xenometer net` serves: sends frames by
 * a packet socket and takes them as they come back.  Does the job that the kernel's command
 * line names (tests/lab/linux/net-run does dom0's half), and says PASS or FAIL: on the console.
 *
 *   job=frames     100,000 frames and then longer ones: each comes back once, undamaged, in order
 *   job=checksums  UDP and TCP, whose checksums are left to the backend
 *   job=hand       the interface comes and goes while frames are under way
 *   job=kill       the backend is killed: frames may be lost, and nothing else
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "process1.h"

#define INTERFACE "eth0"
#define TYPE      0x88b5u    /* local experimental (IEEE Std 802) */
#define HEADER    14u        /* bytes of Ethernet's */
#define LEAST     60u
#define ETHERNET  1500u      /* MTU */
#define LONGEST   65521u     /* MTU: netif.h's 65,535 bytes less HEADER */
#define UNDER_WAY 64u        /* frames at most */
#define PAGES     128u       /* of the receive ring's 256, for them */
#define SILENCE   10000      /* ms */

struct frame {
    uint8_t to[6], from[6];
    uint16_t type;
    uint16_t length;
    uint64_t number;
    uint8_t pattern[];
} __attribute__((packed));

static const uint8_t neighbour[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };
static uint8_t own[6];
static int packets = -1;
static uint8_t out[LONGEST + HEADER], in[LONGEST + HEADER + 1];

/* ------------------------------------------------------------ interface -- */

static struct ifreq request(void)
{
    struct ifreq r = { 0 };

    strcpy(r.ifr_name, INTERFACE);
    return r;
}

static int control(void)
{
    static int s = -1;

    if ( s < 0 )
        s = socket(AF_INET, SOCK_DGRAM, 0);
    return s;
}

static void set_mtu(unsigned mtu)
{
    struct ifreq r = request();

    r.ifr_mtu = (int)mtu;
    must(!ioctl(control(), SIOCSIFMTU, &r));
}

static uint32_t offload(uint32_t command)
{
    struct ethtool_value value = { .cmd = command };
    struct ifreq r = request();

    r.ifr_data = (void *)&value;
    must(!ioctl(control(), SIOCETHTOOL, &r));
    return value.data;
}

static int open_packets(uint16_t type)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(type),
        .sll_ifindex = (int)if_nametoindex(INTERFACE),
    };
    int s = socket(AF_PACKET, SOCK_RAW, 0), room = 16 << 20;

    must(s >= 0);
    must(!setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)));
    must(!setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)));
    must(!bind(s, (struct sockaddr *)&address, sizeof(address)));
    return s;
}

/* Wait for the interface, as long as dom0 may take, and bring it up. */
static void await_interface(void)
{
    struct ifreq r;

    for ( unsigned i = 0; !if_nametoindex(INTERFACE); i++, nap(20) )
        must(i < 6000);
    r = request();
    must(!ioctl(control(), SIOCGIFHWADDR, &r));
    memcpy(own, r.ifr_hwaddr.sa_data, 6);
    must(!ioctl(control(), SIOCGIFFLAGS, &r));
    r.ifr_flags |= IFF_UP;
    must(!ioctl(control(), SIOCSIFFLAGS, &r));
    /* Whose state is told to the backend later than it is up. */
    for ( unsigned i = 0; !(r.ifr_flags & IFF_RUNNING); i++, nap(20) )
        must(i < 500 && !ioctl(control(), SIOCGIFFLAGS, &r));
    packets = open_packets(TYPE);
}

/* --------------------------------------------------------------- frames -- */

/* Another for each number, so that no part of a frame is like another's. */
static void fill(uint8_t *at, size_t length, uint64_t number)
{
    uint64_t x = number * 0x9e3779b97f4a7c15u + 1;

    for ( size_t i = 0; i < length; i += 8 )
    {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(at + i, &x, length - i < 8 ? length - i : 8);
    }
}

/* False: the interface went. */
static bool send_frame(uint64_t number, size_t length)
{
    struct frame *f = (struct frame *)out;

    memcpy(f->to, neighbour, 6);
    memcpy(f->from, own, 6);
    f->type = htons(TYPE);
    f->length = (uint16_t)length;
    f->number = number;
    fill(f->pattern, length - sizeof(*f), number);
    for ( ;; )
    {
        if ( send(packets, out, length, 0) == (ssize_t)length )
            return true;
        if ( errno == ENXIO || errno == ENODEV || errno == ENETDOWN )
            return false;
        must(errno == ENOBUFS || errno == EAGAIN);
        nap(1);
    }
}

/* The number of a frame that came back, which must be whole; -1: none for so long;
 * -2: the interface went. */
static int64_t take_frame(int patience)
{
    static uint8_t expected[sizeof(in)];
    struct pollfd ready = { .fd = packets, .events = POLLIN };
    struct frame *f = (struct frame *)in;
    ssize_t length;

    if ( poll(&ready, 1, patience) == 0 )
        return -1;
    length = recv(packets, in, sizeof(in), MSG_DONTWAIT);
    if ( length < 0 )
    {
        must(errno == ENETDOWN || errno == EAGAIN);
        return errno == EAGAIN ? -1 : -2;
    }
    must(length >= (ssize_t)LEAST && length == f->length);
    must(!memcmp(f->to, own, 6) && !memcmp(f->from, neighbour, 6));
    fill(expected, (size_t)length - sizeof(*f), f->number);
    must(!memcmp(f->pattern, expected, (size_t)length - sizeof(*f)));
    return (int64_t)f->number;
}

static size_t some_length(uint64_t number, size_t longest)
{
    static const size_t edges[] = { 60, 61, 63, 64, 65, 127, 128, 511, 512, 1023, 1500, 1513, 1514 };
    static const size_t more[] = { 1515, 4095, 4096, 4097, 4109, 4110, 4111, 8192, 8193, 65534, 65535 };
    size_t edge = longest <= ETHERNET + HEADER ? edges[number / 2 % 13] : more[number / 2 % 11];

    if ( number & 1 && edge <= longest )
        return edge;
    return LEAST + (number * 0x9e3779b97f4a7c15u >> 32) % (longest - LEAST + 1);
}

/* So many frames, whose order and number must be right. */
static void stream(uint64_t count, size_t longest)
{
    static size_t pages[UNDER_WAY];
    uint64_t sent = 0, back = 0;
    size_t room = 0;
    struct timespec before, after;

    clock_gettime(CLOCK_MONOTONIC, &before);
    while ( back < count )
    {
        int64_t number;

        while ( sent < count && sent - back < UNDER_WAY )
        {
            size_t length = some_length(sent, longest);

            if ( room + length / 4096 + 1 > PAGES )
                break;
            room += pages[sent % UNDER_WAY] = length / 4096 + 1;
            must(send_frame(sent++, length));
        }
        number = take_frame(SILENCE);
        if ( number != (int64_t)back )
            end("FAIL: frame %lld came instead of %llu, of %llu sent", (long long)number,
                (unsigned long long)back, (unsigned long long)sent);
        room -= pages[back++ % UNDER_WAY];
    }
    must(take_frame(200) == -1);   /* and nothing twice */
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%llu frames of up to %zu bytes came back once, whole and in order, in %lld ms\n",
           (unsigned long long)count, longest,
           (long long)(after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000);
}

static void job_frames(void)
{
    await_interface();
    stream(100000, ETHERNET + HEADER);
    set_mtu(9000);
    stream(5000, 9000 + HEADER);
    set_mtu(LONGEST);
    stream(2000, LONGEST + HEADER);
}

/* ------------------------------------------------------------ checksums -- */

static uint32_t big16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* The ones' complement sum as its receiver makes it: 0xffff where it is right. */
static uint32_t sum(uint64_t total, const uint8_t *at, size_t length)
{
    for ( ; length > 1; at += 2, length -= 2 )
        total += big16(at);
    if ( length )
        total += (uint32_t)*at << 8;
    while ( total >> 16 )
        total = (total & 0xffff) + (total >> 16);
    return (uint32_t)total;
}

/* Of our packets that come back, the next of that protocol; its payload's length in *length. */
static const uint8_t *take_packet(int s, uint8_t protocol, size_t *length)
{
    for ( ;; )
    {
        struct pollfd ready = { .fd = s, .events = POLLIN };
        struct tpacket_auxdata { uint32_t status, length, snap; uint16_t mac, net, vlan, type; } *aux;
        union { struct cmsghdr header; uint8_t space[CMSG_SPACE(64)]; } extra;
        struct sockaddr_ll from;
        struct iovec iov = { in, sizeof(in) };
        struct msghdr message = {
            .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1,
            .msg_control = &extra, .msg_controllen = sizeof(extra),
        };
        const uint8_t *ip = in + HEADER;
        ssize_t got;

        must(poll(&ready, 1, SILENCE) == 1);
        must((got = recvmsg(s, &message, 0)) > (ssize_t)HEADER);
        if ( from.sll_pkttype != PACKET_HOST || big16(in + 12) != 0x0800 || ip[9] != protocol )
            continue;
        must(CMSG_FIRSTHDR(&message));
        aux = (void *)CMSG_DATA(CMSG_FIRSTHDR(&message));
        must(!(aux->status & 8));   /* TP_STATUS_CSUMNOTREADY, linux/if_packet.h */
        must(big16(ip + 2) + HEADER <= (size_t)got && sum(0, ip, 20) == 0xffff);
        *length = big16(ip + 2) - 20;
        must(sum(protocol + *length + sum(0, ip + 12, 8), ip + 20, *length) == 0xffff);
        return ip + 20;
    }
}

static void set_address(unsigned long what, const char *text, struct ifreq r)
{
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

    a->sin_family = AF_INET;
    must(inet_pton(AF_INET, text, &a->sin_addr) == 1 && !ioctl(control(), what, &r));
}

static void job_checksums(void)
{
    static uint8_t data[60000];
    struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(9) };
    struct arpreq arp = { .arp_flags = ATF_COM | ATF_PERM };
    int all, s, one = 1;
    unsigned datagrams = 0, segments = 0;
    size_t length;

    await_interface();
    set_address(SIOCSIFADDR, "10.0.0.1", request());
    set_address(SIOCSIFNETMASK, "255.255.255.0", request());
    must(inet_pton(AF_INET, "10.0.0.2", &peer.sin_addr) == 1);
    memcpy(&arp.arp_pa, &peer, sizeof(peer));
    memcpy(arp.arp_ha.sa_data, neighbour, 6);
    strcpy(arp.arp_dev, INTERFACE);
    must(!ioctl(control(), SIOCSARP, &arp));
    all = open_packets(0x0003);   /* every type */
    must(!setsockopt(all, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)));

    /* Left to the backend by IPv4; segmentation is nobody's but Linux's. */
    must(offload(ETHTOOL_GTXCSUM) == 1 && offload(ETHTOOL_GSG) == 1 && offload(ETHTOOL_GTSO) == 0);
    must((s = socket(AF_INET, SOCK_DGRAM, 0)) >= 0 &&
         !connect(s, (struct sockaddr *)&peer, sizeof(peer)));
    for ( unsigned mtu = ETHERNET; mtu; mtu = mtu == ETHERNET ? LONGEST : 0 )
    {
        set_mtu(mtu);
        for ( size_t size = 0; size <= (mtu == ETHERNET ? 1472 : sizeof(data)); size += size / 8 + 1 )
        {
            const uint8_t *udp;

            fill(data, size, ++datagrams);
            must(send(s, data, size, 0) == (ssize_t)size);
            udp = take_packet(all, IPPROTO_UDP, &length);
            must(length == size + 8 && !memcmp(udp + 8, data, size) && big16(udp + 6) != 0);
        }
    }
    /* Nobody answers: it asks again, and each time a segment comes back. */
    must((s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) >= 0);
    must(connect(s, (struct sockaddr *)&peer, sizeof(peer)) < 0 && errno == EINPROGRESS);
    for ( ; segments < 3; segments++ )
        take_packet(all, IPPROTO_TCP, &length);
    printf("%u datagrams and %u segments came back with right checksums\n", datagrams, segments);
}

/* ------------------------------------------------ interfaces that come and go -- */

struct flow {
    uint64_t number, next;   /* of the next frame sent, and of the next expected */
    uint64_t back, lost;
    unsigned under_way;
};

/*
 * Frames in order and none twice, until `enough` came back; those that do not come are
 * lost.  False: the interface went.
 */
static bool flow(struct flow *f, uint64_t enough)
{
    while ( f->back < enough )
    {
        int64_t got;

        for ( ; f->under_way < UNDER_WAY; f->under_way++, f->number++ )
            if ( !send_frame(f->number, some_length(f->number, ETHERNET + HEADER)) )
                return false;
        got = take_frame(100);
        if ( got == -2 )
            return false;
        if ( got == -1 )
        {
            f->under_way = 0;   /* lost; those that are only late are counted when they come */
            continue;
        }
        if ( (uint64_t)got < f->next )
            end("FAIL: frame %lld when %llu was next", (long long)got,
                (unsigned long long)f->next);
        f->lost += (uint64_t)got - f->next;
        f->next = (uint64_t)got + 1;
        f->back++;
        f->under_way -= f->under_way > 0;
    }
    return true;
}

static void job_hand(void)
{
    struct flow f = { 0 };

    for ( unsigned time = 1; time <= 6; time++ )
    {
        await_interface();
        f = (struct flow){ .number = f.number, .next = f.number };
        must(flow(&f, 2000) && f.lost == 0);
        printf("time %u: flows\n", time);   /* dom0 takes it away */
        must(!flow(&f, UINT64_MAX) && f.lost == 0);   /* but those of the end */
        close(packets);
        for ( unsigned i = 0; if_nametoindex(INTERFACE); i++, nap(20) )
            must(i < 500);
        printf("time %u: gone\n", time);
    }
}

#define KILLS 100000u   /* frames while the backend is killed; then half as many without */

static void job_kill(void)
{
    struct flow f = { 0 };
    uint64_t lost;

    await_interface();
    must(flow(&f, 2000) && f.lost == 0);
    printf("kill now\n");
    must(flow(&f, KILLS));
    printf("kill no more\n");
    nap(3000);   /* one more may be on its way */
    must(flow(&f, KILLS + 2000));
    lost = f.lost;
    must(flow(&f, KILLS + KILLS / 2) && f.lost == lost && lost > 0);
    printf("%llu frames came back, in order and none twice; %llu were lost\n",
           (unsigned long long)f.back, (unsigned long long)f.lost);
}

int main(void)
{
    static const struct { const char *name; void (*run)(void); } jobs[] = {
        { "frames", job_frames }, { "checksums", job_checksums }, { "hand", job_hand },
        { "kill", job_kill },
    };
    const char *job = getenv("job");
    int module = open("/xen-netfront.ko", O_RDONLY);

    setvbuf(stdout, NULL, _IOLBF, 0);
    must(module >= 0 && !syscall(SYS_finit_module, module, "", 0));
    for ( size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++ )
        if ( job && !strcmp(job, jobs[i].name) )
        {
            jobs[i].run();
            end("PASS");
        }
    end("FAIL: no job");
}
