#include "backend/confine.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "xenometer.h"

static bool unconfined(void)
{
    const char *text = getenv("XENOMETER_UNCONFINED");

    return text && *text && strcmp(text, "0");
}

int confine_or_complain(bool done, char *trouble)
{
    if ( !done )
        message("cannot give up privileges: %s; XENOMETER_UNCONFINED=1 serves with all of them",
                trouble);
    free(trouble);
    return done ? STATUS_OK : STATUS_ENVIRONMENT;
}

/* --------------------------------------------------------- capabilities -- */

#define DAC (1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH)

/* All but `kept`; also those that a program with set-user-id would get. */
static bool drop_capabilities(uint32_t kept)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct rest[_LINUX_CAPABILITY_U32S_3] = { { kept, kept, 0 } };

    for ( int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++ )
        if ( prctl(PR_CAPBSET_DROP, c, 0, 0, 0) && errno != EPERM )
            return false;
    /* Who is not root has none to give up, and may not give itself any. */
    return !syscall(SYS_capset, &header, rest) || errno == EPERM;
}

/* Of Xen's devices and of most images root is the owner: then none is needed to open them. */
static uint32_t needed_for(const char *file)
{
    struct stat st;

    return file && stat(file, &st) == 0 && st.st_uid != geteuid() ? DAC : 0;
}

/* ----------------------------------------------------------------- user -- */

#define IDS (1u << CAP_SETUID | 1u << CAP_SETGID)

/* Linux's overflow user, whom most systems call nobody: it owns nothing. */
#define NOBODY 65534u

static uid_t user = NOBODY;
static gid_t group = NOBODY;

const char *confine_user(void)
{
    const struct passwd *entry = getpwnam(CONFINE_USER);

    user = entry && entry->pw_uid ? entry->pw_uid : NOBODY;
    group = entry && entry->pw_uid ? entry->pw_gid : NOBODY;
    return user == NOBODY ? "nobody" : CONFINE_USER;
}

/* All threads; with root's user the kernel takes what is left of its capabilities. */
static bool leave_root(void)
{
    return geteuid() || (!setgroups(0, NULL) && !setresgid(group, group, group) &&
                         !setresuid(user, user, user));
}

/* ------------------------------------------------------------- Landlock -- */

/* linux/landlock.h of newer kernels than the headers may be of. */
#define FS_TRUNCATE  (1ull << 14)   /* ABI 3 */
#define FS_IOCTL_DEV (1ull << 15)   /* ABI 5 */
#define NET_TCP      3ull           /* bind and connect: ABI 4 */
#define SCOPES       3ull           /* abstract sockets and signals of others: ABI 6 */
struct ruleset {
    uint64_t fs, net, scoped;
};

static const char devices[] = "/dev/xen";

int confine_landlock(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

/* All that a ruleset of this ABI can refuse. */
static struct ruleset refusable(int abi)
{
    struct ruleset r = { .fs = (1ull << 13) - 1 };

    if ( abi >= 2 )
        r.fs |= LANDLOCK_ACCESS_FS_REFER;
    if ( abi >= 3 )
        r.fs |= FS_TRUNCATE;
    if ( abi >= 5 )
        r.fs |= FS_IOCTL_DEV;
    if ( abi >= 4 )
        r.net = NET_TCP;
    if ( abi >= 6 )
        r.scoped = SCOPES;
    return r;
}

static bool allow(int ruleset, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    bool done;
    struct stat st;

    if ( rule.parent_fd < 0 )
        return errno == ENOENT;   /* then there is nothing to open */
    /* Rights of directories cannot be given to a file. */
    if ( fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode) )
        rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
    rule.allowed_access = rights;
    done = !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    return done;
}

