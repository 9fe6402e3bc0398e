/*
 * What the user asked for: image, rows, modes, numbers (select.h).
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/catalogue.h"
#include "catalogue/select.h"
#include "xenometer.h"

#define LONGEST 64u   /* longer patterns get no suggestion */

static struct image *load(const char *path, struct image *(*loader)(const char *, char **))
{
    char *found = path ? xstrdup(path) : data_file("xenometer.elf");
    struct image *image;
    char *error;

    if ( found == NULL )
    {
        message("the unikernel xenometer.elf is not beside this program; "
                "build it with `make all`");
        return NULL;
    }
    image = loader(found, &error);
    free(found);
    if ( image == NULL )
    {
        message("%s", error);
        free(error);
    }
    return image;
}

struct image *select_image(const char *path)
{
    return load(path, image_load);
}

struct image *select_catalogue(const char *path)
{
    return load(path, catalogue_load);
}

/* Edits (insert, delete, replace, swap neighbours) from a to b. */
static unsigned edit_distance(const char *a, size_t a_length,
                              const char *b, size_t b_length)
{
    unsigned d[3][LONGEST + 1];   /* the row before the last, the last, this */

    for ( size_t k = 0; k <= b_length; k++ )
        d[0][k] = d[1][k] = (unsigned)k;
    for ( size_t i = 1; i <= a_length; i++ )
    {
        d[2][0] = (unsigned)i;
        for ( size_t k = 1; k <= b_length; k++ )
        {
            bool same = a[i - 1] == b[k - 1];
            unsigned best = d[1][k - 1] + (same ? 0 : 1);

            if ( d[1][k] + 1 < best )
                best = d[1][k] + 1;
            if ( d[2][k - 1] + 1 < best )
                best = d[2][k - 1] + 1;
            if ( i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
                 a[i - 2] == b[k - 1] && d[0][k - 2] + 1 < best )
                best = d[0][k - 2] + 1;
            d[2][k] = best;
        }
        memcpy(d[0], d[1], sizeof(d[0]));
        memcpy(d[1], d[2], sizeof(d[1]));
    }
    return d[1][b_length];
}

/* The candidate if it is nearer to `text` than the best so far. */
static void consider(const char *text, const char *name, size_t length,
                     const char **best, size_t *best_length, unsigned *distance)
{
    unsigned d;

    if ( strlen(text) > LONGEST || length > LONGEST )
        return;
    d = edit_distance(text, strlen(text), name, length);
    if ( d < *distance )
    {
        *best = name;
        *best_length = length;
        *distance = d;
    }
}

/*
 * What the user probably meant, the caller's to free, or NULL.  A pattern that
 * ends in slash-star is compared with groups, anything else with rows and
 * groups.
 */
static char *suggest(const struct image *image, const char *pattern)
{
    size_t length = strlen(pattern), best_length = 0;
    bool whole_group = length > 2 && strcmp(pattern + length - 2, "/*") == 0;
    char *text = whole_group ? strndup(pattern, length - 2) : xstrdup(pattern);
    /* A third of the letters wrong is no slip any more. */
    unsigned distance = (unsigned)(length / 3 > 1 ? length / 3 : 1) + 1;
    const char *best = NULL;
    char *answer = NULL;

    for ( size_t i = 0; text != NULL && i < image->count; i++ )
    {
        const char *name = image->rows[i].name;
        size_t group = (size_t)(strchr(name, '/') - name);

        consider(text, name, group, &best, &best_length, &distance);
        if ( !whole_group )
        {
            consider(text, name, strlen(name), &best, &best_length, &distance);
            /* "null" for "hypercall/null". */
            if ( strcmp(text, name + group + 1) == 0 )
                consider(name, name, strlen(name), &best, &best_length,
                         &distance);
        }
    }
    if ( best != NULL )
        answer = xasprintf("%.*s%s", (int)best_length, best,
                           memchr(best, '/', best_length) ? "" : "/*");
    free(text);
    return answer;
}

