#include "guests/domain.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/row_disk.h"
#include "backend/row_network.h"
#include "xenometer.h"

#define CREATE_DEADLINE 60u   /* seconds for xl create */
#define GONE_DEADLINE   10u   /* for a domain to be gone */
#define MAX_SETTINGS    20u

/* What domain needs are to xl; memory in MiB, for memory/random-walk-256mib.
 * The virtio devices have version 1 only, and a second bell, by port; the network
 * has no wire behind it and sends 10 ms after the bell. */
static const struct { row_needs need; const char *setting; } need_settings[] = {
    { DOMAIN_LARGE, "memory=272" },
    { DOMAIN_TSC_EMULATED, "tsc_mode=\"always_emulate\"" },
    { DOMAIN_ON_DEMAND, "maxmem=64" },
    { DOMAIN_SHADOW, "hap=0" },
    { DOMAIN_DEVICES, "vga=\"stdvga\"" },
    { DOMAIN_DEVICES, "videoram=16" },
    { DOMAIN_DEVICES, "memory=64" },
    { DOMAIN_DEVICES, "device_model_args_hvm=[ \"-device\", "
      "\"virtio-rng-pci,disable-legacy=on,modern-pio-notify=on,vectors=2\", \"-device\", "
      "\"virtio-net-pci,disable-legacy=on,romfile=,tx=timer,x-txtimer=10000000\" ]" },
    { DOMAIN_QDISK, ROW_DISK_QDISK },
};
#define NEED_SETTINGS (sizeof(need_settings) / sizeof(need_settings[0]))

bool domain_find(struct domains *s, const char *name, uint32_t *domid)
{
    size_t count;
    uint32_t *domids = xenbus_domains(s->host->bus, &count);
    bool found = false;

    for ( size_t i = 0; i < count && !found; i++ )
    {
        char *other = xenbus_domain_name(s->host->bus, domids[i]);

        found = other && !strcmp(other, name);
        if ( found )
            *domid = domids[i];
        free(other);
    }
    free(domids);
    return found;
}

bool domain_exists(struct domains *s, uint32_t domid)
{
    return xenctrl_domain(s->host->xen, domid).exists;
}

/* And wait until Xen has let go of it. */
static void destroy(struct domains *s, uint32_t domid)
{
    const struct timespec tick = { .tv_nsec = 50000000 };
    char *error;

    if ( !domain_exists(s, domid) )
        return;
    error = xl_destroy(domid, GONE_DEADLINE);
    if ( error && domain_exists(s, domid) )
    {
        progress("%s; asking Xen itself", error);
        xenctrl_destroy(s->host->xen, domid);
    }
    free(error);
    for ( unsigned i = 0; domain_exists(s, domid) && i < GONE_DEADLINE * 20; i++ )
        nanosleep(&tick, NULL);
    if ( domain_exists(s, domid) )
        message("domain %u cannot be destroyed: look at `xl list` and `xl dmesg`", domid);
}

void domains_let_xen_scrub(void)
{
    const struct timespec moment = { .tv_nsec = 100000000 };

    nanosleep(&moment, NULL);
}

static bool exists(void *context, uint32_t domid)
{
    return xenctrl_domain(context, domid).exists;
}

void domains_sweep(struct host *h)
{
    /* Directories we made, so that libxl knows nothing of them. */
    static const char *const classes[] = {
        DEVICE_CLASS, VBD_BACKEND_CLASS, VIF_BACKEND_CLASS, "vbd", "vif",
    };

    for ( size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++ )
        xenbus_remove_stale(h->bus, classes[i], exists, h->xen);
}

void domains_destroy_stale(struct domains *s)
{
    size_t count;
    uint32_t *domids = xenbus_domains(s->host->bus, &count);

    for ( size_t i = 0; i < count; i++ )
    {
        char *name = xenbus_domain_name(s->host->bus, domids[i]);
        unsigned pid;
        char mode[8];

        if ( name && sscanf(name, RUN_PREFIX "%7[a-z]-%u", mode, &pid) == 2 &&
             kill((pid_t)pid, 0) && errno == ESRCH )
        {
            keys_show_name(name);
            message("destroying domain %u (%s), left behind by a killed run",
                    domids[i], name);
            destroy(s, domids[i]);
        }
        free(name);
    }
    free(domids);
    domains_sweep(s->host);
}

