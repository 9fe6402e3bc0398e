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
#include "guests/domain.h"
#include "lib/elf.h"
#include "lib/files.h"

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

/* Of ARM64, whose domains have no emulated devices of a PC's. */
static const char *const headline_arm64[] = {
    "baseline/empty", "hypercall/null", "hypercall/enosys", "event/send-masked", "event/roundtrip-idle",
    "grant/access-end", "grant/map-1", "grant/copy-4k", "ring/echo-64b", "ring/stream-depth-32",
    "xenstore/read", "sched/yield", "block/blkif-linux", "block/blkif-own",
};

static bool is_arm64;

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
    const char *const *names = is_arm64 ? headline_arm64 : headline;
    size_t count = is_arm64 ? sizeof(headline_arm64) / sizeof(headline_arm64[0])
                            : sizeof(headline) / sizeof(headline[0]);

    CU_ASSERT_TRUE(image->count >= count);
    for ( size_t i = 0; i < count; i++ )
    {
        const struct image_row *row = image_find(image, names[i]);

        if ( row == NULL || !(row->flags & ROW_HEADLINE) )
        {
            fprintf(stderr, "\n  %s is missing, or no headline row\n", names[i]);
            CU_FAIL("a row is missing");
        }
    }
    CU_ASSERT_TRUE(columns_named("image", &everywhere));
    everywhere = columns_common(&everywhere, &image->columns);
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
            CU_ASSERT_TRUE(columns_named("image", &everywhere));
            everywhere = columns_common(&everywhere, &image->columns);
            CU_ASSERT_TRUE(columns_equal(&image->rows[i].columns, &everywhere));
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
        /* Below: a PC's BIOS, or what is no RAM in Xen's memory map of ARM64. */
        uint64_t begin = is_arm64 ? 0x40000000 : 0x100000, end = is_arm64 ? 0x40f00000 : 0x1000000;

        CU_ASSERT_TRUE(part.address >= begin);
        CU_ASSERT_TRUE(part.address + part.memory <= end);
    }
    elf_close(elf);
}

static uint64_t number_at(const char *data, size_t offset)
{
    uint64_t value;

    memcpy(&value, data + offset, sizeof(value));
    return value;
}

/* Linux, Documentation/arch/arm64/booting.rst; and the rest is the ELF file's, byte by byte. */
static void test_flat(void)
{
    char *flat = domain_image(path), *data, *error;
    size_t size = 0;
    struct elf *elf = elf_open(path, &error);
    struct elf_part part;
    uint64_t end = 0;

    data = read_whole_file(flat, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    CU_ASSERT_PTR_NOT_NULL_FATAL(elf);
    CU_ASSERT_FATAL(size > 64 && size <= MAX_LOADED);
    CU_ASSERT_EQUAL(memcmp(data + 56, "ARM\x64", 4), 0);
    CU_ASSERT_EQUAL(number_at(data, 8), 0);            /* from the beginning of RAM */
    CU_ASSERT_EQUAL(number_at(data, 24) & 7, 2);       /* little-endian, 4 KiB pages */
    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
    {
        if ( part.size )
            CU_ASSERT_EQUAL(memcmp(data + (part.address - 0x40000000), part.data, part.size), 0);
        end = part.address + part.memory;
    }
    CU_ASSERT_EQUAL(number_at(data, 16), end - 0x40000000);   /* with .bss */
    elf_close(elf);
    free(data);
    free(flat);
}

/* Which architecture's? */
static bool find_architecture(void)
{
    char *error;
    struct elf *elf = elf_open(path, &error);

    if ( !elf )
    {
        fprintf(stderr, "%s\n", error);
        free(error);
        return false;
    }
    is_arm64 = elf_is_arm64(elf);
    elf_close(elf);
    return true;
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
    if ( !find_architecture() || CU_initialize_registry() != CUE_SUCCESS )
        return EXIT_FAILURE;
    suite = CU_add_suite("image", NULL, NULL);
    CU_add_test(suite, "at most 128 KiB", test_size);
    CU_add_test(suite, "row table", test_rows);
    CU_add_test(suite, "one baseline", test_baseline);
    if ( is_arm64 )
        CU_add_test(suite, "the flat file, and its header", test_flat);
    else
        CU_add_test(suite, "Xen notes, present and in their place", test_notes);
    CU_add_test(suite, "memory", test_memory);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
