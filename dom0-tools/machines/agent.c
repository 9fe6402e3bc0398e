/*
 * The agent in the lab's dom0: process 1 after init has started Xen's daemons.
 * It waits for a job in the channel (channel.h), runs it, hands back output
 * and files, and ends the machine.
 *
 * The channel is the ivshmem BAR in QEMU.  Bochs has no such device: there it is a disk with
 * the same content, of which `memory` is the agent's copy, read and written by sectors.
 *
 * Static and free of Xen's libraries, so that it is the same small program in
 * every lab root.  What it does between the load of a snapshot and the job's
 * first instruction is part of every run: keep it short and deterministic.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/lab_clock.h"
#include "machines/channel.h"

#define JOB_DIRECTORY "/job"
#define POLL_INTERVAL 2000000   /* nanoseconds between looks at job_state */
#define DISK_TRIES    5000      /* so many of them until the disk must be there */

_Static_assert(sizeof(struct channel_header) <= CHANNEL_SECTOR, "the header is one sector");

static unsigned char *memory;
static struct channel_header *channel;
static int disk = -1;           /* where the channel is one */

/* Keep the disk's copy and ours equal in the sectors of some bytes; 0 or -1 with errno. */
static int transfer(int writing, uint64_t offset, uint64_t length)
{
    uint64_t end = (offset + length + CHANNEL_SECTOR - 1) & ~(uint64_t)(CHANNEL_SECTOR - 1);

    for ( offset &= ~(uint64_t)(CHANNEL_SECTOR - 1); disk >= 0 && offset < end; )
    {
        ssize_t n = writing ? pwrite(disk, memory + offset, end - offset, (off_t)offset)
                            : pread(disk, memory + offset, end - offset, (off_t)offset);

        if ( n <= 0 )
            return -1;
        offset += (uint64_t)n;
    }
    return 0;
}

/*
 * May we write to the port that ends the machine?  Not while a job runs: in a PV dom0 a
 * process with an I/O bitmap, and each that it starts, makes a hypercall at every return to
 * user mode, some 400 instructions that no other host's dom0 executes.
 */
static int allow_end(int allowed)
{
#ifdef __x86_64__
    return ioperm(CHANNEL_EXIT_PORT, 4, allowed);
#else
    (void)allowed;   /* there are no ports: the host ends the machine */
    return 0;
#endif
}

/* A write to isa-debug-exit: QEMU is gone before the next instruction. */
static void __attribute__((noreturn)) end_machine(void)
{
#ifdef __x86_64__
    if ( disk < 0 && allow_end(1) == 0 )
        outb(0, CHANNEL_EXIT_PORT);
#endif
    /* The host ends a machine with a disk, and an ARM64 one, when it reads the last state: process 1
     * must not return. */
    for ( ;; )
        pause();
}

static void publish_state(uint32_t state)
{
    /* Results, error text and files must be seen before the state that
     * announces them. */
    __atomic_store_n(&channel->agent_state, state, __ATOMIC_RELEASE);
    if ( transfer(1, 0, sizeof(*channel)) )
        perror("agent: cannot write to the host's disk");
}

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(channel->error, sizeof(channel->error), format, arguments);
    va_end(arguments);
    publish_state(CHANNEL_FAILED);
    end_machine();
}

static unsigned long read_hex(const char *path)
{
    char text[32];
    unsigned long value = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if ( fd < 0 )
        return 0;
    n = read(fd, text, sizeof(text) - 1);
    if ( n > 0 )
    {
        text[n] = '\0';
        value = strtoul(text, NULL, 16);
    }
    close(fd);
    return value;
}

