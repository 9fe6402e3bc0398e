#include "catalogue/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

/* The linker's names for the ends of the sections of measure/row.h. */
extern const struct row __start_own_rows[], __stop_own_rows[];
extern const struct row_code __start_own_code[];

static bool same_group(const char *a, const char *b)
{
    size_t length = strcspn(a, "/");

    return strcspn(b, "/") == length && !strncmp(a, b, length);
}

/* Where a row of that name belongs. */
static size_t place(const struct image *image, const char *name)
{
    for ( size_t i = image->count; i > 0; i-- )
        if ( same_group(image->rows[i - 1].name, name) )
            return i;
    return image->count;
}

char *catalogue_add(struct image *image, const struct row *rows,
                    const struct row_code *code, size_t count)
{
    for ( size_t i = 0; i < count; i++ )
    {
        const struct row *row = &rows[i];
        size_t at = place(image, row->name);

        struct column_set all, columns;

        if ( image_find(image, row->name) )
            return xasprintf("the row %s exists twice", row->name);
        if ( !columns_named(row->columns, &all) || !columns_any(&all) )
            return xasprintf("the row %s runs in \"%s\", which are no columns", row->name,
                             row->columns);
        columns = columns_common(&all, &image->columns);
        if ( !columns_any(&columns) )
            continue;   /* the image is of an architecture where it cannot be measured */
        image->rows = xrealloc(image->rows, (image->count + 1) * sizeof(*image->rows));
        memmove(&image->rows[at + 1], &image->rows[at],
                (image->count++ - at) * sizeof(*image->rows));
        image->rows[at] = (struct image_row){
            .index = UINT32_MAX,   /* no row of the image */
            .name = xstrdup(row->name), .work = xstrdup(row->work), .path = xstrdup(row->path),
            .help = xstrdup(row->help),
            .explanation = xstrdup(row->explanation ? row->explanation : ""),
            .elsewhere = xstrdup(row->elsewhere), .against = xstrdup(row->against),
            .columns = columns, .needs = row->needs, .flags = row->flags,
            .operations = row->operations, .samples = row->samples,
            .warmup = row->warmup, .own = &code[i],
        };
    }
    return NULL;
}

/* The rows of programs that columns run in the unikernel's place; one that is not there has none. */
static char *add_programs(struct image *image)
{
    char *error = NULL;

    FOR_EACH_COLUMN(c)
    {
        struct image *other;
        char *path;

        if ( !c->program || error || !columns_have(&image->columns, c) ||
             image_baseline_of(image, c->program) ||
             !(path = data_file(c->program)) )
            continue;
        other = image_load_program(path, c->program, &error);
        free(path);
        if ( !other )
            continue;
        image->rows = xrealloc(image->rows, (image->count + other->count) * sizeof(*image->rows));
        memcpy(image->rows + image->count, other->rows, other->count * sizeof(*other->rows));
        image->count += other->count;
        other->count = 0;   /* they are the catalogue's */
        image_free(other);
    }
    return error;
}

const char *row_elsewhere(const struct image_row *row, const struct column *column)
{
    if ( row->program && !column->program )
        return "a row of applications, which are processes: no unikernel, and no dom0, runs it";
    return column->elsewhere && !row->program ? column->elsewhere
                             : *row->elsewhere ? row->elsewhere : "not in this mode";
}

struct image *catalogue_load(const char *path, char **error)
{
    struct image *image = image_load(path, error);

    if ( !image )
        return NULL;
    *error = catalogue_add(image, __start_own_rows, __start_own_code,
                           (size_t)(__stop_own_rows - __start_own_rows));
    if ( !*error )
        *error = add_programs(image);
    if ( !*error )
        return image;
    image_free(image);
    return NULL;
}
