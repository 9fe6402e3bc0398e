#include "systems/tree.h"

#include <fnmatch.h>
#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/files.h"
#include "xenometer.h"

#define LIBRARIES "/usr/lib/x86_64-linux-gnu"

/* The lab's, of Debian's packages (configs/lab/files). */
#define DEVICE_MODEL "/usr/libexec/xen-qemu-system-i386"
#define FIRMWARE     "/usr/share/seabios/bios-256k.bin"

/* ------------------------------------------------------------------- find -- */

/* Two numbers behind a name's prefix, "4.20"; 0: there are none. */
static unsigned version_after(const char *path, const char *prefix)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    unsigned major, minor;

    if ( strncmp(name, prefix, strlen(prefix)) )
        return 0;
    return sscanf(name + strlen(prefix), "%u.%u", &major, &minor) == 2 ? major << 16 | minor : 0;
}

/* boot/xen.gz leads to it, or it is the only one there; the caller's. */
static char *find_xen(const char *root, size_t *several)
{
    char *linked = path_in(root, "boot/xen.gz"), *xen = realpath(linked, NULL);
    static const char *const patterns[] = { "boot/xen-*.gz", "boot/xen-[0-9]*[!g]" };

    *several = 0;
    free(linked);
    for ( size_t i = 0; !xen && i < sizeof(patterns) / sizeof(patterns[0]); i++ )
    {
        char *pattern = path_in(root, patterns[i]);
        glob_t found;

        if ( glob(pattern, 0, NULL, &found) == 0 )
        {
            for ( size_t k = 0; k < found.gl_pathc; k++ )
            {
                struct stat st;

                /* Other names of it are links. */
                if ( lstat(found.gl_pathv[k], &st) || !S_ISREG(st.st_mode) )
                    continue;
                (*several)++;
                free(xen);
                xen = xstrdup(found.gl_pathv[k]);
            }
            globfree(&found);
        }
        free(pattern);
    }
    return xen;
}

/* The first file that fits one of the patterns below the root; the caller's. */
static char *first(const char *root, const char *const *patterns)
{
    char *path = NULL;

    for ( ; !path && *patterns; patterns++ )
    {
        char *pattern = path_in(root, *patterns);
        glob_t found;

        if ( glob(pattern, 0, NULL, &found) == 0 )
        {
            path = xstrdup(found.gl_pathv[0]);
            globfree(&found);
        }
        free(pattern);
    }
    return path;
}

/* A domctl speaks one version of it: libxenctrl is named by its Xen's. */
static int check_versions(const struct tree *t)
{
    static const char *const libraries[] = {
        "usr/lib/x86_64-linux-gnu/libxenctrl.so.[0-9]*", "usr/lib/libxenctrl.so.[0-9]*",
        "usr/lib64/libxenctrl.so.[0-9]*", "usr/local/lib/libxenctrl.so.[0-9]*",
        "usr/local/lib64/libxenctrl.so.[0-9]*", NULL };
    char *library = first(t->root, libraries);
    unsigned tools = library ? version_after(library, "libxenctrl.so.") : 0;
    unsigned xen = version_after(t->xen, "xen-");
    int status = STATUS_USAGE;

    if ( !library )
        message("%s has a Xen, but no tools (libxenctrl): `make dist` or `make install DESTDIR=` "
                "leaves both; for the hypervisor alone, --xen=%s", t->root, t->xen);
    else if ( tools && xen && tools != xen )
        message("%s: its tools are those of Xen %u.%u (%s), its hypervisor needs those of %u.%u",
                t->root, tools >> 16, tools & 0xffff, library, xen >> 16, xen & 0xffff);
    else
        status = STATUS_OK;
    free(library);
    return status;
}

int tree_find(const char *directory, struct tree *t)
{
    static const char *const below[] = { ".", "install", "dist/install" };
    size_t several = 0;

    *t = (struct tree){ .root = NULL };
    for ( size_t i = 0; !t->xen && i < sizeof(below) / sizeof(below[0]); i++ )
    {
        char *path = path_in(directory, below[i]);

        free(t->root);
        t->root = realpath(path, NULL);
        t->xen = t->root ? find_xen(t->root, &several) : NULL;
        free(path);
    }
    if ( !t->xen )
        message("%s: neither a Xen nor a tree of one: there is no boot/xen-*.gz in it, as `make dist` "
                "or `make install DESTDIR=` leaves it", directory);
    else if ( several > 1 )
        message("%s/boot has %zu Xens: name one of them, or leave one there", t->root, several);
    else
        return check_versions(t);
    return STATUS_USAGE;
}

