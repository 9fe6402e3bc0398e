#include "systems/dom0_kernel.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/files.h"
#include "systems/linux_image.h"
#include "systems/unpack.h"
#include "xenometer.h"

/* ----------------------------------------------------------------- kernel -- */

/* With this machine's tool; NULL after a message.  The caller's. */
static char *decompress(const char *path, const char *tool, const char *data, size_t length,
                        size_t *size)
{
    const char *argv[] = { strrchr(tool, '/') + 1, "-dc", NULL };
    int in = memory_file("packed", 0), out = memory_file("unpacked", 0);
    char *unpacked = NULL, *complaint = NULL;

    /* The unpacked size stands behind what was packed, as trailing bytes that gzip warns of. */
    if ( in >= 0 && out >= 0 && write_all(in, data, length - 4) == 0 && lseek(in, 0, SEEK_SET) == 0 )
        child_run(&(struct child_start){ .argv = argv, .stdin_fd = in, .stdout_fd = out }, &complaint);
    if ( out >= 0 )
        unpacked = memory_file_text(out, size);
    if ( unpacked && *size < 4096 )
    {
        message("cannot unpack %s: %s", path, complaint ? complaint : "it is damaged or cut off");
        free(unpacked);
        unpacked = NULL;
    }
    free(complaint);
    if ( in >= 0 )
        close(in);
    if ( out >= 0 )
        close(out);
    return unpacked;
}

int dom0_kernel_read(const char *path, struct dom0_kernel *k)
{
    size_t offset, length, boot_size;
    char *unpacked;

    *k = (struct dom0_kernel){ .data = NULL };
    k->data = read_whole_file(path, &k->size);
    if ( !k->data )
    {
        message("cannot read %s: %s", path, strerror(errno));
        return STATUS_USAGE;
    }
    if ( k->size > 4 && memcmp(k->data, "\177ELF", 4) &&
         !(k->size > 0x250 && !memcmp(k->data + 0x202, "HdrS", 4)) )
    {
        message("%s is no Linux kernel for x86-64: neither a bzImage nor a vmlinux", path);
        return STATUS_USAGE;
    }
    if ( memcmp(k->data, "\177ELF", 4) )
    {
        if ( !linux_payload(k->data, k->size, &offset, &length) )
        {
            message("%s is cut off: its kernel does not end in the file", path);
            return STATUS_USAGE;
        }
        if ( !linux_payload_tool(k->data + offset) )
            return STATUS_OK;   /* Xen may know better */
        boot_size = k->size;
        unpacked = decompress(path, linux_payload_tool(k->data + offset), k->data + offset, length,
                              &k->size);
        if ( !unpacked )
            return STATUS_USAGE;
        k->boot = k->data;
        k->boot_size = boot_size;
        k->data = unpacked;
    }
    k->release = linux_release(k->data, k->size);
    if ( linux_is_dom0(k->data, k->size) )
        return STATUS_OK;
    message("%s cannot be dom0: it is built without CONFIG_XEN_DOM0", path);
    return STATUS_USAGE;
}

void dom0_kernel_free(struct dom0_kernel *k)
{
    free(k->data);
    free(k->boot);
    free(k->release);
    *k = (struct dom0_kernel){ .data = NULL };
}

/* ---------------------------------------------------------------- modules -- */

/* What init loads, whatever is measured (configs/lab/init). */
static const char *const needed[] = { "xen-privcmd", "xenfs", "xen-evtchn", "xen-gntdev", "xen-gntalloc" };

/* How modules are packed; by "" last, not at all. */
static const struct { const char *end, *tool; } packings[] = {
    { ".xz", "xz" }, { ".zst", "zstd" }, { ".gz", "gzip" },
};

static size_t packing_of(const char *name)
{
    size_t i = 0;

    while ( i < sizeof(packings) / sizeof(packings[0]) &&
            (strlen(name) < 4 || !strstr(name + strlen(name) - 4, packings[i].end)) )
        i++;
    return i;
}

/* The modules' directory: it has kernel/, where modules_install puts them.  The caller's; NULL
 * after a message. */
static char *find_directory(const struct dom0_kernel *k, const char *directory)
{
    char *tried[] = { xstrdup(directory), k->release ? path_in(directory, k->release) : NULL,
                      k->release ? xasprintf("%s/lib/modules/%s", directory, k->release) : NULL };
    char *found = NULL;

    for ( size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++ )
    {
        char *list = tried[i] ? path_in(tried[i], "kernel") : NULL;

        if ( list && !found && access(list, X_OK) == 0 )
            found = realpath(tried[i], NULL);   /* a link of that name is no directory to walk */
        free(list);
        free(tried[i]);
    }
    if ( !found )
        message("--modules=%s: no kernel/ in it; name the /lib/modules/%s of that kernel, as `make "
                "modules_install` leaves it", directory, k->release ? k->release : "RELEASE");
    return found;
}

