#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "catalogue/modes.h"
#include "report/json.h"
#include "report/trace_files.h"
#include "xenometer.h"

static json_t *number(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *layers_json(const struct trace *t)
{
    json_t *layers = json_object();

    for ( int i = 0; i < LAYERS; i++ )
        json_object_set_new(layers, layer_key((enum layer)i), number(t->layers[i]));
    return layers;
}

/* "layer", and for a process of dom0 its program. */
static json_t *place_json(const struct trace *t, size_t place)
{
    const struct place *p = &t->places[place];

    return json_pack("{s:s,s:o}", "layer", layer_key(p->layer),
                     "process", text_or_null(p->layer == LAYER_USER ? p->name : NULL));
}

static json_t *stages_json(const struct trace *t)
{
    json_t *list = json_array();

    for ( size_t i = 0; i < t->stage_count; i++ )
    {
        const struct stage *g = &t->stages[i];
        json_t *stage = place_json(t, g->place);

        json_object_set_new(stage, "at", number(g->at));
        json_object_set_new(stage, "instructions", number(g->count));
        json_object_set_new(stage, "tail", json_boolean(g->tail));
        json_object_set_new(stage, "what", json_string(g->what));
        json_array_append_new(list, stage);
    }
    return list;
}

static json_t *functions_json(const struct trace *t)
{
    json_t *list = json_array();

    for ( size_t i = 0; i < t->function_count; i++ )
    {
        const struct function *f = &t->functions[i];
        json_t *function = place_json(t, f->place);

        json_object_set_new(function, "function", json_string(f->name));
        json_object_set_new(function, "instructions", number(f->own));
        json_object_set_new(function, "with_callees", number(f->with_callees));
        json_object_set_new(function, "calls", number(f->calls));
        json_array_append_new(list, function);
    }
    return list;
}

char *trace_to_json(const struct trace *t)
{
    json_t *document = json_object();
    char *text, *line;

    json_object_set_new(document, "schema", json_string(TRACE_SCHEMA));
    json_object_set_new(document, "row", json_string(t->row));
    json_object_set_new(document, "mode", json_string(mode_name(t->mode)));
    json_object_set_new(document, "unit", json_string("instructions"));
    json_object_set_new(document, "total", number(t->total));
    json_object_set_new(document, "overhead", number(t->overhead));
    json_object_set_new(document, "raw", number(t->raw));
    json_object_set_new(document, "operations", number(t->operations));
    json_object_set_new(document, "sample", number(t->sample));
    json_object_set_new(document, "samples", number(t->samples));
    json_object_set_new(document, "cpu_features", words_to_json(t->cpu_features));
    json_object_set_new(document, "tail", t->xen_symbols ? number(t->tail) : json_null());
    json_object_set_new(document, "xen", text_or_null(t->xen));
    json_object_set_new(document, "dom0_kernel", text_or_null(t->dom0_kernel));
    json_object_set_new(document, "layers", layers_json(t));
    json_object_set_new(document, "stages", stages_json(t));
    json_object_set_new(document, "functions", functions_json(t));
    text = json_dumps(document, JSON_COMPACT);
    json_decref(document);
    line = xasprintf("%s\n", text ? text : "null");
    free(text);
    return line;
}

/* --------------------------------------------------------------- reading -- */

static uint64_t get_number(const json_t *object, const char *key)
{
    json_int_t n = json_integer_value(json_object_get(object, key));

    return n > 0 ? (uint64_t)n : 0;
}

static const char *get_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static bool get_layer(const json_t *object, enum layer *layer)
{
    const char *key = get_text(object, "layer");

    for ( int i = 0; key && i < LAYERS; i++ )
        if ( !strcmp(key, layer_key((enum layer)i)) )
        {
            *layer = (enum layer)i;
            return true;
        }
    return false;
}

static size_t place_of(struct trace *t, const json_t *object, enum layer layer)
{
    static const char *const names[LAYERS] = { "guest", "Xen", "dom0 kernel", "process", "idle" };
    const char *process = get_text(object, "process");
    const char *name = process ? process : names[layer];

    for ( size_t i = 0; i < t->place_count; i++ )
        if ( t->places[i].layer == layer && !strcmp(t->places[i].name, name) )
            return i;
    t->places = xrealloc(t->places, (t->place_count + 1) * sizeof(*t->places));
    t->places[t->place_count] = (struct place){ .name = name, .layer = layer };
    return t->place_count++;
}

static bool read_stages(struct trace *t, const json_t *list)
{
    const json_t *object;
    enum layer layer;
    size_t i;

    t->stages = xcalloc(json_array_size(list) + 1, sizeof(*t->stages));
    json_array_foreach(list, i, object)
    {
        const char *what = get_text(object, "what");

        if ( !get_layer(object, &layer) )
            return false;
        t->stages[t->stage_count++] = (struct stage){
            .place = place_of(t, object, layer), .count = get_number(object, "instructions"),
            .at = get_number(object, "at"), .what = xstrdup(what ? what : ""),
            .tail = json_is_true(json_object_get(object, "tail")) };
        t->places[t->stages[i].place].count += t->stages[i].count;
    }
    return t->stage_count > 0;
}

static bool read_functions(struct trace *t, const json_t *list)
{
    const json_t *object;
    enum layer layer;
    size_t i;

    t->functions = xcalloc(json_array_size(list) + 1, sizeof(*t->functions));
    json_array_foreach(list, i, object)
    {
        if ( !get_layer(object, &layer) || !get_text(object, "function") )
            return false;
        t->functions[t->function_count++] = (struct function){
            .place = place_of(t, object, layer), .name = get_text(object, "function"),
            .own = get_number(object, "instructions"), .calls = get_number(object, "calls"),
            .with_callees = get_number(object, "with_callees") };
    }
    return t->function_count > 0;
}

static bool read_document(struct trace *t, const json_t *document)
{
    const json_t *layers = json_object_get(document, "layers");
    const char *row = get_text(document, "row"), *mode = get_text(document, "mode");

    if ( !row || !mode || !mode_parse(mode) )
        return false;
    t->row = xstrdup(row);
    t->mode = (enum mode)mode_parse(mode);
    t->total = get_number(document, "total");
    t->overhead = get_number(document, "overhead");
    t->operations = (uint32_t)get_number(document, "operations");
    t->sample = (uint32_t)get_number(document, "sample");
    t->samples = (uint32_t)get_number(document, "samples");
    t->cpu_features = words_from_json(json_object_get(document, "cpu_features"));
    t->xen_symbols = json_is_integer(json_object_get(document, "tail"));
    t->tail = get_number(document, "tail");
    t->xen = get_text(document, "xen");
    t->dom0_kernel = get_text(document, "dom0_kernel");
    for ( int i = 0; i < LAYERS; i++ )
        t->layers[i] = get_number(layers, layer_key((enum layer)i));
    return t->total && read_stages(t, json_object_get(document, "stages")) &&
           read_functions(t, json_object_get(document, "functions"));
}

int trace_from_json(const char *text, size_t length, const char *name, struct trace *t)
{
    json_error_t error;
    json_t *document = json_loadb(text, length, 0, &error);
    const char *schema = document ? get_text(document, "schema") : NULL;

    *t = (struct trace){ 0 };
    if ( !document )
        message("%s is no JSON: line %d: %s", name, error.line, error.text);
    else if ( !schema || strncmp(schema, "xenometer-trace/", 16) )
        message("%s is no trace (schema " TRACE_SCHEMA "): `xenometer trace --json` writes one",
                name);
    else if ( strcmp(schema, TRACE_SCHEMA) )
        message("%s has schema %s, this program reads " TRACE_SCHEMA, name, schema);
    else
    {
        t->document = document;   /* holds the names */
        if ( read_document(t, document) )
            return STATUS_OK;
        message("%s is a damaged trace", name);
        trace_free(t);
        return STATUS_USAGE;
    }
    json_decref(document);
    return STATUS_USAGE;
}
