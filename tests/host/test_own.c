/*
 * systems/tree.c, dom0_kernel.c, kconfig.c, overlay.c and xen_build.c: what of a user's own tree,
 * kernel and modules a lab gets, and what is refused; a Xen built with other options.
 */
#include <CUnit/CUnit.h>
#include <elf.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xen/elfnote.h>
#include <xen/features.h>

#include "capture.h"
#include "lib/files.h"
#include "suites.h"
#include "systems/cache.h"
#include "systems/dom0_kernel.h"
#include "systems/kconfig.h"
#include "systems/linux_image.h"
#include "systems/tree.h"
#include "systems/unpack.h"
#include "systems/xen_build.h"
#include "xenometer.h"

static char top[] = "/tmp/xenometer-own-XXXXXX";

static void put(const char *name, const char *data, size_t size)
{
    char *path = path_in(top, name), *slash = strrchr(path, '/');

    *slash = '\0';
    CU_ASSERT_EQUAL(make_directories(path), 0);
    *slash = '/';
    CU_ASSERT_EQUAL(write_whole_file(path, data, size, 0755), 0);
    free(path);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static void begin(void)
{
    strcpy(top + strlen(top) - 6, "XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
}

static void end(void)
{
    CU_ASSERT_EQUAL(remove_tree(top), 0);
}

/* ------------------------------------------------------------------- tree -- */

static bool tree_refused(const char *reason)
{
    struct tree t;
    int status;
    bool good;

    capture_begin();
    status = tree_find(top, &t);
    good = says(capture_end(), reason) && status == STATUS_USAGE;
    tree_free(&t);
    return good;
}

static void test_no_tree(void)
{
    begin();
    CU_ASSERT(tree_refused("neither a Xen nor a tree of one"));
    put_text("boot/xen-4.23-unstable.gz", "x");
    CU_ASSERT(tree_refused("no tools (libxenctrl)"));
    put_text("usr/local/lib/libxenctrl.so.4.20.0", "x");
    CU_ASSERT(tree_refused("are those of Xen 4.20"));
    CU_ASSERT(tree_refused("needs those of 4.23"));
    put_text("boot/xen-4.20.gz", "x");
    CU_ASSERT(tree_refused("has 2 Xens"));
    end();
}

static const char *place_of(const struct overlay *o, enum overlay_into into, const char *place)
{
    const struct overlay_entry *e = overlay_find(o, into, place);

    return e ? e->link ? e->link : e->source : NULL;
}

static void is_place(const struct overlay *o, const char *place, const char *there)
{
    const char *is = place_of(o, OVERLAY_ROOT, place);

    CU_ASSERT_PTR_NOT_NULL(is);
    CU_ASSERT(is && strlen(is) >= strlen(there) && !strcmp(is + strlen(is) - strlen(there), there));
}

/* As `make dist` leaves it in dist/install, with the prefix /usr/local. */
static void test_tree(void)
{
    static const char xenlight[] = "\0/opt/own/qemu-system-i386\0/usr/share/own/bios.bin\0tail";
    static const char *const files[] = {
        "boot/xen-4.23-unstable.gz", "usr/local/lib/xen/bin/xen-init-dom0",
        "usr/local/lib/xen/bin/libxl-save-helper", "usr/local/lib/xen/boot/hvmloader",
        "usr/local/sbin/xl", "usr/local/sbin/xenconsoled", "usr/local/sbin/xenwatchdogd",
        "usr/local/include/xenctrl.h", "usr/local/include/xen/xen.h",
        "usr/local/lib/libxenctrl.so.4.23.0", "etc/xen/scripts/block",
        "usr/local/lib/debug/usr/local/lib/xen/boot/xen-shim-syms",
    };
    struct tree t;
    struct overlay o = { .count = 0 };
    char *path;
    int status;

    begin();
    for ( size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++ )
    {
        path = path_in("dist/install", files[i]);
        put_text(path, "content");
        free(path);
    }
    put("dist/install/usr/local/lib/libxenlight.so.4.23.0", xenlight, sizeof(xenlight));
    path = path_in(top, "dist/install/usr/local/lib/libxenctrl.so");
    CU_ASSERT_EQUAL(symlink("libxenctrl.so.4.23.0", path), 0);
    free(path);
    path = path_in(top, "dist/install/boot/xen.gz");
    CU_ASSERT_EQUAL(symlink("xen-4.23-unstable.gz", path), 0);
    free(path);

    CU_ASSERT_EQUAL(tree_find(top, &t), STATUS_OK);
    CU_ASSERT_PTR_NOT_NULL_FATAL(t.xen);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.xen, "/dist/install/boot/xen-4.23-unstable.gz"));
    /* One part is missing, and is named. */
    capture_begin();
    status = tree_overlay(&t, &o);
    CU_ASSERT(says(capture_end(), "has not a xenstored"));
    CU_ASSERT_EQUAL(status, STATUS_USAGE);
    overlay_free(&o);
    put_text("dist/install/usr/local/sbin/oxenstored", "content");
    CU_ASSERT_EQUAL(tree_overlay(&t, &o), STATUS_OK);
    is_place(&o, "/usr/bin/xl", "usr/local/sbin/xl");
    is_place(&o, "/usr/local/lib/xen/bin/xen-init-dom0", "bin/xen-init-dom0");
    is_place(&o, "/usr/local/lib/xen/boot/hvmloader", "boot/hvmloader");
    is_place(&o, "/usr/lib/x86_64-linux-gnu/libxenctrl.so.4.23.0", "libxenctrl.so.4.23.0");
    is_place(&o, "/etc/xen/scripts/block", "scripts/block");
    is_place(&o, "/usr/lib/xen", "/usr/local/lib/xen");
    /* Debian's device model and firmware, where this libxl looks for its own. */
    is_place(&o, "/opt/own/qemu-system-i386", "xen-qemu-system-i386");
    is_place(&o, "/usr/share/own/bios.bin", "bios-256k.bin");
    is_place(&o, "/usr/local/lib/xen/bin/qemu-system-i386", "xen-qemu-system-i386");
    CU_ASSERT_PTR_NOT_NULL(place_of(&o, OVERLAY_DEVEL, "/usr/include/xen/xen.h"));
    CU_ASSERT_PTR_NOT_NULL(place_of(&o, OVERLAY_DEVEL, "/usr/lib/x86_64-linux-gnu/libxenctrl.so"));
    CU_ASSERT_PTR_NULL(place_of(&o, OVERLAY_ROOT, "/usr/lib/x86_64-linux-gnu/libxenctrl.so"));
    CU_ASSERT_PTR_NULL(place_of(&o, OVERLAY_ROOT, "/usr/bin/xenwatchdogd"));
    CU_ASSERT(o.gone_count > 0);
    overlay_free(&o);
    tree_free(&t);
    end();
}

