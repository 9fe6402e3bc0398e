#include "systems/root.h"

#include <archive.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/cpio.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/cache.h"
#include "systems/elf_needed.h"
#include "xenometer.h"

/* A sorted set of paths in the root, parents before their children. */
struct root {
    const char *stage;
    const struct architecture *architecture;
    char **paths;
    size_t count;
    bool complete;       /* no library is missing */
};

/* True when it was not in the set yet. */
static bool add_path(struct root *root, const char *path)
{
    size_t low = 0, high = root->count;

    while ( low < high )
    {
        size_t middle = (low + high) / 2;
        int order = strcmp(path, root->paths[middle]);

        if ( order == 0 )
            return false;
        if ( order < 0 )
            high = middle;
        else
            low = middle + 1;
    }
    root->paths = xrealloc(root->paths, (root->count + 1) * sizeof(char *));
    memmove(root->paths + low + 1, root->paths + low, (root->count - low) * sizeof(char *));
    root->paths[low] = xstrdup(path);
    root->count++;
    return true;
}

static void add_with_parents(struct root *root, const char *path)
{
    char *parent = xstrdup(path);

    for ( char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/') )
    {
        *slash = '\0';
        add_path(root, parent);
        *slash = '/';
    }
    free(parent);
}

static void add_file(struct root *root, const char *path);

static void add_library(void *context, const char *name)
{
    struct root *root = context;

    for ( int i = 0; i < 2; i++ )
    {
        char *library = architecture_library(root->architecture, name);
        char *path = i ? path_in("/usr/lib64", name) : path_in("", library);
        char *staged = xasprintf("%s%s", root->stage, path);
        struct stat st;
        bool there = lstat(staged, &st) == 0;

        if ( there )
            add_file(root, path);
        free(staged);
        free(path);
        free(library);
        if ( there )
            return;
    }
    message("none of the packages has %s, which the lab's root needs", name);
    root->complete = false;
}

/* The file, what its symbolic links lead to, and the libraries it needs. */
static void add_file(struct root *root, const char *path)
{
    char *staged, target[PATH_MAX];
    struct stat st;
    ssize_t n;

    if ( !add_path(root, path) )
        return;
    add_with_parents(root, path);
    staged = xasprintf("%s%s", root->stage, path);
    if ( lstat(staged, &st) == 0 && S_ISLNK(st.st_mode) )
    {
        n = readlink(staged, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        /* Only links within a directory: those libraries and tools have. */
        if ( n > 0 && strchr(target, '/') == NULL )
        {
            char *other = xasprintf("%.*s%s", (int)(strrchr(path, '/') + 1 - path), path, target);
            char *staged_other = xasprintf("%s%s", root->stage, other);

            if ( lstat(staged_other, &st) == 0 )
                add_file(root, other);
            free(staged_other);
            free(other);
        }
    }
    else
        elf_needed(staged, add_library, root);
    free(staged);
}

/* nftw has no context argument. */
static struct root *walk_root;
static struct manifest *walk_manifest;

static int visit_staged(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char *inside = path + strlen(walk_root->stage);

    (void)st;
    (void)ftw;
    if ( (type == FTW_F || type == FTW_SL) && manifest_wants(walk_manifest, inside) )
        add_file(walk_root, inside);
    return 0;
}

static int collect(struct root *root, struct manifest *manifest)
{
    for ( size_t i = 0; i < manifest->count; i++ )
        manifest->patterns[i].found = false;
    walk_root = root;
    walk_manifest = manifest;
    nftw(root->stage, visit_staged, 16, FTW_PHYS);
    for ( size_t i = 0; i < manifest->count; i++ )
        if ( !manifest->patterns[i].found && !manifest->patterns[i].optional )
        {
            message("no package has %s, which the lab's list `files` names; the packages of its "
                    "list `packages` do not fit", manifest->patterns[i].text);
            return STATUS_ENVIRONMENT;
        }
    /* Said which one already. */
    return root->complete ? STATUS_OK : STATUS_ENVIRONMENT;
}

static int put_staged(struct archive *archive, const struct root *root, const char *path)
{
    char *staged = xasprintf("%s%s", root->stage, path), target[PATH_MAX];
    struct stat st;
    ssize_t n;
    int error;

    if ( lstat(staged, &st) )
        error = errno;
    else if ( S_ISDIR(st.st_mode) )
        error = cpio_put(archive, path, S_IFDIR | 0755, NULL, NULL, 0);
    else if ( S_ISLNK(st.st_mode) )
    {
        n = readlink(staged, target, sizeof(target) - 1);
        target[n > 0 ? n : 0] = '\0';
        error = cpio_put(archive, path, S_IFLNK | 0777, target, NULL, 0);
    }
    else
        error = cpio_put_file(archive, path, staged, st.st_mode & 0111 ? 0755 : 0644);
    free(staged);
    return error;
}

static int put_all(struct archive *archive, const struct root *root,
                   const char *init, const char *agent)
{
    static const char *const merged[] = { "bin", "sbin", "lib", "lib64" };
    int error = cpio_put_file(archive, "/init", init, 0755);

    if ( error == 0 )
        error = cpio_put_file(archive, "/agent", agent, 0755);
    for ( size_t i = 0; error == 0 && i < root->count; i++ )
    {
        error = put_staged(archive, root, root->paths[i]);
        stage_tick();
    }
    for ( size_t i = 0; error == 0 && i < sizeof(merged) / sizeof(merged[0]); i++ )
    {
        char *target = path_in("usr", merged[i]);

        error = cpio_put(archive, merged[i], S_IFLNK | 0777, target, NULL, 0);
        free(target);
    }
    /* Where init mounts and links; it makes the rest itself. */
    if ( error == 0 )
        error = cpio_put(archive, "var", S_IFDIR | 0755, NULL, NULL, 0);
    return error;
}

int root_write(const char *stage, struct manifest *manifest, const char *init,
               const char *agent, const char *cpio)
{
    struct root root = { .stage = stage, .architecture = manifest->architecture, .complete = true };
    struct archive *archive;
    int error = 0, status;

    add_path(&root, "/usr");
    status = collect(&root, manifest);
    if ( status == STATUS_OK )
    {
        archive = archive_write_new();
        archive_write_set_format_cpio_newc(archive);
        if ( archive_write_open_filename(archive, cpio) != ARCHIVE_OK )
            error = archive_errno(archive);
        if ( error == 0 )
            error = put_all(archive, &root, init, agent);
        if ( archive_write_close(archive) != ARCHIVE_OK && error == 0 )
            error = archive_errno(archive) > 0 ? archive_errno(archive) : EIO;
        archive_write_free(archive);
        if ( error )
            status = cache_error(cpio, error);
    }
    for ( size_t i = 0; i < root.count; i++ )
        free(root.paths[i]);
    free(root.paths);
    return status;
}
