/*
 * lib/elf.c, image.c and image_notes.c: a good image is read, a bad one is
 * refused with a reason, and no image whatever leads outside the file (the
 * sanitizers watch).
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <xen/elfnote.h>

#include "capture.h"
#include "catalogue/image.h"
#include "elf_maker.h"
#include "suites.h"
#include "xenometer.h"

static struct maker m;
#define SPOILED_TYPE 0x7777u

/* The image must be refused, for that reason. */
static bool refused(const char *reason)
{
    const char *path = maker_write(&m, sizeof(m));
    char *error = NULL;
    struct image *image = image_load(path, &error);
    bool good = image == NULL && error != NULL && says(error, reason);

    image_free(image);
    free(error);
    unlink(path);
    return good;
}

static bool notes_refused(const char *reason)
{
    const char *path = maker_write(&m, sizeof(m));
    char *error = NULL;
    bool good = !image_check_notes(path, &error) && error != NULL &&
                says(error, reason);

    free(error);
    unlink(path);
    return good;
}

static void test_good(void)
{
    const char *path;
    char *error = NULL;
    struct image *image;
    const struct image_row *row;
    struct column_set domains;

    maker_fill(&m);
    path = maker_write(&m, sizeof(m));
    image = image_load(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT_TRUE(image_check_notes(path, &error));
    unlink(path);

    CU_ASSERT_STRING_EQUAL(image->build_id,
                           "abcdef0102030405060708090a0b0c0d0e0f1017");
    CU_ASSERT_EQUAL_FATAL(image->count, 2);
    row = image_find(image, "group/two");
    CU_ASSERT_PTR_EQUAL_FATAL(row, &image->rows[1]);
    CU_ASSERT_EQUAL(row->index, 1);
    CU_ASSERT_STRING_EQUAL(row->name, "group/two");
    CU_ASSERT_STRING_EQUAL(row->work, "the same work");
    CU_ASSERT_STRING_EQUAL(row->path, "a path");
    CU_ASSERT_STRING_EQUAL(row->help, "a line of help");
    CU_ASSERT_STRING_EQUAL(row->explanation, "a paragraph");
    CU_ASSERT_STRING_EQUAL(row->elsewhere, "");
    domains = columns_at(HOME_XEN);
    domains = columns_common(&domains, &image->columns);
    CU_ASSERT_TRUE(columns_have(&domains, column_find("pv")));
    CU_ASSERT_FALSE(columns_have(&domains, column_find("arm64")));
    CU_ASSERT_TRUE(columns_equal(&row->columns, &domains));
    CU_ASSERT_EQUAL(row->needs, SERVICE_DATA_RING);
    CU_ASSERT_EQUAL(row->flags, ROW_HEADLINE | ROW_DOM0);
    CU_ASSERT_EQUAL(row->operations, 32);
    CU_ASSERT_EQUAL(row->bytes, 4096);
    CU_ASSERT_EQUAL(row->samples, 1000);
    CU_ASSERT_EQUAL(row->warmup, 16);
    CU_ASSERT_PTR_NULL(image_find(image, "group/three"));
    image_free(image);
}

/* The same table is of ARM64's columns in an image for that: Xen's and KVM's. */
static void test_arm64(void)
{
    struct column_set only = columns_only(column_find("arm64"));
    const char *path;
    char *error = NULL;
    struct image *image;

    columns_add(&only, column_find("kvmarm64"));
    maker_fill(&m);
    m.header.e_machine = EM_AARCH64;
    path = maker_write(&m, sizeof(m));
    image = image_load(path, &error);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT_TRUE(columns_equal(&image->columns, &only));
    for ( size_t i = 0; i < image->count; i++ )
    {
        struct column_set others = columns_common(&image->rows[i].columns, &only);

        CU_ASSERT_TRUE(columns_have(&image->rows[i].columns, column_find("arm64")));
        CU_ASSERT_TRUE(columns_equal(&image->rows[i].columns, &others));
    }
    image_free(image);
}

static void test_no_elf(void)
{
    char *error = NULL;

    maker_fill(&m);
    m.header.e_ident[0] = 'x';
    CU_ASSERT_TRUE(refused("not an x86-64 or ARM64 ELF executable"));
    maker_fill(&m);
    m.header.e_ident[EI_CLASS] = ELFCLASS32;
    CU_ASSERT_TRUE(refused("not an x86-64 or ARM64 ELF executable"));
    maker_fill(&m);
    m.header.e_machine = EM_PPC64;
    CU_ASSERT_TRUE(refused("not an x86-64 or ARM64 ELF executable"));

    CU_ASSERT_PTR_NULL(image_load("/nonexistent/image", &error));
    CU_ASSERT_TRUE(error && says(error, "No such file"));
    free(error);
    CU_ASSERT_PTR_NULL(image_load("/tmp", &error));
    CU_ASSERT_TRUE(error && says(error, "no unikernel image"));
    free(error);
    CU_ASSERT_PTR_NULL(image_load("/dev/null", &error));
    free(error);
}

static void test_headers_outside(void)
{
    maker_fill(&m);
    m.header.e_phoff = UINT64_MAX - 8;
    CU_ASSERT_TRUE(refused("damaged"));
    maker_fill(&m);
    m.header.e_phnum = 0xffff;
    CU_ASSERT_TRUE(refused("damaged"));
    maker_fill(&m);
    m.header.e_shoff = sizeof(m) - sizeof(Elf64_Shdr);
    CU_ASSERT_TRUE(refused("damaged"));
    maker_fill(&m);
    m.header.e_phentsize = 1;
    CU_ASSERT_TRUE(refused("damaged"));
    maker_fill(&m);
    m.header.e_shstrndx = 3;
    CU_ASSERT_TRUE(refused("row table is missing"));
}

static void test_row_table(void)
{
    maker_fill(&m);
    m.section[1].sh_size = 0;
    CU_ASSERT_TRUE(refused("missing or empty"));
    maker_fill(&m);
    m.section[1].sh_type = SHT_NOBITS;
    CU_ASSERT_TRUE(refused("missing or empty"));
    maker_fill(&m);
    m.names[1] = 'R';
    CU_ASSERT_TRUE(refused("missing or empty"));
    maker_fill(&m);
    m.section[1].sh_size = 95;
    CU_ASSERT_TRUE(refused("whole number of descriptors"));
    maker_fill(&m);
    m.section[1].sh_offset = sizeof(m) - 96;
    CU_ASSERT_TRUE(refused("missing or empty"));
    maker_fill(&m);
    m.section[1].sh_offset = UINT64_MAX - 95;
    CU_ASSERT_TRUE(refused("missing or empty"));
}

static void test_rows(void)
{
    maker_fill(&m);
    m.rows[0].operations = 0;
    CU_ASSERT_TRUE(refused("row 0 has no operations"));
    maker_fill(&m);
    strcpy(m.rows[1].columns, "");
    CU_ASSERT_TRUE(refused("row 1 has columns that do not exist"));
    maker_fill(&m);
    strcpy(m.rows[1].columns, "pv xyz");
    CU_ASSERT_TRUE(refused("columns that do not exist"));
    maker_fill(&m);
    memset(m.rows[1].columns, 'x', sizeof(m.rows[1].columns));
    CU_ASSERT_TRUE(refused("columns that do not exist"));
    /* No row of the image can run where there is no image. */
    maker_fill(&m);
    strcpy(m.rows[1].columns, "dom0");
    CU_ASSERT_TRUE(refused("columns that do not exist"));
    maker_fill(&m);
    strcpy(m.rows[1].name, m.rows[0].name);
    CU_ASSERT_TRUE(refused("name of another one"));
    maker_fill(&m);
    strcpy(m.rows[1].name, "no-group");
    CU_ASSERT_TRUE(refused("not group/name"));
    maker_fill(&m);
    strcpy(m.rows[1].name, "two/slashes/here");
    CU_ASSERT_TRUE(refused("not group/name"));
    maker_fill(&m);
    strcpy(m.rows[1].name, "group/two\033[2J");
    CU_ASSERT_TRUE(refused("not group/name"));
    maker_fill(&m);
    m.rows[1].name[0] = '\0';
    CU_ASSERT_TRUE(refused("not group/name"));
}

static void test_strings(void)
{
    maker_fill(&m);
    memset(m.rows[0].help, 'x', sizeof(m.rows[0].help));
    CU_ASSERT_TRUE(refused("row 0 has a text without an end"));
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)1;
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)(MAKER_BASE - 1);
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)(MAKER_BASE + sizeof(m));
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)UINT64_MAX;
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    /* Runs to the end of the file without a NUL. */
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)
                     (MAKER_BASE + offsetof(struct maker, last));
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    /* Lies in memory that is zeroed, not in the file. */
    maker_fill(&m);
    m.rows[0].explanation = (const char *)(uintptr_t)MAKER_PAGE;
    CU_ASSERT_TRUE(refused("explanation outside the file"));
    /* A segment that claims more than the file has. */
    maker_fill(&m);
    m.program[0].p_filesz = UINT64_MAX;
    CU_ASSERT_TRUE(refused("explanation outside the file"));
}

