/*
 * Which folder may include which: arrows point one way.  Read from the sources, so this test
 * runs at the top of the checkout.
 */
#include <CUnit/CUnit.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"

/* dom0-tools, from the bottom up: a folder includes only itself and those before it. */
static const char *const layers[] = {
    "lib", "catalogue", "backend", "systems", "machines", "guests", "measure", "rows", "trace",
    "report", "bench", "lessons", "commands",
};
#define LAYERS (sizeof(layers) / sizeof(layers[0]))

/* What does not know where it runs: neither a machine nor what is installed on it. */
static const char *const unaware[] = { "measure", "report" };

static unsigned files, wrong;

/* The first directory of a path, as an index of `layers`; LAYERS: none of them. */
static size_t layer_of(const char *path)
{
    size_t length = strcspn(path, "/"), i = 0;

    while ( i < LAYERS && (strlen(layers[i]) != length || strncmp(layers[i], path, length)) )
        i++;
    return i;
}

static bool is_unaware(const char *layer)
{
    return !strcmp(layer, unaware[0]) || !strcmp(layer, unaware[1]);
}

static void complain(const char *file, const char *included)
{
    fprintf(stderr, "%s must not include %s\n", file, included);
    wrong++;
}

static void check_tool(const char *file, const char *included)
{
    size_t from = layer_of(file + strlen("dom0-tools/")), to = layer_of(included);

    if ( from == LAYERS || to == LAYERS )
        return;   /* main.c, xenometer.h, shared/ */
    if ( to > from || (is_unaware(layers[from]) && (!strcmp(layers[to], "machines") ||
                                                    !strcmp(layers[to], "systems"))) )
        complain(file, included);
}

/* Both sides use it, and one of them has no operating system. */
static void check_shared(const char *file, const char *included)
{
    static const char *const free_standing[] = {
        "stdint.h", "stdbool.h", "stddef.h", "statistics.h", "ring.h", "checksum.h",
    };

    if ( !strncmp(included, "xen/", 4) || !strncmp(included, "xenometer/", 10) )
        return;
    for ( size_t i = 0; i < sizeof(free_standing) / sizeof(free_standing[0]); i++ )
        if ( !strcmp(included, free_standing[i]) )
            return;
    complain(file, included);
}

/* The unikernel knows nothing of the program that measures it. */
static void check_kernel(const char *file, const char *included)
{
    if ( strstr(included, "dom0-tools") || layer_of(included) < LAYERS )
        /* Its own folders of the same names are included by a path with "../". */
        complain(file, included);
}

/* Folders of the unikernel that are of one architecture. */
static const char *const architectures[] = { "x86/", "arm64/" };

static bool is_of_architecture(const char *path)
{
    for ( size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++ )
        if ( strstr(path, architectures[i]) )
            return true;
    return false;
}

/* Everything else there is the same source for all: no instruction, no header of one. */
static void check_same_for_all(const char *file, const char *line)
{
    if ( is_of_architecture(file) || !strcmp(file, "domU-kernel/arch/types.h") )
        return;   /* barrier(), which is no instruction */
    if ( strstr(line, "__asm__") || (strstr(line, "#include \"") && is_of_architecture(line)) )
    {
        fprintf(stderr, "%s is for every architecture, and has: %s", file, line);
        wrong++;
    }
}

static int check_file(const char *path, const struct stat *s, int type, struct FTW *where)
{
    size_t length = strlen(path);
    char line[512], included[256];
    FILE *f;

    (void)s;
    (void)where;
    if ( type != FTW_F || length < 2 || (strcmp(path + length - 2, ".c") && strcmp(path + length - 2, ".h")) )
        return 0;
    f = fopen(path, "r");
    if ( !f )
        return -1;
    files++;
    while ( fgets(line, sizeof(line), f) )
    {
        if ( !strncmp(path, "domU-kernel/", 12) )
            check_same_for_all(path, line);
        if ( sscanf(line, "#include \"%255[^\"]", included) == 1 ||
             sscanf(line, "#include <%255[^>]", included) == 1 )
        {
            if ( !strncmp(path, "dom0-tools/", 11) )
                check_tool(path, included);
            else if ( !strncmp(path, "domU-kernel/", 12) )
                check_kernel(path, included);
            else
                check_shared(path, included);
        }
    }
    fclose(f);
    return 0;
}

static void test_arrows(void)
{
    static const char *const trees[] = { "dom0-tools", "domU-kernel", "shared", "include" };

    for ( size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++ )
        CU_ASSERT_EQUAL(nftw(trees[i], check_file, 16, FTW_PHYS), 0);
    CU_ASSERT(files > 300);
    CU_ASSERT_EQUAL(wrong, 0);
}

void suite_arrows(void)
{
    CU_pSuite suite = CU_add_suite("arrows", NULL, NULL);

    CU_add_test(suite, "includes point one way", test_arrows);
}
