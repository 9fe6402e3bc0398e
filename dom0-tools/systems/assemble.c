#include "systems/assemble.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/linux_image.h"
#include "systems/packages.h"
#include "systems/root.h"
#include "systems/suite.h"
#include "systems/unpack.h"
#include "xenometer.h"

/* To be raised when assembled labs change in a way their inputs don't show. */
#define FORMAT_VERSION "6"

/* Free space an assembly needs at least: stage, kernel, root. */
#define ASSEMBLY_SPACE (400ull << 20)

static char *installed_file(const char *name)
{
    char *path = data_file(name);

    if ( path == NULL )
        message("%s is missing from this installation of xenometer; run `make all`, or "
                "`make install` again", name);
    return path;
}

static char *installed_text(const char *name)
{
    char *path = installed_file(name), *text = path ? read_whole_file(path, NULL) : NULL;

    if ( path && text == NULL )
        message("cannot read %s: %s", path, strerror(errno));
    free(path);
    return text;
}

/* Of that architecture. */
static char *installed_program(const struct architecture *a, const char *name)
{
    char *path = architecture_file(a, name);

    if ( path == NULL && *a->folder )
        message("%s%s is missing from this installation of xenometer; run `make ARCH=%s all`, which takes "
                "the package %s", a->folder, name, a->name, a->compiler_package);
    else if ( path == NULL )
        path = installed_file(name);
    return path;
}

/* The agent, and files of the system's own. */
static void read_beside(struct recipe *recipe, const char *beside, const struct architecture *a)
{
    char *name = beside ? path_in(beside, "files") : NULL;
    char *files = name ? installed_text(name) : NULL;

    free(name);
    if ( !beside )
    {
        recipe->agent_path = installed_program(a, "lab-agent");
        return;
    }
    if ( recipe->files && files )
    {
        char *both = xasprintf("%s%s", recipe->files, files);

        free(recipe->files);
        recipe->files = both;
    }
    name = path_in(beside, "agent");
    recipe->agent_path = files ? installed_file(name) : NULL;
    free(name);
    free(files);
}

int recipe_read(struct recipe *recipe, const struct cache *cache)
{
    const struct architecture *a = cache->architecture;
    char *wanted = xasprintf("%s/packages%s", cache->system->recipe, a->lists);
    char *files = xasprintf("%s/files%s", cache->system->recipe, a->lists);
    char *init = path_in(cache->system->recipe, "init");

    *recipe = (struct recipe){
        .wanted = installed_text(wanted), .files = installed_text(files),
        .init_path = installed_file(init),
    };
    read_beside(recipe, cache->system->beside, a);
    free(init);
    free(files);
    free(wanted);
    if ( !recipe->wanted || !recipe->files || !recipe->init_path || !recipe->agent_path )
        return STATUS_ENVIRONMENT;
    recipe->resolved = packages_resolved(cache, recipe->wanted);
    return STATUS_OK;
}

void recipe_free(struct recipe *recipe)
{
    free(recipe->wanted);
    free(recipe->files);
    free(recipe->init_path);
    free(recipe->agent_path);
    free(recipe->resolved);
    *recipe = (struct recipe){ 0 };
}

static uint64_t hash_file(uint64_t hash, const char *path)
{
    size_t size = 0;
    char *data = read_whole_file(path, &size);

    hash = hash_bytes(hash, data ? data : "", data ? size : 0);
    free(data);
    return hash_bytes(hash, &size, sizeof(size));
}

uint64_t recipe_key(const struct recipe *recipe, uint64_t machine)
{
    uint64_t hash = hash_string(HASH_START, FORMAT_VERSION);

    if ( machine == 0 )
        return 0;
    hash = hash_bytes(hash, &machine, sizeof(machine));
    hash = hash_string(hash, recipe->resolved ? recipe->resolved : "");
    hash = hash_string(hash, recipe->files);
    hash = hash_file(hash, recipe->init_path);
    return hash_file(hash, recipe->agent_path);
}

