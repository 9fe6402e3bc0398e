#include "systems/symbols.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/prepare.h"
#include "systems/assemble.h"
#include "xenometer.h"

#define HYPERVISOR "xen-hypervisor-"
#define MAP        "xen-syms.map"        /* in the lab's directory */
#define KALLSYMS   "functions"           /* beside it, one per clock and modules */
#define KERNEL_DEADLINE 120u             /* seconds for dom0 to print it */

/* "xen-hypervisor-4.17-amd64-dbg=4.17.7+13-…": what belongs to the lab's Xen.
 * The caller's; NULL when the list names no hypervisor. */
static char *debug_package(const char *resolved)
{
    for ( const char *line = resolved; line && *line; )
    {
        const char *end = strchrnul(line, '\n'), *underscore = strchr(line, '_'), *last;

        if ( !strncmp(line, HYPERVISOR, strlen(HYPERVISOR)) && underscore &&
             line[strlen(HYPERVISOR)] >= '0' && line[strlen(HYPERVISOR)] <= '9' &&
             (last = memrchr(line, '_', (size_t)(end - line))) != NULL && last > underscore )
            return xasprintf("%.*s-dbg=%.*s", (int)(underscore - line), line,
                             (int)(last - underscore - 1), underscore + 1);
        line = *end ? end + 1 : end;
    }
    return NULL;
}

/* Run apt-get or dpkg-deb there; NULL or the complaint (the caller's). */
static char *run_there(const char *directory, const char *const *argv)
{
    char *complaint = NULL;

    if ( child_run(&(struct child_start){ .argv = argv, .directory = directory,
                   .stdin_fd = -1, .stdout_fd = -1 }, &complaint) == STATUS_OK )
    {
        free(complaint);
        return NULL;
    }
    return complaint ? complaint : xstrdup("interrupted");
}

/* Text of the one file that fits the pattern in a directory, or NULL. */
static char *read_match(const char *directory, const char *pattern, char **path)
{
    char *full = path_in(directory, pattern), *text = NULL;
    glob_t found;

    if ( glob(full, 0, NULL, &found) == 0 )
    {
        if ( path )
            *path = xstrdup(found.gl_pathv[0]);
        else
            text = read_whole_file(found.gl_pathv[0], NULL);
        globfree(&found);
    }
    free(full);
    return text;
}

/* NULL, or why it cannot be had (the caller's).  With the builder's lock. */
static char *fetch_map(const struct cache *cache, const char *package, char **map)
{
    char *work = path_in(cache->root, "new-symbols"), *deb = NULL, *complaint;
    char *configuration = path_in(cache->debs, "apt.conf");
    const char *download[] = { "apt-get", "-qq", "-c", configuration,
                               "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5",
                               "download", package, NULL };

    make_directories(work);
    complaint = run_there(work, download);
    if ( !complaint )
        read_match(work, "*.deb", &deb);
    if ( deb )
    {
        const char *unpack[] = { "dpkg-deb", "-x", deb, ".", NULL };

        complaint = run_there(work, unpack);
        if ( !complaint )
            *map = read_match(work, "usr/lib/debug/boot/xen-syms-*.map", NULL);
    }
    if ( !complaint && !*map )
        complaint = xstrdup("it has no symbol map");
    remove_tree(work);
    free(deb);
    free(configuration);
    free(work);
    return complaint;
}

static void keep(const char *path, const char *text)
{
    /* Without it, it is fetched again the next time. */
    if ( write_whole_file(path, text, strlen(text), 0666) )
        progress("cannot keep %s", path);
}

static char *xen_map(struct cache *cache)
{
    char *path = path_in(cache->lab, MAP), *map = read_whole_file(path, NULL), *package;
    struct recipe recipe = { 0 };
    char *complaint;

    if ( map )
    {
        free(path);
        return map;
    }
    package = recipe_read(&recipe, cache) == STATUS_OK ? debug_package(recipe.resolved) : NULL;
    if ( package && cache_lock_build(cache) == STATUS_OK )
    {
        stage_begin("downloading %s", package);
        complaint = fetch_map(cache, package, &map);
        stage_end();
        cache_unlock_build(cache);
        if ( map )
            keep(path, map);
        else if ( !cancelled() )
            message("no names for Xen's functions: cannot get the package %s: %s; it is on a "
                    "Debian mirror, and tried again at the next trace", package, complaint);
        free(complaint);
    }
    recipe_free(&recipe);
    free(package);
    free(path);
    return map;
}

#define MODULES_MAX 4u

/* The table's file in the lab's directory: "exact/functions-brd-xen-blkback". */
static char *table_name(const struct lab_options *options, const char *const *modules)
{
    char *name = xasprintf("%s/" KALLSYMS, options->clock == LAB_EXACT ? "exact" : "fast");

    for ( ; *modules; modules++ )
    {
        char *longer = xasprintf("%s-%s", name, *modules);

        free(name);
        name = longer;
    }
    return name;
}

/*
 * The kernel's functions, and in front of them where its modules are, "# name address": a little
 * elsewhere in each job (symbols_place_modules()).
 */
static char *kernel_table(const struct lab_options *options, const struct cache *cache,
                          const char *const *modules)
{
    const char *argv[4 + MODULES_MAX + 1] = {
        "sh", "-c",
        "for m; do modprobe $m || exit 1; done; "
        "while read -r m size used by state at rest; do echo \"# $m $at\"; done </proc/modules; "
        "cat /proc/kallsyms", "sh",
    };
    char *name = table_name(options, modules), *path = path_in(cache->lab, name);
    char *table = read_whole_file(path, NULL);
    struct lab_options plain = { .clock = options->clock, .suite = options->suite,
                                 .cache = options->cache, .quiet = options->quiet };
    int fd = table ? -1 : memory_file("kallsyms", 0), status = -1;

    for ( unsigned i = 0; i < MODULES_MAX && modules[i]; i++ )
        argv[4 + i] = modules[i];
    if ( fd >= 0 )
    {
        if ( lab_run(&plain, &(struct lab_job){ .argv = argv, .stdout_fd = fd, .stderr_fd = -1,
                     .deadline_seconds = KERNEL_DEADLINE }, &status) == STATUS_OK && status == 0 )
        {
            table = memory_file_text(fd, NULL);
            keep(path, table);
        }
        else if ( !cancelled() )
            message("no names for dom0's kernel: `xenometer lab run -- cat /proc/kallsyms` fails");
        close(fd);
    }
    free(name);
    free(path);
    return table;
}

int lab_symbols(const struct lab_options *options, const char *const *modules,
                struct lab_symbols *symbols)
{
    struct cache cache;
    int status;

    *symbols = (struct lab_symbols){ 0 };
    cancel_begin();
    status = prepare(options, &cache, true, false);
    if ( status == STATUS_OK )
    {
        symbols->xen = xen_map(&cache);
        symbols->root = path_in(cache.lab, "dom0.cpio");
    }
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    cancel_end();
    if ( status == STATUS_OK )
        symbols->kernel = kernel_table(options, &cache, modules);
    if ( status == STATUS_OK )
        status = lab_program(options, &symbols->program);
    cache_close(&cache);
    return status;
}

void lab_symbols_free(struct lab_symbols *symbols)
{
    free(symbols->xen);
    free(symbols->kernel);
    free(symbols->root);
    free(symbols->program);
    *symbols = (struct lab_symbols){ 0 };
}
