#include "machines/shell.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "machines/channel.h"
#include "machines/instance.h"
#include "machines/job_data.h"
#include "machines/prepare.h"
#include "xenometer.h"

#define LOOK_INTERVAL 50   /* ms between looks at the emulator */

#define ESCAPE 0x01   /* Ctrl-a, as QEMU's own console has it */

/* One key to a socket, or to a terminal, which knows no send(). */
static bool put(int console, const char *key)
{
    ssize_t n = send(console, key, 1, MSG_NOSIGNAL);

    if ( n < 0 && errno == ENOTSOCK )
        n = write(console, key, 1);
    return n == 1;
}

/*
 * The user's keys to the console, without the escapes: Ctrl-a x ends, Ctrl-a a
 * is one Ctrl-a.  Returns false to end.
 */
static bool send_keys(int console, const char *keys, ssize_t count, bool *escaped)
{
    for ( ssize_t i = 0; i < count; i++ )
    {
        if ( *escaped )
        {
            *escaped = false;
            if ( keys[i] == 'x' )
                return false;
            if ( keys[i] != 'a' && keys[i] != ESCAPE )
                continue;
            if ( !put(console, "\x01") )
                return true;
        }
        else if ( keys[i] == ESCAPE )
            *escaped = true;
        else if ( !put(console, &keys[i]) )
            return true;   /* the emulator has ended: noticed by the caller */
    }
    return true;
}

/* Is there anything to read, even if it is only the end? */
static bool ready_now(int console)
{
    return poll(&(struct pollfd){ .fd = console, .events = POLLIN }, 1, 0) == 1;
}

/* Between terminal and console until one of them ends. */
static int relay(struct instance *instance, int console)
{
    bool escaped = false;
    char block[4096];
    ssize_t n;

    for ( ;; )
    {
        struct pollfd ready[2] = {
            { .fd = console, .events = POLLIN },
            { .fd = STDIN_FILENO, .events = POLLIN },
        };

        if ( cancelled() )
            return cancelled();
        if ( instance_wait(instance, 0) && !ready_now(console) )
            break;
        poll(ready, 2, LOOK_INTERVAL);
        if ( ready[0].revents )
        {
            n = read(console, block, sizeof(block));
            if ( n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN) )
                break;
            if ( n > 0 && write_all(STDOUT_FILENO, block, (size_t)n) )
                break;
        }
        if ( ready[1].revents )
        {
            n = read(STDIN_FILENO, block, sizeof(block));
            /* Ctrl-D is a key like others: only a terminal that is gone has an end. */
            if ( n == 0 || (n < 0 && errno != EINTR) )
                return STATUS_OK;
            if ( n > 0 && !send_keys(console, block, n, &escaped) )
                return STATUS_OK;
        }
    }
    if ( instance_wait(instance, 2000) &&
         instance->header->agent_state != CHANNEL_DONE )
    {
        char *ending = instance_ending(instance);

        message("the lab ended before its shell did: %s", ending);
        free(ending);
        return STATUS_ENVIRONMENT;
    }
    return STATUS_OK;
}

/* Each key at once and untouched: the guest's terminal does the rest. */
static bool make_raw(struct termios *saved)
{
    struct termios raw;

    if ( tcgetattr(STDIN_FILENO, saved) )
        return false;
    raw = *saved;
    cfmakeraw(&raw);
    return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

/* A serial line knows no size: tell the shell ours. */
static char *shell_script(void)
{
    struct winsize size = { 0 };
    const char *term = getenv("TERM");

    if ( ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col )
        size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
    return xasprintf("stty rows %u cols %u; TERM=%s exec sh -i",
                     size.ws_row, size.ws_col,
                     term && strspn(term, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(term)
                     ? term : "vt100");
}

static int shell(const struct lab_options *options, const struct cache *cache,
                 const struct lab_file *push, size_t push_count)
{
    char *script = shell_script();
    const char *argv[] = { "sh", "-c", script, NULL };
    struct lab_job job = { .argv = argv, .push = push, .push_count = push_count };
    struct instance instance;
    struct termios saved;
    int console = -1, status;
    bool raw;

    status = instance_prepare(&instance, options);
    if ( status == STATUS_OK )
        status = job_data_write(instance.header, &job, CHANNEL_INTERACTIVE);
    if ( status == STATUS_OK )
    {
        message("dom0 from power-on; its shell ends with exit, or Ctrl-a x");
        status = instance_boot(&instance, cache, &console);
    }
    if ( status == STATUS_OK )
    {
        raw = make_raw(&saved);
        status = relay(&instance, console);
        if ( raw )
        {
            tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
            /* The guest's last line had no end. */
            putchar('\n');
        }
    }
    instance_keep_logs(&instance, options->keep_logs);
    instance_end(&instance);
    if ( console >= 0 )
        close(console);
    free(script);
    return status;
}

int lab_shell(const struct lab_options *options, const struct lab_file *push, size_t push_count)
{
    struct cache cache;
    int status;

    /* What arrives before its shell listens is lost, and a serial line holds no script. */
    if ( !isatty(STDIN_FILENO) )
    {
        message("lab shell is for a terminal: for commands, `xenometer lab run -- sh -c COMMANDS`");
        return STATUS_USAGE;
    }
    cancel_begin();
    status = prepare(options, &cache, false, false);
    if ( status == STATUS_OK )
        status = shell(options, &cache, push, push_count);
    cache_close(&cache);
    cancel_end();
    return status;
}
