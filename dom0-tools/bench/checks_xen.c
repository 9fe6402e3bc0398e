/*
 * Is this machine a Xen host that can run our domains? (checks.h)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend/confine.h"
#include "backend/events.h"
#include "backend/loop.h"
#include "bench/checks.h"
#include "lib/files.h"
#include "measure/environment.h"
#include "xenometer.h"

#define GROUP "xen"

static void check_root(struct checks *checks)
{
    if ( geteuid() == 0 )
        checks_add(checks, GROUP, "root", CHECK_OK, NULL, "yes");
    else
        checks_add(checks, GROUP, "root", CHECK_MISSING,
                   "start xenometer with sudo", "no; driving Xen needs it");
}

static void check_nodes(struct checks *checks)
{
    static const struct {
        const char *path, *module;
    } nodes[] = {
        { "/dev/xen/privcmd", "modprobe xen-privcmd" },
        { "/dev/xen/evtchn", "modprobe xen-evtchn" },
        { "/dev/xen/gntdev", "modprobe xen-gntdev" },
    };

    for ( size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++ )
    {
        if ( access(nodes[i].path, F_OK) != 0 )
            checks_add(checks, GROUP, "device", CHECK_MISSING, nodes[i].module,
                       "%s is not there", nodes[i].path);
        else if ( access(nodes[i].path, R_OK | W_OK) != 0 )
            checks_add(checks, GROUP, "device", CHECK_MISSING,
                       "start xenometer with sudo", "%s: %s", nodes[i].path,
                       strerror(errno));
        else
            checks_add(checks, GROUP, "device", CHECK_OK, NULL, "%s",
                       nodes[i].path);
    }
}

/* Does anybody accept a connection there? */
static bool answers(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes;

    if ( fd < 0 )
        return false;
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    yes = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return yes;
}

static void check_xenstored(struct checks *checks)
{
    if ( answers("/run/xenstored/socket") ||
         answers("/var/run/xenstored/socket") )
        checks_add(checks, GROUP, "xenstored", CHECK_OK, NULL,
                   "answers on its socket");
    else if ( access("/dev/xen/xenbus", R_OK | W_OK) == 0 )
        checks_add(checks, GROUP, "xenstored", CHECK_NOTE,
                   "systemctl start xenstored, unless it runs in a domain",
                   "no socket; /dev/xen/xenbus is there");
    else
        checks_add(checks, GROUP, "xenstored", CHECK_MISSING,
                   "systemctl start xenstored", "does not answer");
}

static void check_xl(struct checks *checks)
{
    static const char *const argv[] = { "xl", "info", NULL };
    char *info, *caps, *version;

    if ( !program_exists("xl") )
    {
        checks_add(checks, GROUP, "xl", CHECK_MISSING,
                   "apt-get install xen-utils", "is not installed");
        return;
    }
    info = program_output(argv);
    if ( info == NULL )
    {
        checks_add(checks, GROUP, "xl", CHECK_MISSING,
                   "see what `xl info` says", "`xl info` fails");
        return;
    }
    version = output_value(info, "xen_version");
    caps = output_value(info, "virt_caps");
    checks_add(checks, GROUP, "xl", CHECK_OK, NULL, "works, Xen %s",
               version ? version : "of unknown version");
    if ( caps != NULL && strstr(caps, "hvm") != NULL )
        checks_add(checks, GROUP, "modes", CHECK_OK, NULL, "%s", caps);
    else
        checks_add(checks, GROUP, "modes", CHECK_NOTE,
                   "enable VT-x or SVM in the firmware, if the CPU has it",
                   "PV only: PVH and HVM rows will be skipped (%s)",
                   caps ? caps : "virt_caps unknown");
    free(info);
    free(version);
    free(caps);
}

/* After an upgrade that took the running kernel's modules away, nothing can be loaded until a reboot. */
static void check_modules(struct checks *checks)
{
    struct utsname kernel;
    char *directory;

    if ( uname(&kernel) )
        return;
    directory = path_in("/lib/modules", kernel.release);
    if ( access(directory, F_OK) == 0 )
        checks_add(checks, GROUP, "modules", CHECK_OK, NULL, "%s", directory);
    else
        checks_add(checks, GROUP, "modules", CHECK_NOTE, "reboot into a kernel that is installed",
                   "%s is not there: the running kernel's drivers that are not loaded yet (blkback, netback, "
                   "brd) cannot be, and their rows are skipped", directory);
    free(directory);
}

/* What a serving process gives up here (backend/confine.h). */
static void check_confinement(struct checks *checks)
{
    int abi = confine_landlock();

    if ( abi && confine_seccomp() )
        checks_add(checks, GROUP, "confinement", CHECK_OK, NULL, "backend, disk and net serve as user %s "
                   "without capabilities, under a filter of system calls and Landlock (ABI %d)",
                   confine_user(), abi);
    else
        checks_add(checks, GROUP, "confinement", CHECK_NOTE,
                   "boot a kernel with both, and lsm= with landlock in it",
                   "backend, disk and net serve as user %s without capabilities; this kernel has %s",
                   confine_user(), abi ? "no filters of system calls" : confine_seccomp() ? "no Landlock"
                                                      : "neither Landlock nor filters of system calls");
}

/* What every path through a process of ours begins with (backend/events.h). */
static void check_events(struct checks *checks)
{
    struct loop loop;
    struct events *events;

    if ( geteuid() != 0 || loop_open(&loop) != STATUS_OK )
        return;   /* said above, or just now */
    events = events_open(&loop);
    if ( events && events_by_read(events) )
        checks_add(checks, GROUP, "events", CHECK_OK, NULL, "the backend sleeps in a read of "
                   "/dev/xen/evtchn");
    else if ( events )
        checks_add(checks, GROUP, "events", CHECK_NOTE, "allow this process threads (ulimit -u)",
                   "the backend waits by epoll: paths that it answers cost more than where it reads");
    events_close(events);
    loop_close(&loop);
}

bool checks_xen(struct checks *checks)
{
    char *why_not = NULL;

    if ( !environment_is_xen(&why_not) )
    {
        checks_add(checks, GROUP, "dom0", CHECK_MISSING, NULL, "%s",
                   why_not ? why_not : "this machine is no Xen dom0");
        free(why_not);
        return false;
    }
    free(why_not);
    checks_add(checks, GROUP, "dom0", CHECK_OK, NULL, "this is a Xen dom0");
    check_root(checks);
    check_nodes(checks);
    check_xenstored(checks);
    check_xl(checks);
    check_modules(checks);
    check_events(checks);
    check_confinement(checks);
    return true;
}
