/*
 * A Xen of the user's own in the lab: the other of two packages of one version, the suite's own
 * changed by a few bytes, and files that are none.
 */
#include <fcntl.h>
#include <glob.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* Named so that its symbols are found beside it. */
#define COPY    "build/xen-changed"
#define SYMBOLS "build/xen-syms-changed.map"

/* --------------------------------------------------- Xen, and its symbols -- */

struct file {
    char *data;
    size_t size;
};

static struct file read_file(const char *path)
{
    struct file f = { NULL, 0 };
    FILE *in = fopen(path, "rb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    f.data = malloc(8u << 20);
    f.size = fread(f.data, 1, (8u << 20) - 1, in);
    f.data[f.size] = '\0';
    fclose(in);
    return f;
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *out = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(data, 1, size, out), size);
    fclose(out);
}

/* The only file that fits; the caller's. */
static char *only(const char *pattern)
{
    char *path = NULL;
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        path = strdup(found.gl_pathv[0]);
        globfree(&found);
    }
    return path;
}

/* A file of the suite's lab. */
static char *lab_file(const char *name)
{
    const char *own = getenv("XENOMETER_CACHE"), *home = getenv("HOME");
    char pattern[4096];

    if ( own && *own )
        snprintf(pattern, sizeof(pattern), "%s/lab-trixie-*/%s", own, name);
    else
        snprintf(pattern, sizeof(pattern), "%s/.cache/xenometer/lab-trixie-*/%s", home, name);
    return only(pattern);
}

/* The lab's Xen, and the address of one of its functions in it; the caller's.  A trace brings the
 * symbols into the lab. */
static struct file lab_xen(const char *function, char **at)
{
    char *xen_path = lab_file("xen"), *map_path = lab_file("xen-syms.map"), line[80], *found;
    struct file xen, map;

