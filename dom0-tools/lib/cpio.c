#include "lib/cpio.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "lib/files.h"

int cpio_put(struct archive *archive, const char *path, mode_t mode, const char *link,
             const void *data, size_t size)
{
    struct archive_entry *entry = archive_entry_new();
    int error = 0;

    archive_entry_set_pathname(entry, path + (*path == '/'));
    archive_entry_set_mode(entry, mode);
    archive_entry_set_uid(entry, 0);
    archive_entry_set_gid(entry, 0);
    archive_entry_set_mtime(entry, 0, 0);
    archive_entry_set_nlink(entry, S_ISDIR(mode) ? 2 : 1);
    if ( link )
        archive_entry_set_symlink(entry, link);
    archive_entry_set_size(entry, (la_int64_t)size);
    if ( archive_write_header(archive, entry) != ARCHIVE_OK ||
         (size && archive_write_data(archive, data, size) != (la_ssize_t)size) )
        error = archive_errno(archive) > 0 ? archive_errno(archive) : EIO;
    archive_entry_free(entry);
    return error;
}

int cpio_put_file(struct archive *archive, const char *path, const char *source, mode_t mode)
{
    size_t size;
    char *data = read_whole_file(source, &size);
    int error = data ? cpio_put(archive, path, S_IFREG | mode, NULL, data, size) : errno;

    free(data);
    return error;
}
