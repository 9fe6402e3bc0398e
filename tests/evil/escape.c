/*
 * What a serving process could do if a domain had taken it over: tried from inside, by what a row
 * of the domain asks for (tests/image/rows/evil_ring.c), and refused by backend/confine.c.
 */
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags, 0600);

    if ( fd >= 0 )
        close(fd);
    return fd >= 0;
}

static bool forks(void)
{
    pid_t pid = fork();

    if ( pid == 0 )
        _exit(0);
    return pid > 0;
}

/* Where it works, nobody answers the row any more. */
static bool executes(void)
{
    char *const argv[] = { "true", NULL };

    execve("/bin/true", argv, NULL);
    execve("/bin/busybox", argv, NULL);
    return false;
}

static bool makes_socket(int family, int type)
{
    int fd = socket(family, type, 0);

    if ( fd >= 0 )
        close(fd);
    return fd >= 0;
}

static bool runs_data(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page != MAP_FAILED && !mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static bool maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool injects(void)
{
    char c = 'x';

    return !ioctl(STDIN_FILENO, TIOCSTI, &c) || errno != EPERM;
}

bool escape(enum escape way)
{
    errno = 0;
    switch ( way )
    {
    case ESCAPE_READ:     return opens("/proc/self/maps", O_RDONLY) || opens("/bin/busybox", O_RDONLY);
    case ESCAPE_WRITE:    return opens("/tmp/escaped", O_WRONLY | O_CREAT);
    case ESCAPE_MEMORY:   return opens("/dev/mem", O_RDWR);
    case ESCAPE_FORK:     return forks();
    case ESCAPE_EXECUTE:  return executes();
    case ESCAPE_NETWORK:  return makes_socket(AF_INET, SOCK_STREAM) || makes_socket(AF_NETLINK, SOCK_RAW);
    case ESCAPE_CONNECT:  return makes_socket(AF_UNIX, SOCK_STREAM);
    case ESCAPE_KILL:     return !kill(1, 0);
    case ESCAPE_TRACE:    return !ptrace(PTRACE_ATTACH, 1, NULL, NULL);
    case ESCAPE_DATA:     return runs_data();
    case ESCAPE_CODE:     return maps_code();
    case ESCAPE_MOUNT:    return !mount("none", "/tmp", "tmpfs", 0, NULL);
    case ESCAPE_NAMESPACE: return !unshare(CLONE_NEWUSER);
    case ESCAPE_MODULE:   return !syscall(SYS_init_module, "", 0, "") || errno != EPERM;
    case ESCAPE_REMOVE:   return !unlink("/job/pv.cfg");
    case ESCAPE_MODE:     return !chmod("/job/pv.cfg", 0777);
    case ESCAPE_RING:     return syscall(SYS_io_uring_setup, 1, NULL) >= 0 || errno != EPERM;
    case ESCAPE_TERMINAL: return injects();
    case ESCAPE_PRIVILEGE: return !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    case ESCAPE_ROOT:     return !syscall(SYS_setuid, 0) || !geteuid();
    case ESCAPE_NODE:     return opens("/dev/xen/privcmd", O_RDWR);
    case ESCAPES: break;
    }
    return false;
}