    if ( !map_path )
    {
        struct outcome_of r = program("trace", "--host=lab", "hypercall/null", "-m", "pv", NULL);

        CU_ASSERT_EQUAL(r.status, 0);
        program_free(&r);
        map_path = lab_file("xen-syms.map");
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(xen_path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(map_path);
    xen = read_file(xen_path);
    map = read_file(map_path);
    write_file(SYMBOLS, map.data, map.size);
    snprintf(line, sizeof(line), " T %s\n", function);
    found = strstr(map.data, line);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    /* One segment, at 128 in the file (mkelf32), linked at this address. */
    *at = xen.data + 128 + (strtoull(found - 18, NULL, 16) - 0xffff82d040200000ull);
    CU_ASSERT_FATAL(*at > xen.data && *at < xen.data + xen.size - 64);
    free(map.data);
    free(xen_path);
    free(map_path);
    return xen;
}

/* That Xen, with a few bytes of a function changed, as COPY. */
static void damage(const char *function, const char *code, size_t length)
{
    char *at;
    struct file xen = lab_xen(function, &at);

    memcpy(at, code, length);
    write_file(COPY, xen.data, xen.size);
    free(xen.data);
}

/*
 * xen_version with seven more instructions: the comparison of the operation's number with the
 * highest, which no operation of the rows exceeds, and its jump become nine times NOP.
 */
static void make_slower(void)
{
    char *at, *check = NULL;
    struct file xen = lab_xen("do_xen_version", &at);

    for ( size_t i = 0; i < 40 && !check; i++ )
        if ( !memcmp(at + i, "\x83\xff", 2) && !memcmp(at + i + 3, "\x0f\x87", 2) )   /* cmp, ja */
            check = at + i;
    CU_ASSERT_PTR_NOT_NULL_FATAL(check);
    memset(check, 0x90, 9);
    write_file(COPY, xen.data, xen.size);
    free(xen.data);
}

static void remove_copies(void)
{
    unlink(COPY);
    unlink(SYMBOLS);
    unlink(COPY ".gz");
}

static unsigned own_labs(void)
{
    struct outcome_of r = program("lab", "status", "--json", NULL);
    json_t *j = json_loads(r.out, 0, NULL);
    unsigned count = (unsigned)json_array_size(json_object_get(j, "own_labs"));

    json_decref(j);
    program_free(&r);
    return count;
}

/* ------------------------------------------------------------------ tests -- */

/* Said in one line, before anything is built or booted. */
static void test_no_xen(void)
{
    static const char cut[] = COPY;
    static const struct {
        const char *file, *says;
    } files[] = {
        { "README.md", "neither xen.gz nor an ELF file" },
        { "build/xenometer.elf", "another ELF file" },
        { "build/no-such-file", "No such file" },
        { "build", "neither a Xen nor a tree of one" },
        { "/dev/null", "neither xen.gz nor" },
        { cut, "cut off" },
        { COPY ".gz", "damaged or cut off" },
    };
    char *path = lab_file("xen"), option[4200];
    unsigned before = own_labs();
    struct outcome_of r;
    struct file xen;

    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    xen = read_file(path);
    write_file(COPY, xen.data, xen.size / 2);
    write_file(COPY ".gz", "\x1f\x8b\x08\0\0\0\0\0\0\3XYZ", 13);
    for ( size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++ )
    {
        snprintf(option, sizeof(option), "--xen=%s", files[i].file);
        r = program("run", "--host=lab", option, "hypercall/null", NULL);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT(is_one_line_error(&r, files[i].says));
        program_free(&r);
    }
    /* An ELF of another architecture: e_machine at 18 (System V ABI). */
    xen.data[18] = (char)183;
    write_file(COPY, xen.data, xen.size);
    r = program("lab", "run", "--xen=" COPY, "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "another architecture"));
    program_free(&r);
    /* Symbols that are none, and whose. */
    snprintf(option, sizeof(option), "--xen=%s", path);
    r = program("trace", "--host=lab", option, "--xen-symbols=README.md", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "no symbols of a Xen"));
    program_free(&r);
    r = program("trace", "--host=lab", "--xen-symbols=README.md", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "which Xen's?"));
    program_free(&r);
    CU_ASSERT_EQUAL(own_labs(), before);
    free(xen.data);
    free(path);
    remove_copies();
}

/* It boots, its figures differ by what was changed, and the trace names where. */
static void test_changed(void)
{
    static const char old[] = "build/test-own-old.json", new[] = "build/test-own-new.json";
    struct outcome_of r;
    json_t *j;

    make_slower();
    r = program("run", "--host=lab", "--boots=1", "-m", "pv", "hypercall/null", "-o", old, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    r = program("run", "--host=lab", "--xen=" COPY, "--boots=1", "-m", "pv", "hypercall/null", "-o",
                new, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "debug=n"));
    program_free(&r);
    r = program("compare", "--json", old, new, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    j = json_loads(r.out, 0, NULL);
    CU_ASSERT_EQUAL(figure(j, "hypercall/null", "pv", "new") -
                    figure(j, "hypercall/null", "pv", "old"), 7);
    json_decref(j);
    program_free(&r);
    /* Symbols from beside it; the suite's own Xen on the other side. */
    r = program("trace", "--host=lab", "hypercall/null", "-m", "pv", "--xen=" COPY,
                "--against=trixie", "--functions", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "do_xen_version"));
    program_free(&r);
    CU_ASSERT(own_labs() > 0);
    unlink(old);
    unlink(new);
    remove_copies();
}

/* The verdict, the function that is responsible, and both reports. */
static void test_gate(void)
{
    static const char junit[] = "build/test-own-junit.xml", comment[] = "build/test-own-gate.md";
    struct outcome_of r;
    struct file f;

    make_slower();
    r = program("gate", "trixie", "hypercall/null", "-m", "pv", "--xen=" COPY, "--junit", junit,
                "--markdown", comment, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "+7  Xen  do_xen_version"));
    program_free(&r);
    f = read_file(junit);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.data, "tests=\"1\" failures=\"1\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(f.data, "do_xen_version"));
    free(f.data);
    f = read_file(comment);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.data, "| hypercall/null | pv |"));
    free(f.data);
    /* Allowed. */
    r = program("gate", "trixie", "hypercall/null", "-m", "pv", "--xen=" COPY, "--threshold=5", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    /* One that does not boot cannot be tested. */
    damage("dom0_construct_pv", "\x0f\x0b", 2);
    r = program("gate", "trixie", "hypercall/null", "-m", "pv", "--xen=" COPY, NULL);
    CU_ASSERT_EQUAL(r.status, 125);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "FATAL TRAP"));
    program_free(&r);
    unlink(junit);
    unlink(comment);
    remove_copies();
}

