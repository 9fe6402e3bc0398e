#include "guests/xl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xenometer.h"

#define KEPT      16384u   /* bytes of xl's output */
#define MAX_ARGS  32u
#define NOT_FOUND 127      /* what the child exits with, as a shell does */

/* ------------------------------------------------------------- meaning -- */

/*
 * "libxl: error: libxl_create.c:1709:domcreate_rebuild_done: Domain 3:cannot
 * (re-)build domain: -3" and "xc: error: panic: xc_dom_core.c:1:fn: ...: Internal
 * error": drop everything up to the part people can use.
 */
static const char *without_origin(const char *line, size_t *length)
{
    const char *end = line + *length, *colon, *p = line;
    bool origin;

    do {
        colon = memchr(p, ':', (size_t)(end - p));
        origin = false;
        if ( colon && colon + 1 < end )
        {
            size_t n = (size_t)(colon - p);

            origin = (n == 5 && !memcmp(p, "libxl", 5)) ||
                     (n == 2 && (!memcmp(p, "xc", 2) || !memcmp(p, "xl", 2))) ||
                     (n == 5 && !memcmp(p, "error", 5)) ||
                     (n == 5 && !memcmp(p, "panic", 5)) ||
                     (n > 2 && !memcmp(colon - 2, ".c", 2)) ||
                     (n > 7 && !memcmp(p, "Domain ", 7));
            /* file.c:line:function: */
            if ( origin && n > 2 && !memcmp(colon - 2, ".c", 2) )
                for ( int i = 0; i < 2; i++ )
                {
                    const char *more = memchr(colon + 1, ':', (size_t)(end - colon - 1));

                    if ( more )
                        colon = more;
                }
            if ( origin )
            {
                p = colon + 1;
                while ( p < end && *p == ' ' )
                    p++;
            }
        }
    } while ( origin && p < end );
    *length = (size_t)(end - p);
    return p;
}

char *xl_meaning(const char *output)
{
    const char *chosen = NULL;
    size_t chosen_length = 0;
    bool is_error = false;
    char *text;

    for ( const char *line = output; *line && !is_error; )
    {
        size_t length = strcspn(line, "\n");

        if ( length )
        {
            chosen = line;
            chosen_length = length;
            is_error = memmem(line, length, "error", 5) != NULL;
        }
        line += length + (line[length] == '\n');
    }
    if ( !chosen )
        return xstrdup("it said nothing");
    chosen = without_origin(chosen, &chosen_length);
    text = xasprintf("%.*s", (int)(chosen_length < 300 ? chosen_length : 300), chosen);
    for ( char *c = text; *c; c++ )
        if ( *c < ' ' || *c > '~' )
            *c = ' ';
    return text;
}

/* ------------------------------------------------------------- running -- */

static uint64_t milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void child(const char *const *argv, int out) __attribute__((noreturn));
static void child(const char *const *argv, int out)
{
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if ( null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 )
        _exit(NOT_FOUND - 1);
    execvp("xl", (char *const *)argv);
    _exit(errno == ENOENT ? NOT_FOUND : NOT_FOUND - 1);
}

/* What the child wrote, up to KEPT bytes, until it ends or `until`.  False:
 * it is still running then. */
static bool collect(pid_t pid, int fd, uint64_t until, char *output, int *status,
                    const struct xl_watcher *watcher)
{
    size_t length = 0;
    bool open = true;
    char bytes[512];

    for ( ;; )
    {
        uint64_t now = milliseconds();
        struct pollfd p[2] = {
            { .fd = open ? fd : -1, .events = POLLIN },
            { .fd = watcher ? watcher->fd : -1, .events = POLLIN },
        };

        /* A grandchild may keep the pipe open: xl itself is what counts. */
        if ( waitpid(pid, status, WNOHANG) == pid )
            break;
        if ( now >= until )
            return false;
        /* Its end shows as a hang-up at once; the tick is for the other case. */
        if ( poll(p, 2, open ? 100 : 1) <= 0 )
            continue;
        if ( p[1].revents )
            watcher->ready(watcher->context);
        if ( p[0].revents )
        {
            ssize_t n = read(fd, bytes, sizeof(bytes));

            if ( n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) )
                open = false;
            for ( ssize_t i = 0; i < n; i++ )
                if ( length < KEPT )
                    output[length++] = bytes[i];
        }
    }
    for ( ssize_t n; open && (n = read(fd, bytes, sizeof(bytes))) > 0; )
        for ( ssize_t i = 0; i < n; i++ )
            if ( length < KEPT )
                output[length++] = bytes[i];
    output[length] = '\0';
    return true;
}

