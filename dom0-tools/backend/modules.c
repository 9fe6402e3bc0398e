#include "backend/modules.h"

#include <stdio.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <xenometer/row.h>

#include "lib/child.h"
#include "xenometer.h"

const char *const *modules_of(row_needs needs)
{
    /* row_disk.c, row_network.c */
    static const char *const disk[] = { "brd", "xen-blkback", NULL };
    static const char *const network[] = { "bridge", "xen-netback", "tun", NULL };

    return needs & DOMAIN_DISKS ? disk : needs & DOMAIN_NETWORKS ? network : disk + 2;
}

static char *modprobe(const char *const *argv)
{
    char *complaint = NULL;

    if ( child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1,
                                          .stderr_fd = -1 }, &complaint) == STATUS_OK )
        return NULL;
    return complaint ? complaint : xstrdup("modprobe failed");
}

/* The kernel's names have underscores. */
static bool is_there(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "/sys/module/%s", name);
    for ( char *c = path; *c; c++ )
        if ( *c == '-' )
            *c = '_';
    return !access(path, F_OK);
}

/* Of the last load. */
static char *placed;

static void note_places(void)
{
    FILE *in = fopen("/proc/modules", "r");
    char line[512], name[64];
    uint64_t address;

    free(placed);
    placed = NULL;
    while ( in && fgets(line, sizeof(line), in) )
    {
        char *longer;

        if ( sscanf(line, "%63s %*s %*s %*s %*s %" SCNx64, name, &address) != 2 )
            continue;
        longer = xasprintf("%s%s %" PRIx64 "\n", placed ? placed : "", name, address);
        free(placed);
        placed = longer;
    }
    if ( in )
        fclose(in);
}

char *modules_placed(void)
{
    return placed ? xstrdup(placed) : NULL;
}

char *module_load(const char *name, const char *const *parameters, bool *loaded)
{
    const char *argv[8] = { "modprobe", name };
    char *trouble;

    *loaded = false;
    if ( is_there(name) )
        return NULL;
    for ( size_t i = 0; parameters && parameters[i] && i < 5; i++ )
        argv[i + 2] = parameters[i];
    trouble = modprobe(argv);
    *loaded = !trouble;
    if ( *loaded )
        note_places();
    return trouble;
}

void module_unload(const char *name, bool *loaded)
{
    if ( *loaded )
        free(modprobe((const char *const []){ "modprobe", "-r", name, NULL }));
    *loaded = false;
}
