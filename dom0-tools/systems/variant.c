#include "systems/variant.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/assemble.h"
#include "systems/dom0_kernel.h"
#include "systems/kconfig.h"
#include "systems/overlay.h"
#include "systems/tree.h"
#include "systems/unpack.h"
#include "systems/xen_image.h"
#include "xenometer.h"

bool variant_is_own(const struct variant *v)
{
    return v->xen || v->dom0_kernel || v->xen_options || v->dom0_options;
}

const char *variant_xen(const struct variant *v)
{
    return v->tree ? v->tree : v->xen;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

void variant_take_xen(struct variant *v, const char *path)
{
    if ( v->xen && is_directory(v->xen) && !is_directory(path) )
        v->directory = v->xen;
    if ( v->xen && !is_directory(v->xen) && is_directory(path) )
        v->directory = path;
    else
        v->xen = path;
}

/* A hypervisor that is not its tree's. */
static bool is_other(const struct variant *v)
{
    return v->xen && v->tree && strncmp(v->xen, v->tree, strlen(v->tree));
}

void variant_words(const struct variant *v, struct words *w)
{
    if ( v->xen )
        words_format(w, "--xen=%s", variant_xen(v));
    if ( is_other(v) )
        words_format(w, "--xen=%s", v->xen);
    if ( v->symbols )
        words_format(w, "--xen-symbols=%s", v->symbols);
    if ( v->dom0_kernel )
        words_format(w, "--dom0-kernel=%s", v->dom0_kernel);
    if ( v->modules )
        words_format(w, "--modules=%s", v->modules);
    if ( v->xen_options )
        words_format(w, "--xen-options=%s", v->xen_options);
    if ( v->dom0_options )
        words_format(w, "--dom0-options=%s", v->dom0_options);
}

char *variant_kconfig(const struct variant *v)
{
    char *text = v->xen ? kconfig_read(v->xen) : NULL, *summary = text ? kconfig_summary(text) : NULL;

    free(text);
    return summary;
}

static int compare_entries(const void *a, const void *b)
{
    const struct overlay_entry *x = a, *y = b;

    return x->into != y->into ? (x->into < y->into ? -1 : 1) : strcmp(x->place, y->place);
}

/* What is laid over the suite's lab; overlay_free() in any case.  `kernel`: that of the variant. */
static int collect(const struct variant *v, const struct dom0_kernel *kernel, struct overlay *o)
{
    char *path = data_file("configs/lab/files"), *text = path ? read_whole_file(path, NULL) : NULL;
    struct tree tree = { .root = (char *)v->tree, .xen = (char *)v->xen };
    struct manifest manifest;
    int status = v->tree ? tree_overlay(&tree, o) : STATUS_OK;

    manifest_parse(&manifest, &architecture_x86, text ? text : "");
    if ( status == STATUS_OK && v->dom0_kernel )
        status = dom0_kernel_modules(kernel, v->modules, &manifest, o);
    manifest_free(&manifest);
    free(text);
    free(path);
    /* In one order, whatever the directories' is: the lab is named by it. */
    if ( o->count )
        qsort(o->entries, o->count, sizeof(*o->entries), compare_entries);
    return status;
}

static int read_kernel(const struct variant *v, struct dom0_kernel *kernel)
{
    *kernel = (struct dom0_kernel){ .data = NULL };
    return v->dom0_kernel ? dom0_kernel_read(v->dom0_kernel, kernel) : STATUS_OK;
}

int variant_key(const struct variant *v, uint64_t *key)
{
    struct overlay overlay = { .count = 0 };
    struct dom0_kernel kernel;
    uint64_t hash = HASH_START;
    size_t size;
    char *data;
    int status;

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
    status = read_kernel(v, &kernel);
    if ( status == STATUS_OK )
        status = collect(v, &kernel, &overlay);
    hash = hash_bytes(hash, kernel.data ? kernel.data : "", kernel.size);
    hash = overlay_hash(&overlay, hash);
    overlay_free(&overlay);
    dom0_kernel_free(&kernel);
    *key = hash ? hash : 1;
    return status;
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

static int check_xen(const struct variant *v)
{
    struct xen_image image;
    char *symbols = NULL;
    int status = xen_image_read(v->xen, &image);

    if ( status == STATUS_OK )
        status = check_symbols(v, &image, &symbols);
    free(symbols);
    xen_image_free(&image);
    return status;
}

/* A directory is a tree. */
static int settle_tree(struct variant *v)
{
    const char *directory = v->directory ? v->directory : v->xen && is_directory(v->xen) ? v->xen : NULL;
    struct tree tree;
    int status;

    if ( !directory || v->tree )
        return STATUS_OK;
    status = tree_find(directory, &tree);
    if ( status != STATUS_OK )
        tree_free(&tree);
    else
    {
        v->tree = tree.root;
        if ( !v->directory )
            v->xen = tree.xen;
    }
    return status;
}

int variant_check(struct variant *v)
{
    struct overlay overlay = { .count = 0 };
    struct dom0_kernel kernel = { .data = NULL };
    int status;

    if ( !v->dom0_kernel != !v->modules )
    {
        message("%s belong together: a kernel loads no other's modules",
                v->modules ? "--modules and a --dom0-kernel=FILE"
                           : "--dom0-kernel and the --modules=DIRECTORY built with it");
        return STATUS_USAGE;
    }
    status = settle_tree(v);
    if ( status == STATUS_OK && v->xen )
        status = check_xen(v);
    if ( status == STATUS_OK )
        status = read_kernel(v, &kernel);
    if ( status == STATUS_OK )
        status = collect(v, &kernel, &overlay);
    overlay_free(&overlay);
    dom0_kernel_free(&kernel);
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
        text = joined(text, ", ", v->tree ? "Xen and its tools " : "Xen ", variant_xen(v));
    if ( is_other(v) )
        text = joined(text, ", ", "as hypervisor ", v->xen);
    if ( v->dom0_kernel )
        text = joined(text, ", ", "dom0's kernel ", v->dom0_kernel);
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
    const struct { const char *name; bool replaced; } files[] = {
        { "xen", v->xen }, { "xen-syms.map", v->xen }, { "qemu-functions", false },
        { "vmlinux", v->dom0_kernel }, { GUEST_KERNEL, v->dom0_kernel },
        { BOOT_KERNEL, v->dom0_kernel },
        { "dom0.cpio", v->tree || v->dom0_kernel },
    };

    for ( size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++ )
        if ( !strcmp(name, files[i].name) )
            return !files[i].replaced;
    return !strncmp(name, "program-", 8) && !v->tree;
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

/* What the suite's headers and libraries of Xen's are, below devel/. */
static int remove_headers(const char *devel)
{
    static const char *const xens[] = {
        "usr/include/xen", "usr/include/xen*.h", "usr/include/libxen*.h",
        "usr/lib/x86_64-linux-gnu/libxen*", "usr/lib/x86_64-linux-gnu/libxl*",
    };
    int error = 0;

    for ( size_t i = 0; i < sizeof(xens) / sizeof(xens[0]); i++ )
    {
        char *pattern = path_in(devel, xens[i]);
        glob_t found;

        if ( glob(pattern, 0, NULL, &found) == 0 )
        {
            for ( size_t k = 0; k < found.gl_pathc && error == 0; k++ )
                error = remove_tree(found.gl_pathv[k]);
            globfree(&found);
        }
        free(pattern);
    }
    return error;
}

/* A root with the parts laid over it, and what the program for it is linked with. */
static int make_root(const struct cache *cache, const char *work, const struct variant *v,
                     struct overlay *overlay)
{
    char *from = path_in(cache->base, "dom0.cpio"), *to = path_in(work, "dom0.cpio");
    char *devel = path_in(work, "devel");
    int status = overlay_root(overlay, from, to), error;

    if ( status == STATUS_OK && v->tree &&
         ((error = remove_headers(devel)) != 0 || (error = overlay_devel(overlay, devel)) != 0) )
        status = cache_error(devel, error);
    free(devel);
    free(to);
    free(from);
    return status;
}

/* Also for domains, packed as libxenguest takes it. */
static int make_kernel(const char *work, const struct dom0_kernel *kernel)
{
    char *plain = path_in(work, "vmlinux"), *packed = path_in(work, GUEST_KERNEL);
    const char *argv[] = { "gzip", "-1c", plain, NULL };
    int error = put(work, "vmlinux", kernel->data, kernel->size), status = STATUS_OK;
    int out;

    if ( error == 0 && kernel->boot )
        error = put(work, BOOT_KERNEL, kernel->boot, kernel->boot_size);
    out = error ? -1 : open(packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if ( error || out < 0 )
        status = cache_error(error ? plain : packed, error ? error : errno);
    else
        status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = out }, NULL);
    if ( out >= 0 )
        close(out);
    free(packed);
    free(plain);
    return status;
}

int variant_make(struct cache *cache, const struct variant *v)
{
    char *work = path_in(cache->root, "new-own"), *text = variant_text(v);
    struct xen_image image = { .data = NULL };
    struct overlay overlay = { .count = 0 };
    struct dom0_kernel kernel;
    int status = v->xen ? xen_image_read(v->xen, &image) : STATUS_OK, error;

    stage_begin("making the lab with %s", text);
    if ( status == STATUS_OK )
        status = read_kernel(v, &kernel);
    else
        kernel = (struct dom0_kernel){ .data = NULL };
    if ( status == STATUS_OK )
        status = collect(v, &kernel, &overlay);
    if ( status == STATUS_OK &&
         ((error = make_directories(work)) != 0 ||
          (error = link_shared(cache->base, work, v)) != 0 ||
          (error = put(work, "xen", image.data, image.size)) != 0 ||
          (error = put_text(work, VARIANT_XEN_OPTIONS, v->xen_options)) != 0 ||
          (error = put_text(work, VARIANT_DOM0_OPTIONS, v->dom0_options)) != 0 ||
          (error = put_text(work, VARIANT_ABOUT, text)) != 0 ||
          (error = put_text(work, "lock", "")) != 0) )
        status = cache_error(work, error);
    if ( status == STATUS_OK && overlay.count )
        status = make_root(cache, work, v, &overlay);
    if ( status == STATUS_OK && v->dom0_kernel )
        status = make_kernel(work, &kernel);
    if ( status == STATUS_OK && rename(work, cache->lab) )
        status = cache_error(cache->lab, errno);
    remove_tree(work);
    stage_end();
    overlay_free(&overlay);
    dom0_kernel_free(&kernel);
    xen_image_free(&image);
    free(text);
    free(work);
    return status;
}
