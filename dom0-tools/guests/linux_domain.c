/*
 * Columns of the application in a Linux domain of Xen: dom0's own kernel, started by its dom0's xl
 * with the application as process 1.  Results come through the console, which xenconsoled writes
 * to a file.  An HVM domain's kernel is a bzImage, which its device model hands to SeaBIOS (an option
 * ROM, linuxboot_dma.bin, starts it).
 */
#include <stdlib.h>
#include <string.h>

#include "app/domain.h"
#include "guests/app.h"
#include "guests/linux_guest.h"
#include "machines/lab.h"
#include "xenometer.h"

#define NAME   "xenometer-app"
#define CONFIG "linux.cfg"
#define KERNEL "kernel"

/* A TSC that Xen emulates would trap at each reading. */
#define SETTINGS \
    "name = \"" NAME "\"\ntype = \"%s\"\nkernel = \"" KERNEL "\"\nvga = \"none\"\nramdisk = \"root.cpio\"\n" \
    "memory = 160\nvcpus = 1\ntsc_mode = \"native\"\n" \
    "cmdline = \"console=hvc0 " LINUX_GUEST_OPTIONS " -- " DOMAIN_BY_CONSOLE "\"\n" \
    "on_poweroff = \"destroy\"\non_reboot = \"destroy\"\non_crash = \"destroy\"\n"

/* `xl create -F` stays until the domain is gone. */
#define SCRIPT \
    "xl create -F " CONFIG " >xl.log 2>&1; cat /var/log/xen/guest-" NAME ".log || " \
    "{ cat xl.log >&2; exit 1; }"

/* What the console has before the results is the kernel's: last words. */
static void take_results(struct batch *b)
{
    static const char mark[] = DOMAIN_RESULTS;
    char *console = b->results, *at = memmem(console, b->results_size, mark, strlen(mark));
    char *end = at ? memchr(at, '\n', b->results_size - (size_t)(at - console)) : NULL;

    if ( end )
    {
        end++;
        b->results_size -= (size_t)(end - console);
        memmove(console, end, b->results_size);
        return;
    }
    if ( *console )
    {
        free(b->console);
        b->console = console;
        b->results = xstrdup("");
    }
    b->results_size = 0;
}

static int run(struct batch *b, const char *type, bool boot)
{
    char *kernel = NULL, *settings = xasprintf(SETTINGS, type);
    size_t size = 0;
    void *root = linux_guest_root(b, &size);
    int status = root ? lab_batch_kernel(b, SYSTEM_XEN, boot, &kernel) : STATUS_ENVIRONMENT;

    if ( kernel )
        status = lab_batch(b, SYSTEM_XEN, SCRIPT, (const struct lab_file[]){
            { .host_path = kernel, .name = KERNEL },
            { .name = "root.cpio", .data = root, .size = size },
            { .name = CONFIG, .data = settings, .size = strlen(settings) } }, 3, "xl");
    if ( b->results )
        take_results(b);
    free(root);
    free(settings);
    free(kernel);
    return status;
}

static int run_pv(struct batch *b)
{
    return run(b, "pv", false);
}

COLUMN(linuxpv) = {
    APP_COLUMN, .name = "linuxpv", .title = "Linux PV", .order = 170, .classes = "app linux",
    .what = "an application in a Linux domain of Xen, PV",
    .batch = run_pv,
};

static int run_pvh(struct batch *b)
{
    return run(b, "pvh", false);
}

COLUMN(linuxpvh) = {
    APP_COLUMN, .name = "linuxpvh", .title = "Linux PVH", .order = 180, .classes = "app linux",
    .what = "an application in a Linux domain of Xen, PVH",
    .note = "Linux PV, PVH, HVM: dom0's kernel as a domain of Xen.",
    .batch = run_pvh,
};

static int run_hvm(struct batch *b)
{
    return run(b, "hvm", true);
}

COLUMN(linuxhvm) = {
    APP_COLUMN, .name = "linuxhvm", .title = "Linux HVM", .order = 182, .classes = "app linux",
    .what = "an application in a Linux domain of Xen, HVM",
    .batch = run_hvm,
};
