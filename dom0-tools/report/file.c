/*
 * Documents: written in one step, read whole (output.h); results files among them (json.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "report/json.h"
#include "report/output.h"
#include "report/store.h"
#include "xenometer.h"

/* Say why `path` cannot be written; a bad path is the user's, a disk isn't. */
static int cannot_write(const char *path, int error)
{
    if ( error == ENOSPC || error == EDQUOT )
    {
        message("cannot write %s: %s; free some space or name another file",
                path, strerror(error));
        return STATUS_ENVIRONMENT;
    }
    message("cannot write %s: %s; name another file", path, strerror(error));
    return error == EIO ? STATUS_ENVIRONMENT : STATUS_USAGE;
}

/* 0, or the errno that kept the text from reaching the disk.  Closes fd. */
static int write_and_close(int fd, const char *text)
{
    size_t length = strlen(text), done = 0;
    int error = 0;

    while ( done < length && error == 0 )
    {
        ssize_t n = write(fd, text + done, length - done);

        if ( n > 0 )
            done += (size_t)n;
        else if ( n < 0 && errno != EINTR )
            error = errno;
    }
    /* Pipes and devices cannot be synchronised: EINVAL, nothing is wrong. */
    if ( error == 0 && fsync(fd) != 0 && errno != EINVAL )
        error = errno;
    if ( close(fd) != 0 && error == 0 )
        error = errno;
    return error;
}

/* Replace the regular file `path`, which may not exist yet.  0 or errno. */
static int replace_file(const char *path, const char *text)
{
    /* Through a symbolic link: it is the file behind it that is replaced. */
    char *real = realpath(path, NULL);
    char *temporary = xasprintf("%s.XXXXXX", real ? real : path);
    mode_t mask = umask(0);
    int fd, error;

    umask(mask);
    fd = mkstemp(temporary);
    if ( fd < 0 )
        error = errno;
    else
    {
        error = fchmod(fd, 0666 & ~mask) != 0 ? errno : 0;
        if ( error != 0 )
            close(fd);
        else
            error = write_and_close(fd, text);
        if ( error == 0 && rename(temporary, real ? real : path) != 0 )
            error = errno;
        if ( error != 0 )
            unlink(temporary);
    }
    free(temporary);
    free(real);
    return error;
}

/* Write into a device or pipe, or over stdout.  0 or errno. */
static int write_into(const char *path, const char *text)
{
    int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO)
                                    : open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : write_and_close(fd, text);
}

/* Where `path` goes: a file to replace, or something to write into. */
static bool is_stream(const char *path)
{
    struct stat st;

    return strcmp(path, "-") == 0 ||
           (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

int output_writable(const char *path)
{
    char *copy;
    int error = 0;

    if ( strcmp(path, "-") == 0 )
        return STATUS_OK;
    if ( *path == '\0' )
        return cannot_write("''", ENOENT);
    if ( is_stream(path) || access(path, F_OK) == 0 )
    {
        struct stat st;

        if ( stat(path, &st) == 0 && S_ISDIR(st.st_mode) )
            error = EISDIR;
        else if ( access(path, W_OK) != 0 )
            error = errno;
    }
    if ( error == 0 && !is_stream(path) )
    {
        copy = xstrdup(path);
        if ( access(dirname(copy), W_OK | X_OK) != 0 )
            error = errno;
        free(copy);
    }
    return error ? cannot_write(path, error) : STATUS_OK;
}

int output_write(const char *path, const char *text)
{
    int status = output_writable(path), error;

    if ( status != STATUS_OK )
        return status;
    fflush(stdout);   /* before our own bytes, when path is "-" */
    error = is_stream(path) ? write_into(path, text) : replace_file(path, text);
    return error ? cannot_write(path, error) : STATUS_OK;
}

int results_write(const char *path, const struct results *results)
{
    char *text = results_to_json(results);
    int status = output_write(path, text);

    free(text);
    return status;
}

int results_read(const char *name, struct results *results)
{
    char *path = store_find(name), *text;
    size_t length = 0;
    int status = STATUS_USAGE;

    text = read_whole_file(path ? path : name, &length);
    if ( text == NULL )
        message("cannot read %s: %s; `xenometer run --output=FILE` writes one, `compare --list` shows "
                "those that are kept", name, strerror(errno));
    else
        status = results_from_json(text, length, name, results);
    free(text);
    free(path);
    return status;
}