static void test_build_id(void)
{
    maker_fill(&m);
    maker_note(&m, NT_GNU_BUILD_ID)->name[0] = 'g';
    CU_ASSERT_TRUE(refused("no build id"));
    maker_fill(&m);
    maker_note(&m, NT_GNU_BUILD_ID)->header.n_descsz = 21;   /* past the end */
    CU_ASSERT_TRUE(refused("no build id"));
    maker_fill(&m);
    maker_note(&m, NT_GNU_BUILD_ID)->header.n_descsz = UINT32_MAX;
    CU_ASSERT_TRUE(refused("no build id"));
    maker_fill(&m);
    maker_note(&m, NT_GNU_BUILD_ID)->header.n_namesz = UINT32_MAX;
    CU_ASSERT_TRUE(refused("no build id"));
    maker_fill(&m);
    m.program[2].p_offset = UINT64_MAX - 4;
    CU_ASSERT_TRUE(refused("no build id"));
}

static void test_notes(void)
{
    static const struct {
        uint32_t type;
        const char *said;
    } needed[] = {
        { XEN_ELFNOTE_ENTRY, "note ENTRY is missing" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, "note HYPERCALL_PAGE is missing" },
        { XEN_ELFNOTE_PHYS32_ENTRY, "note PHYS32_ENTRY is missing" },
        { XEN_ELFNOTE_XEN_VERSION, "note XEN_VERSION is missing" },
        { XEN_ELFNOTE_LOADER, "note LOADER is missing" },
    };

    for ( size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++ )
    {
        maker_fill(&m);
        maker_note(&m, needed[i].type)->header.n_type = SPOILED_TYPE;
        CU_ASSERT_TRUE(notes_refused(needed[i].said));
        maker_fill(&m);
        maker_note(&m, needed[i].type)->name[0] = 'x';
        CU_ASSERT_TRUE(notes_refused(needed[i].said));
    }
    maker_fill(&m);
    maker_note(&m, XEN_ELFNOTE_XEN_VERSION)->value[4] = '4';
    CU_ASSERT_TRUE(notes_refused("XEN_VERSION is not \"xen-3.0\""));
    maker_fill(&m);
    maker_note(&m, XEN_ELFNOTE_ENTRY)->value[3] = 0x55;
    CU_ASSERT_TRUE(notes_refused("ENTRY names 0x55"));
    maker_fill(&m);
    maker_note(&m, XEN_ELFNOTE_HYPERCALL_PAGE)->value[0] = 0x20;
    CU_ASSERT_TRUE(notes_refused("HYPERCALL_PAGE names"));
    /* Four bytes would do for Xen, but QEMU reads eight. */
    maker_fill(&m);
    maker_note(&m, XEN_ELFNOTE_PHYS32_ENTRY)->header.n_descsz = 4;
    CU_ASSERT_TRUE(notes_refused("PHYS32_ENTRY has 4 bytes"));
}