/* The modules there are: paths below the directory. */
struct modules {
    char **paths;
    size_t count;
};

/* nftw has no context argument. */
static struct modules *walked;
static size_t walked_length;   /* of the directory's path, and a slash */

static int visit_module(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if ( type == FTW_F && strstr(path, ".ko") )
    {
        walked->paths = xrealloc(walked->paths, (walked->count + 1) * sizeof(*walked->paths));
        walked->paths[walked->count++] = xstrdup(path + walked_length);
    }
    return 0;
}

/* Is that path the module's?  Its name has _ or - for the other. */
static bool is_module(const char *path, const char *name, size_t length)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

    for ( size_t i = 0; i < length; i++ )
        if ( base[i] != name[i] && !(base[i] == '-' && name[i] == '_') &&
             !(base[i] == '_' && name[i] == '-') )
            return false;
    return !strncmp(base + length, ".ko", 3);
}

/* What is added to, and where from. */
struct module_walk {
    const struct modules *modules;
    const struct dom0_kernel *kernel;
    const char *directory, *release;
    struct overlay *overlay;
    struct text { char *data; size_t size; FILE *out; } dependencies, aliases;
    int status;
};

static char *module_data(const char *source, size_t packing, size_t *size)
{
    const char *argv[] = { NULL, "-dc", source, NULL };
    char *data = NULL;
    int out;

    if ( packing == sizeof(packings) / sizeof(packings[0]) )
        return read_whole_file(source, size);
    argv[0] = packings[packing].tool;
    out = memory_file("module", 0);
    if ( out >= 0 && child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1,
                                                      .stdout_fd = out }, NULL) == STATUS_OK )
        data = memory_file_text(out, size);
    if ( out >= 0 )
        close(out);
    return data;
}

/* The value behind `key` in what a module says of itself (.modinfo), from *at on, which goes
 * behind it; NULL: there is none. */
static const char *information(const char *data, size_t size, const char *key, const char **at)
{
    size_t length = strlen(key);
    const char *end = data + size, *found = *at;

    while ( (found = memmem(found, (size_t)(end - found), key, length)) != NULL )
    {
        if ( found > data && found[-1] == '\0' && memchr(found, '\0', (size_t)(end - found)) )
        {
            *at = found + length;
            return *at;
        }
        found += length;
    }
    return NULL;
}

/* A module says which kernel it is for: "vermagic=6.12.0-1-amd64 SMP …". */
static int check_release(const struct module_walk *w, const char *source, const char *data, size_t size)
{
    const char *at = data, *magic = information(data, size, "vermagic=", &at);
    size_t length = magic ? strcspn(magic, " ") : 0;

    if ( !magic || !w->kernel->release ||
         (strlen(w->kernel->release) == length && !strncmp(magic, w->kernel->release, length)) )
        return STATUS_OK;
    message("%s is a module of Linux %.*s, and the kernel is %s", source, (int)length, magic,
            w->kernel->release);
    return STATUS_USAGE;
}

static void add_named(struct module_walk *w, const char *name, size_t length);

/* The place of a module, unpacked, below /usr/lib/modules/RELEASE; the caller's. */
static char *unpacked_name(const char *path)
{
    size_t packing = packing_of(path);
    char *name = xstrdup(path);

    if ( packing < sizeof(packings) / sizeof(packings[0]) )
        name[strlen(name) - strlen(packings[packing].end)] = '\0';
    return name;
}

static void write_dependencies(struct module_walk *w, const char *name, const char *depends)
{
    fprintf(w->dependencies.out, "%s:", name);
    for ( const char *at = depends; at && *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ',') )
        for ( size_t i = 0; i < w->modules->count; i++ )
            if ( is_module(w->modules->paths[i], at, strcspn(at, ",")) )
            {
                char *other = unpacked_name(w->modules->paths[i]);

                fprintf(w->dependencies.out, " %s", other);
                free(other);
            }
    fputc('\n', w->dependencies.out);
}

