#include "lib/files.h"
#include "systems/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/stage.h"
#include "systems/suite.h"
#include "xenometer.h"

int cache_error(const char *path, int error)
{
    if ( error == ENOSPC || error == EDQUOT )
        message("the disk is full at %s; the lab needs about 1 GiB: make room or "
                "set XENOMETER_CACHE to another directory", path);
    else
        message("cannot write %s: %s; set XENOMETER_CACHE to a directory you can write",
                path, strerror(error));
    return STATUS_ENVIRONMENT;
}

void cache_find(struct cache *cache, const struct architecture *architecture, const char *suite,
                const char *directory)
{
    const char *own = getenv("XENOMETER_CACHE"), *base = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    char *root, *here;

    if ( directory && *directory )
        root = xstrdup(directory);
    else if ( own && *own )
        root = xstrdup(own);
    else if ( base && *base )
        root = path_in(base, "xenometer");
    else
        root = path_in(home && *home ? home : "/tmp", ".cache/xenometer");
    /* Absolute: children work in other directories. */
    if ( root[0] != '/' && (here = getcwd(NULL, 0)) != NULL )
    {
        char *absolute = path_in(here, root);

        free(here);
        free(root);
        root = absolute;
    }
    *cache = (struct cache){ .root = root, .any_suite = suite == NULL,
                             .suite = suite ? suite : LAB_SUITE, .architecture = architecture,
                             .system = system_of(SYSTEM_XEN),
                             .build_lock = -1, .use_lock = -1 };
    cache->label = architecture == &architecture_x86
        ? xstrdup(cache->suite) : xasprintf("%s-%s", architecture->name, cache->suite);
    cache->debs = xasprintf("%s/debs-%s", root, cache->label);
}

int cache_open(struct cache *cache, const struct architecture *architecture, const char *suite,
               const char *directory)
{
    int error;

    cache_find(cache, architecture, suite, directory);
    error = make_directories(cache->debs);
    if ( error == 0 && access(cache->root, W_OK | X_OK) )
        error = errno;
    if ( error == 0 )
        return STATUS_OK;
    return cache_error(cache->root, error);
}

void cache_close(struct cache *cache)
{
    cache_unlock_build(cache);
    if ( cache->use_lock >= 0 )
        close(cache->use_lock);
    free(cache->root);
    free(cache->label);
    free(cache->debs);
    free(cache->base);
    free(cache->lab);
    *cache = (struct cache){ .build_lock = -1, .use_lock = -1 };
}

void cache_set_key(struct cache *cache, uint64_t key, uint64_t own)
{
    free(cache->base);
    free(cache->lab);
    cache->base = xasprintf("%s/%s-%s-%016" PRIx64, cache->root, cache->system->prefix,
                            cache->label, key);
    cache->lab = own ? xasprintf("%s/own-%s-%016" PRIx64, cache->root, cache->label,
                                 hash_bytes(key, &own, sizeof(own)))
                     : xstrdup(cache->base);
}

/* Call `visit` for each entry of the root that starts with `prefix`. */
static void each_entry(struct cache *cache, const char *prefix,
                       void (*visit)(struct cache *, const char *path))
{
    DIR *directory = opendir(cache->root);
    struct dirent *entry;

    if ( directory == NULL )
        return;
    while ( (entry = readdir(directory)) != NULL )
        if ( strncmp(entry->d_name, prefix, strlen(prefix)) == 0 )
        {
            char *path = path_in(cache->root, entry->d_name);

            visit(cache, path);
            free(path);
        }
    closedir(directory);
}

static void remove_entry(struct cache *cache, const char *path)
{
    (void)cache;
    remove_tree(path);
}

int cache_lock_build(struct cache *cache)
{
    char *path;
    int fd;

    if ( cache->build_lock >= 0 )
        return STATUS_OK;
    path = path_in(cache->root, "build.lock");
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if ( fd < 0 )
    {
        int status = cache_error(path, errno);

        free(path);
        return status;
    }
    free(path);
    stage_begin("waiting for another xenometer that builds the lab in %s", cache->root);
    while ( flock(fd, LOCK_EX | LOCK_NB) )
    {
        if ( cancelled() )
        {
            close(fd);
            stage_end();
            return cancelled();
        }
        poll(NULL, 0, 50);
        stage_tick();
    }
    stage_end();
    cache->build_lock = fd;
    each_entry(cache, "new-", remove_entry);
    return STATUS_OK;
}

void cache_unlock_build(struct cache *cache)
{
    if ( cache->build_lock >= 0 )
        close(cache->build_lock);
    cache->build_lock = -1;
}

int cache_hold(const char *directory)
{
    char *path = path_in(directory, "lock");
    struct stat ours, now;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    /* Who removes a lab has its lock exclusively, for a moment only. */
    if ( fd >= 0 && flock(fd, LOCK_SH) )
    {
        close(fd);
        fd = -1;
    }
    /* Removed between open and flock: then we hold the lock of nothing. */
    if ( fd >= 0 && (fstat(fd, &ours) || stat(path, &now) || ours.st_ino != now.st_ino) )
    {
        close(fd);
        fd = -1;
    }
    /* When it was used last: which of the user's own goes first (cache_trim()). */
    if ( fd >= 0 )
        utimensat(AT_FDCWD, path, NULL, 0);
    free(path);
    return fd;
}