static void test_gate_usage(void)
{
    struct outcome_of r = program("gate", NULL);

    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "no baseline"));
    program_free(&r);
    r = program("gate", "build/no-such.json", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "neither a results file"));
    program_free(&r);
    r = program("gate", "README.md", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "README.md"));
    program_free(&r);
    r = program("gate", "trixie", "--threshold=-1", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "--threshold"));
    program_free(&r);
}

/* What Xen refuses is left out with its words; what it takes is a column. */
static void test_factors(void)
{
    struct outcome_of r = program("run", "--factor=xen:no-such-option=1", "--factor=xen:sched=credit",
                                  "--boots=1", "-m", "pv", "hypercall/null", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xen:sched=credit"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "no-such-option"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "skip xen:no-such-option=1: Xen says: "));
    program_free(&r);
}

static void test_factors_usage(void)
{
    static const struct {
        const char *option, *says;
    } wrong[] = {
        { "--factor=spec-ctrl=no", "must be xen:OPTION" },
        { "--factor=xen:", "must be xen:OPTION" },
        { "--factor=kernel:a=b", "must be xen:OPTION" },
        { "--factor=xen:sched=credit+xen:max_cstate=1", "needs max_cstate" },
    };
    struct outcome_of r;

    for ( size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        r = program("run", wrong[i].option, "hypercall/null", NULL);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT(is_one_line_error(&r, wrong[i].says));
        program_free(&r);
    }
    r = program("run", "--host=xen", "--factor=xen:sched=credit", "hypercall/null", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "--factor is for"));
    program_free(&r);
    r = program("factors", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xen:spec-ctrl"));
    program_free(&r);
}

/* The last lines say why, and the lab of it is gone. */
static void test_does_not_boot(void)
{
    static const struct {
        const char *code, *says;
        size_t length;
    } damages[] = {
        { "\x0f\x0b", "FATAL TRAP", 2 },                              /* ud2 */
        { "\xeb\xfe", "it hangs", 2 },                                /* jmp . */
        { "\x6a\0\x6a\0\x0f\x01\x1c\x24\x0f\x0b", "reset the machine", 10 },   /* an empty IDT, ud2 */
    };
    unsigned before = own_labs();
    struct outcome_of r;

    for ( size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++ )
    {
        damage("dom0_construct_pv", damages[i].code, damages[i].length);
        r = program("lab", "run", "--quiet", "--xen=" COPY, "--", "true", NULL);
        CU_ASSERT_EQUAL(r.status, 3);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "the lab did not boot"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, damages[i].says));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "(XEN)"));
        program_free(&r);
        CU_ASSERT_EQUAL(own_labs(), before);
        CU_ASSERT_EQUAL(qemu_count(), 0);
    }
    remove_copies();
}

/* A PVH domain that Xen crashes as it sets its callback up; a PV one does not, and is measured. */
static void test_domain_dies(void)
{
    static const char out[] = "build/test-own-new.json";
    unsigned char jump[5] = { 0xe9 };   /* jmp rel32 (Intel SDM, volume 2, JMP): to a function of the same argument */
    char *from, *to;
    struct file xen = lab_xen("hvm_set_callback_via", &from), other = lab_xen("__domain_crash", &to);
    int32_t distance = (int32_t)((to - other.data) - (from - xen.data) - (ptrdiff_t)sizeof(jump));
    struct outcome_of r;
    json_t *j;

    memcpy(jump + 1, &distance, sizeof(distance));
    memcpy(from, jump, sizeof(jump));
    write_file(COPY, xen.data, xen.size);
    free(other.data);
    free(xen.data);
    r = program("run", "--host=lab", "--xen=" COPY, "--boots=1", "-m", "pv,pvh", "hypercall/null", "-o", out, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    program_free(&r);
    j = json_load_file(out, 0, NULL);
    CU_ASSERT_STRING_EQUAL(text_of(j, "hypercall/null", "pv", "status"), "success");
    CU_ASSERT_STRING_EQUAL(text_of(j, "hypercall/null", "pvh", "status"), "error");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "hypercall/null", "pvh", "reason"), "crash"));
    json_decref(j);
    /* A verdict, not a build that cannot be tested. */
    r = program("gate", "trixie", "hypercall/null", "-m", "pvh", "--xen=" COPY, NULL);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "crash"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
    unlink(out);
    remove_copies();
}

/*
 * The suite's lab without its snapshots on a disk of its own, with `$1` KiB to spare: there is room for the parts
 * of an own lab or there is not, and for its snapshot there is none.  77: disks cannot be mounted here.
 */