void tree_free(struct tree *t)
{
    free(t->root);
    free(t->xen);
    *t = (struct tree){ .root = NULL };
}

/* ---------------------------------------------------------------- overlay -- */

/* What of the tools a dom0 has, by name. */
static const char *const programs[] = {
    "xl", "xenstore*", "xenstored", "oxenstored", "xenconsoled", "xenconsole", "xen-init-dom0",
    "libxl-save-helper", "xentrace", "xenctx", "xen-hvmctx", "xen-cpuid", "lsevtchn", "xenperf",
};

/* Likewise, by place: below the tree's root, and in the lab's. */
static const char *const same_place[] = {
    "/usr/*lib*/xen*/boot/*", "/etc/xen/scripts/*", "/etc/xen/xl.conf", "/etc/xen/oxenstored.conf",
    "/usr/*lib*/xen*/ocaml/xsd_glue/*",
};

/* nftw has no context argument. */
static const struct tree *walked;
static struct overlay *onto;
static char *private;   /* the directory of the tree's own programs, such as /usr/lib/xen */

static bool fits(const char *text, const char *const *patterns, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
        if ( fnmatch(patterns[i], text, 0) == 0 )
            return true;
    return false;
}
#define FITS(text, patterns) fits(text, patterns, sizeof(patterns) / sizeof(patterns[0]))

/* "/lib/x" and the like are below /usr in the lab. */
static char *place_of(const char *path)
{
    const char *place = path + strlen(walked->root);

    return FITS(place, ((const char *const[]){ "/lib/*", "/lib64/*", "/bin/*", "/sbin/*" }))
        ? xasprintf("/usr%s", place) : xstrdup(place);
}

static void lay_file(enum overlay_into into, const char *place, const char *source)
{
    char target[PATH_MAX];
    ssize_t n = readlink(source, target, sizeof(target) - 1);

    if ( n < 0 )
        overlay_file(onto, into, place, source);
    else
    {
        target[n] = '\0';
        /* What leads out of its directory is for the system the tree is installed on. */
        if ( !strchr(target, '/') )
            overlay_link(onto, into, place, target);
    }
}

static void lay_library(const char *name, const char *source)
{
    char *place = path_in(LIBRARIES, name);

    /* Without a number behind .so it is for linking only. */
    if ( !fnmatch("*.so", name, 0) )
        lay_file(OVERLAY_DEVEL, place, source);
    else
    {
        lay_file(OVERLAY_ROOT, place, source);
        lay_file(OVERLAY_DEVEL, place, source);
    }
    free(place);
}

static void lay_program(const char *place, const char *name, const char *source)
{
    bool own = !fnmatch("/usr/*lib*/xen*/bin/*", place, 0);
    char *found = own ? xstrdup(place) : path_in("/usr/bin", name);

    if ( own && (!strcmp(name, "xen-init-dom0") || !strcmp(name, "libxl-save-helper")) )
    {
        free(private);
        private = xasprintf("%.*s", (int)(strlen(place) - strlen(name) - strlen("/bin/")), place);
    }
    lay_file(OVERLAY_ROOT, found, source);
    free(found);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    char *place = place_of(path), *developed;
    const char *name = path + ftw->base, *include = strstr(place, "/include/");

    /* The shim is a Xen for domains, which the lab has none of. */
    if ( (type != FTW_F && type != FTW_SL) || st->st_size == 0 || strstr(place, "/debug/") ||
         !strncmp(name, "xen-shim", 8) )
        ;
    else if ( include && (!strncmp(place, "/usr/include/", 13) || !strncmp(place, "/usr/local/include/", 19)) )
    {
        developed = xasprintf("/usr%s", include);
        lay_file(OVERLAY_DEVEL, developed, path);
        free(developed);
    }
    else if ( !fnmatch("libx*.so*", name, 0) && !fnmatch("/usr/*lib*/libx*", place, 0) &&
              !strstr(place, "/xenfsimage/") )
        lay_library(name, path);
    else if ( FITS(place, same_place) )
        lay_file(OVERLAY_ROOT, place, path);
    else if ( FITS(name, programs) &&
              FITS(place, ((const char *const[]){ "/usr/*bin/*", "/usr/*lib*/xen*/bin/*" })) )
        lay_program(place, name, path);
    free(place);
    return 0;
}