static void test_places(void)
{
    /* The notes in a LOAD segment of their own. */
    maker_fill(&m);
    m.program[0].p_filesz = m.program[0].p_memsz = sizeof(m);
    m.program[1].p_offset = offsetof(struct maker, notes);
    m.program[1].p_filesz = sizeof(m.notes);
    CU_ASSERT_TRUE(notes_refused("LOAD segment away from the text"));
    /* A segment far behind the others. */
    maker_fill(&m);
    m.program[1].p_vaddr = 0x80000000u;
    maker_note(&m, XEN_ELFNOTE_HYPERCALL_PAGE)->value[2] = 0;
    maker_note(&m, XEN_ELFNOTE_HYPERCALL_PAGE)->value[1] = 0;
    maker_note(&m, XEN_ELFNOTE_HYPERCALL_PAGE)->value[3] = 0x80;
    CU_ASSERT_TRUE(notes_refused("take the gap for kernel"));
}

/* Load whatever it is; only the sanitizers can object. */
static void load_anything(size_t size)
{
    const char *path = maker_write(&m, size);
    char *error = NULL;
    struct image *image = image_load(path, &error);

    CU_ASSERT_TRUE((image != NULL) != (error != NULL));
    image_free(image);
    free(error);
    error = NULL;
    CU_ASSERT_TRUE(image_check_notes(path, &error) != (error != NULL));
    free(error);
    unlink(path);
}