/* BAR 2 of the ivshmem device through sysfs: needs no driver. */
static void *map_device(void)
{
    glob_t found;
    char path[256];
    void *mapped = MAP_FAILED;

    if ( glob("/sys/bus/pci/devices/*", 0, NULL, &found) )
        return MAP_FAILED;
    for ( size_t i = 0; i < found.gl_pathc && mapped == MAP_FAILED; i++ )
    {
        const char *device = found.gl_pathv[i];
        int fd;

        snprintf(path, sizeof(path), "%s/vendor", device);
        if ( read_hex(path) != CHANNEL_VENDOR )
            continue;
        snprintf(path, sizeof(path), "%s/device", device);
        if ( read_hex(path) != CHANNEL_DEVICE )
            continue;
        /* Without a driver, memory decoding is still off. */
        snprintf(path, sizeof(path), "%s/enable", device);
        fd = open(path, O_WRONLY | O_CLOEXEC);
        if ( fd >= 0 )
        {
            if ( write(fd, "1", 1) != 1 )
                perror("agent: cannot enable the ivshmem device");
            close(fd);
        }
        snprintf(path, sizeof(path), "%s/resource2", device);
        fd = open(path, O_RDWR | O_CLOEXEC);
        if ( fd < 0 )
            continue;
        mapped = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
    }
    globfree(&found);
    return mapped;
}

static void *map_channel(void)
{
    struct timespec interval = { .tv_nsec = POLL_INTERVAL };
    void *copy;

    if ( getenv(EMULATOR_VARIABLE) == NULL )
        return map_device();
    /* The kernel looks for disks in the background.  Past its cache: what the host wrote
     * while we waited must be seen. */
    for ( int i = 0; i < DISK_TRIES && disk < 0; i++ )
    {
        disk = open(CHANNEL_DISK, O_RDWR | O_DIRECT | O_CLOEXEC);
        if ( disk < 0 )
            nanosleep(&interval, NULL);
    }
    if ( disk < 0 )
        return MAP_FAILED;
    copy = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memory = copy;
    return copy == MAP_FAILED || transfer(0, 0, sizeof(*channel)) ? MAP_FAILED : copy;
}

/*
 * QEMU saves of an ARM CPU's timers those of EL0 and EL1, not the hypervisor's, by which Xen, or Linux at EL2, wakes an
 * idle CPU; machines/qemu-arm64/cpu_plugin.c arms it anew with the first instructions after a load.  A machine asleep
 * executes none: it is kept awake.
 */
#ifdef __aarch64__
#define MAY_SLEEP false
#else
#define MAY_SLEEP true
#endif

static void wait_for_job(void)
{
    struct timespec interval = { .tv_nsec = POLL_INTERVAL };

    publish_state(CHANNEL_WAITING);
    /* The host stored the whole job before job_state. */
    while ( __atomic_load_n(&channel->job_state, __ATOMIC_ACQUIRE) != CHANNEL_JOB_SET )
    {
        if ( MAY_SLEEP )
            nanosleep(&interval, NULL);
        if ( transfer(0, 0, sizeof(*channel)) )
            fail("cannot read the host's disk: %s", strerror(errno));
    }
    if ( channel->job_length <= CHANNEL_JOB_SIZE &&
         transfer(0, CHANNEL_JOB, channel->job_length) )
        fail("cannot read the host's disk: %s", strerror(errno));
    publish_state(CHANNEL_RUNNING);
}

/* The next NUL-terminated string of the job area; moves *offset past it. */
static char *next_string(uint64_t *offset, uint64_t end)
{
    char *text = (char *)memory + *offset;
    char *nul = *offset < end ? memchr(text, '\0', end - *offset) : NULL;

    if ( nul == NULL )
        fail("the job's strings are damaged");
    *offset += (uint64_t)(nul - text) + 1;
    /* Copied: the shared memory is no place to hand to execvp. */
    text = strdup(text);
    if ( text == NULL )
        fail("out of memory in dom0");
    return text;
}

static char **next_strings(uint32_t count, uint64_t *offset, uint64_t end)
{
    char **list = calloc((size_t)count + 1, sizeof(*list));

    if ( list == NULL )
        fail("out of memory in dom0");
    for ( uint32_t i = 0; i < count; i++ )
        list[i] = next_string(offset, end);
    return list;
}

static void write_file(const char *name, const unsigned char *data, uint64_t size)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

    if ( fd < 0 )
        fail("cannot write %.100s in dom0: %s", name, strerror(errno));
    while ( size )
    {
        ssize_t n = write(fd, data, size);

        if ( n <= 0 )
            fail("cannot write %.100s in dom0: %s", name, strerror(errno));
        data += n;
        size -= (uint64_t)n;
    }
    close(fd);
}

