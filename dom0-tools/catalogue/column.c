#include "catalogue/column.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

/* The linker's names for the ends of the section of COLUMN(). */
extern const struct column __start_columns[], __stop_columns[];

size_t column_place(const struct column *column)
{
    size_t place = (size_t)(column - __start_columns);

    if ( place < COLUMNS_MAX )
        return place;
    message("there are more than %u columns: raise COLUMNS_MAX and build again", COLUMNS_MAX);
    exit(STATUS_ENVIRONMENT);
}

bool column_before(const struct column *a, const struct column *b)
{
    return a->order < b->order || (a->order == b->order && a < b);
}

const struct column *column_next(const struct column *after)
{
    const struct column *next = NULL;

    for ( const struct column *c = __start_columns; c < __stop_columns; c++ )
        if ( (!after || column_before(after, c)) && (!next || column_before(c, next)) )
            next = c;
    return next;
}

const struct column *column_find(const char *name)
{
    FOR_EACH_COLUMN(c)
        if ( !strcmp(c->name, name) )
            return c;
    return NULL;
}

/* Is `word`, of that length, among the words of `text`? */
static bool has_word(const char *text, const char *word, size_t length)
{
    for ( text += strspn(text, " "); *text; text += strspn(text, " ") )
    {
        size_t n = strcspn(text, " ");

        if ( n == length && !strncmp(text, word, n) )
            return true;
        text += n;
    }
    return false;
}

static bool is(const struct column *c, const char *word, size_t length)
{
    return has_word(c->name, word, length) ||
           (c->classes && has_word(c->classes, word, length));
}

bool column_is(const struct column *c, const char *word)
{
    return is(c, word, strlen(word));
}

const struct column *column_of_domain(enum mode mode)
{
    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN && c->mode == mode )
            return c;
    return NULL;
}

/* ------------------------------------------------------------------ sets -- */

struct column_set columns_every(void)
{
    struct column_set set = { { false } };

    FOR_EACH_COLUMN(c)
        columns_add(&set, c);
    return set;
}

struct column_set columns_usual(void)
{
    struct column_set set = { { false } };

    FOR_EACH_COLUMN(c)
        if ( !c->asked )
            columns_add(&set, c);
    return set;
}

struct column_set columns_only(const struct column *column)
{
    struct column_set set = { { false } };

    columns_add(&set, column);
    return set;
}

struct column_set columns_at(enum column_home home)
{
    struct column_set set = { { false } };

    FOR_EACH_COLUMN(c)
        if ( c->home == home )
            columns_add(&set, c);
    return set;
}

struct column_set columns_common(const struct column_set *a, const struct column_set *b)
{
    struct column_set set;

    for ( size_t i = 0; i < COLUMNS_MAX; i++ )
        set.has[i] = a->has[i] && b->has[i];
    return set;
}

bool columns_any(const struct column_set *set)
{
    return columns_first(set) != NULL;
}

bool columns_equal(const struct column_set *a, const struct column_set *b)
{
    return !memcmp(a->has, b->has, sizeof(a->has));
}

const struct column *columns_first(const struct column_set *set)
{
    FOR_EACH_COLUMN(c)
        if ( columns_have(set, c) )
            return c;
    return NULL;
}

bool columns_named(const char *text, struct column_set *set)
{
    *set = (struct column_set){ { false } };
    for ( text += strspn(text, " "); *text; text += strspn(text, " ") )
    {
        size_t length = strcspn(text, " ");
        bool known = false;

        FOR_EACH_COLUMN(c)
            if ( is(c, text, length) )
            {
                columns_add(set, c);
                known = true;
            }
        if ( !known )
            return false;
        text += length;
    }
    return true;
}

uint32_t columns_modes(const struct column_set *set)
{
    uint32_t modes = 0;

    FOR_EACH_COLUMN(c)
        if ( columns_have(set, c) )
            modes |= c->mode;
    return modes;
}

char *columns_text(const struct column_set *set, const char *separator)
{
    char *text = xstrdup("");

    FOR_EACH_COLUMN(c)
        if ( columns_have(set, c) )
        {
            char *longer = xasprintf("%s%s%s", text, *text ? separator : "", c->name);

            free(text);
            text = longer;
        }
    return text;
}