char *xl_run(const char *const *argv, unsigned seconds, bool *missing)
{
    return xl_run_watched(argv, seconds, missing, NULL);
}

char *xl_run_watched(const char *const *argv, unsigned seconds, bool *missing,
                     const struct xl_watcher *watcher)
{
    char *output, *error = NULL, *said;
    int out[2], status = 0;
    pid_t pid;

    if ( missing )
        *missing = false;
    /* Not blocking: what outlives xl must not keep us reading. */
    if ( pipe2(out, O_CLOEXEC | O_NONBLOCK) )
        return xasprintf("cannot make a pipe: %s", strerror(errno));
    pid = fork();
    if ( pid < 0 )
    {
        error = xasprintf("cannot start a process: %s", strerror(errno));
        close(out[0]);
        close(out[1]);
        return error;
    }
    if ( pid == 0 )
        child(argv, out[1]);
    setpgid(pid, pid);   /* whoever of us two comes first */
    close(out[1]);

    output = xcalloc(1, KEPT + 1);
    if ( !collect(pid, out[0], milliseconds() + 1000ull * seconds, output, &status,
                  watcher) )
    {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
        error = xasprintf("`xl %s` did not end within %u s", argv[1], seconds);
    }
    else if ( WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND )
    {
        if ( missing )
            *missing = true;
        error = xstrdup("there is no xl in PATH: install Xen's tools, on Debian "
                        "`apt-get install xen-utils`");
    }
    else if ( !WIFEXITED(status) || WEXITSTATUS(status) != 0 )
    {
        said = xl_meaning(output);
        error = xasprintf("`xl %s` failed: %s", argv[1], said);
        free(said);
    }
    close(out[0]);
    free(output);
    return error;
}

char *xl_create(const char *config, const char *const *settings, unsigned seconds,
                bool *missing, const struct xl_watcher *watcher)
{
    /* -e: no xl stays behind to destroy the domain before we saw how it ended. */
    const char *argv[MAX_ARGS + 1] = { "xl", "create", "-p", "-e", "-q", config };
    unsigned n = 6;

    while ( *settings && n < MAX_ARGS )
        argv[n++] = *settings++;
    return xl_run_watched(argv, seconds, missing, watcher);
}

char *xl_add_device_model(char *error, const char *name)
{
    char *path = xasprintf("/var/log/xen/qemu-dm-%s.log", name), *log = NULL, *last, *more;
    size_t length = 0;
    FILE *f = fopen(path, "r");

    free(path);
    if ( f == NULL )
        return error;
    log = xcalloc(1, KEPT + 1);
    length = fread(log, 1, KEPT, f);
    fclose(f);
    while ( length && (log[length - 1] == '\n' || log[length - 1] == ' ') )
        length--;
    log[length] = '\0';
    last = strrchr(log, '\n');
    last = last ? last + 1 : log;
    for ( char *c = last; *c; c++ )
        if ( *c < ' ' || *c > '~' )
            *c = ' ';
    if ( *last )
    {
        more = xasprintf("%s; the device model said: %.300s", error, last);
        free(error);
        error = more;
    }
    free(log);
    return error;
}

char *xl_destroy(uint32_t domid, unsigned seconds)
{
    char number[16];
    const char *const argv[] = { "xl", "destroy", number, NULL };

    snprintf(number, sizeof(number), "%u", domid);
    return xl_run(argv, seconds, NULL);
}