/* A module, below the directory, and all that it says it depends on: as depmod would list them. */
static void add_module(struct module_walk *w, const char *path)
{
    char *source = path_in(w->directory, path), *name = unpacked_name(path), *data = NULL;
    char *place = xasprintf("/usr/lib/modules/%s/%s", w->release, name);
    size_t packing = packing_of(path), size = 0;
    const char *at, *value, *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;

    if ( w->status == STATUS_OK && !overlay_find(w->overlay, OVERLAY_ROOT, place) )
    {
        data = module_data(source, packing, &size);
        w->status = data ? check_release(w, source, data, size) : STATUS_USAGE;
        if ( !data )
            message("cannot read the module %s", source);
    }
    if ( data && w->status == STATUS_OK )
    {
        overlay_file(w->overlay, OVERLAY_ROOT, place, source);
        if ( packing < sizeof(packings) / sizeof(packings[0]) )
            w->overlay->entries[w->overlay->count - 1].unpack = packings[packing].tool;
        w->overlay->entries[w->overlay->count - 1].executable = false;
        at = data;
        while ( (value = information(data, size, "alias=", &at)) != NULL )
            fprintf(w->aliases.out, "alias %s %.*s\n", value, (int)strcspn(base, "."), base);
        at = data;
        value = information(data, size, "depends=", &at);
        write_dependencies(w, name, value);
        for ( ; value && *value; value += strcspn(value, ",") + (value[strcspn(value, ",")] == ',') )
            add_named(w, value, strcspn(value, ","));
    }
    free(data);
    free(place);
    free(name);
    free(source);
}

static void add_named(struct module_walk *w, const char *name, size_t length)
{
    for ( size_t i = 0; i < w->modules->count; i++ )
        if ( is_module(w->modules->paths[i], name, length) )
            add_module(w, w->modules->paths[i]);
}

/* A list that modprobe or init reads. */
static void add_list(const struct module_walk *w, const char *name, const char *text)
{
    char *place = xasprintf("/usr/lib/modules/%s/%s", w->release, name);

    if ( text )
        overlay_text(w->overlay, place, text);
    free(place);
}

static int check_needed(const char *directory, const struct overlay *o, const char *builtin)
{
    for ( size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++ )
    {
        char *end = xasprintf("/%s.ko", needed[i]);
        bool there = builtin && strstr(builtin, end);

        for ( size_t k = 0; !there && k < o->count; k++ )
            there = strstr(o->entries[k].place, end) != NULL;
        free(end);
        if ( !there )
        {
            message("--modules=%s has no %s, and modules.builtin does not name it: the lab's dom0 needs "
                    "CONFIG_XEN_PRIVCMD, XENFS, XEN_DEV_EVTCHN, XEN_GNTDEV and XEN_GRANT_DEV_ALLOC",
                    directory, needed[i]);
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

/* Those in the directory that the manifest wants. */
static void add_wanted(struct module_walk *w, struct manifest *manifest)
{
    for ( size_t i = 0; i < w->modules->count && w->status == STATUS_OK; i++ )
    {
        char *place = xasprintf("/usr/lib/modules/%s/%s", w->release, w->modules->paths[i]);

        if ( manifest_wants(manifest, place) )
            add_module(w, w->modules->paths[i]);
        free(place);
    }
}

int dom0_kernel_modules(const struct dom0_kernel *k, const char *given, struct manifest *manifest,
                        struct overlay *o)
{
    char *directory = find_directory(k, given), *path, *builtin;
    struct modules modules = { .count = 0 };
    struct module_walk w = { .modules = &modules, .kernel = k, .directory = directory, .overlay = o,
                             .release = k->release ? k->release : "own" };

    if ( !directory )
        return STATUS_USAGE;
    w.dependencies.out = open_memstream(&w.dependencies.data, &w.dependencies.size);
    w.aliases.out = open_memstream(&w.aliases.data, &w.aliases.size);
    walked = &modules;
    walked_length = strlen(directory) + 1;
    nftw(directory, visit_module, 16, FTW_PHYS);
    path = path_in(directory, "modules.builtin");
    builtin = read_whole_file(path, NULL);
    add_wanted(&w, manifest);
    fclose(w.dependencies.out);
    fclose(w.aliases.out);
    if ( w.status == STATUS_OK )
    {
        add_list(&w, "modules.dep", w.dependencies.data);
        add_list(&w, "modules.alias", w.aliases.data);
        add_list(&w, "modules.builtin", builtin);
        overlay_gone(o, "/usr/lib/modules/*");
        w.status = check_needed(directory, o, builtin);
    }
    for ( size_t i = 0; i < modules.count; i++ )
        free(modules.paths[i]);
    free(modules.paths);
    free(w.dependencies.data);
    free(w.aliases.data);
    free(builtin);
    free(path);
    free(directory);
    return w.status;
}