/* Packages of another architecture are worked on by this machine's programs. */
static int run_own(const char *tool, const char *const *arguments, int in, int out,
                   char **complaint)
{
    char *sbin = path_in("/usr/sbin", strrchr(tool, '/') + 1), *said = NULL;
    const char **argv = NULL;
    size_t count = 0;
    int status;

    while ( arguments[count] )
        count++;
    argv = xmalloc((count + 2) * sizeof(*argv));
    /* Not everybody has that in PATH. */
    argv[0] = access(sbin, X_OK) ? strrchr(tool, '/') + 1 : sbin;
    memcpy(argv + 1, arguments, (count + 1) * sizeof(*argv));
    status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = in, .stdout_fd = out },
                       &said);
    if ( status == STATUS_ENVIRONMENT && !complaint )
        message("cannot work on the lab's modules: %s; it takes the packages kmod and xz-utils", said);
    if ( complaint )
        *complaint = said;
    else
        free(said);
    free(argv);
    free(sbin);
    return status;
}

/* Run one of the packages' programs with their own loader and libraries: the host need not have
 * it, where it can run it.  Its arguments end with NULL. */
static int run_staged(const struct architecture *a, const char *stage, const char *tool,
                      const char *const *arguments, int in, int out, char **complaint)
{
    char *loader_name = architecture_library(a, a->loader);
    char *libraries_name = architecture_library(a, "");
    char *loader = path_in(stage, loader_name), *libraries = path_in(stage, libraries_name);
    char *program = path_in(stage, tool);
    const char **argv = NULL;
    size_t count = 0;
    int status;

    while ( arguments[count] )
        count++;
    argv = xmalloc((count + 5) * sizeof(*argv));
    argv[0] = loader;
    argv[1] = "--library-path";
    argv[2] = libraries;
    argv[3] = program;
    memcpy(argv + 4, arguments, (count + 1) * sizeof(*argv));
    status = a->native
        ? child_run(&(struct child_start){ .argv = argv, .stdin_fd = in, .stdout_fd = out }, complaint)
        : run_own(tool, arguments, in, out, complaint);
    free(argv);
    free(loader_name);
    free(libraries_name);
    free(program);
    free(libraries);
    free(loader);
    return status;
}

/* gzip or the like. */
static int filter(const struct architecture *a, const char *stage, const char *tool,
                  const char *option, int from, const char *to)
{
    const char *arguments[] = { option, NULL };
    char *complaint;
    int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), status;

    if ( fd < 0 )
        status = cache_error(to, errno);
    else
    {
        status = run_staged(a, stage, tool, arguments, from, fd, &complaint);
        if ( status == STATUS_ENVIRONMENT )
        {
            struct statvfs space;

            if ( fstatvfs(fd, &space) == 0 && space.f_bavail * space.f_frsize < (1u << 20) )
                cache_error(to, ENOSPC);
            else
                message("cannot make %s with %s: %s", to, tool, complaint);
        }
        free(complaint);
        close(fd);
    }
    return status;
}

/* The one file in the stage that fits the pattern, or else the other (NULL: none); the caller's. */
static char *find_staged(const char *stage, const char *pattern, const char *other)
{
    char *full = path_in(stage, pattern), *path = NULL;
    glob_t found;

    if ( glob(full, 0, NULL, &found) == 0 )
    {
        path = xstrdup(found.gl_pathv[found.gl_pathc - 1]);
        globfree(&found);
    }
    else if ( other )
        path = find_staged(stage, other, NULL);
    else
        message("none of the packages has /%s", pattern);
    free(full);
    return path;
}