static void unpack_files(uint32_t count, uint64_t offset, uint64_t end)
{
    for ( uint32_t i = 0; i < count; i++ )
    {
        struct channel_file file;
        char name[256];

        offset = channel_align(offset);
        if ( end - offset < sizeof(file) || offset > end )
            fail("the job's files are damaged");
        memcpy(&file, memory + offset, sizeof(file));
        offset += sizeof(file);
        if ( file.name_length >= sizeof(name) || file.name_length > end - offset )
            fail("the job's files are damaged");
        memcpy(name, memory + offset, file.name_length);
        name[file.name_length] = '\0';
        offset = channel_align(offset + file.name_length);
        if ( offset > end || file.size > end - offset )
            fail("the job's files are damaged");
        write_file(name, memory + offset, file.size);
        offset += file.size;
    }
}

/* Move what can be read now into the stream.  Returns 0 at its end. */
static int drain(int fd, struct channel_stream *stream, uint64_t area, uint64_t capacity)
{
    for ( ;; )
    {
        unsigned char spill[4096];
        uint64_t length = stream->length, room = capacity - length;
        ssize_t n = room ? read(fd, memory + area + length, room < 65536 ? room : 65536)
                         : read(fd, spill, sizeof(spill));

        if ( n == 0 )
            return 0;
        if ( n < 0 )
            return errno == EAGAIN || errno == EINTR;
        if ( room && transfer(1, area + length, (uint64_t)n) == 0 )
            /* The bytes must be seen before the length that covers them: the
             * host copies up to the length it loaded. */
            __atomic_store_n(&stream->length, length + (uint64_t)n, __ATOMIC_RELEASE);
        else
            stream->lost += (uint64_t)n;
        transfer(1, 0, sizeof(*channel));
    }
}

