#include "systems/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/cache.h"
#include "xenometer.h"

void manifest_parse(struct manifest *manifest, const struct architecture *architecture,
                    const char *text)
{
    char *copy = xstrdup(text), *rest = copy, *line;

    *manifest = (struct manifest){ .architecture = architecture };
    while ( (line = strsep(&rest, "\n")) != NULL )
    {
        bool optional;

        line += strspn(line, " \t");
        line[strcspn(line, " \t#")] = '\0';
        if ( *line == '\0' )
            continue;
        optional = *line == '?';
        manifest->patterns = xrealloc(manifest->patterns,
            (manifest->count + 1) * sizeof(*manifest->patterns));
        manifest->patterns[manifest->count++] = (struct pattern){
            .text = xstrdup(line + optional), .optional = optional };
    }
    free(copy);
}

void manifest_free(struct manifest *manifest)
{
    for ( size_t i = 0; i < manifest->count; i++ )
        free(manifest->patterns[i].text);
    free(manifest->patterns);
}

bool manifest_wants(struct manifest *manifest, const char *path)
{
    bool wanted = false;

    for ( size_t i = 0; i < manifest->count; i++ )
        if ( fnmatch(manifest->patterns[i].text, path, 0) == 0 )
            wanted = manifest->patterns[i].found = true;
    return wanted;
}

/* "./lib/x" -> "/usr/lib/x"; the caller's. */
static char *merged_path(const char *path)
{
    static const char *const merged[] = { "bin", "sbin", "lib", "lib64" };

    path += *path == '.';
    path += strspn(path, "/");
    for ( size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++ )
    {
        size_t length = strlen(merged[i]);

        if ( strncmp(path, merged[i], length) == 0 && path[length] == '/' )
            return xasprintf("/usr/%s", path);
    }
    return xasprintf("/%s", path);
}

/* Does the path fit a pattern of that directory of libraries? */
static bool is_in_libraries(const struct architecture *a, const char *pattern, const char *path)
{
    char *library = architecture_library(a, pattern);
    bool is = fnmatch(library, path + 1, FNM_PATHNAME) == 0;

    free(library);
    return is;
}

static bool is_library(const struct architecture *a, const char *path)
{
    return is_in_libraries(a, "*.so*", path) ||
           fnmatch("/usr/lib64/*.so*", path, FNM_PATHNAME) == 0;
}

/* What a program for dom0 is linked with besides libraries (suite.c): also those that our parts
 * have linked in where they are of this machine's architecture. */
static bool is_devel(const struct architecture *a, const char *path)
{
    char *uapi = xasprintf("/usr/lib/linux/uapi/%s/*", a->uapi);
    bool is = fnmatch("/usr/include/*", path, 0) == 0 || fnmatch(uapi, path, 0) == 0 ||
              is_in_libraries(a, "*crt[1in].o", path) ||
              is_in_libraries(a, "libc_nonshared.a", path) ||
              (!a->native && (is_in_libraries(a, "libarchive.a", path) ||
                              is_in_libraries(a, "libseccomp.a", path) ||
                              is_in_libraries(a, "libxenvchan.a", path)));

    free(uapi);
    return is;
}

/* Xen and the kernel, what they are compressed with, and what lists the kernel's modules. */
static bool is_boot(const char *path)
{
    return strcmp(path, "/usr/bin/gzip") == 0 || strcmp(path, "/usr/bin/xz") == 0 ||
           strcmp(path, "/usr/bin/zstd") == 0 || strcmp(path, "/usr/bin/kmod") == 0 ||
           strcmp(path, "/usr/sbin/depmod") == 0 ||
           fnmatch("/boot/xen-*", path, FNM_PATHNAME) == 0 ||
           fnmatch("/boot/vmlinuz-*", path, FNM_PATHNAME) == 0 ||
           /* Where it is since Debian 14. */
           fnmatch("/usr/lib/modules/*/vmlinuz", path, FNM_PATHNAME) == 0;
}

static int write_content(struct archive *archive, const char *target, unsigned mode)
{
    int fd = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    char block[65536];
    int error = 0;
    la_ssize_t n = 0;

    if ( fd < 0 )
        return errno;
    while ( error == 0 && (n = archive_read_data(archive, block, sizeof(block))) > 0 )
        error = write_all(fd, block, (size_t)n);
    /* EBADMSG: the archive is damaged; dpkg-deb has more to say about it. */
    if ( error == 0 && n < 0 )
        error = EBADMSG;
    if ( error == 0 && fchmod(fd, mode & 0777) )
        error = errno;
    if ( close(fd) && error == 0 )
        error = errno;
    return error;
}