bool cache_use(struct cache *cache)
{
    int fd = cache_hold(cache->lab);

    if ( cache->use_lock >= 0 )
        close(cache->use_lock);
    cache->use_lock = fd;
    return fd >= 0;
}

static bool remove_current;

/* Is the lab, "…/lab-SUITE-KEY" or the like, one of our suite's? */
static bool is_of_suite(const struct cache *cache, const char *path)
{
    const char *name = strchr(strrchr(path, '/'), '-') + 1, *key = strrchr(name, '-');

    return key && strlen(cache->label) == (size_t)(key - name) &&
           memcmp(name, cache->label, (size_t)(key - name)) == 0;
}

/* Nobody uses it, or it stays: false. */
static bool remove_lab(struct cache *cache, const char *path, bool say)
{
    char *lock = path_in(path, "lock"), *doomed;
    int fd = open(lock, O_RDONLY | O_CLOEXEC);
    bool used = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB);

    free(lock);
    if ( used && say )
        message("%s is in use and stays", path);
    if ( !used )
    {
        /* First out of the way under another name: nobody finds half a lab. */
        doomed = xasprintf("%s/new-removed-%s", cache->root, strrchr(path, '/') + 1);
        remove_tree(doomed);
        if ( rename(path, doomed) == 0 )
            remove_tree(doomed);
        free(doomed);
    }
    if ( fd >= 0 )
        close(fd);
    return !used;
}

static void remove_unused_lab(struct cache *cache, const char *path)
{
    if ( !is_of_suite(cache, path) && !(remove_current && cache->any_suite) )
        return;
    if ( cache->base && !remove_current && strcmp(path, cache->base) == 0 )
        return;
    remove_lab(cache, path, remove_current);
}

static void remove_unused_xen(struct cache *cache, const char *path)
{
    remove_lab(cache, path, true);
}

void cache_remove_labs(struct cache *cache, bool all)
{
    char *prefix = xasprintf("%s-", cache->system->prefix);

    remove_current = all;
    each_entry(cache, prefix, remove_unused_lab);
    if ( all )
    {
        each_entry(cache, "lab-", remove_unused_lab);
        each_entry(cache, "linux-", remove_unused_lab);
        each_entry(cache, cache_own.prefix, remove_unused_lab);
        each_entry(cache, cache_built.prefix, remove_unused_xen);
    }
    remove_current = false;
    free(prefix);
}

/* --------------------------------------------------- of the user's own parts -- */

const struct cache_kind cache_own = { "own-", 4ull << 30 };
const struct cache_kind cache_built = { "built-", 128ull << 20 };

struct kept {
    char *path;
    time_t used;
};

static int compare_use(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    return x->used != y->used ? x->used < y->used ? 1 : -1 : strcmp(x->path, y->path);
}

/* The last used first; the caller's, with the paths. */
static struct kept *list_kept(const struct cache *cache, const struct cache_kind *kind, size_t *count)
{
    char *pattern = xasprintf("%s/%s*", cache->root, kind->prefix);
    struct kept *list = NULL;
    glob_t found;

    *count = 0;
    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        list = xcalloc(found.gl_pathc, sizeof(*list));
        for ( size_t i = 0; i < found.gl_pathc; i++ )
        {
            char *lock = path_in(found.gl_pathv[i], "lock");
            struct stat st;

            list[i] = (struct kept){ .path = xstrdup(found.gl_pathv[i]),
                                     .used = stat(lock, &st) ? 0 : st.st_mtime };
            free(lock);
        }
        *count = found.gl_pathc;
        qsort(list, *count, sizeof(*list), compare_use);
        globfree(&found);
    }
    free(pattern);
    return list;
}

static void free_kept(struct kept *list, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        free(list[i].path);
    free(list);
}

void cache_each(const struct cache *cache, const struct cache_kind *kind,
                void (*visit)(void *context, const char *path, time_t used), void *context)
{
    size_t count;
    struct kept *list = list_kept(cache, kind, &count);

    for ( size_t i = 0; i < count; i++ )
        visit(context, list[i].path, list[i].used);
    free_kept(list, count);
}

void cache_trim(struct cache *cache, const struct cache_kind *kind)
{
    size_t count;
    struct kept *list = list_kept(cache, kind, &count);
    uint64_t bytes = 0;

    for ( size_t i = 0; i < count; i++ )
    {
        bytes += disk_usage(list[i].path);
        if ( bytes > kind->bytes && strcmp(list[i].path, cache->lab ? cache->lab : "") != 0 )
        {
            progress("%s, used longest ago, makes room", list[i].path);
            remove_lab(cache, list[i].path, false);
        }
    }
    free_kept(list, count);
}

int cache_remove_packages(struct cache *cache)
{
    int error = remove_tree(cache->debs);

    if ( error == 0 && cache->any_suite )
        each_entry(cache, "debs", remove_entry);
    return error;
}

void cache_remove_own(struct cache *cache)
{
    if ( cache->use_lock >= 0 )
        close(cache->use_lock);
    cache->use_lock = -1;
    remove_lab(cache, cache->lab, false);
}
