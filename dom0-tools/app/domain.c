#include "app/domain.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <xenometer/protocol.h>

/* For who reads the console, in dom0, to have read it: its work is none of the next row's. */
#define PAUSE_NS 50000000l
/* What the kernel still does after boot. */
#define SETTLE_S 2

static int console = -1;
static int ports = -1;       /* /dev/port: results go by port; -1: by the console */

static void wait_for(time_t seconds, long nanoseconds)
{
    const struct timespec t = { .tv_sec = seconds, .tv_nsec = nanoseconds };

    nanosleep(&t, NULL);
}

static void __attribute__((noreturn)) fail(const char *what)
{
    dprintf(console, "%s\n", what);
    domain_end();
}

static void loopback_up(void)
{
    struct ifreq request = { .ifr_name = "lo" };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if ( fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &request) == 0 )
    {
        request.ifr_flags |= IFF_UP | IFF_RUNNING;
        ioctl(fd, SIOCSIFFLAGS, &request);   /* rows that need it say what they lack */
    }
    if ( fd >= 0 )
        close(fd);
}

/* Bytes go through as they are. */
static void console_raw(void)
{
    struct termios raw;

    if ( tcgetattr(console, &raw) == 0 )
    {
        cfmakeraw(&raw);
        tcsetattr(console, TCSANOW, &raw);
    }
}

bool domain_begin(const char *option)
{
    bool by_port = !strcmp(option, DOMAIN_BY_PORT);
    int fd;

    if ( !by_port && strcmp(option, DOMAIN_BY_CONSOLE) != 0 )
        return false;
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    console = open(by_port ? "/dev/console" : "/dev/hvc0", O_RDWR | O_NOCTTY | O_CLOEXEC);
    fd = open(DOMAIN_COMMANDS, O_RDONLY);
    if ( fd < 0 || dup2(fd, STDIN_FILENO) < 0 )
        fail("no " DOMAIN_COMMANDS);
    if ( fd != STDIN_FILENO )
        close(fd);
    if ( by_port && (ports = open("/dev/port", O_WRONLY | O_CLOEXEC)) < 0 )
        fail("no access to ports");
    loopback_up();
    wait_for(SETTLE_S, 0);
    if ( !by_port )
    {
        console_raw();
        dprintf(console, DOMAIN_RESULTS "\n");
    }
    return true;
}

void domain_give(const void *data, size_t size)
{
    const char *at = data;

    /*
     * The kernel's OUT.  A process with access to ports of its own would have its bitmap loaded on the way out
     * of each system call, 52 instructions; and QEMU's TCG does not find the bitmap any more once KVM's monitor
     * has written the registers back (the task's segment is busy then, and check_io() takes none such).
     */
    for ( ; ports >= 0 && size; size-- )
        if ( pwrite(ports, at++, 1, BARE_RESULT_PORT) != 1 )
            domain_end();
    if ( ports >= 0 )
        return;
    while ( size )
    {
        ssize_t n = write(console, at, size);

        if ( n <= 0 )
            domain_end();
        at += n;
        size -= (size_t)n;
    }
    tcdrain(console);
    wait_for(0, PAUSE_NS);
}

void domain_end(void)
{
    if ( console >= 0 && ports < 0 )
        tcdrain(console);
    wait_for(0, PAUSE_NS);
    if ( ports >= 0 && pwrite(ports, "", 1, BARE_EXIT_PORT) == 1 )
        _exit(0);   /* not reached: the monitor is gone */
    reboot(RB_POWER_OFF);
    _exit(1);
}
