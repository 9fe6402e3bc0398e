#include "backend/row_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "backend/modules.h"
#include "lib/child.h"
#include "xenometer.h"

#define RAM_DISK     "/dev/ram0"
#define RAM_DISK_AGAIN "/dev/ram1"
#define DISK_KIB     "rd_size=16384"
#define READY_MS     5000u    /* for blkback to see its device and open the disk */

/* NULL, or why not (the caller's to free). */
static char *make(struct row_disk *d)
{
    static const char *const parameters[] = { "rd_nr=2", DISK_KIB, NULL };
    struct stat s;
    char *trouble, *text;

    /* One that is there is somebody's, and may hold what they need. */
    if ( !access("/sys/module/brd", F_OK) )
        return xstrdup("somebody uses RAM disks here (module brd is loaded): "
                       "`modprobe -r brd` if you can spare them");
    trouble = module_load("brd", parameters, &d->loaded_brd);
    if ( trouble )
    {
        text = xasprintf("no RAM disk: %s", trouble);
        free(trouble);
        return text;
    }
    trouble = module_load("xen-blkback", NULL, &d->loaded_blkback);
    if ( !trouble && stat(RAM_DISK, &s) )
        trouble = xasprintf(RAM_DISK ": %s", strerror(errno));
    if ( trouble )
        return trouble;
    d->major = major(s.st_rdev);
    d->minor = minor(s.st_rdev);
    return NULL;
}

static void unload(struct row_disk *d)
{
    module_unload("xen-blkback", &d->loaded_blkback);
    module_unload("brd", &d->loaded_brd);
}

const char *row_disk_open(struct row_disk *d)
{
    if ( d->open || d->trouble )
        return d->trouble;
    d->trouble = make(d);
    d->open = !d->trouble;
    if ( d->trouble )
        unload(d);
    return d->trouble;
}

void row_disk_close(struct row_disk *d)
{
    unload(d);
    free(d->trouble);
    *d = (struct row_disk){ 0 };
}

void *row_disk_read(uint64_t offset, size_t size)
{
    int fd = open(RAM_DISK, O_RDONLY | O_DIRECT | O_CLOEXEC);
    void *data = NULL;

    if ( fd < 0 )
        return NULL;
    if ( posix_memalign(&data, 4096, size) ||
         pread(fd, data, size, (off_t)offset) != (ssize_t)size )
    {
        free(data);
        data = NULL;
    }
    close(fd);
    return data;
}

/* ---- behind QEMU's controllers ---- */

/* Where builds of Xen put the device model that xl starts. */
static const char *const device_models[] = {
    "/usr/libexec/xen-qemu-system-i386", "/usr/lib/xen/bin/qemu-system-i386",
    "/usr/libexec/xen/bin/qemu-system-i386", "/usr/local/lib/xen/bin/qemu-system-i386",
    "/usr/local/libexec/xen/bin/qemu-system-i386", "/usr/bin/qemu-system-i386",
};

bool disk_has_device_model(void)
{
    for ( size_t i = 0; i < sizeof(device_models) / sizeof(*device_models); i++ )
        if ( access(device_models[i], X_OK) == 0 )
            return true;
    return false;
}

/*
 * What it offers, as it says itself (the caller's); NULL: unknown.  An argument it does
 * not know would keep the domain from being made.
 */
static char *offered_devices(void)
{
    char *text = NULL, *complaint = NULL;
    int fd;

    for ( size_t i = 0; i < sizeof(device_models) / sizeof(*device_models) && !text; i++ )
    {
        if ( access(device_models[i], X_OK) || (fd = memory_file("devices", 0)) < 0 )
            continue;
        if ( child_run(&(struct child_start){
                 .argv = (const char *const []){ device_models[i], "-device", "help", NULL },
                 .stdin_fd = -1, .stdout_fd = fd, .stderr_fd = -1 },
                        &complaint) == STATUS_OK )
            text = memory_file_text(fd, NULL);
        free(complaint);
        complaint = NULL;
        close(fd);
    }
    return text;
}

/* Each writes to the one image: rows of one domain take turns. */
static const struct {
    const char *device, *arguments;
} controllers[] = {
    { "ide-hd", "\"-device\", \"ide-hd,drive=image,bus=ide.0,share-rw=on\"" },
    { "virtio-blk-pci",
      "\"-device\", \"virtio-blk-pci,drive=image,disable-legacy=on,share-rw=on\"" },
    { "ich9-ahci", "\"-device\", \"ich9-ahci,id=ahci\", "
                   "\"-device\", \"ide-hd,drive=image,bus=ahci.0,share-rw=on\"" },
    { "nvme", "\"-device\", \"nvme,drive=image,serial=1,share-rw=on\"" },
};

