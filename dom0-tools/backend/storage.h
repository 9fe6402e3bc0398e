/*
 * What stands behind a virtual disk: an image file or a block device.
 */
#ifndef BACKEND_STORAGE_H
#define BACKEND_STORAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct storage {
    int fd;
    char *path;              /* owned */
    uint64_t sectors;        /* of 512 bytes, when it was opened; an image that grows
                                later stays as large as it was */
    bool readonly;
    bool file;               /* and not a block device */
};

/*
 * Open an image.  NULL, or what is wrong with it and what to do (the caller's
 * to free): missing, unreadable, empty, not a multiple of 512 bytes, neither
 * file nor block device.
 */
char *storage_open(struct storage *, const char *path, bool readonly);
void storage_close(struct storage *);

/*
 * Keep others away who lock it as we do (flock(2)): from everything, or read-only from
 * writing.  Ends with storage_close(), or however the process ends.  False with
 * errno set.
 */
bool storage_lock(const struct storage *);

/* The image is now shorter than when it was opened. */
bool storage_shrunk(const struct storage *);

#define STORAGE_VECTORS 256u   /* of one transfer, at most */

/*
 * Move `sectors` sectors from or to `sector` on, which is what the vectors hold together.
 * False with errno set; EIO when the image became so short that they lie behind its end: a
 * write must not make it longer again, with a hole where data was.
 */
bool storage_read(const struct storage *, uint64_t sector, uint64_t sectors,
                  const struct iovec *, unsigned count);
bool storage_write(const struct storage *, uint64_t sector, uint64_t sectors,
                   const struct iovec *, unsigned count);

/* Make everything written durable.  False with errno set. */
bool storage_flush(const struct storage *);

/* The range is no longer needed and reads as zeroes from now on.  False with errno
 * set; EOPNOTSUPP when the file system cannot. */
bool storage_discard(const struct storage *, uint64_t sector, uint64_t sectors);

#endif
