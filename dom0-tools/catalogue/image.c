/*
 * The row table and build id of the unikernel's ELF file (image.h).
 */
#include <ctype.h>
#include <elf.h>
#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/image.h"
#include "lib/elf.h"
#include "xenometer.h"

#define REBUILD "build it again with `make all`"

/* "group/name" of lower-case letters, digits and dashes. */
static bool good_name(const char *name)
{
    const char *slash = strchr(name, '/');

    if ( slash == NULL || slash == name || slash[1] == '\0' )
        return false;
    for ( const char *c = name; *c; c++ )
        if ( c != slash && !islower((unsigned char)*c) &&
             !isdigit((unsigned char)*c) && *c != '-' )
            return false;
    return true;
}

/* A text of a descriptor; false: it has no end. */
static bool copy_text(const char *text, size_t size, char **copy)
{
    if ( memchr(text, '\0', size) == NULL )
        return false;
    *copy = xstrdup(text);
    return true;
}

/* The paragraph at a link-time address; empty: there is none.  False: the address
 * lies outside the file. */
static bool copy_paragraph(const struct elf *elf, const char *address, char **copy)
{
    const char *s = "";

    if ( address != NULL )
        s = elf_string(elf, (uint64_t)(uintptr_t)address);
    if ( s == NULL )
        return false;
    *copy = xstrdup(s);
    return true;
}

/* One descriptor; NULL, or what is wrong with it. */
static const char *read_row(const struct elf *elf, const uint8_t *descriptor,
                            const struct image *image, const char *program,
                            struct image_row *to)
{
    struct column_set all;
    struct row row;

    memcpy(&row, descriptor, sizeof(row));
    if ( !copy_text(row.name, sizeof(row.name), &to->name) ||
         !copy_text(row.work, sizeof(row.work), &to->work) ||
         !copy_text(row.path, sizeof(row.path), &to->path) ||
         !copy_text(row.help, sizeof(row.help), &to->help) ||
         !copy_text(row.elsewhere, sizeof(row.elsewhere), &to->elsewhere) ||
         !copy_text(row.against, sizeof(row.against), &to->against) )
        return "a text without an end";
    if ( !copy_paragraph(elf, row.explanation, &to->explanation) )
        return "an explanation outside the file";
    if ( !good_name(to->name) )
        return "a name that is not group/name";
    if ( memchr(row.columns, '\0', sizeof(row.columns)) == NULL ||
         !columns_named(row.columns, &all) ||
         (program ? !columns_any(&all) : columns_modes(&all) == 0) )
        return "columns that do not exist";
    /* "xen" names those of every architecture. */
    to->columns = columns_common(&all, &image->columns);
    if ( !columns_any(&to->columns) )
        return "no columns of its architecture";
    if ( row.operations == 0 || row.samples == 0 )
        return "no operations or no samples";

    to->needs = row.needs;
    to->flags = row.flags;
    to->operations = row.operations;
    to->samples = row.samples;
    to->warmup = row.warmup;
    to->bytes = row.bytes;
    to->program = program;
    return NULL;
}

/* Those in which an image of that architecture can find itself; and on x86, where dom0 is a PV
 * domain that reads the guests' clock, dom0 itself and what is beside it. */
static struct column_set columns_of(bool arm64)
{
    struct column_set set = { { false } };

    FOR_EACH_COLUMN(c)
        if ( c->arm64 == arm64 )
            columns_add(&set, c);
    return set;
}

static bool read_rows(const struct elf *elf, const char *path, const char *program,
                      struct image *image, char **error)
{
    struct elf_part table;

    if ( !elf_section(elf, "rows", &table) || table.size == 0 )
    {
        *error = xasprintf("%s has no rows: its row table is missing or empty; "
                           REBUILD, path);
        return false;
    }
    if ( table.size % sizeof(struct row) != 0 )
    {
        *error = xasprintf("%s does not fit this program: its row table is not "
                           "a whole number of descriptors; " REBUILD, path);
        return false;
    }

