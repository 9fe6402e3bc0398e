/*
 * The file of claims, read and checked; what judges them.  (claims.h)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "report/claims.h"
#include "xenometer.h"

#define SCHEMA "xenometer-claims/1"

/* ----------------------------------------------------------------- check -- */

struct context {
    const char *file, *id;
};

static bool wrong(const struct context *at, const char *what)
{
    message("%s: claim %s: %s; the form of claims stands in dom0-tools/report/claims.h", at->file,
            at->id, what);
    return false;
}

static bool known_column(const struct context *at, const json_t *name)
{
    if ( !name || (json_is_string(name) && column_find(json_string_value(name))) )
        return true;
    return wrong(at, "\"column\" names no column");
}

static bool check_count(const struct context *at, const json_t *count)
{
    const char *what = json_string_value(count);
    const json_t *function;
    size_t i;

    if ( what && (!strcmp(what, "stages") || !strcmp(what, "entries")) )
        return true;
    json_array_foreach(count, i, function)
        if ( !json_is_string(function) )
            return wrong(at, "\"count\" has a function that is no string");
    return json_array_size(count) ? true
        : wrong(at, "\"count\" is neither \"stages\", \"entries\" nor a list of functions");
}

static bool check_figure(const struct context *at, const json_t *figure)
{
    static const char *const pairs[] = { "minus", "over" };
    static const char *const fields[] = { "median", "notifications", "upcalls" };
    const json_t *field = json_object_get(figure, "field"), *left = json_object_get(figure, "left");
    bool known = !field;

    if ( !json_is_object(figure) )
        return wrong(at, "a figure is no object");
    for ( size_t i = 0; i < 2; i++ )
    {
        const json_t *pair = json_object_get(figure, pairs[i]);

        if ( pair )
            return json_array_size(pair) == 2
                ? check_figure(at, json_array_get(pair, 0)) && check_figure(at, json_array_get(pair, 1))
                : wrong(at, "\"minus\" and \"over\" are of two figures");
    }
    if ( left )
        return check_figure(at, left);
    for ( size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && json_is_string(field); i++ )
        known |= !strcmp(json_string_value(field), fields[i]);
    if ( !known )
        return wrong(at, "\"field\" is neither median, notifications nor upcalls");
    if ( json_is_string(json_object_get(figure, "row")) )
        return known_column(at, json_object_get(figure, "column"));
    if ( json_is_string(json_object_get(figure, "trace")) )
        return known_column(at, json_object_get(figure, "column")) &&
               check_count(at, json_object_get(figure, "count"));
    return wrong(at, "a figure is of a \"row\", a \"trace\", or of other figures");
}

static bool is_unit(const char *unit)
{
    static const char *const units[] = { "cycles", "ns", "percent", "instructions", "count" };

    for ( size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++ )
        if ( !strcmp(unit, units[i]) )
            return true;
    return false;
}

static bool check_part(const struct context *at, const json_t *part)
{
    const json_t *columns = json_object_get(part, "columns"), *low = json_object_get(part, "low"),
                 *high = json_object_get(part, "high"), *cpu = json_object_get(part, "cpu");
    const char *vendor = json_string_value(cpu);
    struct column_set set = { { false } };

    if ( !json_is_string(json_object_get(part, "says")) )
        return wrong(at, "a part does not say (\"says\") what");
    if ( json_is_string(json_object_get(part, "unmeasured")) )
        return true;
    if ( !check_figure(at, json_object_get(part, "figure")) )
        return false;
    if ( !is_unit(json_string_value(json_object_get(part, "unit"))) )
        return wrong(at, "\"unit\" is not cycles, ns, percent, instructions or count");
    if ( (low && !json_is_number(low)) || (high && !json_is_number(high)) || (!low && !high) )
        return wrong(at, "a part has bounds, \"low\" or \"high\" or both, which are numbers");
    if ( columns && (!json_is_string(columns) || !columns_named(json_string_value(columns), &set)) )
        return wrong(at, "\"columns\" has a word that is no column");
    if ( cpu && (!vendor || (strcmp(vendor, "intel") && strcmp(vendor, "amd"))) )
        return wrong(at, "\"cpu\" is neither intel nor amd");
    return true;
}

