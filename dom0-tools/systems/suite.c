/* The Debian suite of a lab: its name, apt's sources, our program for it. */
#include "systems/suite.h"

#include <errno.h>
#include <glob.h>
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
#include "systems/assemble.h"
#include "systems/cache.h"
#include "xenometer.h"

#define VARIABLE "XENOMETER_LAB_SUITE"
#define PROGRAM  "program-"

int suite_choose(const char **suite)
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
        message("%s=%s: must be the name of a Debian suite, such as " LAB_SUITE, from, *suite);
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

void suite_forget(struct cache *cache)
{
    char *resolved = path_in(cache->debs, "resolved*");
    glob_t found;

    if ( glob(resolved, 0, NULL, &found) == GLOB_NOMATCH )
        cache_remove_packages(cache);
    else
        globfree(&found);
    free(resolved);
}

/* Where they are in a lab, below devel/, as gcc's --sysroot expects it; the caller's. */
static char *devel_libraries(const struct architecture *a, const char *lab)
{
    char *name = architecture_library(a, ""), *path = xasprintf("%s/devel/%s", lab, name);

    free(name);
    return path;
}

/* What link_program() names, and what that needs. */
static const char *const devel_files[] = {
    "libxen*.so*", "libjansson.so.4*", "libsmartcols.so.1*", "libc.so.6", "libc_nonshared.a",
    "ld-linux-*.so.*", "Scrt1.o", "crti.o", "crtn.o", "libarchive.a", "libseccomp.a", "libxenvchan.a",
};

static int move_files(const struct architecture *a, const char *stage, const char *pattern,
                      const char *to)
{
    char *library = architecture_library(a, pattern), *full = path_in(stage, library);
    int error = 0;
    glob_t found;

    if ( glob(full, 0, NULL, &found) == 0 )
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
    free(full);
    free(library);
    return error;
}

