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
    if ( is_stream(path) )
    {
        int fd = strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CLOEXEC);

        error = fd < 0 ? errno : write_into(fd, text, strlen(text));
    }
    else
        error = write_document(path, text, strlen(text));
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