static int make_xen(const struct architecture *a, const char *stage, const char *directory)
{
    char *gz = xasprintf("boot/xen-*-%s.gz", a->debian), *plain = xasprintf("boot/xen-*-%s", a->debian);
    char *packed = find_staged(stage, gz, plain), *xen = path_in(directory, "xen");
    int status = STATUS_ENVIRONMENT, fd = packed ? open(packed, O_RDONLY | O_CLOEXEC) : -1;

    if ( fd >= 0 && !strcmp(packed + strlen(packed) - 3, ".gz") )
        status = filter(a, stage, "usr/bin/gzip", "-dc", fd, xen);
    else if ( fd >= 0 )
        status = rename(packed, xen) ? cache_error(xen, errno) : STATUS_OK;
    if ( fd >= 0 )
        close(fd);
    free(xen);
    free(packed);
    free(plain);
    free(gz);
    return status;
}

static int decompress_payload(const struct architecture *a, const char *stage, const char *tool, const char *payload,
                              size_t length, const char *to)
{
    int fd = memory_file("payload", 0), status = STATUS_ENVIRONMENT, error;

    if ( fd < 0 )
        return STATUS_ENVIRONMENT;
    error = write_all(fd, payload, length - 4);
    if ( error == 0 && lseek(fd, 0, SEEK_SET) == 0 )
        status = filter(a, stage, tool, "-dc", fd, to);
    else
        message("no memory to unpack the kernel: %s", strerror(error));
    close(fd);
    return status;
}

static int make_kernel(const struct architecture *a, const char *stage, const char *directory)
{
    char *path = find_staged(stage, "boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz");
    char *kernel = path_in(directory, "vmlinux");
    size_t size = 0, offset, length;
    char *image = path ? read_whole_file(path, &size) : NULL;
    int status = STATUS_ENVIRONMENT, error;

    if ( image && linux_payload(image, size, &offset, &length) &&
         linux_payload_tool(image + offset) )
        status = decompress_payload(a, stage, linux_payload_tool(image + offset), image + offset, length,
                                    kernel);
    else if ( image )
    {
        /* Compressed otherwise: slower to boot, once, but Xen can do it. */
        error = write_whole_file(kernel, image, size, 0666);
        status = error ? cache_error(kernel, error) : STATUS_OK;
    }
    else if ( path )
        message("cannot read %s: %s", path, strerror(errno));
    free(image);
    free(kernel);
    free(path);
    return status;
}

/*
 * The same for domains.  It is libxenguest in dom0 that unpacks it for them, emulated:
 * gzip takes a fifth of the instructions of the package's xz, and makes it small enough
 * to be pushed.
 */