static void make_pipe(int ends[2])
{
    if ( pipe2(ends, O_CLOEXEC) )
        fail("no pipe in dom0: %s", strerror(errno));
    /* Only our end: the command must find ordinary blocking output. */
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

static void __attribute__((noreturn)) run_child(char **argv, int out, int err, int interactive)
{
    setsid();
    if ( interactive )
    {
        int console = open("/dev/hvc0", O_RDWR);

        if ( console >= 0 )
        {
            ioctl(console, TIOCSCTTY, 0);
            dup2(console, 0);
            dup2(console, 1);
            dup2(console, 2);
        }
    }
    else
    {
        int null = open("/dev/null", O_RDONLY);

        if ( null >= 0 )
            dup2(null, 0);
        dup2(out, 1);
        dup2(err, 2);
    }
    signal(SIGCHLD, SIG_DFL);
    execvp(argv[0], argv);
    dprintf(2, "xenometer: dom0 cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? 127 : 126);
}

static void on_child(int signal_number)
{
    (void)signal_number;   /* its arrival ends poll() */
}

/* Reap everything that has ended; true when `child` was among it. */
static int reaped(pid_t child, int *status)
{
    int one, found = 0;
    pid_t pid;

    while ( (pid = waitpid(-1, &one, WNOHANG)) > 0 )
        if ( pid == child )
        {
            *status = one;
            found = 1;
        }
    return found;
}

static int run_command(char **argv, uint32_t flags)
{
    struct sigaction action = { .sa_handler = on_child };
    sigset_t blocked, open_mask;
    int out[2], err[2], status = 0;
    pid_t child;

    make_pipe(out);
    make_pipe(err);
    sigaction(SIGCHLD, &action, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    /* Blocked except inside ppoll: a child that ends between waitpid and ppoll
     * would otherwise be noticed only with the next output. */
    sigprocmask(SIG_BLOCK, &blocked, &open_mask);

    child = fork();
    if ( child < 0 )
        fail("no process in dom0: %s", strerror(errno));
    if ( child == 0 )
    {
        sigprocmask(SIG_SETMASK, &open_mask, NULL);
        run_child(argv, out[1], err[1], flags & CHANNEL_INTERACTIVE);
    }
    close(out[1]);
    close(err[1]);

    while ( !reaped(child, &status) )
    {
        /* A closed pipe is not polled again: it would be readable forever. */
        struct pollfd ready[2] = { { out[0], POLLIN, 0 }, { err[0], POLLIN, 0 } };

        ppoll(ready, 2, NULL, &open_mask);
        if ( ready[0].revents && !drain(out[0], &channel->out, CHANNEL_OUT, CHANNEL_OUT_SIZE) )
            out[0] = -1;
        if ( ready[1].revents && !drain(err[0], &channel->err, CHANNEL_ERR, CHANNEL_ERR_SIZE) )
            err[0] = -1;
    }
    /* What is in the pipes, but not until they close: a daemon the command
     * left behind may hold them open for good. */
    if ( out[0] >= 0 )
        drain(out[0], &channel->out, CHANNEL_OUT, CHANNEL_OUT_SIZE);
    if ( err[0] >= 0 )
        drain(err[0], &channel->err, CHANNEL_ERR, CHANNEL_ERR_SIZE);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Append one file to the files area; its record is there in any case. */
static uint64_t append_file(const char *name, uint64_t offset)
{
    uint64_t end = CHANNEL_FILES + CHANNEL_FILES_SIZE, data;
    size_t name_length = strlen(name);
    struct channel_file file = { .name_length = (uint32_t)name_length };
    struct stat st;
    int fd;

    if ( channel_align(offset + sizeof(file) + name_length) > end )
        fail("the files to fetch have too many names");
    data = channel_align(offset + sizeof(file) + name_length);
    memcpy(memory + offset + sizeof(file), name, name_length);

    fd = open(name, O_RDONLY | O_CLOEXEC);
    if ( fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) )
    {
        file.found = CHANNEL_FILE_TOO_BIG;
        if ( (uint64_t)st.st_size <= end - data )
        {
            ssize_t n = 1;

            while ( file.size < (uint64_t)st.st_size && n > 0 )
            {
                n = read(fd, memory + data + file.size, (uint64_t)st.st_size - file.size);
                if ( n > 0 )
                    file.size += (uint64_t)n;
            }
            file.found = n < 0 ? CHANNEL_FILE_MISSING : CHANNEL_FILE_WHOLE;
        }
    }
    if ( fd >= 0 )
        close(fd);
    memcpy(memory + offset, &file, sizeof(file));
    return channel_align(data + file.size);
}

int main(void)
{
    uint64_t offset = CHANNEL_JOB, end;
    char **argv, **fetch, *path;
    uint32_t fetch_count;

    memory = map_channel();
    if ( memory == MAP_FAILED || (disk < 0 && (allow_end(1) || allow_end(0))) )
    {
        /* As process 1: the kernel panics, and the host shows this line. */
        perror("agent: no channel to the host");
        return 1;
    }
    channel = (struct channel_header *)memory;
    wait_for_job();

    if ( channel->magic != CHANNEL_MAGIC || channel->version != CHANNEL_VERSION )
        fail("the lab's agent and this program are of different versions");
    end = CHANNEL_JOB + channel->job_length;
    if ( channel->job_length > CHANNEL_JOB_SIZE || channel->argument_count == 0 ||
         channel->argument_count > 65536 || channel->fetch_count > 65536 )
        fail("the job is damaged");
    argv = next_strings(channel->argument_count, &offset, end);
    fetch_count = channel->fetch_count;
    fetch = next_strings(fetch_count, &offset, end);

    if ( (mkdir(JOB_DIRECTORY, 0755) && errno != EEXIST) || chdir(JOB_DIRECTORY) )
        fail("no job directory in dom0: %s", strerror(errno));
    unpack_files(channel->push_count, offset, end);
    if ( asprintf(&path, JOB_DIRECTORY ":%s", getenv("PATH") ? getenv("PATH") : "/usr/bin") > 0 )
        setenv("PATH", path, 1);

    channel->exit_status = run_command(argv, channel->flags);

    offset = CHANNEL_FILES;
    for ( uint32_t i = 0; i < fetch_count; i++ )
        offset = append_file(fetch[i], offset);
    channel->files_length = offset - CHANNEL_FILES;
    if ( transfer(1, CHANNEL_FILES, channel->files_length) )
        fail("cannot write to the host's disk: %s", strerror(errno));
    publish_state(CHANNEL_DONE);
    end_machine();
}