static int check_patterns(const struct image *image, char **patterns,
                          size_t count)
{
    for ( size_t i = 0; i < count; i++ )
    {
        bool matched = false;
        char *instead;

        for ( size_t k = 0; k < image->count && !matched; k++ )
            matched = row_matches(patterns[i], image->rows[k].name);
        if ( matched )
            continue;
        instead = suggest(image, patterns[i]);
        if ( instead != NULL )
            message("no row matches '%s'; did you mean '%s'? "
                    "`xenometer list` shows them", patterns[i], instead);
        else if ( strcmp(image->architecture, "x86") )
            message("no row of %s matches '%s'; `xenometer list --cpu=%s` shows them, and applications are "
                    "measured on x86 only", image->architecture, patterns[i], image->architecture);
        else
            message("no row matches '%s'; `xenometer list` shows them",
                    patterns[i]);
        free(instead);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}

static bool is_usual(const struct image_row *row)
{
    struct column_set usual = columns_usual(), common = columns_common(&row->columns, &usual);

    return columns_any(&common);
}

/* Rows that run in no usual column are not meant by a `*` that means them among all. */
static bool names_group(const char *pattern, const char *name)
{
    return !strncmp(pattern, name, strcspn(name, "/"));
}

/* A row that none of the usual columns has runs in all that it has. */
static void add_only_places(struct selection *selection)
{
    struct column_set usual = selection->columns;

    for ( size_t i = 0; i < selection->count; i++ )
    {
        const struct image_row *row = selection->rows[i];
        struct column_set common = columns_common(&row->columns, &usual);

        FOR_EACH_COLUMN(c)
            if ( !columns_any(&common) && columns_have(&row->columns, c) )
                columns_add(&selection->columns, c);
    }
    /* Nothing of what was chosen runs in the usual ones: they are not meant. */
    for ( size_t i = 0; i < selection->count; i++ )
    {
        struct column_set common = columns_common(&selection->rows[i]->columns, &usual);

        if ( columns_any(&common) )
            return;
    }
    FOR_EACH_COLUMN(c)
        if ( selection->count && columns_have(&usual, c) )
            selection->columns.has[column_place(c)] = false;
}

int select_rows(const struct image *image, char **patterns, size_t count,
                const struct column_set *columns, bool headline_only,
                struct selection *selection)
{
    int status = check_patterns(image, patterns, count);

    if ( status != STATUS_OK )
        return status;

    selection->columns = columns ? *columns : columns_usual();
    selection->columns = columns_common(&selection->columns, &image->columns);
    if ( !columns_any(&selection->columns) )
    {
        char *those = columns_text(&image->columns, ", ");

        message("this image is not for those modes: it has %s", those);
        free(those);
        return STATUS_USAGE;
    }
    selection->rows = xcalloc(image->count, sizeof(*selection->rows));
    selection->count = 0;
    for ( size_t i = 0; i < image->count; i++ )
    {
        const struct image_row *row = &image->rows[i];
        bool wanted = count == 0 &&
                      (!headline_only || (row->flags & ROW_HEADLINE));

        for ( size_t k = 0; k < count && !wanted; k++ )
            wanted = row_matches(patterns[k], row->name) &&
                     (columns || is_usual(row) || names_group(patterns[k], row->name));
        if ( wanted )
            selection->rows[selection->count++] = row;
    }
    if ( !columns )
        add_only_places(selection);
    return STATUS_OK;
}

void selection_free(struct selection *selection)
{
    free(selection->rows);
    memset(selection, 0, sizeof(*selection));
}

/* "pv, pvh, hvm, bare and dom0": what there is.  The caller's. */
static char *known_modes(void)
{
    struct column_set every = columns_every();
    char *text = columns_text(&every, ", "), *last = strrchr(text, ','), *known;

    if ( !last )
        return text;
    *last = '\0';
    known = xasprintf("%s and%s", text, last + 1);
    free(text);
    return known;
}

int parse_modes(const char *text, struct column_set *columns)
{
    struct column_set sum = { { false } };
    char *copy, *rest, *word;

    if ( strcmp(text, "all") == 0 )
    {
        *columns = columns_usual();
        return STATUS_OK;
    }
    copy = rest = xstrdup(text);
    while ( (word = strsep(&rest, ",")) != NULL )
    {
        const struct column *column = column_find(word);

        if ( column == NULL )
        {
            char *known = known_modes();

            message("unknown mode '%s'; modes are %s, with commas between, or all", word, known);
            free(known);
            free(copy);
            return STATUS_USAGE;
        }
        columns_add(&sum, column);
    }
    free(copy);
    *columns = sum;
    return STATUS_OK;
}

int parse_count(const char *what, const char *text, uint32_t min, uint32_t max,
                uint32_t *value)
{
    uint64_t sum = 0;
    bool good = *text != '\0';

    /* By hand: strtoul takes signs, spaces and what does not fit. */
    for ( const char *c = text; *c && good; c++ )
    {
        good = isdigit((unsigned char)*c);
        sum = 10 * sum + (uint64_t)(*c - '0');
        good = good && sum <= max;
    }
    if ( !good || sum < min )
    {
        message("%s: '%s' is not a number from %u to %u", what, text, min, max);
        return STATUS_USAGE;
    }
    *value = (uint32_t)sum;
    return STATUS_OK;
}

int parse_percentage(const char *what, const char *text, double *percent)
{
    char *end;

    errno = 0;
    *percent = strtod(text, &end);
    if ( end != text && *end == '%' )
        end++;
    if ( end != text && *end == '\0' && !errno && isfinite(*percent) && *percent >= 0 )
        return STATUS_OK;
    message("%s: '%s' is not a percentage of 0 or more", what, text);
    return STATUS_USAGE;
}
