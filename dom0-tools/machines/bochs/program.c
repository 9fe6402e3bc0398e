/*
 * Which Bochs: 2.7, Debian 12's, on every machine.  Debian 13's 3.0 executes the same Xen, but its
 * VM entry refuses a PVH domain on the Skylake (Xen says so: domain_crash called from vmcs.c), and
 * it counts an instruction less in the empty timed region; figures must not depend on the machine.
 *
 * Where the machine's is another, 2.7 is downloaded as the lab's packages are, and unpacked in the
 * cache's bochs-2.7/.  It takes the same libraries as the machine's own, which so must be there.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/bochs/bochs.h"
#include "systems/packages.h"
#include "xenometer.h"

#define VERSION   "2.7"
#define BUILT     "Built from SVN snapshot on August  1, 2021"   /* as it calls itself */
#define SUITE     "bookworm"            /* which has it */
#define PACKAGES  "bochs\nbochs-term\nbochsbios\nvgabios\n"
#define DIRECTORY "bochs-" VERSION      /* in the cache */
#define TREE      "tree"                /* in that, once it is whole */

/* In the cache that is used when no other is named: one for all. */
static char *own_directory(void)
{
    struct cache cache;
    char *path;

    cache_find(&cache, &architecture_x86, NULL, NULL);
    path = path_in(cache.root, DIRECTORY);
    cache_close(&cache);
    return path;
}

/* Is this machine's the one?  Not asked: that takes a tenth of a second. */
static bool is_here(void)
{
    static int known = -1;

    if ( known < 0 )
    {
        size_t size = 0;
        char *program = read_whole_file(BOCHS_PROGRAM, &size);

        known = program && memmem(program, size, BUILT, strlen(BUILT));
        free(program);
    }
    return known;
}

char *bochs_file(const char *path)
{
    char *directory, *file;

    if ( is_here() )
        return xstrdup(path);
    directory = own_directory();
    file = xasprintf("%s/" TREE "%s", directory, path);
    free(directory);
    return file;
}

char *bochs_version(void)
{
    static const char banner[] = "Bochs x86 Emulator ";
    char *program = bochs_file(BOCHS_PROGRAM), *text, *found, *version = NULL;
    const char *argv[] = { program, "--help", NULL };
    int fd = memory_file("version", 0);

    if ( fd >= 0 )
    {
        if ( child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = fd },
                       &found) != STATUS_OK )
            free(found);
        text = memory_file_text(fd, NULL);
        found = strstr(text, banner);
        if ( found )
        {
            found += strlen(banner);
            version = xasprintf("%.*s", (int)strcspn(found, " \n"), found);
        }
        free(text);
        close(fd);
    }
    free(program);
    return version;
}

/* With the lock of its directory, which stands for a cache of its own. */
static int unpack(struct cache *cache)
{
    char *work = path_in(cache->root, "new-" TREE), *final = path_in(cache->root, TREE);
    char *pattern = path_in(cache->debs, "*.deb");
    int status = STATUS_OK;
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        for ( size_t i = 0; status == STATUS_OK && i < found.gl_pathc; i++ )
        {
            const char *argv[] = { "dpkg-deb", "-x", found.gl_pathv[i], work, NULL };

            status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1,
                                                      .stdout_fd = -1 }, NULL);
        }
        globfree(&found);
    }
    if ( status == STATUS_OK && rename(work, final) )
        status = cache_error(final, errno);
    remove_tree(work);
    free(pattern);
    free(final);
    free(work);
    return status;
}

int bochs_get(void)
{
    char *program = bochs_file(BOCHS_PROGRAM), *directory;
    struct cache cache;
    int status = STATUS_OK;

    if ( access(program, X_OK) )
    {
        directory = own_directory();
        status = cache_open(&cache, &architecture_x86, SUITE, directory);
        if ( status == STATUS_OK )
            status = cache_lock_build(&cache);
        /* Another may have got it while we waited. */
        if ( status == STATUS_OK && access(program, X_OK) )
        {
            stage_begin("downloading Bochs " VERSION " of Debian 12");
            status = packages_fetch(&cache, PACKAGES);
            if ( status == STATUS_OK )
                status = unpack(&cache);
            stage_end();
            cache_remove_packages(&cache);
        }
        cache_close(&cache);
        free(directory);
    }
    free(program);
    return status;
}

void bochs_forget(const struct cache *cache)
{
    char *directory = path_in(cache->root, DIRECTORY);

    remove_tree(directory);
    free(directory);
}
