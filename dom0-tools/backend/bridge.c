#include "backend/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xenometer.h"

static int control(unsigned long request, void *argument)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), result = -1, saved;

    if ( fd >= 0 )
        result = ioctl(fd, request, argument);
    saved = errno;
    if ( fd >= 0 )
        close(fd);
    errno = saved;
    return result;
}

static struct ifreq named(const char *interface)
{
    struct ifreq r = { 0 };

    snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
    return r;
}

static char *complaint(const char *what, const char *interface)
{
    return xasprintf("cannot %s %s: %s", what, interface, strerror(errno));
}

static bool set_up(const char *interface, bool up)
{
    struct ifreq r = named(interface);

    if ( control(SIOCGIFFLAGS, &r) )
        return false;
    r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
    return !control(SIOCSIFFLAGS, &r);
}

static bool set_address(const char *interface, const unsigned char address[6])
{
    struct ifreq r = named(interface);

    r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(r.ifr_hwaddr.sa_data, address, 6);
    return !control(SIOCSIFHWADDR, &r);
}

/* Where there is no IPv6 there is nothing to silence. */
static void silence(const char *interface)
{
    char path[80];
    int fd;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if ( fd < 0 )
        return;
    if ( write(fd, "1", 1) != 1 )
        progress("%s: %s", path, strerror(errno));
    close(fd);
}

bool bridge_exists(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", name);
    return strlen(name) < IFNAMSIZ && !access(path, F_OK);
}

char *bridge_make(const char *name)
{
    struct ifreq r = named(name);
    char *error = NULL;

    if ( control(SIOCBRADDBR, r.ifr_name) )
        return complaint("make a bridge", name);
    silence(name);
    /* Setting its own address keeps it: otherwise it is the lowest of its ports'. */
    if ( control(SIOCGIFHWADDR, &r) ||
         !set_address(name, (unsigned char *)r.ifr_hwaddr.sa_data) || !set_up(name, true) )
        error = complaint("set up", name);
    if ( error )
        free(bridge_remove(name));
    return error;
}

char *bridge_remove(const char *name)
{
    struct ifreq r = named(name);

    set_up(name, false);   /* one that is up stays */
    return control(SIOCBRDELBR, r.ifr_name) ? complaint("remove the bridge", name) : NULL;
}

char *bridge_join(const char *bridge, const char *interface)
{
    static const unsigned char highest[6] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff };
    struct ifreq r = named(bridge);

    r.ifr_ifindex = (int)if_nametoindex(interface);
    silence(interface);
    if ( !r.ifr_ifindex || !set_address(interface, highest) || control(SIOCBRADDIF, &r) ||
         !set_up(interface, true) )
        return xasprintf("cannot join %s to the bridge %s: %s", interface, bridge,
                         strerror(errno));
    return NULL;
}
