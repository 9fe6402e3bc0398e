#include "machines/stick.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/cpio.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/prepare.h"
#include "systems/assemble.h"
#include "systems/suite.h"
#include "xenometer.h"

/* All files in it are of that time, which xorriso, mtools and GRUB take for the present one. */
#define IMAGE_TIME "1767225600"   /* 2026-01-01 */

/* What GRUB looks for the image by, among all disks. */
#define MARK "boot/xenometer-stick"

/*
 * dom0 on CPU 0 alone, so that the others are the domains'; clocks as still as Xen keeps them, nothing
 * deeper than C1.  Xen and dom0 write to the serial port, if there is one, and to the screen.  A word
 * of the user's own may be added in the results' partition (options.cfg), for a machine that
 * needs one.
 */
#define STICK_XEN_OPTIONS \
    "console=com1,vga com1=115200,8n1 dom0_mem=768M,max:768M dom0_max_vcpus=1 dom0_vcpus_pin " \
    "cpufreq=xen:performance max_cstate=1 loglvl=all noreboot"
#define STICK_DOM0_OPTIONS \
    "console=hvc0 console=tty0 loglevel=3 sysctl.vm.overcommit_memory=1"

/* ------------------------------------------------------------ what it takes -- */

#define GRUB_BIOS "/usr/lib/grub/i386-pc"
#define GRUB_EFI  "/usr/lib/grub/x86_64-efi"

/* Programs and files, and Debian's packages that have them. */
static const struct {
    const char *path, *package;
} taken[] = {
    { "/usr/bin/grub-mkimage", "grub-common" },
    { GRUB_BIOS "/boot_hybrid.img", "grub-pc-bin" },
    { GRUB_EFI "/moddep.lst", "grub-efi-amd64-bin" },
    { "/usr/bin/xorriso", "xorriso" },
    { "/usr/bin/mcopy", "mtools" },
    { "/usr/bin/gzip", "gzip" },
};

