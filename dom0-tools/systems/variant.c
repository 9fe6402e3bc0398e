#include "systems/variant.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/stage.h"
#include "systems/xen_image.h"
#include "xenometer.h"

bool variant_is_own(const struct variant *v)
{
    return v->xen || v->xen_options || v->dom0_options;
}

int variant_key(const struct variant *v, uint64_t *key)
{
    uint64_t hash = HASH_START;
    size_t size;
    char *data;

    *key = 0;
    if ( !variant_is_own(v) )
        return STATUS_OK;
    if ( v->xen )
    {
        data = read_whole_file(v->xen, &size);
        if ( !data )
        {
            message("cannot read %s: %s", v->xen, strerror(errno));
            return STATUS_USAGE;
        }
        hash = hash_bytes(hash, data, size);
        free(data);
    }
    hash = hash_string(hash, v->xen_options ? v->xen_options : "");
    hash = hash_string(hash, v->dom0_options ? v->dom0_options : "");
    *key = hash ? hash : 1;
    return STATUS_OK;
}

/* The symbols that were named, or those beside it; the caller's. */
static char *symbols_path(const struct variant *v)
{
    return v->symbols ? xstrdup(v->symbols) : xen_symbols_find(v->xen);
}

bool variant_has_symbols(const struct variant *v)
{
    char *path = v->xen ? symbols_path(v) : NULL;
    bool there = !v->xen || path;

    free(path);
    return there;
}

static int check_symbols(const struct variant *v, const struct xen_image *image, char **text)
{
    char *path = symbols_path(v);
    int status = path ? xen_symbols_read(path, image, text) : STATUS_OK;

    free(path);
    return status;
}

int variant_check(const struct variant *v)
{
    struct xen_image image;
    char *symbols = NULL;
    int status;

    if ( !v->xen )
        return STATUS_OK;
    status = xen_image_read(v->xen, &image);
    if ( status == STATUS_OK )
        status = check_symbols(v, &image, &symbols);
    free(symbols);
    xen_image_free(&image);
    return status;
}

char *variant_symbols(const struct variant *v)
{
    struct xen_image image = { .data = NULL };
    char *symbols = NULL;

    if ( v->xen && xen_image_read(v->xen, &image) == STATUS_OK &&
         check_symbols(v, &image, &symbols) == STATUS_OK && !symbols )
        message("no names for Xen's functions: no xen-syms or xen-syms.map beside %s; name it by "
                "--xen-symbols=FILE", v->xen);
    xen_image_free(&image);
    return symbols;
}

static char *joined(char *text, const char *separator, const char *more, const char *value)
{
    char *longer = xasprintf("%s%s%s%s", text ? text : "", text ? separator : "", more, value);

    free(text);
    return longer;
}

char *variant_text(const struct variant *v)
{
    char *text = NULL;

    if ( v->xen )
        text = joined(text, ", ", "Xen ", v->xen);
    if ( v->xen_options )
        text = joined(text, ", ", "Xen's options ", v->xen_options);
    if ( v->dom0_options )
        text = joined(text, ", ", "dom0's options ", v->dom0_options);
    return text;
}

/* ------------------------------------------------------------------- make -- */

/* Other names for all files of a tree, so that it stays when the other goes; 0 or errno. */
static int link_tree(const char *from, const char *to)
{
    DIR *directory = opendir(from);
    struct dirent *entry;
    int error = directory ? make_directories(to) : errno;

    while ( error == 0 && (entry = readdir(directory)) != NULL )
    {
        char *source, *target;
        struct stat st;

        if ( !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") )
            continue;
        source = path_in(from, entry->d_name);
        target = path_in(to, entry->d_name);
        if ( lstat(source, &st) )
            error = errno;
        else if ( S_ISDIR(st.st_mode) )
            error = link_tree(source, target);
        else if ( link(source, target) )
            error = errno;
        free(target);
        free(source);
        stage_tick();
    }
    if ( directory )
        closedir(directory);
    return error;
}

/* A file of the suite's lab that an own one has too, where it is not replaced. */
static bool is_shared(const char *name, const struct variant *v)
{
    static const char *const always[] = { "vmlinux", "vmlinux.gz", "dom0.cpio", "qemu-functions" };

    for ( size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++ )
        if ( !strcmp(name, always[i]) )
            return true;
    return !strncmp(name, "program-", 8) ||
           (!v->xen && (!strcmp(name, "xen") || !strcmp(name, "xen-syms.map")));
}

static int link_shared(const char *base, const char *work, const struct variant *v)
{
    DIR *directory = opendir(base);
    struct dirent *entry;
    int error = directory ? 0 : errno;

    while ( error == 0 && (entry = readdir(directory)) != NULL )
    {
        char *source = path_in(base, entry->d_name), *target = path_in(work, entry->d_name);

        if ( !strcmp(entry->d_name, "devel") )
            error = link_tree(source, target);
        else if ( is_shared(entry->d_name, v) && link(source, target) )
            error = errno;
        free(target);
        free(source);
    }
    if ( directory )
        closedir(directory);
    return error;
}

static int put(const char *work, const char *name, const char *data, size_t size)
{
    char *path = path_in(work, name);
    int error = data ? write_whole_file(path, data, size, 0666) : 0;

    free(path);
    return error;
}

static int put_text(const char *work, const char *name, const char *text)
{
    return put(work, name, text, text ? strlen(text) : 0);
}

int variant_make(struct cache *cache, const struct variant *v)
{
    char *work = path_in(cache->root, "new-own"), *text = variant_text(v);
    struct xen_image image = { .data = NULL };
    int status = v->xen ? xen_image_read(v->xen, &image) : STATUS_OK, error;

    stage_begin("making the lab with %s", text);
    if ( status == STATUS_OK &&
         ((error = make_directories(work)) != 0 ||
          (error = link_shared(cache->base, work, v)) != 0 ||
          (error = put(work, "xen", image.data, image.size)) != 0 ||
          (error = put_text(work, VARIANT_XEN_OPTIONS, v->xen_options)) != 0 ||
          (error = put_text(work, VARIANT_DOM0_OPTIONS, v->dom0_options)) != 0 ||
          (error = put_text(work, VARIANT_ABOUT, text)) != 0 ||
          (error = put_text(work, "lock", "")) != 0) )
        status = cache_error(work, error);
    if ( status == STATUS_OK && rename(work, cache->lab) )
        status = cache_error(cache->lab, errno);
    remove_tree(work);
    stage_end();
    xen_image_free(&image);
    free(text);
    free(work);
    return status;
}