static const char on_full_disk[] =
    "d=build/test-full; c=$(realpath \"${XENOMETER_CACHE:-$HOME/.cache/xenometer}\"); mkdir -p $d; "
    "mount -t tmpfs -o size=2g none $d 2>/dev/null || exit 77; "
    "l=$(ls -td \"$c\"/lab-trixie-*/ | head -1); n=$d/$(basename \"$l\"); mkdir \"$n\"; "
    "ln -s \"$c/debs-trixie\" $d/debs-trixie; "
    "for f in \"$l\"*; do [ -e \"$f/ram\" ] || cp -a \"$f\" \"$n\"; done; "
    "mount -o remount,size=$(($(du -sk $d | cut -f1) + $1))k $d; "
    "XENOMETER_CACHE=$d build/xenometer lab run --quiet --xen=" COPY " -- true; s=$?; "
    "ls $d | grep -e '^own-' -e '^new-' && s=99; exit $s";

static void test_full_disk(void)
{
    static const char *const spare[] = { "1024", "32768" };
    char *path = lab_file("xen");
    struct outcome_of r;
    struct file xen;

    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    xen = read_file(path);
    write_file(COPY, xen.data, xen.size);
    for ( size_t i = 0; i < 2; i++ )
    {
        r = program_named("/usr/bin/unshare", "-rm", "sh", "-c", on_full_disk, "sh", spare[i], NULL);
        if ( r.status == 77 )
            fputs("(no disk can be mounted here: not tested)\n", stderr);
        else
        {
            CU_ASSERT_EQUAL(r.status, 3);
            CU_ASSERT(is_one_line_error(&r, "the disk is full at "));
        }
        program_free(&r);
    }
    CU_ASSERT_EQUAL(qemu_count(), 0);
    rmdir("build/test-full");
    free(xen.data);
    free(path);
    remove_copies();
}

/* Debian 12 has two builds of 4.17: the one of security beside that of main, same tools. */
static void test_other_build(void)
{
    static const char script[] =
        "set -e; rm -rf build/test-own-debs; mkdir build/test-own-debs; cd build/test-own-debs; "
        "apt-get -qq download xen-hypervisor-4.17-amd64 xen-hypervisor-4.17-amd64-dbg 2>/dev/null; "
        "for deb in *.deb; do dpkg-deb -x $deb .; done";
    struct outcome_of r;

    if ( system(script) )
    {
        fputs("(apt has no xen-hypervisor-4.17-amd64: not tested)\n", stderr);
        return;
    }
    r = program("trace", "--host=lab", "hypercall/null", "-m", "pvh", "--lab-suite=bookworm",
                "--xen=build/test-own-debs/boot/xen-4.17-amd64.gz", "--against=bookworm", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "(Xen 4.17."));
    /* Traced on both sides; what the same functions take is summed up. */
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "0  xen\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the other functions"));
    program_free(&r);
    /* The unpacked xen-syms of the debug package is that very Xen. */
    r = program("lab", "run", "--lab-suite=bookworm",
                "--xen=build/test-own-debs/usr/lib/debug/boot/xen-syms-4.17-amd64", "--", "xl", "info",
                NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "xen_version            : 4.17."));
    program_free(&r);
    /* Of Debian 13's tools, none fits. */
    r = program("lab", "run", "--xen=build/test-own-debs/boot/xen-4.17-amd64.gz", "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "this is Xen 4.17"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "init: "));
    program_free(&r);
    CU_ASSERT_EQUAL(system("rm -rf build/test-own-debs"), 0);
}

/* The suite's own packages, unpacked into a directory, are a tree of Xen. */
static const char unpack_tree[] =
    "set -e; rm -rf build/test-own-tree; mkdir build/test-own-tree; "
    "for deb in \"${XENOMETER_CACHE:-$HOME/.cache/xenometer}\"/debs-trixie/*.deb; do "
    "case ${deb##*/} in libxen*|xen-*|xenstore*) dpkg-deb -x \"$deb\" build/test-own-tree;; esac; done";