    image->rows = xcalloc(table.size / sizeof(struct row), sizeof(*image->rows));
    while ( image->count < table.size / sizeof(struct row) )
    {
        struct image_row *row = &image->rows[image->count];
        const char *wrong = read_row(elf, table.data +
                                     image->count * sizeof(struct row), image, program, row);

        if ( wrong == NULL && image_find(image, row->name) != NULL )
            wrong = "the name of another one";
        row->index = (uint32_t)image->count++;
        if ( wrong != NULL )
        {
            *error = xasprintf("%s: row %u has %s; " REBUILD, path, row->index,
                               wrong);
            return false;
        }
    }
    return true;
}

static bool read_build_id(const struct elf *elf, const char *path,
                          struct image *image, char **error)
{
    struct elf_note note;

    for ( unsigned i = 0; elf_note(elf, i, &note); i++ )
    {
        if ( strcmp(note.name, "GNU") != 0 || note.type != NT_GNU_BUILD_ID ||
             note.size == 0 || 2 * note.size >= sizeof(image->build_id) )
            continue;
        for ( size_t k = 0; k < note.size; k++ )
        {
            image->build_id[2 * k] = "0123456789abcdef"[note.data[k] >> 4];
            image->build_id[2 * k + 1] = "0123456789abcdef"[note.data[k] & 15];
        }
        return true;
    }
    *error = xasprintf("%s has no build id; " REBUILD, path);
    return false;
}

struct image *image_load_program(const char *path, const char *program, char **error)
{
    struct elf *elf = elf_open(path, error);
    struct image *image;

    if ( elf == NULL )
        return NULL;
    image = xcalloc(1, sizeof(*image));
    image->columns = columns_of(elf_is_arm64(elf));
    image->architecture = elf_is_arm64(elf) ? "arm64" : "x86";
    if ( !read_rows(elf, path, program, image, error) ||
         !read_build_id(elf, path, image, error) )
    {
        image_free(image);
        image = NULL;
    }
    elf_close(elf);
    return image;
}

struct image *image_load(const char *path, char **error)
{
    return image_load_program(path, NULL, error);
}

void image_free(struct image *image)
{
    if ( image == NULL )
        return;
    for ( size_t i = 0; i < image->count; i++ )
    {
        struct image_row *row = &image->rows[i];

        free(row->name);
        free(row->work);
        free(row->path);
        free(row->help);
        free(row->explanation);
        free(row->elsewhere);
        free(row->against);
    }
    free(image->rows);
    free(image);
}

struct control_response image_command(const struct image_row *row, uint32_t id,
                                      uint32_t samples)
{
    struct control_response command = {
        .operation = CONTROL_RUN, .id = id, .row = row->index,
        .modes = columns_modes(&row->columns),
        .samples = samples ? samples : row->samples, .warmup = row->warmup,
    };

    snprintf(command.name, sizeof(command.name), "%s", row->name);
    return command;
}

static bool same_program(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

const struct image_row *image_baseline_of(const struct image *image, const char *program)
{
    for ( size_t i = 0; i < image->count; i++ )
        if ( (image->rows[i].flags & ROW_BASELINE) &&
             same_program(image->rows[i].program, program) )
            return &image->rows[i];
    return NULL;
}

const struct image_row *image_baseline(const struct image *image)
{
    return image_baseline_of(image, NULL);
}

const struct image_row *image_find(const struct image *image, const char *name)
{
    for ( size_t i = 0; i < image->count; i++ )
        if ( strcmp(image->rows[i].name, name) == 0 )
            return &image->rows[i];
    return NULL;
}

bool row_matches(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);

    if ( fnmatch(pattern, name, 0) == 0 )
        return true;
    return length > 0 && strncmp(name, pattern, length) == 0 && name[length] == '/';
}