static bool read_claim(const char *file, const json_t *claim, struct claim *c)
{
    const json_t *parts = json_object_get(claim, "parts"), *part;
    struct context at = { file, json_string_value(json_object_get(claim, "id")) };
    size_t i;

    if ( !at.id )
        at.id = "without \"id\"";
    *c = (struct claim){
        .id = json_string_value(json_object_get(claim, "id")),
        .text = json_string_value(json_object_get(claim, "claim")),
        .source = json_string_value(json_object_get(claim, "source")),
    };
    if ( !c->id || !c->text || !c->source )
        return wrong(&at, "a claim has an \"id\", a \"claim\" and a \"source\"");
    if ( json_array_size(parts) == 0 )
        return wrong(&at, "a claim has \"parts\"");
    c->parts = xcalloc(json_array_size(parts), sizeof(*c->parts));
    json_array_foreach(parts, i, part)
    {
        if ( !check_part(&at, part) )
            return false;
        c->parts[c->count++] = (struct claim_part){
            .part = part, .says = json_string_value(json_object_get(part, "says")),
        };
    }
    return true;
}

int claims_read(const char *path, struct claims *claims)
{
    char *own = path ? NULL : data_file("configs/claims.json");
    const char *file = path ? path : own;
    const json_t *list, *claim;
    json_error_t error;
    size_t i;
    const char *schema;

    *claims = (struct claims){ NULL };
    if ( !file )
    {
        message("configs/claims.json not found beside the program: run `make`");
        return STATUS_ENVIRONMENT;
    }
    claims->document = json_load_file(file, 0, &error);
    list = json_object_get(claims->document, "claims");
    schema = json_string_value(json_object_get(claims->document, "schema"));
    if ( !claims->document )
        message("%s: %s%s", file, error.text, error.line > 0 ? "; it must be JSON" : "");
    else if ( !schema || strcmp(schema, SCHEMA) || !json_is_array(list) )
        message("%s: no claims of schema " SCHEMA, file);
    else
    {
        claims->all = xcalloc(json_array_size(list) + 1, sizeof(*claims->all));
        json_array_foreach(list, i, claim)
            if ( !read_claim(file, claim, &claims->all[claims->count++]) )
                break;
        if ( i == json_array_size(list) )
        {
            free(own);
            return STATUS_OK;
        }
    }
    claims_free(claims);
    free(own);
    return STATUS_USAGE;
}

void claims_free(struct claims *claims)
{
    for ( size_t i = 0; i < claims->count; i++ )
    {
        for ( size_t p = 0; p < claims->all[i].count; p++ )
        {
            free(claims->all[i].parts[p].figures);
            free(claims->all[i].parts[p].verdict);
            free(claims->all[i].parts[p].why);
        }
        free(claims->all[i].parts);
    }
    free(claims->all);
    json_decref(claims->document);
    *claims = (struct claims){ NULL };
}

/* -------------------------------------------------------- what judges them -- */

struct each {
    void (*row)(void *, const char *);
    void (*trace)(void *, const char *, const struct column *);
    void *context;
    json_t *seen;
};

static bool first_time(struct each *e, const char *name, const char *column)
{
    char *key = xasprintf("%s in %s", name, column);
    bool first = !json_object_get(e->seen, key);

    json_object_set_new(e->seen, key, json_true());
    free(key);
    return first;
}

static void each_figure(struct each *e, const json_t *figure, const struct column_set *columns)
{
    const char *row = json_string_value(json_object_get(figure, "row"));
    const char *trace = json_string_value(json_object_get(figure, "trace"));
    const char *own = json_string_value(json_object_get(figure, "column"));
    const json_t *minus = json_object_get(figure, "minus"), *over = json_object_get(figure, "over"),
                 *left = json_object_get(figure, "left");

    for ( size_t i = 0; i < 2 && (minus || over); i++ )
        each_figure(e, json_array_get(minus ? minus : over, i), columns);
    if ( left )
        each_figure(e, left, columns);
    if ( row && first_time(e, row, "") )
        e->row(e->context, row);
    FOR_EACH_COLUMN(c)
        if ( trace && (own ? !strcmp(own, c->name) : columns_have(columns, c)) &&
             first_time(e, trace, c->name) )
            e->trace(e->context, trace, c);
}

void claims_each(const struct claims *claims, void (*row)(void *, const char *),
                 void (*trace)(void *, const char *, const struct column *), void *context)
{
    struct each e = { row, trace, context, json_object() };

    for ( size_t i = 0; i < claims->count; i++ )
        for ( size_t p = 0; p < claims->all[i].count; p++ )
        {
            const json_t *part = claims->all[i].parts[p].part;
            const char *names = json_string_value(json_object_get(part, "columns"));
            struct column_set columns = { { false } };

            if ( names )
                columns_named(names, &columns);
            each_figure(&e, json_object_get(part, "figure"), &columns);
        }
    json_decref(e.seen);
}