static void test_cut_off(void)
{
    maker_fill(&m);
    for ( size_t size = 0; size < sizeof(m); size++ )
        load_anything(size);
}

static void test_garbled(void)
{
    uint64_t state = 9;

    for ( unsigned round = 0; round < 4000; round++ )
    {
        maker_fill(&m);
        for ( unsigned n = 0; n <= round % 4; n++ )
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((uint8_t *)&m)[(state >> 16) % sizeof(m)] = (uint8_t)(state >> 56);
        }
        load_anything(sizeof(m));
    }
}

/* The image of this build, where there is one. */
static void test_real(void)
{
    char *path = data_file("xenometer.elf"), *error = NULL;
    struct column_set all;
    struct image *image;

    if ( path == NULL )
        return;
    CU_ASSERT_TRUE(columns_named("image", &all));
    image = image_load(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT_TRUE(image->count > 0);
    all = columns_common(&all, &image->columns);
    CU_ASSERT_PTR_NOT_NULL(image_find(image, "baseline/empty"));
    if ( !image_check_notes(path, &error) )
        CU_FAIL(error);
    for ( size_t i = 0; i < image->count; i++ )
    {
        const struct image_row *row = &image->rows[i];

        CU_ASSERT_STRING_NOT_EQUAL(row->work, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->path, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->help, "");
        CU_ASSERT_STRING_NOT_EQUAL(row->explanation, "");
        /* Why not in the others that start the image? */
        CU_ASSERT_TRUE(columns_equal(&row->columns, &all) || *row->elsewhere);
    }
    image_free(image);
    free(error);
    free(path);
}

void suite_image(void)
{
    CU_pSuite suite = CU_add_suite("image", NULL, NULL);

    CU_add_test(suite, "a good image", test_good);
    CU_add_test(suite, "one for ARM64", test_arm64);
    CU_add_test(suite, "no ELF file of ours", test_no_elf);
    CU_add_test(suite, "headers outside the file", test_headers_outside);
    CU_add_test(suite, "row table", test_row_table);
    CU_add_test(suite, "rows", test_rows);
    CU_add_test(suite, "strings outside the file", test_strings);
    CU_add_test(suite, "build id", test_build_id);
    CU_add_test(suite, "Xen notes", test_notes);
    CU_add_test(suite, "places of notes and segments", test_places);
    CU_add_test(suite, "cut off anywhere", test_cut_off);
    CU_add_test(suite, "garbled", test_garbled);
    CU_add_test(suite, "the image of this build", test_real);
}
