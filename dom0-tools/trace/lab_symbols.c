#include "trace/lab_symbols.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guests/app.h"
#include "guests/kvm/wire.h"
#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/prepare.h"
#include "machines/qemu/qemu.h"
#include "systems/assemble.h"
#include "systems/packages.h"
#include "xenometer.h"

#define KALLSYMS "functions"   /* in the lab's directory, one per clock, CPU and modules */
#define KERNEL_DEADLINE 120u   /* seconds for dom0 to print it */

/*
 * A package of the lab's list, as apt-get takes it: NAME, with `suffix` behind it, "=" and the
 * version.  Its own name begins with `prefix`, and a digit or nothing follows.  A line of the list
 * is NAME_VERSION_ARCHITECTURE.deb, with "%3a" for a colon.  The caller's; NULL: none there.
 */
static char *listed(const char *resolved, const char *prefix, const char *suffix)
{
    for ( const char *line = resolved; line && *line; )
    {
        const char *end = strchrnul(line, '\n'), *underscore = strchr(line, '_');
        const char *last = memrchr(line, '_', (size_t)(end - line));
        char next = line[strlen(prefix)];

        if ( !strncmp(line, prefix, strlen(prefix)) && underscore && last && last > underscore &&
             (next == '_' || (next >= '0' && next <= '9')) )
        {
            char *package = xasprintf("%.*s%s=%.*s", (int)(underscore - line), line, suffix,
                                      (int)(last - underscore - 1), underscore + 1);
            char *colon = strstr(package, "%3a");

            if ( colon )
            {
                *colon = ':';
                memmove(colon + 1, colon + 3, strlen(colon + 3) + 1);
            }
            return package;
        }
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

/* Path of the one file that fits the pattern in a directory, or NULL; the caller's. */
static char *find_match(const char *directory, const char *pattern)
{
    char *full = path_in(directory, pattern), *path = NULL;
    glob_t found;

    if ( glob(full, 0, NULL, &found) == 0 )
    {
        path = xstrdup(found.gl_pathv[0]);
        globfree(&found);
    }
    free(full);
    return path;
}

/*
 * Download a package and keep one of its files, which fits `pattern`, as `path`.  NULL, or why it
 * cannot be had (the caller's).  With the builder's lock.
 */
static char *fetch(const struct cache *cache, const char *package, const char *pattern,
                   const char *path)
{
    char *work = path_in(cache->root, "new-symbols"), *deb = NULL, *file = NULL, *complaint;
    char *configuration = path_in(cache->debs, "apt.conf");
    const char *download[] = { "apt-get", "-qq", "-c", configuration,
                               "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5",
                               "download", package, NULL };

    make_directories(work);
    /* That of this cache's place: it may have been copied from another. */
    complaint = packages_configure(cache) == STATUS_OK ? run_there(work, download)
                                                       : xstrdup("apt cannot be told where it works");
    if ( !complaint )
        deb = find_match(work, "*.deb");
    if ( deb )
    {
        const char *unpack[] = { "dpkg-deb", "-x", deb, ".", NULL };

        complaint = run_there(work, unpack);
        if ( !complaint )
            file = find_match(work, pattern);
    }
    if ( !complaint && !file )
        complaint = xasprintf("it has no %s", pattern);
    if ( file && rename(file, path) )
        complaint = xasprintf("cannot keep %s: %s", path, strerror(errno));
    remove_tree(work);
    free(file);
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

/* A file of a package, in the lab's directory from its first use on: its path, or NULL after a
 * message that `whose` functions have no names.  The caller's. */
static char *fetched(struct cache *cache, const char *package, const char *pattern,
                     const char *name, const char *whose)
{
    char *path = path_in(cache->lab, name), *complaint = NULL;
    bool there = access(path, R_OK) == 0;

    if ( !there && package && cache_lock_build(cache) == STATUS_OK )
    {
        stage_begin("downloading %s", package);
        complaint = fetch(cache, package, pattern, path);
        stage_end();
        cache_unlock_build(cache);
        there = !complaint;
        if ( complaint && !cancelled() )
            message("no names for %s functions: cannot get the package %s: %s; it is on a "
                    "Debian mirror, and tried again at the next trace", whose, package, complaint);
        free(complaint);
    }
    if ( there )
        return path;
    free(path);
    return NULL;
}

static char *xen_map(struct cache *cache, const struct recipe *recipe)
{
    char *package = listed(recipe->resolved, "xen-hypervisor-", "-dbg");
    char *path = fetched(cache, package, "usr/lib/debug/boot/xen-syms-*.map", "xen-syms.map",
                         "Xen's");
    char *map = path ? read_whole_file(path, NULL) : NULL;

    free(package);
    free(path);
    return map;
}

/*
 * A QEMU of the device model's version: this machine's, when it has that, so that nothing needs
 * to be downloaded; else the suite's package for machines without Xen, which has the same version.
 */
static char *device_model(struct cache *cache, const struct recipe *recipe)
{
    char *listed_as = listed(recipe->resolved, "qemu-system-xen", "");
    const char *number = listed_as ? strchr(listed_as, '=') : NULL;
    char *package = number ? xasprintf("qemu-system-x86%s", number) : NULL;
    char *version, *path = qemu_find(MACHINE_QEMU, &version);

    if ( package && !(path && version && strstr(package, version)) )
    {
        free(path);
        path = fetched(cache, package, "usr/bin/qemu-system-x86_64", "qemu-functions",
                       "the device model's");
    }
    free(package);
    free(listed_as);
    free(version);
    return path;
}

#define MODULES_MAX 4u

/* The table's file in the lab's directory: "functions-exact-brd-xen-blkback".  With another CPU the kernel lies elsewhere,
 * too. */
static char *table_name(const struct lab_options *options, const char *const *modules)
{
    char *name = xasprintf(KALLSYMS "-%s%s%s", options->clock == LAB_EXACT ? "exact" : "fast",
                           options->cpu ? "-" : "", options->cpu ? options->cpu : "");

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
    struct lab_options plain = { .clock = options->clock, .suite = options->suite, .cpu = options->cpu,
                                 .system = options->system,
                                 .variant = options->variant, .cache = options->cache,
                                 .quiet = options->quiet };
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
            message("no names for its kernel: `xenometer lab run%s -- cat /proc/kallsyms` fails",
                    options->system == SYSTEM_XEN ? "" : " --system=linux");
        close(fd);
    }
    free(name);
    free(path);
    return table;
}

int lab_symbols(const struct lab_options *options, const char *const *modules,
                bool with_device_model, struct lab_symbols *symbols)
{
    static const char *const without_xen[] = { KVM_MONITOR, WIRE_PROGRAM };
    struct recipe recipe = { 0 };
    struct cache cache;
    const char *how;
    int status;

    *symbols = (struct lab_symbols){ 0 };
    cancel_begin();
    status = prepare(options, &cache, true, false);
    if ( status == STATUS_OK )
        status = recipe_read(&recipe, &cache);
    if ( status == STATUS_OK )
    {
        if ( cache.system->xen )
            symbols->xen = options->variant.xen ? variant_symbols(&options->variant)
                                                : xen_map(&cache, &recipe);
        symbols->root = path_in(cache.lab, cache.system->root);
        if ( with_device_model )
            symbols->qemu = device_model(&cache, &recipe);
    }
    recipe_free(&recipe);
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    cancel_end();
    if ( status == STATUS_OK )
        symbols->kernel = kernel_table(options, &cache, modules);
    if ( status == STATUS_OK && options->system == SYSTEM_XEN )
    {
        status = lab_program(options, &symbols->programs[0].path);
        symbols->programs[0].name = "xenometer";
    }
    else if ( status == STATUS_OK )
        for ( size_t i = 0; i < 2; i++ )
        {
            symbols->programs[i].path = lab_cpu_file(options->cpu, without_xen[i], &how);
            symbols->programs[i].name = without_xen[i];
        }
    cache_close(&cache);
    return status;
}

void lab_symbols_free(struct lab_symbols *symbols)
{
    free(symbols->xen);
    free(symbols->kernel);
    free(symbols->root);
    for ( size_t i = 0; i < 2; i++ )
        free(symbols->programs[i].path);
    free(symbols->qemu);
    *symbols = (struct lab_symbols){ 0 };
}