bool confine_files(const char *file, bool writable, char **trouble)
{
    int abi = confine_landlock(), fd;
    struct ruleset r = refusable(abi);
    /* Before ABI 4 the structure ends with the rights to files, before ABI 6 with TCP's. */
    size_t size = abi >= 6 ? sizeof(r) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    uint64_t change = (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE) & r.fs;
    bool done;

    *trouble = NULL;
    /* libxenstore ends its thread with pthread_cancel(), for which libc loads this, or aborts. */
    dlopen("libgcc_s.so.1", RTLD_NOW);
    if ( unconfined() )
        return true;
    confine_user();
    if ( prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !drop_capabilities(IDS | needed_for(file)) )
    {
        *trouble = xasprintf("capabilities: %s", strerror(errno));
        return false;
    }
    if ( !abi )
        return true;
    fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
    done = fd >= 0 &&
           allow(fd, devices, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                                  (r.fs & FS_IOCTL_DEV)) &&
           (!file || allow(fd, file, LANDLOCK_ACCESS_FS_READ_FILE | (r.fs & FS_IOCTL_DEV) |
                                         (writable ? change : 0))) &&
           !syscall(SYS_landlock_restrict_self, fd, 0);
    if ( !done )
        *trouble = xasprintf("Landlock: %s", strerror(errno));
    if ( fd >= 0 )
        close(fd);
    return done;
}

/* -------------------------------------------------------------- seccomp -- */

bool confine_seccomp(void)
{
    const uint32_t action = SECCOMP_RET_ERRNO;

    return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

/* What the loop, libxen*, libxenstore's thread, the C library and messages take. */
static const int calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(fdatasync), SCMP_SYS(fsync),
    SCMP_SYS(fallocate), SCMP_SYS(lseek), SCMP_SYS(openat), SCMP_SYS(close), SCMP_SYS(fstat),
    SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(readlink), SCMP_SYS(fcntl),
    SCMP_SYS(flock), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(mlock), SCMP_SYS(munlock), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_ctl), SCMP_SYS(io_uring_enter), SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select),
    SCMP_SYS(pselect6), SCMP_SYS(timerfd_settime), SCMP_SYS(alarm), SCMP_SYS(setitimer),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(sigaltstack), SCMP_SYS(futex),
    SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sysinfo),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(geteuid), SCMP_SYS(getuid), SCMP_SYS(getrandom),
    SCMP_SYS(bind), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg), SCMP_SYS(uname), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* ioctl requests by the letter in them (ioctl(2)): privcmd, evtchn, gntdev. */
static const char ioctl_types[] = { 'P', 'E', 'G' };
/* And these: is stdout a terminal, and how wide. */
static const unsigned long terminal[] = { 0x5401 /* TCGETS */, 0x5413 /* TIOCGWINSZ */ };

#define ALLOW(call, ...) (!seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(call), __VA_ARGS__))

static bool add_rules(scmp_filter_ctx filter)
{
    bool done = true;

    for ( size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && done; i++ )
        done = !seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    for ( size_t i = 0; i < sizeof(ioctl_types) && done; i++ )
        done = ALLOW(ioctl, 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00, (uint64_t)ioctl_types[i] << 8));
    for ( size_t i = 0; i < sizeof(terminal) / sizeof(terminal[0]) && done; i++ )
        done = ALLOW(ioctl, 1, SCMP_A1(SCMP_CMP_EQ, terminal[i]));
    /* Nothing becomes code; a claim on a device is an unconnected socket; abort() of ourselves. */
    return done && ALLOW(mmap, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           ALLOW(mprotect, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) &&
           ALLOW(socket, 2, SCMP_A0(SCMP_CMP_EQ, AF_UNIX),
                 SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM)) &&
           ALLOW(tgkill, 1, SCMP_A0(SCMP_CMP_EQ, (uint64_t)getpid()));
}

bool confine_calls(char **trouble)
{
    scmp_filter_ctx filter;
    int error;

    *trouble = NULL;
    if ( unconfined() )
        return true;
    if ( !leave_root() || !drop_capabilities(0) )
    {
        *trouble = xasprintf("capabilities: %s", strerror(errno));
        return false;
    }
    if ( !confine_seccomp() )
        return true;   /* a kernel without: doctor says so */
    filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    /* With libxenstore's thread; and what is refused stands in the kernel's log (type 1326). */
    error = !filter ? ENOMEM : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) ||
                               seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1) || !add_rules(filter)
                                   ? EINVAL : -seccomp_load(filter);
    if ( filter )
        seccomp_release(filter);
    if ( error )
        *trouble = xasprintf("seccomp: %s", strerror(error));
    return !error;
}
