/*
 * lab_facts(): what the lab consists of, without starting it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "machines/emulator.h"
#include "machines/qemu/kvm.h"
#include "systems/assemble.h"
#include "systems/packages.h"
#include "systems/xen_image.h"
#include "xenometer.h"

/* The host CPU's name; the caller's. */
static char *host_cpu(void)
{
    char *info = read_whole_file("/proc/cpuinfo", NULL), *name = NULL, *colon;
    char *line = info ? strstr(info, "model name") : NULL;

    colon = line ? strchr(line, ':') : NULL;
    if ( colon )
    {
        colon += 1 + strspn(colon + 1, " \t");
        name = xasprintf("%.*s", (int)strcspn(colon, "\n"), colon);
    }
    free(info);
    return name ? name : xstrdup("unknown CPU");
}

/* Of the Xen in the assembled lab. */
static void read_build_id(const struct cache *cache, struct lab_facts *facts)
{
    char *path = path_in(cache->lab, "xen");
    struct xen_image image;

    if ( access(path, R_OK) == 0 )
    {
        if ( xen_image_read(path, &image) == STATUS_OK )
            strcpy(facts->xen_build_id, image.build_id);
        xen_image_free(&image);
    }
    free(path);
}

/* The kernel, and what starts containers and sandboxes on it. */
static void name_sandboxes(const char *resolved, struct lab_facts *facts)
{
    static const char *const packages[][2] = {
        { "crun_", "crun" }, { "runsc_", "gVisor" }, { "wasmedge_", "WasmEdge" },
    };
    size_t used = (size_t)snprintf(facts->linux_system, sizeof(facts->linux_system), "%s",
                                   facts->dom0_kernel);
    char version[64];

    for ( size_t i = 0; i < sizeof(packages) / sizeof(packages[0]); i++ )
        if ( packages_version(resolved, packages[i][0], version, sizeof(version), NULL, 0) &&
             used < sizeof(facts->linux_system) )
            used += (size_t)snprintf(facts->linux_system + used,
                                     sizeof(facts->linux_system) - used, ", %s %s",
                                     packages[i][1], version);
}

int lab_facts(const struct lab_options *options, struct lab_facts *facts)
{
    struct recipe recipe = { 0 };
    struct cache cache;
    const struct emulator *emulator = emulator_of(options);
    char *version, *cpu, *host = host_cpu(), ignored[64];
    int status = STATUS_OK;

    *facts = (struct lab_facts){ .accel = options->clock == LAB_KVM ? "kvm" : "tcg" };
    cancel_begin();
    cache_find(&cache, emulator->architecture, options->suite, options->cache);
    cache.system = system_of(options->system);
    version = emulator->version();
    status = version ? recipe_read(&recipe, &cache) : emulator->require(options);
    if ( status == STATUS_OK )
    {
        snprintf(facts->version, sizeof(facts->version), "%s", version);
        facts->emulator = emulator->name;
        if ( recipe.resolved )
        {
            cache_set_key(&cache, recipe_key(&recipe, emulator->key(cache.system)), 0);
            packages_version(recipe.resolved, "xen-hypervisor-", facts->xen,
                             sizeof(facts->xen), NULL, 0);
            packages_version(recipe.resolved, "linux-image-", ignored, sizeof(ignored),
                             facts->dom0_kernel, sizeof(facts->dom0_kernel));
            if ( cache.system->xen && emulator->architecture == &architecture_x86 )
                read_build_id(&cache, facts);
            else
                name_sandboxes(recipe.resolved, facts);
        }
    }
    recipe_free(&recipe);
    cpu = emulator->cpu(options);
    snprintf(facts->cpu, sizeof(facts->cpu), "%s in %s on %s", cpu, emulator->name, host);
    facts->kvm_usable = kvm_known(&cache, facts->kvm_reason, sizeof(facts->kvm_reason));
    free(host);
    free(cpu);
    free(version);
    cache_close(&cache);
    cancel_end();
    return status;
}
