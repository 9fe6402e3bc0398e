#include "machines/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/emulator.h"
#include "machines/qemu/kvm.h"
#include "machines/snapshot.h"
#include "systems/assemble.h"
#include "systems/packages.h"
#include "xenometer.h"

/* What the emulator has in the lab, besides a snapshot, is there. */
static bool is_made(const struct emulator *emulator, const struct cache *cache)
{
    return emulator->made == NULL || emulator->made(cache);
}

/* The suite's own lab, which others are made from. */
static int build_base(const struct lab_options *options, struct cache *cache,
                      struct recipe *recipe)
{
    /* The list may be older than what is left of debs/. */
    int status = packages_complete(cache, recipe->resolved) ? STATUS_OK
        : packages_download(cache, recipe->wanted);

    if ( status == STATUS_OK )
    {
        free(recipe->resolved);
        recipe->resolved = packages_resolved(cache, recipe->wanted);
        cache_set_key(cache, recipe_key(recipe, emulator_of(options)->key(cache->system)), 0);
        if ( !cache_use(cache) )
        {
            remove_tree(cache->lab);   /* one without its lock is half a one */
            status = assemble(cache, recipe);
            if ( status == STATUS_OK && !cache_use(cache) )
                status = STATUS_ENVIRONMENT;
        }
    }
    return status;
}

/* From it, which nobody removes while we have the build lock, one with the user's parts. */
static int build_own(const struct lab_options *options, struct cache *cache,
                     struct recipe *recipe, uint64_t own)
{
    int status;

    cache_set_key(cache, recipe_key(recipe, emulator_of(options)->key(cache->system)), own);
    if ( cache_use(cache) )
        return STATUS_OK;
    remove_tree(cache->lab);
    status = variant_make(cache, &options->variant);
    if ( status == STATUS_OK && !cache_use(cache) )
        status = STATUS_ENVIRONMENT;
    return status;
}

/* With the build lock: whatever another process has not done meanwhile. */
static int build(const struct lab_options *options, struct cache *cache,
                 struct recipe *recipe, uint64_t own, bool snapshot, bool update)
{
    const struct emulator *emulator = emulator_of(options);
    bool made = false;
    int status = STATUS_OK;

    /* Another builder may have resolved them while we waited. */
    free(recipe->resolved);
    recipe->resolved = packages_resolved(cache, recipe->wanted);
    if ( recipe->resolved == NULL || update )
    {
        status = packages_download(cache, recipe->wanted);
        if ( status != STATUS_OK )
            return status;
        free(recipe->resolved);
        recipe->resolved = packages_resolved(cache, recipe->wanted);
        if ( recipe->resolved == NULL )
            return STATUS_ENVIRONMENT;
    }
    cache_set_key(cache, recipe_key(recipe, emulator_of(options)->key(cache->system)), own);
    if ( !cache_use(cache) )
    {
        status = build_base(options, cache, recipe);
        if ( status == STATUS_OK && own )
        {
            status = build_own(options, cache, recipe, own);
            made = status == STATUS_OK;
        }
    }
    if ( status == STATUS_OK && options->clock == LAB_KVM )
        status = kvm_require(cache);
    if ( status == STATUS_OK && !is_made(emulator, cache) )
        status = emulator->make(cache);
    if ( status == STATUS_OK && snapshot && !snapshot_exists(cache, options) )
        status = snapshot_make(cache, options);
    if ( status != STATUS_OK && made )
        cache_remove_own(cache);   /* one that does not boot is of no use */
    if ( status == STATUS_OK )
        cache_remove_labs(cache, false);
    if ( status == STATUS_OK && own )
        cache_trim(cache, &cache_own);
    return status;
}

/* Without Xen: in QEMU, of Debian's packages, and not in a KVM that is known by Xen's boot. */
static int check_system(const struct lab_options *options, const struct emulator *emulator)
{
    const char *wrong = options->system == SYSTEM_XEN || options->system == SYSTEM_STICK ? NULL
        : !emulator->any_system ? "it runs in QEMU only: --cpu=amd or arm64"
        : options->clock == LAB_KVM ? "--clock=kvm is for the lab with Xen: exact or fast"
        : variant_is_own(&options->variant) ? "a Xen or dom0 of one's own has no place in it" : NULL;

    if ( wrong )
        message("the lab with --system=%s: %s", system_of(options->system)->name, wrong);
    return wrong ? STATUS_USAGE : STATUS_OK;
}

int prepare(const struct lab_options *options, struct cache *cache, bool snapshot, bool update)
{
    const struct emulator *emulator = emulator_of(options);
    struct recipe recipe = { 0 };
    uint64_t own = 0;
    bool ready = false;
    int status;

    stage_quiet(options->quiet);
    status = cache_open(cache, emulator->architecture, options->suite, options->cache);
    cache->system = system_of(options->system);
    if ( status == STATUS_OK )
        status = check_system(options, emulator);
    if ( status == STATUS_OK )
        status = variant_key(&options->variant, &own);
    if ( status == STATUS_OK )
        status = emulator->require(options);
    if ( status == STATUS_OK )
        status = recipe_read(&recipe, cache);
    if ( status == STATUS_OK && recipe.resolved && !update )
    {
        cache_set_key(cache, recipe_key(&recipe, emulator->key(cache->system)), own);
        ready = cache_use(cache) && is_made(emulator, cache) &&
                (!snapshot || snapshot_exists(cache, options));
        if ( ready && options->clock == LAB_KVM )
            status = kvm_require(cache);
    }
    if ( status == STATUS_OK && !ready )
    {
        status = cache_lock_build(cache);
        if ( status == STATUS_OK )
            status = build(options, cache, &recipe, own, snapshot, update);
        cache_unlock_build(cache);
    }
    recipe_free(&recipe);
    return status;
}

int lab_prepare(const struct lab_options *options)
{
    struct cache cache;
    int status;

    cancel_begin();
    status = prepare(options, &cache, !options->cold, false);
    cache_close(&cache);
    cancel_end();
    return status;
}

int lab_guest_kernel(const struct lab_options *options, bool boot, char **path)
{
    struct cache cache;
    int status;

    *path = NULL;
    cancel_begin();
    status = prepare(options, &cache, false, false);
    if ( status == STATUS_OK )
        *path = path_in(cache.lab, boot ? BOOT_KERNEL : GUEST_KERNEL);
    if ( *path && access(*path, R_OK) )
    {
        free(*path);
        *path = NULL;
    }
    cache_close(&cache);
    cancel_end();
    return status;
}
