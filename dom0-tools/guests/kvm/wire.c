/*
 * A wire for the network cards of a QEMU under KVM: taps on a bridge, and the neighbour on it that sends our frames
 * back (backend/reflector.c), as they are under Xen.  All of it is in a network namespace of its own, which ends
 * with the last process in it: nothing of it is to be seen on the host, and nothing is left, whoever is killed.
 * Who is not root has a user namespace for that.
 *
 * Try it: build/xenometer-wire 3 sh -c 'ls -l /proc/self/fd; ip link'
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "backend/bridge.h"
#include "backend/reflector.h"
#include "guests/kvm/wire.h"
#include "lib/child.h"
#include "xenometer.h"

#define BRIDGE "xmbr"
#define TUN    "/dev/net/tun"

/* A tap as QEMU makes its own (net/tap-linux.c): Ethernet's frames, behind virtio's headers. */
static int make_tap(unsigned number, char **error)
{
    struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
    int fd = open(TUN, O_RDWR | O_CLOEXEC);

    snprintf(r.ifr_name, sizeof(r.ifr_name), "xmt%u", number);
    if ( fd < 0 || ioctl(fd, TUNSETIFF, &r) )
        *error = xasprintf("cannot make a tap: %s: %s", TUN, strerror(errno));
    else
        *error = bridge_join(BRIDGE, r.ifr_name);
    return fd;
}

static struct reflector *make(unsigned count, int *taps, char **error)
{
    *error = NULL;
    if ( unshare(CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0)) )
        *error = xasprintf("cannot have a network namespace: %s", strerror(errno));
    else
        *error = bridge_make(BRIDGE);
    for ( unsigned i = 0; i < count && !*error; i++ )
        taps[i] = make_tap(i, error);
    return *error ? NULL : reflector_new(BRIDGE, error);
}

int main(int argc, char *argv[])
{
    int count = argc > 2 ? atoi(argv[1]) : 0, taps[WIRE_TAPS_MAX], numbers[WIRE_TAPS_MAX], failed;
    struct reflector *reflector;
    struct child child;
    char *error;

    if ( count < 1 || count > WIRE_TAPS_MAX )
    {
        message("usage: %s TAPS PROGRAM [ARGUMENT...]", argv[0]);
        return STATUS_USAGE;
    }
    reflector = make((unsigned)count, taps, &error);
    if ( !reflector )
    {
        message("%s", error);
        free(error);
        return STATUS_ENVIRONMENT;
    }
    for ( int i = 0; i < count; i++ )
        numbers[i] = WIRE_TAP + i;
    failed = child_start(&child, &(struct child_start){
        .argv = (const char *const *)argv + 2, .stdin_fd = 0, .stdout_fd = 1, .stderr_fd = 2,
        .keep = taps, .numbers = numbers, .keep_count = (size_t)count });
    if ( failed )
    {
        message("cannot start %s: %s", argv[2], strerror(failed));
        return STATUS_ENVIRONMENT;
    }
    /* Theirs alone: a tap whose owner has gone is gone. */
    for ( int i = 0; i < count; i++ )
        close(taps[i]);
    while ( !child_wait(&child, INT_MAX) )   /* nobody is woken meanwhile */
        continue;
    reflector_free(reflector);
    return child_exit_status(&child);
}