/* A lab is named by what is in it. */
static void test_hash(void)
{
    struct overlay a = { .count = 0 }, b = { .count = 0 };
    char *path;

    begin();
    put_text("file", "one");
    path = path_in(top, "file");
    overlay_file(&a, OVERLAY_ROOT, "/usr/bin/xl", path);
    overlay_file(&b, OVERLAY_ROOT, "/usr/bin/xl", path);
    CU_ASSERT_EQUAL(overlay_hash(&a, HASH_START), overlay_hash(&b, HASH_START));
    overlay_gone(&b, "/usr/bin/*");
    CU_ASSERT_NOT_EQUAL(overlay_hash(&a, HASH_START), overlay_hash(&b, HASH_START));
    {
        uint64_t before = overlay_hash(&a, HASH_START);

        put_text("file", "two");
        CU_ASSERT_NOT_EQUAL(overlay_hash(&a, HASH_START), before);
    }
    free(path);
    overlay_free(&a);
    overlay_free(&b);
    end();
}

/* ----------------------------------------------------------------- kernel -- */

/* A vmlinux of two texts and a note. */
static size_t make_vmlinux(char *data, uint32_t features, const char *text)
{
    Elf64_Ehdr h = { .e_machine = EM_X86_64, .e_phoff = sizeof(h), .e_phnum = 1 };
    Elf64_Nhdr n = { .n_namesz = 4, .n_descsz = 4, .n_type = XEN_ELFNOTE_SUPPORTED_FEATURES };
    Elf64_Phdr p = { .p_type = PT_NOTE, .p_offset = sizeof(h) + sizeof(p),
                     .p_filesz = sizeof(n) + 8 };
    size_t at = p.p_offset;

    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    memcpy(data, &h, sizeof(h));
    memcpy(data + sizeof(h), &p, sizeof(p));
    memcpy(data + at, &n, sizeof(n));
    memcpy(data + at + sizeof(n), "Xen", 4);
    memcpy(data + at + sizeof(n) + 4, &features, 4);
    at += sizeof(n) + 8;
    strcpy(data + at, text);
    at += strlen(text) + 1;
    strcpy(data + at, "xen_cpu");
    return at + 8;
}

