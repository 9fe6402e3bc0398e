#include "guests/host_batch.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalogue/column.h"
#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/lab.h"
#include "xenometer.h"

/* In TMPDIR, or /tmp. */
#define DIRECTORY "xenometer-XXXXXX"
#define ELSEWHERE "name a directory with TMPDIR that has 32 MB free, and may have programs"

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    bool found = false;

    for ( const char *at = path ? path : "/usr/bin:/bin"; *at && !found; at += *at == ':' )
    {
        size_t length = strcspn(at, ":");
        char *file = xasprintf("%.*s/%s", (int)length, at, program);

        found = access(file, X_OK) == 0;
        free(file);
        at += length;
    }
    return found;
}

/* "root", "cgroup2", "userns", a device, or a program. */
static bool is_there(const char *word, char *why, size_t size)
{
    if ( !strcmp(word, "root") )
    {
        snprintf(why, size, "it needs root's privileges: run this with sudo");
        return geteuid() == 0;
    }
    if ( !strcmp(word, "cgroup2") )
    {
        snprintf(why, size, "its runtime needs cgroup v2 alone at /sys/fs/cgroup, and this machine has v1");
        return access("/sys/fs/cgroup/cgroup.controllers", R_OK) == 0;
    }
    if ( !strcmp(word, "userns") )
    {
        char *most = read_whole_file("/proc/sys/user/max_user_namespaces", NULL);
        bool none = !most || atoi(most) == 0;

        free(most);
        snprintf(why, size, "it has a user namespace of its own, and this machine allows none: sysctl "
                            "user.max_user_namespaces");
        return !none;
    }
    if ( *word == '/' )
    {
        bool there = access(word, R_OK | W_OK) == 0;

        if ( errno == EACCES )
            snprintf(why, size, "%s: %s: run this with sudo, or as a user of its group", word, strerror(errno));
        else
            snprintf(why, size, "%s: %s: its driver is not loaded, or the CPU's virtualization is off in the firmware",
                     word, strerror(errno));
        return there;
    }
    snprintf(why, size, "there is no %s on this machine: install it, or use the lab: --host=lab", word);
    return in_path(word);
}

const char *host_batch_impossible(const struct column *column)
{
    static char why[160];
    char *words, *rest, *word;
    bool there = true;

    if ( !column->here )
        return "it is measured in the lab only: --host=lab";
    rest = words = xstrdup(column->here);
    while ( there && (word = strsep(&rest, " ")) != NULL )
        there = !*word || is_there(word, why, sizeof(why));
    free(words);
    return there ? NULL : why;
}

const char *host_batch_no_second_cpu(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof(set), &set) || CPU_COUNT(&set) < 2
           ? "it needs two CPUs, one for each vCPU, and this process may use one" : NULL;
}

static int put_file(const char *directory, const struct lab_file *file)
{
    size_t size = file->size;
    char *read = file->data ? NULL : read_whole_file(file->host_path, &size);
    char *path = path_in(directory, file->name);
    int error = file->data || read ? write_whole_file(path, file->data ? file->data : read, size, 0755)
                                   : errno;

    if ( error )
        message("cannot write %s: %s: " ELSEWHERE, path, strerror(error));
    free(path);
    free(read);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* As in the lab there is one CPU: what wakes another thread does not wake another CPU.  Two for two vCPUs. */
static void use_cpus(int count, cpu_set_t *before)
{
    cpu_set_t own;
    int here = sched_getcpu();

    CPU_ZERO(&own);
    CPU_SET(here < 0 ? 0 : here, &own);
    sched_getaffinity(0, sizeof(*before), before);
    for ( int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&own) < count; cpu++ )
        if ( CPU_ISSET(cpu, before) )
            CPU_SET(cpu, &own);
    sched_setaffinity(0, sizeof(own), &own);
}

static void tell_group(int pipe, pid_t group)
{
    /* A guard that is gone has nothing to tidy up. */
    if ( write(pipe, &group, sizeof(group)) < 0 )
        progress("nobody stands guard: %s", strerror(errno));
}

