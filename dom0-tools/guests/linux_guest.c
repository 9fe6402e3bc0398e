#include "guests/linux_guest.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/domain.h"
#include "catalogue/column.h"
#include "lib/child.h"
#include "lib/cpio.h"
#include "xenometer.h"

void *linux_guest_root(const struct batch *b, size_t *size)
{
    struct archive *archive = archive_write_new();
    int fd = memory_file("root", 0), failed = 0;
    void *root = NULL;

    archive_write_set_format_cpio_newc(archive);
    if ( fd < 0 || archive_write_open_fd(archive, fd) != ARCHIVE_OK )
        failed = archive_errno(archive);
    if ( !failed )
        failed = cpio_put_file(archive, "/init", b->elf, 0755);
    if ( !failed )
        failed = cpio_put(archive, DOMAIN_COMMANDS, S_IFREG | 0644, NULL, b->commands, b->size);
    if ( archive_write_close(archive) != ARCHIVE_OK && !failed )
        failed = archive_errno(archive);
    archive_write_free(archive);
    if ( failed )
        message("cannot make a root of %s: %s", b->elf, strerror(failed));
    else
        root = memory_file_text(fd, size);
    if ( fd >= 0 )
        close(fd);
    return root;
}