static bool kernel_refused(const char *reason)
{
    char *path = path_in(top, "kernel");
    struct dom0_kernel k;
    int status;
    bool good;

    capture_begin();
    status = dom0_kernel_read(path, &k);
    good = says(capture_end(), reason) && status == STATUS_USAGE;
    dom0_kernel_free(&k);
    free(path);
    return good;
}

static void test_kernel(void)
{
    char data[4096] = "", *path;
    size_t size = make_vmlinux(data, 1u << XENFEAT_dom0, "Linux version 6.1.2-own (me@here)");
    struct dom0_kernel k;

    begin();
    put("kernel", data, size);
    path = path_in(top, "kernel");
    CU_ASSERT_EQUAL(dom0_kernel_read(path, &k), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(k.release, "6.1.2-own");
    dom0_kernel_free(&k);
    free(path);
    /* Nothing is read beyond it, wherever it ends. */
    for ( size_t cut = 0; cut < size; cut++ )
    {
        char *exact = xmalloc(cut + 1);

        memcpy(exact, data, cut);
        CU_ASSERT_FALSE(linux_is_dom0(exact, cut));
        free(exact);
    }
    size = make_vmlinux(data, 1, "Linux version 6.1.2-own (me@here)");
    put("kernel", data, size);
    CU_ASSERT(kernel_refused("without CONFIG_XEN_DOM0"));
    memcpy(data + size - 8, "pen_cpu", 8);
    put("kernel", data, size);
    CU_ASSERT(kernel_refused("without CONFIG_XEN_DOM0"));
    put_text("kernel", "#!/bin/sh");
    CU_ASSERT(kernel_refused("is no Linux kernel"));
    memset(data, 0, sizeof(data));
    memcpy(data + 0x202, "HdrS", 4);
    memset(data + 0x248, 0xff, 8);
    put("kernel", data, 1024);
    CU_ASSERT(kernel_refused("is cut off"));
    end();
}

static void put_module(const char *path, const char *release, const char *depends)
{
    char data[256] = "";
    int n = snprintf(data, sizeof(data), "%cvermagic=%s SMP%calias=own-%s%cdepends=%s%c", 0, release, 0,
                     strrchr(path, '/') + 1, 0, depends, 0);

    put(path, data, (size_t)n);
}

static void test_modules(void)
{
    static const char wanted[] = "/usr/lib/modules/*/xen-privcmd.ko*\n/usr/lib/modules/*/xenfs.ko*\n"
        "/usr/lib/modules/*/xen-evtchn.ko*\n/usr/lib/modules/*/xen-gntdev.ko*\n";
    struct dom0_kernel k = { .release = (char *)"6.1.2-own" };
    struct overlay o = { .count = 0 };
    struct manifest manifest;
    const struct overlay_entry *list;
    int status;

    begin();
    manifest_parse(&manifest, &architecture_x86, wanted);
    put_module("kernel/xen-privcmd.ko", "6.1.2-own", "");
    put_module("kernel/xenfs.ko", "6.1.2-own", "xen_privcmd");
    put_module("kernel/xen-evtchn.ko", "6.1.2-own", "far_away");
    put_module("kernel/deep/far-away.ko", "6.1.2-own", "");
    put_module("kernel/deep/unwanted.ko", "6.1.2-own", "");
    put_module("kernel/xen-gntdev.ko", "6.1.2-own", "");
    capture_begin();
    status = dom0_kernel_modules(&k, top, &manifest, &o);
    CU_ASSERT(says(capture_end(), "has no xen-gntalloc"));
    CU_ASSERT_EQUAL(status, STATUS_USAGE);
    overlay_free(&o);
    /* Built in, it needs no module; and what a module depends on comes with it. */
    put_text("modules.builtin", "kernel/drivers/xen/xen-gntalloc.ko\n");
    CU_ASSERT_EQUAL(dom0_kernel_modules(&k, top, &manifest, &o), STATUS_OK);
    is_place(&o, "/usr/lib/modules/6.1.2-own/kernel/deep/far-away.ko", "deep/far-away.ko");
    CU_ASSERT_PTR_NULL(place_of(&o, OVERLAY_ROOT, "/usr/lib/modules/6.1.2-own/kernel/deep/unwanted.ko"));
    list = overlay_find(&o, OVERLAY_ROOT, "/usr/lib/modules/6.1.2-own/modules.dep");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT_PTR_NOT_NULL(strstr(list->text, "kernel/xen-evtchn.ko: kernel/deep/far-away.ko\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(list->text, "kernel/xenfs.ko: kernel/xen-privcmd.ko\n"));
    list = overlay_find(&o, OVERLAY_ROOT, "/usr/lib/modules/6.1.2-own/modules.alias");
    CU_ASSERT_PTR_NOT_NULL_FATAL(list);
    CU_ASSERT_PTR_NOT_NULL(strstr(list->text, "alias own-xenfs.ko xenfs\n"));
    overlay_free(&o);
    /* One of another kernel. */
    put_module("kernel/xenfs.ko", "6.1.3", "");
    capture_begin();
    status = dom0_kernel_modules(&k, top, &manifest, &o);
    CU_ASSERT(says(capture_end(), "is a module of Linux 6.1.3, and the kernel is 6.1.2-own"));
    CU_ASSERT_EQUAL(status, STATUS_USAGE);
    overlay_free(&o);
    manifest_free(&manifest);
    end();
}

static void test_kconfig(void)
{
    char *path, *text, *summary;

    begin();
    put_text("boot/xen-4.20.gz", "x");
    path = path_in(top, "boot/xen-4.20.gz");
    CU_ASSERT_PTR_NULL(kconfig_read(path));
    put_text("boot/xen-4.20.config", "CONFIG_X86=y\n# CONFIG_DEBUG is not set\nCONFIG_PV32=y\n"
             "CONFIG_SPECULATIVE_HARDEN_LOCK=y\n");
    text = kconfig_read(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    summary = kconfig_summary(text);
    CU_ASSERT_STRING_EQUAL(summary, "DEBUG=n SPECULATIVE_HARDEN_LOCK=y PV32=y");
    free(summary);
    CU_ASSERT_PTR_NULL(kconfig_summary("CONFIG_NOT_DEBUG=y\n"));
    free(text);
    free(path);
    end();
}

/* A source tree that builds what it is told by its configuration, and counts how often. */
static void put_source(void)
{
    put_text("source/xen/Kconfig", "config DEBUG\nconfig UBSAN\nconfig BROKEN\nmenuconfig REFUSED\n");
    put_text("source/xen/.config", "CONFIG_DEBUG=y\n# CONFIG_UBSAN is not set\n");
    put_text("source/xen/Makefile",
             "all:\n\tcp .config xen.gz\n\techo map >xen-syms.map\n"
             "\t! grep -q BROKEN=y .config || { echo 'xen.c:1: error: broken' >&2; exit 1; }\n"
             "\techo >>$(TOP)/builds\n"
             "olddefconfig:\n\tsed -i /REFUSED/d .config\n");
}

static size_t builds(void)
{
    char *path = path_in(top, "builds"), *text = read_whole_file(path, NULL);
    size_t count = text ? strlen(text) : 0;

    free(text);
    free(path);
    return count;
}

/* The directory of one that was built, in another process, as each run of the program is one; the
 * caller's. */
static char *build_apart(const char *options)
{
    char *source = path_in(top, "source"), *note = path_in(top, "xen"), *xen = NULL, *text;
    int status = 0;
    pid_t pid = fork();

    if ( pid == 0 )
    {
        status = xen_build(source, options, &xen);
        if ( status == STATUS_OK )
            write_whole_file(note, xen, strlen(xen), 0666);
        _exit(status);
    }
    waitpid(pid, &status, 0);
    CU_ASSERT_EQUAL(WEXITSTATUS(status), STATUS_OK);
    text = read_whole_file(note, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    *strrchr(text, '/') = '\0';
    free(note);
    free(source);
    return text;
}

static bool refuses_build(const char *options, const char *reason)
{
    char *source = path_in(top, "source"), *cache = path_in(top, "cache"), *pattern = path_in(cache, "new-*"), *xen;
    glob_t found;
    int status;
    bool said;

    capture_begin();
    status = xen_build(source, options, &xen);
    said = says(capture_end(), reason) && status == STATUS_ENVIRONMENT;
    /* Nothing of it is left. */
    CU_ASSERT_EQUAL(glob(pattern, 0, NULL, &found), GLOB_NOMATCH);
    free(xen);
    free(pattern);
    free(cache);
    free(source);
    return said;
}

/* Built once for each configuration; those that nobody has used for longest go. */
static void test_build(void)
{
    char *first, *again, *second, *third, *cache, *ballast, *text, *path, *makefiles;
    int fd;

    begin();
    put_source();
    cache = path_in(top, "cache");
    makefiles = getenv("MAKEFLAGS") ? xstrdup(getenv("MAKEFLAGS")) : NULL;
    unsetenv("MAKEFLAGS");
    setenv("XENOMETER_CACHE", cache, 1);
    setenv("TOP", top, 1);
    first = build_apart("DEBUG=n UBSAN=y");
    CU_ASSERT_EQUAL(builds(), 1);
    again = build_apart("DEBUG=n UBSAN=y");
    CU_ASSERT_EQUAL(builds(), 1);
    CU_ASSERT_STRING_EQUAL(first, again);
    path = path_in(first, "xen.config");
    text = read_whole_file(path, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_STRING_EQUAL(text, "# CONFIG_DEBUG is not set\nCONFIG_UBSAN=y\n");
    free(text);
    free(path);

    /* Two that together have no room: the one used longest ago goes, not the one in use. */
    second = build_apart("UBSAN=y");
    ballast = path_in(second, "ballast");
    fd = open(ballast, O_WRONLY | O_CREAT, 0666);
    CU_ASSERT_EQUAL(posix_fallocate(fd, 0, (off_t)cache_built.bytes), 0);
    close(fd);
    path = path_in(second, "lock");
    CU_ASSERT_EQUAL(utimensat(AT_FDCWD, path, (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0), 0);
    third = build_apart("DEBUG=n");
    CU_ASSERT_EQUAL(access(first, F_OK), 0);
    CU_ASSERT_NOT_EQUAL(access(second, F_OK), 0);
    CU_ASSERT_EQUAL(access(third, F_OK), 0);
    free(path);

    CU_ASSERT(refuses_build("NO_SUCH=y", "its Kconfig has no option NO_SUCH"));
    CU_ASSERT(refuses_build("DEBU=n", "its Kconfig has no option DEBU"));
    CU_ASSERT(refuses_build("REFUSED=y", "Kconfig does not take REFUSED=y"));
    CU_ASSERT(refuses_build("BROKEN=y", "xen.c:1: error: broken"));

    unsetenv("XENOMETER_CACHE");
    unsetenv("TOP");
    if ( makefiles )
        setenv("MAKEFLAGS", makefiles, 1);
    free(makefiles);
    free(ballast);
    free(cache);
    free(third);
    free(second);
    free(again);
    free(first);
    end();
}

void suite_own(void)
{
    CU_pSuite s = CU_add_suite("own", NULL, NULL);

    CU_add_test(s, "what is no tree of Xen", test_no_tree);
    CU_add_test(s, "a tree of Xen", test_tree);
    CU_add_test(s, "named by content", test_hash);
    CU_add_test(s, "a kernel", test_kernel);
    CU_add_test(s, "modules", test_modules);
    CU_add_test(s, "Kconfig", test_kconfig);
    CU_add_test(s, "built with other options", test_build);
}