/* `group`: a pipe that is told the process group which runs the batch, and 0 once it has ended. */
static int run(struct batch *b, const char *directory, const char *script, const char *what, int group,
               int out, int err)
{
    char *whole = xasprintf("exec 0<commands; %s", script), *ending;
    const char *const argv[] = { "unshare", "--mount", "--propagation", "private", "sh", "-c", whole,
                                 NULL };
    uint64_t until = now_ms() + (uint64_t)b->deadline * 1000;
    struct child child;
    cpu_set_t cpus;
    int error, status = STATUS_OK;

    use_cpus(b->needs & DOMAIN_SMP ? 2 : 1, &cpus);
    /* Who may mount nothing has nothing to be kept from others. */
    error = child_start(&child, &(struct child_start){
        .argv = geteuid() == 0 ? argv : argv + 4, .directory = directory,
        .stdin_fd = -1, .stdout_fd = out, .stderr_fd = err });
    sched_setaffinity(0, sizeof(cpus), &cpus);
    free(whole);
    if ( error )
    {
        message("cannot start a shell: %s", strerror(error));
        return STATUS_ENVIRONMENT;
    }
    tell_group(group, child.pid);
    while ( !child_wait(&child, 100) && status == STATUS_OK )
        status = cancelled() ? cancelled() : now_ms() > until ? STATUS_DEADLINE : STATUS_OK;
    if ( child.ended && child_exit_status(&child) )
    {
        ending = child_ending(&child);
        dprintf(err, "%s %s", what, ending);
        free(ending);
    }
    child_kill(&child);
    tell_group(group, 0);
    if ( status == STATUS_DEADLINE )
        message("the deadline of %u s passed", b->deadline);
    return status;
}

/* ------------------------------------------------------------------- end -- */

/* What outlives us, and then tidies up, were we killed: a process, until the pipe to it is closed. */
struct guard {
    pid_t pid;
    int pipe;
};

static void __attribute__((noreturn)) stand_guard(const char *directory, int pipe)
{
    static const char *const argv[] = { "sh", HOST_UNDO, NULL };
    struct child_start undo = { .argv = argv, .directory = directory, .stdin_fd = -1, .stdout_fd = -1,
                                .stderr_fd = -1 };
    struct child child;
    char *path = path_in(directory, HOST_UNDO);
    pid_t group = 0, told;
    ssize_t n;

    setsid();   /* a terminal's Ctrl-C is not for us */
    while ( (n = read(pipe, &told, sizeof(told))) > 0 || (n < 0 && errno == EINTR) )
        group = n > 0 ? told : group;
    /* The shell died with who started it; not so what it waited for. */
    if ( group > 0 )
        kill(-group, SIGKILL);
    if ( access(path, R_OK) == 0 && child_start(&child, &undo) == 0 )
        while ( !child_wait(&child, 1000) )
            ;
    remove_tree(directory);
    _exit(0);
}

static bool guard_begin(struct guard *g, const char *directory)
{
    int ends[2];

    g->pid = -1;
    if ( pipe2(ends, O_CLOEXEC) )
        return false;
    g->pid = fork();
    if ( g->pid == 0 )
    {
        close(ends[1]);
        stand_guard(directory, ends[0]);
    }
    close(ends[0]);
    g->pipe = ends[1];
    return g->pid > 0;
}

static void guard_end(struct guard *g)
{
    close(g->pipe);
    while ( waitpid(g->pid, NULL, 0) < 0 && errno == EINTR )
        ;
}

int host_batch(struct batch *b, const char *script, const struct lab_file *files, size_t count,
               const char *what)
{
    const struct lab_file commands = { .name = "commands", .data = b->commands, .size = b->size };
    const char *temporary = getenv("TMPDIR");
    char *directory = path_in(temporary && *temporary ? temporary : "/tmp", DIRECTORY);
    int out = memory_file("results", 0), err = memory_file("console", 0);
    int status = out < 0 || err < 0 ? STATUS_ENVIRONMENT : STATUS_OK;
    struct statvfs fs;
    struct guard guard;

    /* Who is root in a user namespace of ours is a stranger here, and has his files in it. */
    if ( status == STATUS_OK && (!mkdtemp(directory) || chmod(directory, 0711)) )
    {
        message("cannot make %s: %s: " ELSEWHERE, directory, strerror(errno));
        status = STATUS_ENVIRONMENT;
    }
    else if ( status == STATUS_OK && (statvfs(directory, &fs) || fs.f_flag & ST_NOEXEC) )
    {
        message("%s is mounted so that nothing in it can be executed (noexec): " ELSEWHERE, directory);
        rmdir(directory);
        status = STATUS_ENVIRONMENT;
    }
    else if ( status == STATUS_OK && !guard_begin(&guard, directory) )
    {
        message("cannot start a process: %s", strerror(errno));
        rmdir(directory);
        status = STATUS_ENVIRONMENT;
    }
    else if ( status == STATUS_OK )
    {
        cancel_begin();
        status = put_file(directory, &commands);
        for ( size_t i = 0; i < count && status == STATUS_OK; i++ )
            status = put_file(directory, &files[i]);
        if ( status == STATUS_OK )
            status = run(b, directory, script, what, guard.pipe, out, err);
        guard_end(&guard);
        cancel_end();
    }
    if ( out >= 0 )
        b->results = memory_file_text(out, &b->results_size);
    if ( err >= 0 )
        b->console = memory_file_text(err, NULL);
    if ( out >= 0 )
        close(out);
    if ( err >= 0 )
        close(err);
    free(directory);
    return status;
}