/* Hypervisor, tools, libraries and scripts of it: figures as the suite's, in all modes. */
static void test_tree(void)
{
    static const char own[] = "build/test-own-old.json", tree[] = "build/test-own-new.json";
    struct outcome_of r;
    json_t *j;

    CU_ASSERT_EQUAL_FATAL(system(unpack_tree), 0);
    r = program("run", "--host=lab", "--boots=1", "-m", "pv,pvh,hvm", "hypercall/null",
                "ring/echo-64b", "port/qemu-ide", "-o", own, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    r = program("run", "--host=lab", "--xen=build/test-own-tree", "--boots=1", "-m", "pv,pvh,hvm",
                "hypercall/null", "ring/echo-64b", "port/qemu-ide", "-o", tree, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Its configuration (Kconfig): DEBUG=n"));
    program_free(&r);
    r = program("compare", "--threshold=1", own, tree, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    j = json_load_file(tree, 0, NULL);
    CU_ASSERT(figure(j, "hypercall/null", "hvm", "median") > 0);
    CU_ASSERT(figure(j, "port/qemu-ide", "hvm", "median") > 0);
    json_decref(j);
    /* What runs is the tree's. */
    r = program("lab", "run", "--quiet", "--xen=build/test-own-tree", "--", "sh", "-c",
                "command -v xl", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "/usr/lib/xen/bin/xl"));
    program_free(&r);
    /* A part is missing: said, and nothing is made. */
    CU_ASSERT_EQUAL(system("rm build/test-own-tree/usr/lib/xen-*/bin/xenconsoled"), 0);
    r = program("lab", "run", "--xen=build/test-own-tree", "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "has not xenconsoled"));
    program_free(&r);
    unlink(own);
    unlink(tree);
    CU_ASSERT_EQUAL(system("rm -rf build/test-own-tree"), 0);
}

/* Debian 12's kernel below Debian 13's tools. */
static void test_kernel(void)
{
    static const char script[] =
        "set -e; rm -rf build/test-own-kernel; mkdir build/test-own-kernel; cd build/test-own-kernel; "
        "for flavour in amd64 cloud-amd64; do "
        "package=$(apt-cache depends linux-image-$flavour | sed -n 's/.*Depends: //p' | head -1); "
        "mkdir $flavour; apt-get -qq download $package 2>/dev/null; "
        "dpkg-deb -x $package*.deb $flavour; rm *.deb; done; "
        "for f in */boot/vmlinuz-*; do ln -s \"$(basename \"$f\")\" \"${f%/*}/vmlinuz\"; done; "
        "for d in */lib/modules/*; do ln -s \"$(basename \"$d\")\" \"${d%/*}/own\"; done";
    struct outcome_of r;

    if ( system(script) )
    {
        fputs("(apt has no linux-image-amd64 and linux-image-cloud-amd64: not tested)\n", stderr);
        return;
    }
    r = program("run", "--host=lab", "--dom0-kernel=build/test-own-kernel/amd64/boot/vmlinuz",
                "--modules=build/test-own-kernel/amd64/lib/modules/own", "--boots=1", "-m", "pv",
                "hypercall/null", "event/roundtrip-idle", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Linux 6.1."));
    program_free(&r);
    r = program("lab", "run", "--dom0-kernel=build/test-own-kernel/cloud-amd64/boot/vmlinuz",
                "--modules=build/test-own-kernel/cloud-amd64/lib/modules/own", "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "without CONFIG_XEN_DOM0"));
    program_free(&r);
    r = program("lab", "run", "--dom0-kernel=build/test-own-kernel/amd64/boot/vmlinuz",
                "--modules=build/test-own-kernel/cloud-amd64/lib/modules/own", "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "is a module of Linux"));
    program_free(&r);
    r = program("lab", "run", "--dom0-kernel=README.md", "--", "true", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "belong together"));
    program_free(&r);
    CU_ASSERT_EQUAL(system("rm -rf build/test-own-kernel"), 0);
}

void suite_own_xen(void)
{
    CU_pSuite s = CU_add_suite("own Xen", NULL, NULL);

    CU_add_test(s, "files that are no Xen", test_no_xen);
    CU_add_test(s, "gates that cannot be", test_gate_usage);
    CU_add_test(s, "factors that cannot be", test_factors_usage);
    add_long(s, "a Xen that was changed", test_changed);
    add_long(s, "a gate", test_gate);
    add_long(s, "factors", test_factors);
    add_long(s, "Xens that do not boot", test_does_not_boot);
    add_long(s, "a domain that dies on it", test_domain_dies);
    add_long(s, "a full disk", test_full_disk);
    add_long(s, "another build, same tools", test_other_build);
    add_long(s, "a tree", test_tree);
    add_long(s, "a kernel for dom0", test_kernel);
}
