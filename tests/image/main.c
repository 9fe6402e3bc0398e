/*
 * The linked unikernel: is it what Xen, libxl and QEMU expect, and as small as
 * promised?
 *
 * Try: build/test-image build/xenometer.elf
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/image.h"
#include "lib/elf.h"

#define MAX_LOADED (128 * 1024)   /* bytes that xl reads into a domain */

static const char *path;

/* Rows that later versions may add to, but not lose. */
static const char *const headline[] = {
    "baseline/empty", "hypercall/null", "hypercall/enosys",
    "event/send-masked", "event/roundtrip-idle", "grant/access-end",
    "grant/map-1", "grant/copy-4k", "ring/echo-64b", "ring/stream-depth-32",
    "xenstore/read", "exit/cpuid-basic", "exit/msr-read", "port/xen-pit",
    "port/xen-pmtimer", "port/qemu-ide", "port/unclaimed", "port/ioreq",
    "mmio/xen-lapic", "mmio/ioreq", "sched/yield", "block/blkif-linux", "block/blkif-own",
    "block/virtio", "block/ide-dma", "net/netif-linux", "net/netif-own", "net/virtio",
};

static void fail_with(char *error)
{
    fprintf(stderr, "\n  %s\n", error);
    free(error);
    CU_FAIL("see the message");
}

static struct image *load(void)
{
    char *error;
    struct image *image = image_load(path, &error);

    if ( image == NULL )
    {
        fail_with(error);
        CU_FAIL_FATAL("the image cannot be read");
    }
    return image;
}

static void test_size(void)
{
    char *error;
    struct elf *elf = elf_open(path, &error);
    struct elf_part part;
    size_t loaded = 0;

    if ( elf == NULL )
    {
        fail_with(error);
        return;
    }
    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
        loaded += part.size;
    CU_ASSERT_TRUE(loaded > 0);
    CU_ASSERT_TRUE(loaded <= MAX_LOADED);
    elf_close(elf);
}

static void test_rows(void)
{
    struct image *image = load();
    struct column_set everywhere;

    CU_ASSERT_TRUE(image->count >= sizeof(headline) / sizeof(headline[0]));
    for ( size_t i = 0; i < sizeof(headline) / sizeof(headline[0]); i++ )
    {
        const struct image_row *row = image_find(image, headline[i]);

        if ( row == NULL || !(row->flags & ROW_HEADLINE) )
        {
            fprintf(stderr, "\n  %s is missing, or no headline row\n",
                    headline[i]);
            CU_FAIL("a row is missing");
        }
    }
    CU_ASSERT_TRUE(columns_named("image", &everywhere));
    for ( size_t i = 0; i < image->count; i++ )
    {
        const struct image_row *row = &image->rows[i];

        CU_ASSERT_STRING_NOT_EQUAL(row->work, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->path, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->help, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->explanation, "");
        CU_ASSERT_TRUE(columns_equal(&row->columns, &everywhere) || *row->elsewhere);
    }
    image_free(image);
}

/* Exactly one row is what all others have subtracted. */
static void test_baseline(void)
{
    struct image *image = load();
    struct column_set everywhere;
    unsigned baselines = 0;

    for ( size_t i = 0; i < image->count; i++ )
        if ( image->rows[i].flags & ROW_BASELINE )
        {
            CU_ASSERT_STRING_EQUAL(image->rows[i].name, "baseline/empty");
            CU_ASSERT_TRUE(columns_named("image", &everywhere) &&
                           columns_equal(&image->rows[i].columns, &everywhere));
            CU_ASSERT_EQUAL(image->rows[i].operations, 1);
            baselines++;
        }
    CU_ASSERT_EQUAL(baselines, 1);
    image_free(image);
}

static void test_notes(void)
{
    char *error;

    if ( !image_check_notes(path, &error) )
        fail_with(error);
}

/* Guests of 32 MiB: the image with its zeroed memory takes a part of that. */
static void test_memory(void)
{
    struct elf_part part;
    struct elf *elf;
    char *error;

    elf = elf_open(path, &error);
    if ( elf == NULL )
    {
        fail_with(error);
        return;
    }
    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
    {
        CU_ASSERT_TRUE(part.address >= 0x100000);   /* below: a PC's BIOS */
        CU_ASSERT_TRUE(part.address + part.memory <= 0x1000000);
    }
    elf_close(elf);
}

int main(int argc, char **argv)
{
    unsigned failures;
    CU_pSuite suite;

    if ( argc != 2 )
    {
        fprintf(stderr, "usage: test-image IMAGE\n");
        return 2;
    }
    path = argv[1];
    if ( CU_initialize_registry() != CUE_SUCCESS )
        return EXIT_FAILURE;
    suite = CU_add_suite("image", NULL, NULL);
    CU_add_test(suite, "at most 128 KiB", test_size);
    CU_add_test(suite, "row table", test_rows);
    CU_add_test(suite, "one baseline", test_baseline);
    CU_add_test(suite, "Xen notes, present and in their place", test_notes);
    CU_add_test(suite, "memory", test_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