static int make_guest_kernel(const struct architecture *a, const char *stage, const char *directory)
{
    char *path = path_in(directory, "vmlinux"), *packed = path_in(directory, GUEST_KERNEL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int status = fd < 0 ? cache_error(path, errno)
                        : filter(a, stage, "usr/bin/gzip", "-1c", fd, packed);

    if ( fd >= 0 )
        close(fd);
    free(packed);
    free(path);
    return status;
}

/* As the package has it. */
static int keep_boot_kernel(const char *stage, const char *directory)
{
    char *path = find_staged(stage, "boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz");
    char *to = path_in(directory, BOOT_KERNEL);
    int status = !path ? STATUS_ENVIRONMENT : rename(path, to) ? cache_error(to, errno) : STATUS_OK;

    free(to);
    free(path);
    return status;
}

/* ---- dom0's kernel modules ---- */

/* nftw has no context argument. */
static const char **packed_modules;   /* NULL-terminated, behind xz's option */
static size_t packed_count;

static int visit_module(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    size_t length = strlen(path);

    (void)st;
    (void)ftw;
    if ( type == FTW_F && length > 6 && !strcmp(path + length - 6, ".ko.xz") )
    {
        packed_modules = xrealloc(packed_modules, (packed_count + 2) * sizeof(*packed_modules));
        packed_modules[packed_count++] = xstrdup(path);
        packed_modules[packed_count] = NULL;
    }
    return 0;
}

/* Debian 13 packs them, and dom0 would unpack each anew, one emulated instruction at a time. */
static int unpack_modules(const struct architecture *a, const char *stage, const char *modules)
{
    int status = STATUS_OK;

    packed_modules = xmalloc(2 * sizeof(*packed_modules));
    packed_modules[0] = xstrdup("-d");
    packed_modules[1] = NULL;
    packed_count = 1;
    nftw(modules, visit_module, 16, FTW_PHYS);
    if ( packed_count > 1 )
        status = run_staged(a, stage, "usr/bin/xz", packed_modules, -1, -1, NULL);
    for ( size_t i = 0; i < packed_count; i++ )
        free((char *)packed_modules[i]);
    free(packed_modules);
    return status;
}

/* Modules ready to be loaded, and what modprobe reads: dom0 would take 1,070 million
 * instructions for it at each boot. */
static int make_modules(const struct architecture *a, const char *stage)
{
    char *modules = find_staged(stage, "usr/lib/modules/*", NULL), *link = path_in(stage, "lib");
    const char *arguments[] = { "-b", stage, modules ? strrchr(modules, '/') + 1 : NULL, NULL };
    int status = modules ? unpack_modules(a, stage, modules) : STATUS_ENVIRONMENT;

    /* depmod looks for /lib/modules. */
    if ( status == STATUS_OK && symlink("usr/lib", link) && errno != EEXIST )
        status = cache_error(link, errno);
    if ( status == STATUS_OK )
        status = run_staged(a, stage, "usr/sbin/depmod", arguments, -1, -1, NULL);
    free(link);
    free(modules);
    return status;
}

static int unpack_all(const struct cache *cache, const struct recipe *recipe,
                      const char *stage, struct manifest *manifest)
{
    char *list = xstrdup(recipe->resolved), *rest = list, *name;
    int status = STATUS_OK;

    while ( status == STATUS_OK && (name = strsep(&rest, "\n")) != NULL )
        if ( *name )
            status = unpack_package(cache->debs, name, stage, manifest);
    free(list);
    return status;
}

static int check_space(const struct cache *cache)
{
    struct statvfs space;

    if ( statvfs(cache->root, &space) == 0 &&
         (uint64_t)space.f_bavail * space.f_frsize < ASSEMBLY_SPACE )
        return cache_error(cache->root, ENOSPC);
    return STATUS_OK;
}

int assemble(struct cache *cache, const struct recipe *recipe)
{
    char *work = path_in(cache->root, "new-lab"), *stage = path_in(cache->root, "new-stage");
    char *cpio = path_in(work, cache->system->root), *lock = path_in(work, "lock");
    const struct architecture *a = cache->architecture;
    struct manifest manifest;
    int status, error;

    manifest_parse(&manifest, a, recipe->files);
    stage_begin("unpacking the lab's packages");
    status = check_space(cache);
    if ( status == STATUS_OK && ((error = make_directories(work)) != 0 ||
                                 (error = make_directories(stage)) != 0 ||
                                 (error = write_whole_file(lock, "", 0, 0666)) != 0) )
        status = cache_error(work, error);
    if ( status == STATUS_OK )
        status = unpack_all(cache, recipe, stage, &manifest);
    stage_end();

    stage_begin("building the lab's root and kernel");
    if ( status == STATUS_OK && cache->system->xen )
        status = make_xen(a, stage, work);
    if ( status == STATUS_OK )
        status = make_kernel(a, stage, work);
    if ( status == STATUS_OK && a == &architecture_x86 )
        status = make_guest_kernel(a, stage, work);
    if ( status == STATUS_OK && a == &architecture_x86 && cache->system->xen )
        status = keep_boot_kernel(stage, work);
    if ( status == STATUS_OK )
        status = make_modules(a, stage);
    if ( status == STATUS_OK )
        status = root_write(stage, &manifest, recipe->init_path, recipe->agent_path, cpio);
    if ( status == STATUS_OK && cache->system->xen )
        status = suite_keep_devel(a, stage, work);
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    if ( status == STATUS_OK && rename(work, cache->lab) )
        status = cache_error(cache->lab, errno);
    remove_tree(stage);
    remove_tree(work);
    stage_end();
    manifest_free(&manifest);
    free(lock);
    free(cpio);
    free(stage);
    free(work);
    return status;
}