/* An absolute path that a program was built with and that ends so. */
static void link_built_in(struct overlay *o, const char *data, size_t size, const char *end,
                          const char *to)
{
    size_t length = strlen(end) + 1;   /* with the NUL behind it */

    for ( const char *at = data; (at = memmem(at, (size_t)(data + size - at), end, length)) != NULL; at++ )
    {
        const char *start = at;

        while ( start > data && start[-1] )
            start--;
        if ( *start == '/' && strcmp(start, to) && !overlay_find(o, OVERLAY_ROOT, start) )
            overlay_link(o, OVERLAY_ROOT, start, to);
    }
}

/* The device model and its firmware are Debian's, wherever libxl expects its own. */
static void link_device_model(struct overlay *o)
{
    for ( size_t i = 0; i < o->count; i++ )
    {
        size_t size = 0;
        char *data;

        if ( o->entries[i].into != OVERLAY_ROOT || !o->entries[i].source ||
             fnmatch("*/libxenlight.so*", o->entries[i].place, 0) )
            continue;
        data = read_whole_file(o->entries[i].source, &size);
        if ( data )
        {
            link_built_in(o, data, size, "qemu-system-i386", DEVICE_MODEL);
            link_built_in(o, data, size, "qemu-system-x86_64", DEVICE_MODEL);
            link_built_in(o, data, size, "bios-256k.bin", FIRMWARE);
            link_built_in(o, data, size, "/bios.bin", FIRMWARE);
            link_built_in(o, data, size, "seabios.bin", FIRMWARE);
        }
        free(data);
    }
    /* Without a path of its own libxl looks among its private programs. */
    if ( private )
    {
        char *beside = path_in(private, "bin/qemu-system-i386");

        if ( !overlay_find(o, OVERLAY_ROOT, beside) )
            overlay_link(o, OVERLAY_ROOT, beside, DEVICE_MODEL);
        free(beside);
    }
}

/* What no dom0 works without, and the program is not linked without. */
static int check_parts(const struct tree *t, const struct overlay *o)
{
    static const struct { enum overlay_into into; const char *pattern, *what; } parts[] = {
        { OVERLAY_ROOT, "*bin/xl", "the toolstack, xl" },
        { OVERLAY_ROOT, "*bin/*xenstored", "a xenstored" },
        { OVERLAY_ROOT, "*bin/xenconsoled", "xenconsoled" },
        { OVERLAY_ROOT, "*bin/xen-init-dom0", "xen-init-dom0" },
        { OVERLAY_ROOT, "/etc/xen/scripts/*", "/etc/xen/scripts" },
        { OVERLAY_DEVEL, "/usr/include/xenctrl.h", "headers (xenctrl.h), which xenometer for its dom0 is compiled with" },
        { OVERLAY_DEVEL, "*/libxenctrl.so", "libxenctrl.so, which xenometer for its dom0 is linked with" },
    };

    for ( size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++ )
    {
        bool there = false;

        for ( size_t k = 0; !there && k < o->count; k++ )
            there = o->entries[k].into == parts[i].into &&
                    !fnmatch(parts[i].pattern, o->entries[k].place, 0);
        if ( !there )
        {
            message("%s is no whole tree of Xen: it has not %s", t->root, parts[i].what);
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

int tree_overlay(const struct tree *t, struct overlay *o)
{
    /* The suite's own; libraries of other versions stay, for its device model. */
    static const char *const gone[] = { "/usr/lib/xen-[0-9]*", "/usr/bin/xenstore*", "/etc/xen/*" };
    int status;

    walked = t;
    onto = o;
    private = NULL;
    nftw(t->root, visit, 16, FTW_PHYS);
    status = check_parts(t, o);
    for ( size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++ )
        overlay_gone(o, gone[i]);
    link_device_model(o);
    /* Where init and xl's scripts look (configs/lab/init). */
    if ( private && strcmp(private, "/usr/lib/xen") && fnmatch("/usr/lib/xen-[0-9]*", private, 0) )
        overlay_link(o, OVERLAY_ROOT, "/usr/lib/xen", private);
    free(private);
    private = NULL;
    return status;
}