char *row_disk_controllers(void)
{
    static char *offered;
    char *setting = xstrdup("device_model_args_hvm=[ \"-blockdev\", \"driver=raw,node-name=image,"
                            "file.driver=host_device,file.filename=" RAM_DISK "\"");
    char *text;

    if ( !offered )
        offered = offered_devices();
    for ( size_t i = 0; i < sizeof(controllers) / sizeof(*controllers); i++ )
    {
        char *name = xasprintf("name \"%s\"", controllers[i].device), *longer;

        if ( !offered || strstr(offered, name) )
        {
            longer = xasprintf("%s, %s", setting, controllers[i].arguments);
            free(setting);
            setting = longer;
        }
        free(name);
    }
    text = xasprintf("%s ]", setting);
    free(setting);
    return text;
}

/* ---- behind Linux's backend ---- */

/* The virtual disks that it serves. */
static const struct { uint32_t number; const char *name; } blkback_disks[] = {
    { ROW_DISK_BLKBACK, "xvda" }, { ROW_DISK_BLKBACK_AGAIN, "xvdd" },
};
#define BLKBACK_DISKS (sizeof(blkback_disks) / sizeof(*blkback_disks))

static struct xenbus_name blkback_name(uint32_t domid, size_t which)
{
    return (struct xenbus_name){ domid, blkback_disks[which].number, "vbd", "vbd" };
}

static char *attach_blkback(const struct row_disk *d, struct xenbus *bus, uint32_t domid,
                            size_t which)
{
    const struct timespec tick = { .tv_nsec = 2000000 };
    struct xenbus_name name = blkback_name(domid, which);
    char device[32], number[16];
    const struct xenbus_key frontend[] = {
        { "virtual-device", number }, { "device-type", "disk" }, { NULL, NULL },
    };
    /* What libxl and its script "block" write for a phy: disk. */
    const struct xenbus_key backend[] = {
        { "params", RAM_DISK }, { "physical-device", device },
        { "physical-device-path", RAM_DISK }, { "type", "phy" }, { "mode", "w" },
        { "dev", blkback_disks[which].name }, { "device-type", "disk" }, { "removable", "0" },
        { "bootable", "0" }, { "discard-enable", "1" }, { NULL, NULL },
    };
    char *error;

    snprintf(number, sizeof(number), "%u", blkback_disks[which].number);
    snprintf(device, sizeof(device), "%x:%x", d->major, d->minor);
    error = xenbus_attach(bus, &name, frontend, backend, XenbusStateInitialising);
    for ( unsigned i = 0; !error; i++ )
    {
        XenbusState state = xenbus_backend_state(bus, &name);

        if ( state == XenbusStateInitWait )
            break;
        if ( i == READY_MS / 2 || state > XenbusStateInitWait )
            error = xasprintf("Linux's blkback does not take " RAM_DISK " (its state is %d): "
                              "see dom0's kernel log", (int)state);
        else
            nanosleep(&tick, NULL);
    }
    return error;
}

char *row_disk_attach(const struct row_disk *d, struct host *host, uint32_t domid,
                  struct disk_guest *g)
{
    char *error;

    *g = (struct disk_guest){ .host = host, .domid = domid };
    g->own = vbd_new(host, domid, ROW_DISK_OWN, RAM_DISK, false, &error);
    if ( !g->own )
        return error;
    g->own_again = vbd_new(host, domid, ROW_DISK_OWN_AGAIN, RAM_DISK_AGAIN, false, &error);
    if ( !g->own_again )
        return error;
    error = NULL;
    for ( size_t i = 0; i < BLKBACK_DISKS && !error; i++ )
        error = attach_blkback(d, host->bus, domid, i);
    return error;
}

void row_disk_detach(struct disk_guest *g)
{
    vbd_free(g->own);
    vbd_free(g->own_again);
    for ( size_t i = 0; i < BLKBACK_DISKS; i++ )
    {
        struct xenbus_name name = blkback_name(g->domid, i);

        xenbus_detach(g->host->bus, &name);
    }
}