static int require(void)
{
    char *missing = xstrdup("");
    bool any;

    for ( size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++ )
        if ( access(taken[i].path, R_OK) )
        {
            char *longer = xasprintf("%s %s", missing, taken[i].package);

            free(missing);
            missing = longer;
        }
    any = *missing;
    if ( any )
        message("a stick takes packages that are not installed: apt-get install%s", missing);
    free(missing);
    return any ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* Run in `directory`; its own last line is the reason. */
static int run(const char *directory, const char *const *argv, int in, int out)
{
    char *complaint = NULL;
    int status = child_run(&(struct child_start){ .argv = argv, .directory = directory,
                                                  .stdin_fd = in, .stdout_fd = out }, &complaint);

    if ( status == STATUS_ENVIRONMENT )
    {
        struct statvfs space;

        if ( statvfs(directory, &space) == 0 && space.f_bavail * space.f_frsize < (4u << 20) )
            cache_error(directory, ENOSPC);
        else
            message("cannot make the stick: %s: %s", argv[0], complaint);
    }
    free(complaint);
    return status;
}

#define RUN(directory, ...) run(directory, (const char *const[]){ __VA_ARGS__, NULL }, -1, -1)

/* ------------------------------------------------------------- dom0's root -- */

/* What `xenometer run` reads beside the program. */
static const char *const data[] = { "xenometer.elf", "configs/pv.cfg", "configs/pvh.cfg", "configs/hvm.cfg" };

static const char *const directories[] = { "usr/lib/xenometer", "usr/lib/xenometer/configs" };

static int put_data(struct archive *archive)
{
    int error = 0;

    for ( size_t i = 0; !error && i < sizeof(directories) / sizeof(directories[0]); i++ )
        error = cpio_put(archive, directories[i], S_IFDIR | 0755, NULL, NULL, 0);
    for ( size_t i = 0; !error && i < sizeof(data) / sizeof(data[0]); i++ )
    {
        char *from = data_file(data[i]), *to = path_in("usr/lib/xenometer", data[i]);

        error = from ? cpio_put_file(archive, to, from, 0644) : ENOENT;
        free(from);
        free(to);
    }
    return error;
}

/* The program as that dom0 runs it, with its data, as an archive behind the root: Linux unpacks both. */
static int write_program(const char *program, const char *cpio)
{
    struct archive *archive = archive_write_new();
    int error;

    archive_write_set_format_cpio_newc(archive);
    error = archive_write_open_filename(archive, cpio) == ARCHIVE_OK ? 0 : EIO;
    if ( !error )
        error = cpio_put_file(archive, "usr/bin/xenometer", program, 0755);
    if ( !error )
        error = put_data(archive);
    if ( archive_write_close(archive) != ARCHIVE_OK && !error )
        error = EIO;
    archive_write_free(archive);
    return error ? cache_error(cpio, error) : STATUS_OK;
}

static int append(const char *from, int to)
{
    size_t size;
    char *bytes = read_whole_file(from, &size);
    int error = bytes ? write_all(to, bytes, size) : errno;

    free(bytes);
    return error ? cache_error(from, error) : STATUS_OK;
}

/* root.cpio and program.cpio, packed: a BIOS reads a stick slowly. */
static int make_root(const struct cache *cache, const char *program, const char *work)
{
    char *root = path_in(cache->lab, cache->system->root), *own = path_in(work, "program.cpio");
    char *both = path_in(work, "both.cpio"), *packed = path_in(work, "tree/boot/dom0.gz");
    const char *const gzip[] = { "gzip", "-6nc", NULL };
    int out = open(both, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int to = open(packed, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int status = out < 0 || to < 0 ? cache_error(work, errno) : write_program(program, own);

    if ( status == STATUS_OK )
        status = append(root, out);
    if ( status == STATUS_OK )
        status = append(own, out);
    if ( status == STATUS_OK && lseek(out, 0, SEEK_SET) < 0 )
        status = cache_error(both, errno);
    if ( status == STATUS_OK )
        status = run(work, gzip, out, to);
    if ( out >= 0 )
        close(out);
    if ( to >= 0 )
        close(to);
    unlink(own);
    unlink(both);
    free(packed);
    free(both);
    free(own);
    free(root);
    return status;
}

/* ---------------------------------------------------------------- partitions -- */

static int write_text(const char *directory, const char *name, const char *text)
{
    char *path = path_in(directory, name);
    int error = write_whole_file(path, text, strlen(text), 0666);
    int status = error ? cache_error(path, error) : STATUS_OK;

    free(path);
    return status;
}

/* What is in the lab already has a second name in the tree. */
static int put_lab_file(const struct cache *cache, const char *name, const char *work)
{
    char *from = path_in(cache->lab, name), *to = xasprintf("%s/tree/boot/%s", work, name);
    int status = link(from, to) ? cache_error(to, errno) : STATUS_OK;

    free(to);
    free(from);
    return status;
}

static const char early[] =
    "search --no-floppy --file --set=root /" MARK "\n"
    "set prefix=($root)/boot/grub\n"
    "configfile /boot/grub/grub.cfg\n";

/* `serial`: of the partition for results, by which dom0 finds it, and GRUB what the user added. */
static char *grub_configuration(uint32_t serial)
{
    return xasprintf("set timeout=0\n"
                     "set gfxpayload=text\n"
                     "serial --unit=0 --speed=115200\n"
                     "terminal_output console serial\n"
                     "search --no-floppy --fs-uuid --set=results %04X-%04X\n"
                     "if [ -e ($results)/options.cfg ]; then source ($results)/options.cfg; fi\n"
                     "menuentry xenometer {\n"
                     "  echo 'xenometer: loading Xen and Linux from the stick; half a minute on an old PC.'\n"
                     "  multiboot2 /boot/xen " STICK_XEN_OPTIONS " $xen\n"
                     "  module2 /boot/vmlinux.gz " STICK_DOM0_OPTIONS " xenometer.stick=%08x $dom0\n"
                     "  module2 --nounzip /boot/dom0.gz\n"
                     "}\n", serial >> 16, serial & 0xffff, serial);
}

static const char readme[] =
    "xenometer's stick: boot a PC from it, and what it measured stands here afterwards:\r\n"
    "results.json, table.txt, machine.txt (the CPU, Xen's messages, what disturbed).\r\n"
    "\r\n"
    "The PC does not start from it: switch Secure Boot off in its firmware's setup.\r\n"
    "PV only: switch VT-x or SVM on there.\r\n"
    "A word for Xen or for dom0's kernel: write it into a file options.cfg here:\r\n"
    "    set xen=\"smt=0\"\r\n"
    "    set dom0=\"xenometer.off xenometer.boots=4\"   (switches the PC off when all is done;\r\n"
    "                                               domains of each kind, 2 by itself)\r\n";

static int make_grub(const char *work)
{
#define MODULES "part_gpt", "part_msdos", "iso9660", "fat", "search", "search_fs_file", "search_fs_uuid", \
                "normal", "configfile", "multiboot2", "gzio", "echo", "test", "serial", "terminal", "minicmd"
    int status = write_text(work, "early.cfg", early);

    if ( status == STATUS_OK )
        status = RUN(work, "grub-mkimage", "-O", "i386-pc-eltorito", "-d", GRUB_BIOS, "-p", "/boot/grub",
                     "-c", "early.cfg", "-o", "tree/boot/grub/bios.img", "biosdisk", "vga", MODULES);
    if ( status == STATUS_OK )
        status = RUN(work, "grub-mkimage", "-O", "x86_64-efi", "-d", GRUB_EFI, "-p", "/boot/grub",
                     "-c", "early.cfg", "-o", "BOOTX64.EFI", "efi_gop", "efi_uga", MODULES);
    return status;
}

/* Of the image's time, so that mcopy's -m gives it that. */
static int touch(const char *work, const char *name)
{
    const struct timespec times[2] = { { .tv_sec = atol(IMAGE_TIME) }, { .tv_sec = atol(IMAGE_TIME) } };
    char *path = path_in(work, name);
    int status = utimensat(AT_FDCWD, path, times, 0) ? cache_error(path, errno) : STATUS_OK;

    free(path);
    return status;
}

static int make_efi(const char *work)
{
    int status = touch(work, "BOOTX64.EFI");

    if ( status == STATUS_OK )
        status = RUN(work, "mformat", "-C", "-i", "efi.img", "-f", "2880", "-N", "58454649", "::");
    if ( status == STATUS_OK )
        status = RUN(work, "mmd", "-i", "efi.img", "::/EFI", "::/EFI/BOOT");
    if ( status == STATUS_OK )
        status = RUN(work, "mcopy", "-m", "-i", "efi.img", "BOOTX64.EFI", "::/EFI/BOOT/");
    return status;
}

static int make_results(const char *work, uint32_t serial)
{
    char *number = xasprintf("%08x", serial), *sectors = xasprintf("%u", STICK_RESULTS_BYTES / 512);
    int status = write_text(work, "README.TXT", readme);

    if ( status == STATUS_OK )
        status = touch(work, "README.TXT");
    if ( status == STATUS_OK )
        status = RUN(work, "mformat", "-C", "-i", "results.img", "-T", sectors, "-h", "64", "-s", "32",
                     "-N", number, "-v", "XENOMETER", "::");
    if ( status == STATUS_OK )
        status = RUN(work, "mcopy", "-m", "-i", "results.img", "README.TXT", "::");
    free(sectors);
    free(number);
    return status;
}

/* One image for sticks and CDs: ISO 9660 with El Torito for both firmwares, GRUB in its first sector,
 * and a GPT (with a protective MBR) of what a stick's firmware and other systems look for. */
static int make_image(const char *work)
{
    return RUN(work, "xorriso", "-as", "mkisofs", "-quiet", "-o", "image", "-V", "XENOMETER", "-r",
               "--set_all_file_dates", "2026010100000000",
               "-b", "boot/grub/bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table",
               "--grub2-boot-info", "--grub2-mbr", GRUB_BIOS "/boot_hybrid.img", "-partition_offset", "16",
               "-append_partition", "2", "0xef", "efi.img", "-appended_part_as_gpt",
               "-append_partition", "3", "0x0c", "results.img",
               "-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot", "tree");
}

/* The image as work/image, with the lab held and the build lock. */
static int build(struct cache *cache, const char *work)
{
    char *grub = path_in(work, "tree/boot/grub"), *program = NULL, *configuration;
    uint32_t serial;
    int status, error = make_directories(grub);

    status = error ? cache_error(grub, error) : suite_link_program(cache, &program);
    stage_begin("building the stick's image");
    if ( status == STATUS_OK )
        status = make_root(cache, program, work);
    if ( status == STATUS_OK )
    {
        char *root = path_in(work, "tree/boot/dom0.gz");
        size_t size = 0;
        char *bytes = read_whole_file(root, &size);

        /* Two sticks of the same content are told apart by nobody, and need not be. */
        serial = (uint32_t)hash_bytes(HASH_START, bytes ? bytes : "", size);
        free(bytes);
        free(root);
        configuration = grub_configuration(serial);
        status = write_text(work, "tree/boot/grub/grub.cfg", configuration);
        free(configuration);
        if ( status == STATUS_OK )
            status = make_results(work, serial);
    }
    if ( status == STATUS_OK )
        status = write_text(work, "tree/" MARK, "");
    if ( status == STATUS_OK )
        status = put_lab_file(cache, "xen", work);
    if ( status == STATUS_OK )
        status = put_lab_file(cache, GUEST_KERNEL, work);
    if ( status == STATUS_OK )
        status = make_grub(work);
    if ( status == STATUS_OK )
        status = make_efi(work);
    if ( status == STATUS_OK )
        status = make_image(work);
    stage_end();
    free(program);
    free(grub);
    return status;
}

/* -------------------------------------------------------------------- target -- */

struct target {
    const char *name;
    int fd;           /* a device, written in place; -1: a file, which is there once it is whole */
};

/* 0 or errno: can a file be made beside that one? */
static int directory_writable(const char *file)
{
    char *copy = xstrdup(file);
    int error = access(dirname(copy), W_OK | X_OK) ? errno : 0;

    free(copy);
    return error;
}

/* Before anything is built: what cannot be written is said at once. */
static int target_open(struct target *t, const struct stick_options *o)
{
    struct stat st;
    bool there = stat(o->file, &st) == 0;
    int error;

    *t = (struct target){ .name = o->file, .fd = -1 };
    if ( there && S_ISBLK(st.st_mode) && !o->device )
    {
        message("%s is a device: all that is on it would be lost; --yes-write-to-device says that you mean it",
                o->file);
        return STATUS_USAGE;
    }
    if ( there && !S_ISBLK(st.st_mode) && (!S_ISREG(st.st_mode) || o->device) )
    {
        message("%s is no %s", o->file, S_ISREG(st.st_mode) ? "device" : "file; name one to be written");
        return STATUS_USAGE;
    }
    if ( there && S_ISBLK(st.st_mode) )
    {
        t->fd = open(o->file, O_WRONLY | O_EXCL | O_CLOEXEC);   /* which a mounted one refuses */
        error = t->fd < 0 ? errno : 0;
    }
    else
        error = directory_writable(o->file);
    if ( !error )
        return STATUS_OK;
    if ( error == EBUSY )
        message("%s is in use: unmount all of its partitions", o->file);
    else
        message("cannot write %s: %s", o->file, strerror(error));
    return STATUS_ENVIRONMENT;
}

static int target_write(struct target *t, const char *image)
{
    size_t size;
    char *bytes = read_whole_file(image, &size);
    bool device = t->fd >= 0;
    int error = errno;

    if ( bytes && device )
    {
        error = write_into(t->fd, bytes, size);
        t->fd = -1;
    }
    else if ( bytes )
        error = write_document(t->name, bytes, size);
    free(bytes);
    if ( error )
        message("cannot write %s: %s%s", t->name, strerror(error),
                device ? "; it is half written now: write it again" : "");
    else
        message("%s: %zu MB, for a stick (as a whole: `dd of=/dev/sdX`) or a CD; a PC that boots from it "
                "measures by itself", t->name, (size + 999999) / 1000000);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

int stick_make(const struct stick_options *o)
{
    struct lab_options lab = o->lab;
    struct target target = { .fd = -1 };
    struct cache cache = { .build_lock = -1, .use_lock = -1 };
    char *work = NULL, *image = NULL;
    int status = require();

    lab.system = SYSTEM_STICK;
    cancel_begin();
    if ( status == STATUS_OK )
        status = target_open(&target, o);
    if ( status == STATUS_OK )
    {
        setenv("SOURCE_DATE_EPOCH", IMAGE_TIME, 1);
        status = prepare(&lab, &cache, false, false);
    }
    if ( status == STATUS_OK )
        status = cache_lock_build(&cache);
    if ( status == STATUS_OK )
    {
        work = path_in(cache.root, "new-stick");
        image = path_in(work, "image");
        status = build(&cache, work);
    }
    if ( status == STATUS_OK && cancelled() )
        status = cancelled();
    if ( status == STATUS_OK )
        status = target_write(&target, image);
    if ( work )
        remove_tree(work);
    if ( target.fd >= 0 )
        close(target.fd);
    cache_close(&cache);
    cancel_end();
    free(image);
    free(work);
    return status;
}
