#include "report/sweeps.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

#define FEWEST_POINTS 3u

static const char depth[] = "requests in flight", size[] = "bytes", number[] = "how many";

/* A row's name taken apart: "block/blkif-own-size-64k". */
struct parts {
    char *line;          /* "blkif-own" */
    const char *what;
    uint64_t x;
};

static bool ends_with(const char *text, size_t length, const char *end)
{
    size_t n = strlen(end);

    return length >= n && !memcmp(text + length - n, end, n);
}

/* The unit behind a number, as bytes; 0: it is none. */
static uint64_t unit_of(const char *text)
{
    static const struct {
        const char *name;
        uint64_t bytes;
    } units[] = { { "b", 1 }, { "k", 1u << 10 }, { "kib", 1u << 10 }, { "m", 1u << 20 },
                  { "mib", 1u << 20 } };

    for ( size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++ )
        if ( !strcmp(text, units[i].name) )
            return units[i].bytes;
    return 0;
}

/* False: no number at the end of the name. */
static bool take_apart(const char *name, struct parts *parts)
{
    const char *rest = strchr(name, '/'), *digits, *end;
    size_t length;
    uint64_t unit;

    if ( !rest )
        return false;
    rest++;
    end = rest + strlen(rest);
    while ( end > rest && isalpha((unsigned char)end[-1]) )
        end--;
    digits = end;
    while ( digits > rest && isdigit((unsigned char)digits[-1]) )
        digits--;
    unit = *end ? unit_of(end) : 1;
    if ( digits == end || end - digits > 9 || !unit || (digits > rest && digits[-1] != '-') )
        return false;
    length = (size_t)(digits - rest);
    length -= length > 0;   /* the hyphen */
    parts->x = strtoull(digits, NULL, 10) * unit;
    parts->what = *end ? size : number;
    if ( ends_with(rest, length, "-depth") || ends_with(rest, length, "-size") )
    {
        parts->what = ends_with(rest, length, "-depth") ? depth : size;
        length -= parts->what == depth ? strlen("-depth") : strlen("-size");
    }
    parts->line = xasprintf("%.*s", (int)length, rest);
    return true;
}

static struct sweep *find_sweep(struct sweeps *sweeps, const char *name, const char *what)
{
    size_t group = strcspn(name, "/");
    struct sweep *s;

    for ( size_t i = 0; i < sweeps->count; i++ )
    {
        s = &sweeps->all[i];
        if ( s->what == what && strlen(s->group) == group && !strncmp(s->group, name, group) )
            return s;
    }
    sweeps->all = xrealloc(sweeps->all, (sweeps->count + 1) * sizeof(*sweeps->all));
    s = &sweeps->all[sweeps->count++];
    *s = (struct sweep){ .group = xasprintf("%.*s", (int)group, name), .what = what };
    return s;
}

static struct sweep_line *find_line(struct sweep *sweep, const char *name,
                                     const struct column *column)
{
    struct sweep_line *line;

    for ( size_t i = 0; i < sweep->count; i++ )
        if ( sweep->lines[i].column == column && !strcmp(sweep->lines[i].name, name) )
            return &sweep->lines[i];
    sweep->lines = xrealloc(sweep->lines, (sweep->count + 1) * sizeof(*sweep->lines));
    line = &sweep->lines[sweep->count++];
    *line = (struct sweep_line){ .name = xstrdup(name), .column = column };
    return line;
}

/* At its place; a row measured twice shows its first result. */
static void add_point(struct sweep_line *line, uint64_t x, const struct result *r)
{
    size_t at = 0;

    while ( at < line->count && line->points[at].x < x )
        at++;
    if ( at < line->count && line->points[at].x == x )
        return;
    line->points = xrealloc(line->points, (line->count + 1) * sizeof(*line->points));
    memmove(&line->points[at + 1], &line->points[at], (line->count - at) * sizeof(*line->points));
    line->points[at] = (struct sweep_point){ x, r };
    line->count++;
}

/* The row without a number is the path's depth of 1, or its size of so many bytes. */
static void add_plain(struct sweep *sweep, const struct results *results)
{
    for ( size_t l = 0; l < sweep->count && sweep->what != number; l++ )
    {
        struct sweep_line *line = &sweep->lines[l];
        char *name = xasprintf("%s/%s", sweep->group, line->name);

        for ( size_t i = 0; i < results->count; i++ )
        {
            const struct result *r = &results->rows[i];

            if ( r->column == line->column && r->outcome == OUTCOME_SUCCESS && !strcmp(r->row, name) &&
                 (sweep->what == depth ? r->operations == 1 : r->bytes != 0) )
                add_point(line, sweep->what == depth ? 1 : r->bytes, r);
        }
        free(name);
    }
}

static void free_line(struct sweep_line *line)
{
    free(line->name);
    free(line->points);
}

/* What is too short for a line goes. */
static void drop_short(struct sweep *sweep)
{
    size_t kept = 0;

    for ( size_t l = 0; l < sweep->count; l++ )
        if ( sweep->lines[l].count >= FEWEST_POINTS )
            sweep->lines[kept++] = sweep->lines[l];
        else
            free_line(&sweep->lines[l]);
    sweep->count = kept;
}

struct sweeps sweeps_find(const struct results *results)
{
    struct sweeps sweeps = { NULL, 0 };
    size_t kept = 0;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        struct parts parts;

        if ( r->outcome != OUTCOME_SUCCESS || !take_apart(r->row, &parts) )
            continue;
        add_point(find_line(find_sweep(&sweeps, r->row, parts.what), parts.line, r->column),
                  parts.x, r);
        free(parts.line);
    }
    for ( size_t s = 0; s < sweeps.count; s++ )
    {
        struct sweep *sweep = &sweeps.all[s];

        add_plain(sweep, results);
        drop_short(sweep);
        if ( sweep->count )
            sweeps.all[kept++] = *sweep;
        else
        {
            free(sweep->group);
            free(sweep->lines);
        }
    }
    sweeps.count = kept;
    return sweeps;
}

void sweeps_free(struct sweeps *sweeps)
{
    for ( size_t s = 0; s < sweeps->count; s++ )
    {
        for ( size_t l = 0; l < sweeps->all[s].count; l++ )
            free_line(&sweeps->all[s].lines[l]);
        free(sweeps->all[s].lines);
        free(sweeps->all[s].group);
    }
    free(sweeps->all);
    *sweeps = (struct sweeps){ NULL, 0 };
}