int suite_keep_devel(const struct architecture *a, const char *stage, const char *lab)
{
    char *from = path_in(stage, "usr/include"), *libraries = devel_libraries(a, lab);
    char *headers = path_in(lab, "devel/usr/include");
    char *linux_from = path_in(stage, "usr/lib/linux");
    char *linux_headers = path_in(lab, "devel/usr/lib/linux");
    int error = make_directories(libraries);

    for ( size_t i = 0; error == 0 && i < sizeof(devel_files) / sizeof(devel_files[0]); i++ )
        error = move_files(a, stage, devel_files[i], libraries);
    if ( error == 0 && rename(from, headers) )
        error = errno;
    /* Where linux-libc-dev's asm/ leads to, since trixie. */
    if ( error == 0 && rename(linux_from, linux_headers) && errno != ENOENT )
        error = errno;
    if ( error )
        cache_error(headers, error);
    free(linux_headers);
    free(linux_from);
    free(headers);
    free(libraries);
    free(from);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* ---------------------------------------------------------- our program -- */

/* The tests' program with hostile backends has parts of its own. */
__attribute__((weak)) const char suite_parts[] = "xenometer-parts.o";

/* And options of the compiler for xenctrl.c, as that which counts its lines (tests/coverage). */
#define MAX_OPTIONS 8u
extern const char *const suite_compiler_options[];
__attribute__((weak)) const char *const suite_compiler_options[] = { NULL };

/* What the program is made of: everything but xenctrl.c, linked to one object, that
 * file's source, and that of what a libc older than this machine's lacks. */
struct parts {
    char *object, *source, *older, *include, *tools;
};

static bool find_parts(const struct architecture *a, struct parts *p)
{
    static const char source[] = "dom0-tools/backend/xenctrl.c";
    size_t length;

    *p = (struct parts){ .object = architecture_file(a, suite_parts), .source = data_file(source),
                         .older = data_file("dom0-tools/systems/older_libc.c") };
    if ( !p->object || !p->source || !p->older )
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
    free(p->older);
    free(p->include);
    free(p->tools);
}

/* Size and time of change stand for the content. */
static uint64_t hash_parts(const struct parts *p)
{
    const char *const paths[] = { p->object, p->source, p->older };
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
 * one file that uses it is compiled with the suite's headers.  Everything is linked
 * with the suite's libraries, libc and its start files among them: a program linked with
 * this machine's would need a libc at least as new in dom0.
 */
static int link_program(const struct cache *cache, const struct parts *p, const char *to)
{
    const struct architecture *a = cache->architecture;
    char *libraries = devel_libraries(a, cache->lab), *complaint = NULL;
    char *sysroot = xasprintf("--sysroot=%s/devel", cache->lab);
    /* Part of the sysroot only for a gcc made for Debian's directories. */
    char *headers = xasprintf("%s/devel/usr/include/%s", cache->lab, a->triplet);
    char *own = path_in(cache->lab, "devel/usr/include"), *directory = xasprintf("-L%s", libraries);
    char *indirect = xasprintf("-Wl,-rpath-link,%s", libraries);
    char *loader = xasprintf("-l:%s", a->loader);
    char *start = path_in(libraries, "Scrt1.o"), *init = path_in(libraries, "crti.o");
    char *end = path_in(libraries, "crtn.o");
    const char *const first[] = {
        a->compiler, "-std=gnu11", "-O2", "-g", "-D_GNU_SOURCE", sysroot, "-isystem", headers,
        /* A compiler for another architecture has headers of a libc of its own. */
        "-isystem", own, "-I", p->include, "-I", p->tools, "-nostdlib", "-o", to, start, init,
        p->object, p->source, p->older, directory, indirect,
        /* What the libraries need of libraries that are no files of devel/, dom0 has. */
        "-Wl,--allow-shlib-undefined",
    };
    /* Our parts have them in already (Makefile, STATIC_LIBS) where they are this machine's. */
    static const char *const not_in_parts[] = {
        "-l:libarchive.a", "-l:libseccomp.a", "-l:libxenvchan.a",
    };
    const char *const last[] = {
        /* As in the Makefile's TOOL_PACKAGES. */
        "-lxencall", "-lxenctrl", "-lxenevtchn", "-lxengnttab", "-lxenstore",
        "-lxendevicemodel", "-lxenforeignmemory", "-l:libjansson.so.4", "-l:libsmartcols.so.1",
        "-l:libc.so.6", "-l:libc_nonshared.a", loader, "-lgcc", end,
    };
    const char *argv[sizeof(first) / sizeof(*first) + sizeof(not_in_parts) / sizeof(*not_in_parts) +
                     sizeof(last) / sizeof(*last) + MAX_OPTIONS + 1];
    size_t count = 0;
    int status;

    for ( size_t i = 0; i < sizeof(first) / sizeof(*first); i++ )
        argv[count++] = first[i];
    for ( size_t i = 0; i < MAX_OPTIONS && suite_compiler_options[i]; i++ )
        argv[count++] = suite_compiler_options[i];
    for ( size_t i = 0; !a->native && i < sizeof(not_in_parts) / sizeof(*not_in_parts); i++ )
        argv[count++] = not_in_parts[i];
    for ( size_t i = 0; i < sizeof(last) / sizeof(*last); i++ )
        argv[count++] = last[i];
    argv[count] = NULL;
    stage_begin("linking xenometer for %s", cache->suite);
    status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1 },
                       &complaint);
    stage_end();
    if ( status == STATUS_ENVIRONMENT )
        message("cannot link xenometer for %s's dom0: %s; it takes the package %s", cache->suite,
                complaint, a->compiler_package);
    free(complaint);
    free(end);
    free(init);
    free(start);
    free(loader);
    free(own);
    free(indirect);
    free(directory);
    free(headers);
    free(sysroot);
    free(libraries);
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
    int status = STATUS_OK;

    if ( access(path, X_OK) )
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

int suite_link_program(struct cache *cache, char **path)
{
    struct parts parts;
    int status = STATUS_OK;

    *path = NULL;
    if ( !find_parts(cache->architecture, &parts) )
    {
        message("the parts of xenometer to be linked for the lab's dom0 are missing from this "
                "installation; run `make%s%s all`, or `make install` again",
                *cache->architecture->folder ? " ARCH=" : "",
                *cache->architecture->folder ? cache->architecture->name : "");
        status = STATUS_ENVIRONMENT;
    }
    else
    {
        char *name = xasprintf(PROGRAM "%016" PRIx64, hash_parts(&parts));

        *path = path_in(cache->lab, name);
        free(name);
        if ( access(*path, X_OK) && (status = cache_lock_build(cache)) == STATUS_OK )
            status = make_program(cache, &parts, *path);
        cache_unlock_build(cache);
    }
    if ( status != STATUS_OK )
    {
        free(*path);
        *path = NULL;
    }
    free_parts(&parts);
    return status;
}
