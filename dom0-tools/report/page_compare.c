/*
 * Two or more results files side by side, for a browser: what changed most first.
 */
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "report/comparison.h"
#include "report/json.h"
#include "report/layout.h"
#include "report/notes.h"
#include "report/page.h"
#include "report/ratio.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

/* A row in one kind of domain, in every file: what a line of the page shows. */
struct line {
    const struct result **results;   /* of the files; NULL: not in that one */
    double most;                     /* largest ratio to the first, or its inverse; 0: none */
};

struct lines {
    struct line *all;
    size_t count;
};

static bool measured(const struct result *r)
{
    return r && r->outcome == OUTCOME_SUCCESS;
}

static double factor(const struct result *a, const struct result *b)
{
    double x = (double)(a->median ? a->median : 1), y = (double)(b->median ? b->median : 1);

    return x > y ? x / y : y / x;
}

static char *key_of(const struct result *r)
{
    return xasprintf("%s %s", r->column->name, r->row);
}

/* In the order of the first file, what only others have behind. */
static struct lines lines_make(const struct page_files *in)
{
    json_t *index = json_object();
    struct lines lines = { NULL, 0 };
    size_t room = 0;

    for ( size_t f = 0; f < in->count; f++ )
        room += in->results[f].count;
    lines.all = xcalloc(room + 1, sizeof(*lines.all));
    for ( size_t f = 0; f < in->count; f++ )
        for ( size_t i = 0; i < in->results[f].count; i++ )
        {
            const struct result *r = &in->results[f].rows[i];
            char *key = key_of(r);
            json_t *plain = text_to_json(key), *known;
            size_t at = lines.count;

            known = json_object_get(index, json_string_value(plain));
            if ( known )
                at = (size_t)json_integer_value(known);
            else
            {
                json_object_set_new(index, json_string_value(plain), json_integer((json_int_t)at));
                lines.all[lines.count++].results = xcalloc(in->count, sizeof(*lines.all->results));
            }
            lines.all[at].results[f] = r;
            json_decref(plain);
            free(key);
        }
    for ( size_t i = 0; i < lines.count; i++ )
        for ( size_t f = 1; f < in->count; f++ )
        {
            const struct line *line = &lines.all[i];

            if ( measured(line->results[0]) && measured(line->results[f]) &&
                 factor(line->results[0], line->results[f]) > line->most )
                lines.all[i].most = factor(line->results[0], line->results[f]);
        }
    json_decref(index);
    return lines;
}

static void lines_free(struct lines *lines)
{
    for ( size_t i = 0; i < lines->count; i++ )
        free(lines->all[i].results);
    free(lines->all);
}

/* What changed in a file, as its line shows it. */
static json_t *line_value(const struct page_files *in, const struct line *line)
{
    json_t *medians = json_array(), *statuses = json_array(), *interval = json_null();
    const struct result *first = NULL, *last = line->results[in->count - 1];
    double known[2];

    for ( size_t f = 0; f < in->count; f++ )
    {
        const struct result *r = line->results[f];

        first = first ? first : r;
        json_array_append_new(medians, measured(r) ? json_integer((json_int_t)r->median)
                                                   : json_null());
        json_array_append_new(statuses, r ? json_string(outcome_name(r->outcome)) : json_null());
    }
    if ( in->count == 2 && measured(line->results[0]) && measured(last) &&
         last->median != line->results[0]->median &&
         ratio_interval(last, line->results[0], known) )
    {
        json_decref(interval);
        interval = json_pack("[f,f]", known[0], known[1]);
    }
    return json_pack("[o,s,o,o,o,o]", text_to_json(first->row), first->column->title,
                     text_to_json(work_of(first)), medians, statuses, interval);
}

/* The answer: how much changed, and what most. */
static char *sentence(const struct page_files *in, const struct lines *lines)
{
    size_t common = 0, changed = 0, largest = 0;
    char *before, *after, *text, *percent;
    const struct result *a, *b = NULL;

    for ( size_t i = 0; i < lines->count; i++ )
    {
        common += lines->all[i].most > 0;
        changed += lines->all[i].most > 1;
        if ( lines->all[i].most > lines->all[largest].most )
            largest = i;
    }
    if ( !common )
        return xstrdup("These files have no measured row in common.");
    if ( !changed )
        return xasprintf("None of the %zu medians that these files have in common changed.", common);
    a = lines->all[largest].results[0];
    for ( size_t f = 1; f < in->count; f++ )
    {
        const struct result *r = lines->all[largest].results[f];

        if ( measured(r) && (!b || factor(a, r) > factor(a, b)) )
            b = r;
    }
    before = text_number(a->median);
    after = text_number(b->median);
    percent = a->median ? text_change(a->median, b->median) : xstrdup("from nothing");
    text = xasprintf("%zu of %zu medians changed, most of all %s in %s: from %s to %s %s (%s).",
                     changed, common, a->row, a->column->title, before, after,
                     in->results[0].environment.clock, percent);
    free(percent);
    free(before);
    free(after);
    return text;
}

/* Of a trace what a page of changes uses. */
static json_t *trace_value(const struct trace *t)
{
    json_t *document = trace_document(t);
    static const char *const unused[] = { "stages", "places", "frames", "stacks", "steps" };

    for ( size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++ )
        json_object_del(document, unused[i]);
    return document;
}

static json_t *about_value(const struct page_files *in)
{
    json_t *about = json_array();
    struct notes notes = { NULL, 0 };

    if ( notes_instructions(&in->results[0]) )
        notes_add(&notes, "Executed instructions per operation, not time. A ratio of instructions is "
                  "not a ratio of times.");
    else
        notes_add(&notes, "Medians in %s per operation.", in->results[0].environment.clock);
    for ( size_t f = 1; f < in->count; f++ )
    {
        char *factors = comparison_factors(&in->results[0], &in->results[f]);

        if ( factors )
            notes_add(&notes, "%s and %s were not measured alike: %s.", in->names[0], in->names[f],
                      factors);
        free(factors);
    }
    for ( char **n = notes.text; *n; n++ )
        json_array_append_new(about, text_to_json(*n));
    notes_free(notes.text);
    return about;
}

json_t *page_compare_data(const struct page_files *in)
{
    json_t *data = json_object(), *files = json_array(), *changes = json_array();
    json_t *traces = json_array();
    struct lines lines = lines_make(in);

    for ( size_t f = 0; f < in->count; f++ )
        json_array_append_new(files, json_pack("{s:o, s:o}", "name", text_to_json(in->names[f]),
            "environment", page_environment(&in->results[f].environment)));
    for ( size_t i = 0; i < lines.count; i++ )
        json_array_append_new(changes, line_value(in, &lines.all[i]));
    for ( size_t i = 0; i < in->trace_count; i++ )
        json_array_append_new(traces, trace_value(&in->traces[i]));
    json_object_set_new(data, "kind", json_string("compare"));
    json_object_set_new(data, "clock", text_to_json(in->results[0].environment.clock));
    json_object_set_new(data, "files", files);
    json_object_set_new(data, "changes", changes);
    json_object_set_new(data, "about", about_value(in));
    json_object_set_new(data, "compared", traces);
    lines_free(&lines);
    return data;
}

char *page_compare(const struct page_files *in)
{
    struct lines lines = lines_make(in);
    char *answer = sentence(in, &lines), *text;

    lines_free(&lines);
    text = page_make("xenometer: what changed", answer, page_compare_data(in));
    free(answer);
    return text;
}
