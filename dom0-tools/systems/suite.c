/* Another Debian suite's lab: its name, apt's sources, our program for it. */
#include "systems/suite.h"

#include <errno.h>
#include <glob.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/prepare.h"
#include "systems/assemble.h"
#include "systems/packages.h"
#include "xenometer.h"

#define VARIABLE "XENOMETER_LAB_SUITE"
#define PROGRAM  "program-"

int lab_suite_choose(const char **suite)
{
    const char *from = "--lab-suite";

    if ( *suite == NULL )
    {
        from = VARIABLE;
        *suite = getenv(VARIABLE);
    }
    if ( *suite && **suite == '\0' )
        *suite = NULL;
    /* It becomes part of file names and of a line of apt's. */
    if ( *suite && (strspn(*suite, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(*suite) ||
                    **suite == '-') )
    {
        message("%s=%s: must be the name of a Debian suite, such as trixie", from, *suite);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

int suite_write_sources(const struct cache *cache)
{
    char *path = path_in(cache->debs, "sources.list");
    char *text = xasprintf("deb [signed-by=%s] %s %s main\n", SUITE_KEYS, SUITE_MIRROR,
                           cache->suite);
    int error = write_whole_file(path, text, strlen(text), 0666);

    free(text);
    free(path);
    return error;
}

void suite_complain(const struct cache *cache, const char *complaint)
{
    if ( access(SUITE_KEYS, R_OK) )
        message("cannot check the packages of Debian's %s: %s is missing; install the "
                "package debian-archive-keyring", cache->suite, SUITE_KEYS);
    else if ( strstr(complaint, "does not have a Release file") )
        message("%s has no suite %s; trixie is one", SUITE_MIRROR, cache->suite);
    else
        message("cannot get the lab's packages of Debian's %s: %s; the first build needs %s "
                "and about 1 GiB in %s", cache->suite, complaint, SUITE_MIRROR, cache->root);
}

void suite_forget(struct cache *cache)
{
    char *resolved = path_in(cache->debs, "resolved");

    if ( access(resolved, F_OK) )
        cache_remove_packages(cache);
    free(resolved);
}

static int move_libraries(const char *stage, const char *to)
{
    char *pattern = path_in(stage, "usr/lib/x86_64-linux-gnu/libxen*.so*");
    int error = make_directories(to);
    glob_t found;

    if ( error == 0 && glob(pattern, 0, NULL, &found) == 0 )
    {
        for ( size_t i = 0; error == 0 && i < found.gl_pathc; i++ )
        {
            char *path = path_in(to, strrchr(found.gl_pathv[i], '/') + 1);

            if ( rename(found.gl_pathv[i], path) )
                error = errno;
            free(path);
        }
        globfree(&found);
    }
    free(pattern);
    return error;
}

int suite_keep_devel(const char *stage, const char *lab)
{
    char *from = path_in(stage, "usr/include"), *libraries = path_in(lab, "devel/lib");
    char *headers = path_in(lab, "devel/include");
    int error = move_libraries(stage, libraries);

    if ( error == 0 && rename(from, headers) )
        error = errno;
    if ( error )
        cache_error(headers, error);
    free(headers);
    free(libraries);
    free(from);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* ---------------------------------------------------------- our program -- */

/* What the program is made of: everything but xenctrl.c, linked to one object,
 * and that file's source. */
struct parts {
    char *object, *source, *include, *tools;
};

static bool find_parts(struct parts *p)
{
    static const char source[] = "dom0-tools/backend/xenctrl.c";
    size_t length;

    *p = (struct parts){ .object = data_file("xenometer-parts.o"), .source = data_file(source) };
    if ( !p->object || !p->source )
        return false;
    /* Where that stands; build/ has a dom0-tools of its own. */
    length = strlen(p->source) - strlen(source);
    p->include = xasprintf("%.*sinclude", (int)length, p->source);
    p->tools = xasprintf("%.*sdom0-tools", (int)length, p->source);
    return true;
}

static void free_parts(struct parts *p)
{
    free(p->object);
    free(p->source);
    free(p->include);
    free(p->tools);
}

/* Size and time of change stand for the content. */
static uint64_t hash_parts(const struct parts *p)
{
    const char *const paths[] = { p->object, p->source };
    uint64_t hash = HASH_START;

    for ( size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++ )
    {
        struct stat st;

        if ( stat(paths[i], &st) == 0 )
        {
            hash = hash_bytes(hash, &st.st_size, sizeof(st.st_size));
            hash = hash_bytes(hash, &st.st_mtim, sizeof(st.st_mtim));
        }
    }
    return hash;
}

/*
 * libxenctrl's ABI and the interface versions it speaks change with every Xen: the
 * one file that uses it is compiled again, with the suite's headers, and linked with
 * the suite's libraries.  All others keep their ABI, and the rest stays as it is.
 */
static int link_program(const struct cache *cache, const struct parts *p, const char *to)
{
    char *headers = path_in(cache->lab, "devel/include"), *complaint = NULL;
    char *libraries = path_in(cache->lab, "devel/lib");
    char *directory = xasprintf("-L%s", libraries);
    char *indirect = xasprintf("-Wl,-rpath-link,%s", libraries);
    const char *argv[] = {
        "gcc", "-std=gnu11", "-O2", "-g", "-D_GNU_SOURCE", "-I", p->include, "-I", p->tools,
        "-I", headers, "-o", to, p->object, p->source, directory, indirect,
        /* What the suite's libraries need of a newer libc, dom0 has. */
        "-Wl,--allow-shlib-undefined",
        /* As in the Makefile's TOOL_PACKAGES. */
        "-lxencall", "-lxenctrl", "-lxenevtchn", "-lxengnttab", "-lxenstore",
        "-lxendevicemodel", "-lxenforeignmemory", "-ljansson", "-lsmartcols", NULL };
    int status;

    stage_begin("linking xenometer for %s", cache->suite);
    status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1 },
                       &complaint);
    stage_end();
    if ( status == STATUS_ENVIRONMENT )
        message("cannot link xenometer for %s's dom0: %s; it takes gcc, libjansson-dev and "
                "libsmartcols-dev, as `make` does", cache->suite, complaint);
    free(complaint);
    free(indirect);
    free(directory);
    free(libraries);
    free(headers);
    return status;
}

/* A program is for the libc it was linked with, and newer ones. */
static int check_libc(const struct cache *cache)
{
    struct recipe recipe;
    char version[32] = "";
    int status = recipe_read(&recipe, cache);

    if ( status == STATUS_OK && recipe.resolved &&
         packages_version(recipe.resolved, "libc", version, sizeof(version), NULL, 0) &&
         strverscmp(version, gnu_get_libc_version()) < 0 )
    {
        message("%s has libc %s, older than this machine's %s, which xenometer is built for: "
                "in the lab of %s only `xenometer lab` works", cache->suite, version,
                gnu_get_libc_version(), cache->suite);
        status = STATUS_ENVIRONMENT;
    }
    recipe_free(&recipe);
    return status;
}

static void remove_programs(const struct cache *cache)
{
    char *pattern = path_in(cache->lab, PROGRAM "*");
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        for ( size_t i = 0; i < found.gl_pathc; i++ )
            unlink(found.gl_pathv[i]);
        globfree(&found);
    }
    free(pattern);
}

/* With the builder's lock.  Programs of earlier builds go. */
static int make_program(struct cache *cache, const struct parts *p, const char *path)
{
    char *work = path_in(cache->lab, "new-program");
    int status = check_libc(cache);

    if ( status == STATUS_OK && access(path, X_OK) )
    {
        status = link_program(cache, p, work);
        if ( status == STATUS_OK )
        {
            remove_programs(cache);
            if ( rename(work, path) )
                status = cache_error(path, errno);
        }
        unlink(work);
    }
    free(work);
    return status;
}

int lab_program(const struct lab_options *options, char **path)
{
    struct cache cache;
    struct parts parts;
    int status;

    *path = NULL;
    if ( options->suite == NULL )
    {
        *path = xstrdup("/proc/self/exe");
        return STATUS_OK;
    }
    if ( !find_parts(&parts) )
    {
        message("the parts of xenometer to be linked for %s's dom0 are missing from this "
                "installation; run `make all`, or `make install` again", options->suite);
        free_parts(&parts);
        return STATUS_ENVIRONMENT;
    }
    cancel_begin();
    status = prepare(options, &cache, false, false);
    if ( status == STATUS_OK )
    {
        char *name = xasprintf(PROGRAM "%016" PRIx64, hash_parts(&parts));

        *path = path_in(cache.lab, name);
        free(name);
        if ( access(*path, X_OK) && (status = cache_lock_build(&cache)) == STATUS_OK )
            status = make_program(&cache, &parts, *path);
        cache_unlock_build(&cache);
    }
    if ( status != STATUS_OK )
    {
        free(*path);
        *path = NULL;
    }
    cache_close(&cache);
    cancel_end();
    free_parts(&parts);
    return status;
}
