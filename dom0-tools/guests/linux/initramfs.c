#include "guests/linux/initramfs.h"

#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/cpio.h"
#include "xenometer.h"

int initramfs_make(const char *init, const char *driver, char **error)
{
    struct archive *archive = archive_write_new();
    int fd = memory_file("initramfs", 0), failed = 0;
    const char *at = init;

    archive_write_set_format_cpio_newc(archive);
    if ( fd < 0 || archive_write_open_fd(archive, fd) != ARCHIVE_OK )
        failed = archive_errno(archive);
    if ( !failed )
        failed = cpio_put_file(archive, "/init", init, 0755);
    if ( !failed && driver )
        failed = cpio_put_file(archive, "/xen-blkfront.ko", at = driver, 0644);
    if ( archive_write_close(archive) != ARCHIVE_OK && !failed )
        failed = archive_errno(archive);
    archive_write_free(archive);
    if ( fd >= 0 && !failed )
        return fd;
    *error = xasprintf("cannot make an initramfs of %s: %s", at, strerror(failed));
    if ( fd >= 0 )
        close(fd);
    return -1;
}
