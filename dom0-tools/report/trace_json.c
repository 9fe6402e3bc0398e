#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/files.h"
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
        if ( t->layers[i] || i < LAYERS_OF_XEN )
            json_object_set_new(layers, layer_key((enum layer)i), number(t->layers[i]));
    return layers;
}

/* What a place is called that is no process. */
static const char *const names[LAYERS] = {
    [LAYER_GUEST] = "guest", [LAYER_GUEST_KERNEL] = "guest kernel", [LAYER_XEN] = "Xen",
    [LAYER_KVM] = "KVM", [LAYER_KERNEL] = "dom0 kernel", [LAYER_USER] = "process",
    [LAYER_IDLE] = "idle",
};

/* "layer", and for a process its program, or what is called otherwise than its layer. */
static json_t *place_json(const struct trace *t, size_t place)
{
    const struct place *p = &t->places[place];
    bool own = p->layer == LAYER_USER || strcmp(p->name, names[p->layer]);

    return json_pack("{s:s,s:o}", "layer", layer_key(p->layer),
                     "process", text_or_null(own ? p->name : NULL));
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

/* ---------------------------------------------------------------- stacks -- */

/* A call stack is its innermost function, called from another stack; -1: from none, none. */
struct stacks {
    json_t *frames, *frame_index, *list, *index;
};

static json_int_t frame_number(struct stacks *s, const char *name)
{
    const json_t *known = json_object_get(s->frame_index, name);
    json_int_t next = (json_int_t)json_array_size(s->frames);

    if ( known )
        return json_integer_value(known);
    json_array_append_new(s->frames, text_to_json(name));
    json_object_set_new(s->frame_index, name, json_integer(next));
    return next;
}

static json_int_t stack_number(struct stacks *s, json_int_t caller, size_t place, json_int_t frame)
{
    json_int_t next = (json_int_t)json_array_size(s->list);
    const json_t *known;
    char key[64];

    snprintf(key, sizeof(key), "%lld %zu %lld", (long long)caller, place, (long long)frame);
    known = json_object_get(s->index, key);
    if ( known )
        return json_integer_value(known);
    json_array_append_new(s->list, json_pack("[I,I,I]", caller, (json_int_t)place, frame));
    json_object_set_new(s->index, key, json_integer(next));
    return next;
}

/* The steps, for pictures of what was called when. */
static void put_stacks(json_t *document, const struct trace *t)
{
    struct stacks s = { json_array(), json_object(), json_array(), json_object() };
    json_t *places = json_array(), *steps = json_array();

    for ( size_t i = 0; i < t->place_count; i++ )
        json_array_append_new(places, place_json(t, i));
    for ( size_t i = 0; i < t->step_count; i++ )
    {
        const struct step *step = &t->steps[i];
        json_int_t stack = stack_number(&s, -1, step->place, -1);

        for ( size_t k = 0; k < step->depth; k++ )
            stack = stack_number(&s, stack, step->place, frame_number(&s, step->frames[k]));
        json_array_append_new(steps, json_pack("[I,o]", stack, number(step->count)));
    }
    json_object_set_new(document, "places", places);
    json_object_set_new(document, "frames", s.frames);
    json_object_set_new(document, "stacks", s.list);
    json_object_set_new(document, "steps", steps);
    json_decref(s.frame_index);
    json_decref(s.index);
}

json_t *trace_document(const struct trace *t)
{
    json_t *document = json_object();

    json_object_set_new(document, "schema", json_string(TRACE_SCHEMA));
    json_object_set_new(document, "row", json_string(t->row));
    json_object_set_new(document, "mode", json_string(t->column->name));
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
    put_stacks(document, t);
    return document;
}

char *trace_to_json(const struct trace *t)
{
    json_t *document = trace_document(t);
    char *text, *line;

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

/* A number of a table of so many; the table's size: there is none. */
static size_t get_index(const json_t *list, size_t at, size_t count)
{
    json_int_t n = json_integer_value(json_array_get(list, at));

    return n >= 0 && (size_t)n < count ? (size_t)n : count;
}

/* The functions of a stack, outermost first; callers have lower numbers, so this ends. */
static bool read_frames(struct step *step, const json_t *stacks, size_t stack,
                        const json_t *frames)
{
    size_t depth = 0, at = stack, count = json_array_size(stacks);

    for ( size_t below = at; below < count; at = below, depth++ )
    {
        below = get_index(json_array_get(stacks, at), 0, count);
        if ( below < count && below >= at )
            return false;
    }
    step->depth = --depth;
    step->frames = xcalloc(depth + 1, sizeof(*step->frames));
    for ( at = stack; depth > 0; at = get_index(json_array_get(stacks, at), 0, count) )
        if ( !(step->frames[--depth] = json_string_value(json_array_get(frames,
                   get_index(json_array_get(stacks, at), 2, json_array_size(frames))))) )
            return false;
    return true;
}

/* Traces of before have no steps: then there are none. */
static bool read_steps(struct trace *t, const json_t *document)
{
    const json_t *places = json_object_get(document, "places"), *step;
    const json_t *stacks = json_object_get(document, "stacks");
    const json_t *frames = json_object_get(document, "frames");
    const json_t *steps = json_object_get(document, "steps");
    uint64_t at = 0;
    size_t i;

    t->steps = xcalloc(json_array_size(steps) + 1, sizeof(*t->steps));
    json_array_foreach(steps, i, step)
    {
        size_t stack = get_index(step, 0, json_array_size(stacks));
        size_t place = get_index(json_array_get(stacks, stack), 1, json_array_size(places));
        struct step *s = &t->steps[t->step_count++];
        json_int_t count = json_integer_value(json_array_get(step, 1));
        enum layer layer;

        if ( stack == json_array_size(stacks) || count < 0 ||
             !get_layer(json_array_get(places, place), &layer) ||
             !read_frames(s, stacks, stack, frames) )
            return false;
        s->place = place_of(t, json_array_get(places, place), layer);
        s->count = (uint64_t)count;
        s->at = at;
        at += s->count;
    }
    return !t->step_count || at == t->total;
}

static bool read_document(struct trace *t, const json_t *document)
{
    const json_t *layers = json_object_get(document, "layers");
    const char *row = get_text(document, "row"), *mode = get_text(document, "mode");

    if ( !row || !mode || !column_find(mode) )
        return false;
    t->row = xstrdup(row);
    t->column = column_find(mode);
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
           read_functions(t, json_object_get(document, "functions")) && read_steps(t, document);
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

int trace_read(const char *path, struct trace *t)
{
    size_t size = 0;
    char *text = read_whole_file(path, &size);
    int status = STATUS_USAGE;

    *t = (struct trace){ 0 };
    if ( text )
        status = trace_from_json(text, size, path, t);
    else
        message("cannot read %s: %s", path, strerror(errno));
    free(text);
    return status;
}
