#include "machines/qemu/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "xenometer.h"

#define ANSWER_TIME 60000u   /* ms */
#define QUIT_TIME   2000     /* ms between `quit` and SIGKILL */

int qemu_prepare(struct qemu *qemu, int *theirs)
{
    int ends[2];

    *qemu = (struct qemu){ .child.pidfd = -1, .qmp = -1, .messages = -1 };
    *theirs = -1;
    if ( socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) )
    {
        message("no socket for QEMU: %s", strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    qemu->qmp = ends[0];
    *theirs = ends[1];
    return STATUS_OK;
}

int qemu_start(struct qemu *qemu, const struct machine *machine,
               const char *directory, const int *keep, size_t keep_count)
{
    int error;

    qemu->messages = memory_file("qemu-messages", 0);
    if ( qemu->messages < 0 )
        return STATUS_ENVIRONMENT;
    error = child_start(&qemu->child, &(struct child_start){
        .argv = machine->argv, .directory = directory, .stdin_fd = -1,
        .stdout_fd = qemu->messages, .stderr_fd = qemu->messages,
        .keep = keep, .keep_count = keep_count });
    if ( error == ENOENT )
        message("%s is not installed; install the package %s", machine->argv[0],
                machine->package);
    else if ( error )
        message("cannot start %s: %s", machine->argv[0], strerror(error));
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* The next JSON line; NULL when there is none within the time. */
static json_t *receive(struct qemu *qemu, uint64_t until)
{
    for ( ;; )
    {
        char *end = qemu->used ? memchr(qemu->input, '\n', qemu->used) : NULL;
        struct pollfd ready = { .fd = qemu->qmp, .events = POLLIN };
        ssize_t n;

        if ( end )
        {
            size_t length = (size_t)(end + 1 - qemu->input);
            json_t *line = json_loadb(qemu->input, length, 0, NULL);

            qemu->used -= length;
            memmove(qemu->input, end + 1, qemu->used);
            if ( line )
                return line;
            continue;
        }
        if ( now_ms() >= until || cancelled() )
            return NULL;
        stage_tick();
        if ( poll(&ready, 1, 50) != 1 )
            continue;
        qemu->input = xrealloc(qemu->input, qemu->used + 4096);
        n = recv(qemu->qmp, qemu->input + qemu->used, 4096, 0);
        if ( n == 0 || (n < 0 && errno != EINTR) )
            return NULL;
        if ( n > 0 )
            qemu->used += (size_t)n;
    }
}

/* Send a line, with a file descriptor beside its first byte unless fd is -1. */
static bool send_line(struct qemu *qemu, const char *text, int fd)
{
    union {
        struct cmsghdr header;   /* for its alignment */
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec parts[2] = { { (char *)text, strlen(text) }, { "\n", 1 } };
    struct msghdr with = { .msg_iov = parts, .msg_iovlen = 2 };

    if ( fd >= 0 )
    {
        with.msg_control = &control;
        with.msg_controllen = sizeof(control);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
    }
    /* Commands are far smaller than the socket's buffer: all or nothing. */
    return sendmsg(qemu->qmp, &with, MSG_NOSIGNAL) == (ssize_t)strlen(text) + 1;
}

/* Send, and skip events until the answer; NULL when there is none. */
static json_t *exchange(struct qemu *qemu, const char *name, json_t *arguments, int fd,
                        uint64_t until)
{
    json_t *command = json_pack("{s:s}", "execute", name), *line;
    char *text;
    bool sent;

    if ( arguments )
        json_object_set_new(command, "arguments", arguments);
    text = json_dumps(command, JSON_COMPACT);
    json_decref(command);
    sent = text && send_line(qemu, text, fd);
    free(text);
    while ( sent && (line = receive(qemu, until)) != NULL )
    {
        if ( json_object_get(line, "return") || json_object_get(line, "error") )
            return line;
        json_unpack(line, "{s:{s:{s:{s:I}}}}", "QMP", "version", "qemu", "major", &qemu->major);
        json_decref(line);
    }
    return NULL;
}

static json_t *ask(struct qemu *qemu, const char *name, json_t *arguments, int fd,
                   uint64_t until)
{
    json_t *line;

    /* QEMU refuses everything until its greeting was answered with this. */
    if ( !qemu->negotiated )
    {
        line = exchange(qemu, "qmp_capabilities", NULL, -1, until);
        if ( line == NULL )
        {
            json_decref(arguments);
            return NULL;
        }
        json_decref(line);
        qemu->negotiated = true;
    }
    return exchange(qemu, name, arguments, fd, until);
}

static int command(struct qemu *qemu, const char *name, json_t *arguments, int fd,
                   json_t **answer)
{
    json_t *line = ask(qemu, name, arguments, fd, now_ms() + ANSWER_TIME), *error;

    if ( answer )
        *answer = NULL;
    if ( line == NULL )
    {
        if ( cancelled() )
            return cancelled();
        if ( qemu_wait(qemu, 1000) )
        {
            char *ending = qemu_ending(qemu);

            message("%s", ending);
            free(ending);
        }
        else
            message("QEMU does not answer (%s)", name);
        return STATUS_ENVIRONMENT;
    }
    error = json_object_get(line, "error");
    if ( error )
    {
        const char *text = json_string_value(json_object_get(error, "desc"));

        message("QEMU refuses %s: %s", name, text ? text : "no reason given");
    }
    else if ( answer )
        *answer = json_incref(json_object_get(line, "return"));
    json_decref(line);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

int qemu_command(struct qemu *qemu, const char *name, json_t *arguments, json_t **answer)
{
    return command(qemu, name, arguments, -1, answer);
}

int qemu_pass_fd(struct qemu *qemu, const char *name, int fd)
{
    return command(qemu, "getfd", json_pack("{s:s}", "fdname", name), fd, NULL);
}

void qemu_end(struct qemu *qemu)
{
    if ( qemu->child.pid && !qemu->child.ended )
    {
        /* When the user is waiting for us to be gone, at once: nothing that
         * QEMU still holds is worth keeping. */
        if ( !cancelled() )
        {
            json_decref(ask(qemu, "quit", NULL, -1, now_ms() + QUIT_TIME));
            qemu_wait(qemu, QUIT_TIME);
        }
        child_kill(&qemu->child);
    }
    if ( qemu->qmp >= 0 )
        close(qemu->qmp);
    if ( qemu->messages >= 0 )
        close(qemu->messages);
    free(qemu->input);
    *qemu = (struct qemu){ .child.pidfd = -1, .child.ended = true, .qmp = -1, .messages = -1 };
}

char *qemu_messages(struct qemu *qemu)
{
    char *text = memory_file_text(qemu->messages, NULL), *kept = xstrdup(""), *rest = text, *line;

    while ( (line = strsep(&rest, "\n")) != NULL )
    {
        char *longer;

        if ( *line == '\0' || strstr(line, "TCG doesn't support requested feature") )
            continue;
        longer = xasprintf("%s%s\n", kept, line);
        free(kept);
        kept = longer;
    }
    free(text);
    return kept;
}

/* What to do about a QEMU that refuses our plugins: from one minimum version of its interface
 * on it may, and we know up to QEMU 11's. */
static const char *advice(const char *line)
{
    return strstr(line, "plugin requires API version")
        ? " (this QEMU's plugin interface is newer than this program: --without=nrip-save runs "
          "without it, and each exit by CPUID, VMMCALL or MSR then takes Xen some 4,500 "
          "instructions more)" : "";
}

char *qemu_ending(struct qemu *qemu)
{
    char *ending = child_ending(&qemu->child), *text = qemu_messages(qemu), *line, *whole;
    size_t length = strlen(text);

    if ( length )
        text[length - 1] = '\0';
    line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    whole = xasprintf("QEMU %s%s%s%s", ending, *line ? ": " : "", line, advice(line));
    free(ending);
    free(text);
    return whole;
}

static char *ask_version(const char *path)
{
    const char *argv[] = { path, "--version", NULL };
    int fd = memory_file("version", 0);
    char *text, *number, *version = NULL;

    if ( fd < 0 )
        return NULL;
    if ( child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1,
                                          .stdout_fd = fd }, NULL) == STATUS_OK )
    {
        text = memory_file_text(fd, NULL);
        number = strstr(text, "version ");
        if ( number )
        {
            number += strlen("version ");
            version = xasprintf("%.*s", (int)strcspn(number, " (\n"), number);
        }
        free(text);
    }
    close(fd);
    return version;
}

char *qemu_find(const char *program, char **version)
{
    char *search = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");
    char *rest = search, *directory, *found = NULL;

    if ( version )
        *version = NULL;
    while ( found == NULL && (directory = strsep(&rest, ":")) != NULL )
    {
        found = path_in(*directory ? directory : ".", program);
        if ( access(found, X_OK) )
        {
            free(found);
            found = NULL;
        }
    }
    free(search);
    if ( found && version )
        *version = ask_version(found);
    return found;
}