const char *domain_impossible(uint32_t possible, const struct column *column)
{
    return possible & column->mode ? NULL : column->missing;
}

char *domain_setting(const char *key, const char *value)
{
    return xasprintf("%s=\"%s\"", key, value);
}

/* How many vCPUs, and where they may run; NULL: one, anywhere.  The caller's. */
static char *vcpu_setting(const struct domains *s, row_needs needs)
{
    if ( needs & DOMAIN_SMP )
        return xasprintf("vcpus=2\ncpus=[\"%u\",\"%u\"]", s->cpus[0], s->cpus[1]);
    if ( needs & DOMAIN_SMP_SHARED )
        return xasprintf("vcpus=2\ncpus=\"%u\"", s->cpus[1]);
    if ( s->spare_cpu >= 0 )
        return xasprintf("cpus=\"%d\"", s->spare_cpu);
    return NULL;
}

/* By xl, from that file. */
static char *create(struct domains *s, const struct column *column, const char *image_key,
                    const char *file, row_needs needs, const char *const *extra,
                    const struct xl_watcher *watcher, struct guest *g)
{
    const char *settings[MAX_SETTINGS + 1] = { NULL };
    size_t count = 2;
    char *config = xasprintf("%s/%s.cfg", s->options->config_dir, column->name);
    char *image = realpath(file, NULL);
    char *name, *kernel, *vcpus = vcpu_setting(s, needs), *error;
    char *disks = needs & DOMAIN_CONTROLLERS ? row_disk_controllers() : NULL;
    bool missing = false;

    *g = (struct guest){ .column = column, .console.fd = -1 };
    g->name = xasprintf(RUN_PREFIX "%s-%d-%u", column->name, (int)getpid(), s->made++);
    name = domain_setting("name", g->name);
    kernel = domain_setting(image_key, image ? image : file);
    settings[0] = name;
    settings[1] = kernel;
    if ( vcpus )
        settings[count++] = vcpus;
    if ( disks )
        settings[count++] = disks;
    for ( size_t i = 0; i < NEED_SETTINGS; i++ )
        if ( needs & need_settings[i].need )
            settings[count++] = need_settings[i].setting;
    while ( extra && *extra && count < MAX_SETTINGS )
        settings[count++] = *extra++;
    if ( access(config, R_OK) )
        error = xasprintf("cannot read %s: %s", config, strerror(errno));
    else if ( image && strpbrk(image, "\"\\\n") )
        error = xasprintf("xl cannot take the path %s: move the image", image);
    else
        error = xl_create(config, settings, CREATE_DEADLINE, &missing, watcher);
    if ( missing )
        s->no_xl = true;
    if ( error && column->device_model )
        error = xl_add_device_model(error, g->name);
    /* Also where it failed: there may be a domain, half made. */
    if ( !domain_find(s, g->name, &g->domid) )
    {
        if ( !error )
            error = xasprintf("xl made no domain named %s", g->name);
    }
    else if ( error )
        destroy(s, g->domid);
    free(config);
    free(image);
    free(name);
    free(kernel);
    free(vcpus);
    free(disks);
    if ( error )
        free(g->name);
    return error;
}

char *domain_by_xl(struct domains *s, const struct column *column, const char *image_key,
                   row_needs needs, const char *const *extra,
                   const struct xl_watcher *watcher, struct guest *g)
{
    return create(s, column, image_key, s->options->elf, needs, extra, watcher, g);
}

char *domain_image(const char *elf)
{
    size_t length = strlen(elf);

    return xasprintf("%.*s.image", (int)(length > 4 && !strcmp(elf + length - 4, ".elf")
                                         ? length - 4 : length), elf);
}

char *domain_by_image(struct domains *s, const struct column *column, row_needs needs,
                      const char *const *extra, const struct xl_watcher *watcher,
                      struct guest *g)
{
    char *image = domain_image(s->options->elf);
    char *error = create(s, column, "kernel", image, needs, extra, watcher, g);

    free(image);
    return error;
}

void domain_destroy(struct domains *s, struct guest *g)
{
    destroy(s, g->domid);
}

char *guest_start(struct domains *s, const struct column *column, row_needs needs,
                  const char *const *extra, const struct xl_watcher *watcher, struct guest *g)
{
    return column->start(s, column, needs, extra, watcher, g);
}

void guest_end(struct domains *s, struct guest *g)
{
    console_close(&g->console);
    g->column->end(s, g);
    free(g->name);
}