/* Where a link at `path` leads, inside the stage too: "/bin/kmod" is none of this machine's.  The
 * caller's. */
static char *link_target(const char *path, const char *target)
{
    char *merged = *target == '/' ? merged_path(target) : NULL, *relative = xstrdup("");

    if ( !merged )
    {
        free(relative);
        return xstrdup(target);
    }
    for ( const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/') )
    {
        char *up = xasprintf("../%s", relative);

        free(relative);
        relative = up;
    }
    target = xasprintf("%s%s", relative, merged + 1);
    free(relative);
    free(merged);
    return (char *)target;
}

static int extract(struct archive *archive, struct archive_entry *entry,
                   const char *stage, const char *path)
{
    const char *hardlink = archive_entry_hardlink(entry);
    char *target = xasprintf("%s%s", stage, path), *slash = strrchr(target, '/');
    int error;

    *slash = '\0';
    error = make_directories(target);
    *slash = '/';
    if ( error == 0 && hardlink )
    {
        char *merged = merged_path(hardlink), *source = xasprintf("%s%s", stage, merged);

        if ( link(source, target) && errno != EEXIST )
            error = errno;
        free(merged);
        free(source);
    }
    else if ( error == 0 && archive_entry_filetype(entry) == AE_IFLNK )
    {
        char *to = link_target(path, archive_entry_symlink(entry));

        if ( symlink(to, target) && errno != EEXIST )
            error = errno;
        free(to);
    }
    else if ( error == 0 && archive_entry_filetype(entry) == AE_IFREG )
        error = write_content(archive, target, archive_entry_perm(entry));
    if ( error == EBADMSG )
        error = 0;
    else if ( error )
    {
        cache_error(target, error);
        error = STATUS_ENVIRONMENT;
    }
    free(target);
    return error;
}

static int extract_wanted(struct archive *archive, const char *stage,
                          struct manifest *manifest)
{
    struct archive_entry *entry;
    int status = STATUS_OK;

    while ( status == STATUS_OK && archive_read_next_header(archive, &entry) == ARCHIVE_OK )
    {
        const char *name = archive_entry_pathname(entry);
        char *path;

        if ( name == NULL || strstr(name, "..") )
            continue;
        path = merged_path(name);
        if ( archive_entry_filetype(entry) != AE_IFDIR &&
             (manifest_wants(manifest, path) || is_library(manifest->architecture, path) ||
              is_devel(manifest->architecture, path) ||
              is_boot(path)) )
            status = extract(archive, entry, stage, path);
        free(path);
        stage_tick();
        if ( cancelled() )
            status = cancelled();
    }
    return status;
}

int unpack_package(const char *debs, const char *name, const char *stage,
                   struct manifest *manifest)
{
    char *package = path_in(debs, name);
    const char *argv[] = { "dpkg-deb", "--fsys-tarfile", package, NULL };
    struct archive *archive = archive_read_new();
    struct child child;
    int ends[2], status, error;

    if ( archive == NULL || pipe2(ends, O_CLOEXEC) )
    {
        message("cannot unpack %s: %s", package, strerror(errno));
        free(package);
        return STATUS_ENVIRONMENT;
    }
    error = child_start(&child, &(struct child_start){
        .argv = argv, .stdin_fd = -1, .stdout_fd = ends[1], .stderr_fd = -1 });
    close(ends[1]);
    if ( error )
    {
        message("cannot start dpkg-deb: %s; the lab is assembled from Debian packages "
                "and needs it", strerror(error));
        status = STATUS_ENVIRONMENT;
    }
    else
    {
        archive_read_support_format_tar(archive);
        archive_read_support_format_empty(archive);
        status = archive_read_open_fd(archive, ends[0], 65536) == ARCHIVE_OK
            ? extract_wanted(archive, stage, manifest) : STATUS_OK;
        /* After a failure it waits for a reader that will not come. */
        if ( status != STATUS_OK )
            child_kill(&child);
        else
        {
            char rest[4096];

            while ( read(ends[0], rest, sizeof(rest)) > 0 )
                ;
            while ( !child_wait(&child, 100) )
                if ( cancelled() )
                    child_kill(&child);
            if ( cancelled() )
                status = cancelled();
            else if ( child.status )
            {
                /* Not kept: apt would take it for downloaded. */
                unlink(package);
                message("%s was damaged and has been removed; run the same again", package);
                status = STATUS_ENVIRONMENT;
            }
        }
    }
    archive_read_free(archive);
    close(ends[0]);
    free(package);
    return status;
}
