/*
 * The list of changes that are known (comparison.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/image.h"
#include "lib/files.h"
#include "report/comparison.h"
#include "xenometer.h"

struct explanation {
    char *pattern, *reason;
    struct column_set columns;
    uint64_t most;   /* instructions or cycles that a median may have moved by */
    unsigned line;
    bool used;
};

struct explanations {
    struct explanation *list;
    size_t count;
};

/* "pv,hvm"; false when one is unknown. */
static bool parse_columns(char *text, struct column_set *columns)
{
    char *word;

    *columns = (struct column_set){ { false } };

    while ( (word = strsep(&text, ",")) != NULL )
    {
        const struct column *column = column_find(word);

        if ( column == NULL )
            return false;
        columns_add(columns, column);
    }
    return true;
}

/* The bound behind "<=", which is cut off; UINT64_MAX when there is none, 0 when it is no
 * number. */
static uint64_t parse_bound(char *pattern)
{
    char *bound = strstr(pattern, "<="), *end;
    uint64_t most;

    if ( bound == NULL )
        return UINT64_MAX;
    *bound = '\0';
    bound += 2;
    most = strtoull(bound, &end, 10);
    return strspn(bound, "0123456789") == 0 || *end ? 0 : most;
}

/* One line without its end, which is cut up; false after a message. */
static bool add_line(struct explanations *e, const char *path, unsigned number, char *line)
{
    char *pattern = line + strspn(line, " \t\r"), *reason, *modes;
    struct column_set of = columns_every();
    uint64_t most;
    size_t length;

    if ( *pattern == '\0' || *pattern == '#' )
        return true;
    reason = pattern + strcspn(pattern, " \t\r");
    if ( *reason )
        *reason++ = '\0';
    reason += strspn(reason, " \t\r");
    length = strlen(reason);
    while ( length && strchr(" \t\r", reason[length - 1]) )
        reason[--length] = '\0';
    if ( length == 0 )
    {
        message("%s:%u: %s has no reason behind it; a line is ROW[:MODES][<=N] and why it changed",
                path, number, pattern);
        return false;
    }
    most = parse_bound(pattern);
    if ( most == 0 )
    {
        message("%s:%u: after %s<=: must be a number from 1 on", path, number, pattern);
        return false;
    }
    modes = strchr(pattern, ':');
    if ( modes )
    {
        *modes++ = '\0';
        if ( !parse_columns(modes, &of) )
        {
            message("%s:%u: after %s: must be modes, such as :pvh,hvm", path, number, pattern);
            return false;
        }
    }
    e->list = xrealloc(e->list, (e->count + 1) * sizeof(*e->list));
    e->list[e->count++] = (struct explanation){ .pattern = xstrdup(pattern),
        .reason = xstrdup(reason), .columns = of, .most = most,
        .line = number };
    return true;
}

struct explanations *explanations_read(const char *path)
{
    char *text = read_whole_file(path, NULL), *rest = text, *line;
    struct explanations *e;
    unsigned number = 0;

    if ( text == NULL )
    {
        message("cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    e = xcalloc(1, sizeof(*e));
    while ( (line = strsep(&rest, "\n")) != NULL )
        if ( !add_line(e, path, ++number, line) )
        {
            explanations_free(e);
            e = NULL;
            break;
        }
    free(text);
    return e;
}

void explanations_free(struct explanations *e)
{
    if ( e == NULL )
        return;
    for ( size_t i = 0; i < e->count; i++ )
    {
        free(e->list[i].pattern);
        free(e->list[i].reason);
    }
    free(e->list);
    free(e);
}

static uint64_t moved(const struct change *c)
{
    if ( c->kind != CHANGE_MEDIAN )
        return 0;
    return c->after->median > c->before->median ? c->after->median - c->before->median
                                                : c->before->median - c->after->median;
}

void explanations_apply(struct explanations *e, struct comparison *comparison)
{
    comparison->explained = 0;
    for ( size_t i = 0; i < comparison->count; i++ )
    {
        struct change *c = &comparison->changes[i];
        const struct result *r = c->after ? c->after : c->before;

        c->explained = NULL;
        for ( size_t k = 0; c->kind != CHANGE_NONE && k < e->count; k++ )
            if ( columns_have(&e->list[k].columns, r->column) &&
                 row_matches(e->list[k].pattern, r->row) && moved(c) <= e->list[k].most )
            {
                e->list[k].used = true;
                if ( c->explained == NULL )
                    c->explained = e->list[k].reason;
            }
        comparison->explained += c->counts && c->explained;
    }
}

unsigned explanations_unused(const struct explanations *e, size_t *at, const char **pattern)
{
    while ( *at < e->count )
    {
        const struct explanation *one = &e->list[(*at)++];

        if ( !one->used )
        {
            *pattern = one->pattern;
            return one->line;
        }
    }
    return 0;
}
