#include "backend/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xenometer.h"

#define SECTOR 512u

static char *refuse(struct storage *s, const char *path, const char *why)
{
    storage_close(s);
    return xasprintf("%s: %s", path, why);
}

char *storage_open(struct storage *s, const char *path, bool readonly)
{
    static const char unwritable[] = "it cannot be written; give it as read-only";
    struct stat st;
    uint64_t bytes = 0;
    int locked = 0;

    *s = (struct storage){ .readonly = readonly };
    s->fd = open(path, (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if ( s->fd < 0 )
        return xasprintf("%s: %s", path, errno == EROFS || errno == EACCES
                         ? unwritable : strerror(errno));
    if ( fstat(s->fd, &st) )
        return refuse(s, path, strerror(errno));
    if ( S_ISREG(st.st_mode) )
        bytes = (uint64_t)st.st_size;
    else if ( !S_ISBLK(st.st_mode) )
        return refuse(s, path, "neither a file nor a block device");
    else if ( ioctl(s->fd, BLKGETSIZE64, &bytes) || ioctl(s->fd, BLKROGET, &locked) )
        return refuse(s, path, strerror(errno));
    else if ( locked && !readonly )
        return refuse(s, path, unwritable);
    if ( bytes == 0 )
        return refuse(s, path, "it is empty: make it as large as the disk shall be, "
                               "for example with `truncate -s 1G`");
    if ( bytes % SECTOR )
        return refuse(s, path, "its size is not a multiple of 512 bytes");
    s->file = S_ISREG(st.st_mode);
    s->sectors = bytes / SECTOR;
    s->path = xstrdup(path);
    return NULL;
}

void storage_close(struct storage *s)
{
    if ( s->fd >= 0 )
        close(s->fd);
    free(s->path);
    *s = (struct storage){ .fd = -1 };
}

bool storage_lock(const struct storage *s)
{
    return flock(s->fd, (s->readonly ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0;
}

/* The file's size now; block devices keep theirs. */
static uint64_t size_now(const struct storage *s)
{
    struct stat st;

    if ( !s->file )
        return s->sectors * SECTOR;
    return fstat(s->fd, &st) ? 0 : (uint64_t)st.st_size;
}

bool storage_shrunk(const struct storage *s)
{
    return size_now(s) < s->sectors * SECTOR;
}

/* Drop `done` bytes from the front of the vectors. */
static void advance(struct iovec **v, unsigned *count, size_t done)
{
    while ( *count && done >= (*v)->iov_len )
    {
        done -= (*v)->iov_len;
        ++*v;
        --*count;
    }
    if ( *count )
    {
        (*v)->iov_base = (char *)(*v)->iov_base + done;
        (*v)->iov_len -= done;
    }
}

typedef ssize_t mover(int, const struct iovec *, int, off_t);

/* What is left of a transfer, of which the first `done` bytes are done. */
static bool transfer_rest(const struct storage *s, off_t at, size_t done,
                          const struct iovec *v, unsigned count, mover *move)
{
    struct iovec copy[STORAGE_VECTORS], *rest = memcpy(copy, v, count * sizeof(*v));

    at += (off_t)done;
    advance(&rest, &count, done);
    while ( count )
    {
        ssize_t n = move(s->fd, rest, (int)count, at);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n == 0 )
            errno = EIO;   /* the file ends here: it was cut short */
        if ( n <= 0 )
            return false;
        at += n;
        advance(&rest, &count, (size_t)n);
    }
    return true;
}

/* Nearly always the first call does it all. */
static bool transfer(const struct storage *s, uint64_t sector, uint64_t sectors,
                     const struct iovec *v, unsigned count, mover *move)
{
    off_t at = (off_t)(sector * SECTOR);
    ssize_t n = move(s->fd, v, (int)count, at);

    return n == (ssize_t)(sectors * SECTOR) ||
           ((n >= 0 || errno == EINTR) &&
            transfer_rest(s, at, n > 0 ? (size_t)n : 0, v, count, move));
}

bool storage_read(const struct storage *s, uint64_t sector, uint64_t sectors,
                  const struct iovec *v, unsigned count)
{
    return transfer(s, sector, sectors, v, count, preadv);
}

bool storage_write(const struct storage *s, uint64_t sector, uint64_t sectors,
                   const struct iovec *v, unsigned count)
{
    if ( s->file && (sector + sectors) * SECTOR > size_now(s) )
    {
        errno = EIO;
        return false;
    }
    return transfer(s, sector, sectors, v, count, pwritev);
}

bool storage_flush(const struct storage *s)
{
    return fdatasync(s->fd) == 0;
}

bool storage_discard(const struct storage *s, uint64_t sector, uint64_t sectors)
{
    return sectors == 0 ||
           fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                     (off_t)(sector * SECTOR), (off_t)(sectors * SECTOR)) == 0;
}
