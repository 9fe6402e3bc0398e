/* Whole files and directories, and the content hash (files.h). */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "xenometer.h"

char *path_in(const char *directory, const char *name)
{
    return xasprintf("%s/%s", directory, name);
}

char *read_whole_file(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), error;
    size_t used = 0, room = 65536;
    char *data;
    ssize_t n;

    if ( fd < 0 )
        return NULL;
    data = xmalloc(room + 1);
    /* Until the end, not st_size: /proc files say 0 there. */
    while ( (n = read(fd, data + used, room - used)) != 0 )
    {
        if ( n < 0 && errno == EINTR )
            continue;
        if ( n < 0 )
            break;
        used += (size_t)n;
        if ( used == room )
            data = xrealloc(data, (room *= 2) + 1);
    }
    error = n < 0 ? errno : 0;
    close(fd);
    if ( error )
    {
        free(data);
        errno = error;
        return NULL;
    }
    data[used] = '\0';
    if ( size )
        *size = used;
    return data;
}

int write_all(int fd, const void *data, size_t size)
{
    const char *next = data;

    while ( size )
    {
        ssize_t n = write(fd, next, size);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n < 0 )
            return errno;
        next += n;
        size -= (size_t)n;
    }
    return 0;
}

/* On the disk before anybody is told; pipes and devices cannot be synchronised (EINVAL). */
static int synchronise(int fd)
{
    return fsync(fd) && errno != EINVAL ? errno : 0;
}

static int write_beside(const char *path, const void *data, size_t size, unsigned mode, bool durable)
{
    char *temporary = xasprintf("%s.XXXXXX", path);
    int fd = mkostemp(temporary, O_CLOEXEC), error = errno;

    if ( fd >= 0 )
    {
        mode_t mask = umask(0);

        umask(mask);
        error = write_all(fd, data, size);
        if ( error == 0 && fchmod(fd, mode & ~mask) )
            error = errno;
        if ( error == 0 && durable )
            error = synchronise(fd);
        if ( close(fd) && error == 0 )
            error = errno;
        if ( error == 0 && rename(temporary, path) )
            error = errno;
        if ( error )
            unlink(temporary);
    }
    free(temporary);
    return error;
}

int write_whole_file(const char *path, const void *data, size_t size, unsigned mode)
{
    return write_beside(path, data, size, mode, false);
}

int write_document(const char *path, const void *data, size_t size)
{
    char *real = realpath(path, NULL);
    int error = write_beside(real ? real : path, data, size, 0666, true);

    free(real);
    return error;
}

int write_into(int fd, const void *data, size_t size)
{
    int error = write_all(fd, data, size);

    if ( error == 0 )
        error = synchronise(fd);
    if ( close(fd) && error == 0 )
        error = errno;
    return error;
}

int make_directories(const char *path)
{
    char *copy = xstrdup(path), *slash = copy;
    int error = 0;

    do
    {
        slash = strchr(slash + 1, '/');
        if ( slash )
            *slash = '\0';
        if ( mkdir(copy, 0777) && errno != EEXIST )
            error = errno;
        else
            error = 0;   /* a parent we may not create can still exist */
        if ( slash )
            *slash = '/';
    } while ( slash );
    if ( error == 0 )
    {
        struct stat st;

        if ( stat(path, &st) )
            error = errno;
        else if ( !S_ISDIR(st.st_mode) )
            error = ENOTDIR;
    }
    free(copy);
    return error;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    /* Another process may clean up at the same time. */
    return remove(path) && errno != ENOENT ? -1 : 0;
}

int remove_tree(const char *path)
{
    if ( nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT )
        return errno;
    return 0;
}

static uint64_t usage;

static int add_usage(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)type;
    (void)ftw;
    usage += (uint64_t)st->st_blocks * 512 / (st->st_nlink && S_ISREG(st->st_mode) ? st->st_nlink : 1);
    return 0;
}

uint64_t disk_usage(const char *path)
{
    usage = 0;
    nftw(path, add_usage, 16, FTW_PHYS);
    return usage;
}

uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for ( size_t i = 0; i < size; i++ )
        hash = (hash ^ bytes[i]) * 0x100000001b3ull;
    return hash;
}

uint64_t hash_string(uint64_t hash, const char *text)
{
    return hash_bytes(hash, text, strlen(text) + 1);
}
