/*
 * The image Bochs boots: GRUB, since Bochs loads no kernels itself, with the lab's own Xen,
 * kernel and root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/bochs/bochs.h"
#include "machines/boot.h"
#include "xenometer.h"

#define GRUB_SPACE (16ull << 20)   /* bytes that GRUB takes in it at most */

/* What of the lab is in it. */
static const char *const parts[] = { "xen", "vmlinux", "dom0.cpio" };
#define PARTS (sizeof(parts) / sizeof(parts[0]))

/* A lab with options of the user's own has them inside its image: this tells apart what every
 * lab's are told. */
const char *bochs_iso_name(void)
{
    static char name[32];
    char *dom0_options = xasprintf(DOM0_OPTIONS, "exact");
    char *text = bochs_grub_configuration(XEN_DEFAULTS XEN_OPTIONS, dom0_options);

    snprintf(name, sizeof(name), "bochs-%08x.iso", (unsigned)hash_string(HASH_START, text));
    free(text);
    free(dom0_options);
    return name;
}

bool bochs_iso_exists(const struct cache *cache)
{
    char *path = path_in(cache->lab, bochs_iso_name());
    bool there = access(path, R_OK) == 0;

    free(path);
    return there;
}

/* A second name of the lab's file in the image's tree; 0 or errno. */
static int put(const struct cache *cache, const char *tree, const char *name)
{
    char *from = path_in(cache->lab, name), *to = xasprintf("%s/boot/%s", tree, name);
    int error = link(from, to) ? errno : 0;

    free(to);
    free(from);
    return error;
}

static int put_all(const struct cache *cache, const char *tree)
{
    char *grub = path_in(tree, "boot/grub"), *path = path_in(grub, "grub.cfg");
    char *xen_options = boot_xen_options(cache, false);
    char *dom0_options = boot_linux_options(cache, "exact");
    char *text = bochs_grub_configuration(xen_options, dom0_options);
    int error = make_directories(grub);

    if ( error == 0 )
        error = write_whole_file(path, text, strlen(text), 0666);
    for ( size_t i = 0; error == 0 && i < PARTS; i++ )
        error = put(cache, tree, parts[i]);
    free(text);
    free(dom0_options);
    free(xen_options);
    free(path);
    free(grub);
    return error;
}

/* GRUB's modules for this firmware only: with EFI's beside them it wants mtools as well. */
static int run_grub(const char *tree, const char *image)
{
    const char *argv[] = { "grub-mkrescue", "--directory=/usr/lib/grub/i386-pc", "-o", image,
                           tree, NULL };

    return child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1 },
                     NULL);
}

/* Bytes; xorriso would say in many lines that there are not as many. */
static uint64_t space_needed(const struct cache *cache)
{
    uint64_t bytes = GRUB_SPACE;
    struct stat st;

    for ( size_t i = 0; i < PARTS; i++ )
    {
        char *path = path_in(cache->lab, parts[i]);

        if ( stat(path, &st) == 0 )
            bytes += (uint64_t)st.st_size;
        free(path);
    }
    return bytes;
}

int bochs_iso_make(struct cache *cache)
{
    char *tree = path_in(cache->lab, "new-iso"), *work = path_in(cache->lab, "new-iso.image");
    char *final = path_in(cache->lab, bochs_iso_name());
    struct statvfs space;
    int status = STATUS_OK, error;

    stage_begin("building the image that Bochs boots");
    remove_tree(tree);
    if ( statvfs(cache->lab, &space) == 0 &&
         (uint64_t)space.f_bavail * space.f_frsize < space_needed(cache) )
        status = cache_error(cache->lab, ENOSPC);
    if ( status == STATUS_OK && (error = put_all(cache, tree)) != 0 )
        status = cache_error(tree, error);
    if ( status == STATUS_OK )
        status = run_grub(tree, work);
    if ( status == STATUS_OK && rename(work, final) )
        status = cache_error(final, errno);
    remove_tree(tree);
    remove_tree(work);
    stage_end();
    free(final);
    free(work);
    free(tree);
    return status;
}
