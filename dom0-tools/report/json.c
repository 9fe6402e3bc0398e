/*
 * Results as JSON, schema xenometer/1: the document (json.h).  The file around
 * it is report/file.c.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "measure/summary.h"
#include "report/json.h"
#include "report/ratio.h"
#include "trace/trace.h"
#include "xenometer.h"

#define SCHEMA_PREFIX "xenometer/"
#define SCHEMA_NUMBER 1

/* ---------------------------------------------------------------- write -- */

/*
 * Reasons come from guests: bytes that are not UTF-8 become question marks
 * instead of spoiling the document.
 */
json_t *text_to_json(const char *s)
{
    json_t *value;
    char *plain;

    if ( s == NULL )
        return json_null();
    value = json_string(s);
    if ( value != NULL )
        return value;
    plain = xstrdup(s);
    for ( char *c = plain; *c; c++ )
        if ( (unsigned char)*c >= 0x80 )
            *c = '?';
    value = json_string(plain);
    free(plain);
    return value;
}

json_t *words_to_json(const char *words)
{
    json_t *list = words ? json_array() : json_null();

    for ( const char *word = words; word; )
    {
        const char *end = strchrnul(word, ',');

        json_array_append_new(list, json_stringn(word, (size_t)(end - word)));
        word = *end ? end + 1 : NULL;
    }
    return list;
}

char *words_from_json(const json_t *list)
{
    char *words = NULL;
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        const char *word = json_string_value(item);
        char *longer = xasprintf("%s%s%s", words ? words : "", words ? "," : "", word ? word : "?");

        free(words);
        words = longer;
    }
    return words;
}

/* JSON integers are signed here; no measurement takes 2^63 ticks. */
static json_t *tick_value(uint64_t ticks)
{
    return json_integer(ticks > INT64_MAX ? INT64_MAX : (json_int_t)ticks);
}

static json_t *environment_value(const struct environment *e)
{
    json_t *o = json_object();

    json_object_set_new(o, "host", text_to_json(e->host));
    json_object_set_new(o, "clock", text_to_json(e->clock));
    json_object_set_new(o, "tsc_hz", e->tsc_hz ? tick_value(e->tsc_hz)
                                               : json_null());
    json_object_set_new(o, "xen", text_to_json(e->xen));
    json_object_set_new(o, "xen_build_id", text_to_json(e->xen_build_id));
    json_object_set_new(o, "xen_debug", text_to_json(e->xen_debug));
    json_object_set_new(o, "xen_config", text_to_json(e->xen_config));
    json_object_set_new(o, "xen_options", text_to_json(e->xen_options));
    json_object_set_new(o, "dom0_options", text_to_json(e->dom0_options));
    json_object_set_new(o, "dom0_kernel", text_to_json(e->dom0_kernel));
    if ( e->linux_system )
        json_object_set_new(o, "linux", text_to_json(e->linux_system));
    if ( e->below )
        json_object_set_new(o, "below", text_to_json(e->below));
    if ( e->dom0_modules )
        json_object_set_new(o, "dom0_modules", text_to_json(e->dom0_modules));
    json_object_set_new(o, "qemu", text_to_json(e->qemu));
    json_object_set_new(o, "bochs", text_to_json(e->bochs));
    json_object_set_new(o, "cpu", text_to_json(e->cpu));
    json_object_set_new(o, "architecture", text_to_json(e->architecture));
    json_object_set_new(o, "cpu_features", words_to_json(e->cpu_features));
    json_object_set_new(o, "pinned", text_to_json(e->pinned));
    json_object_set_new(o, "mitigations", text_to_json(e->mitigations));
    json_object_set_new(o, "xenometer", text_to_json(e->xenometer));
    json_object_set_new(o, "image", text_to_json(e->image));
    json_object_set_new(o, "started", text_to_json(e->started));
    json_object_set_new(o, "boots", e->boots ? tick_value(e->boots) : json_null());
    json_object_set_new(o, "seed", e->boots ? tick_value(e->seed) : json_null());
    return o;
}

static json_t *boots_value(const struct result *r)
{
    json_t *list = json_array();

    for ( uint32_t i = 0; i < r->boots; i++ )
        json_array_append_new(list, tick_value(r->boot_medians[i]));
    return list;
}

/* [[value, samples], …] */
static json_t *distribution_value(const struct result *r)
{
    json_t *list = json_array();

    for ( size_t i = 0; i < r->distinct; i++ )
        json_array_append_new(list, json_pack("[o,o]",
            tick_value(r->distribution[i].value),
            tick_value(r->distribution[i].count)));
    return list;
}

static json_t *ratio_value(const struct ratio *ratio)
{
    json_t *o;

    if ( ratio->to == NULL )
        return json_null();
    o = json_object();
    json_object_set_new(o, "to", text_to_json(ratio->to->row));
    json_object_set_new(o, "mode", json_string(ratio->to->column->name));
    json_object_set_new(o, "value", json_real(ratio->value));
    json_object_set_new(o, "ci95", ratio->has_interval
                        ? json_pack("[f,f]", ratio->interval[0], ratio->interval[1])
                        : json_null());
    return o;
}

static json_t *interrupted_value(const struct environment *e, const struct result *r)
{
    uint32_t count;

    return summary_interrupted(e, r, &count) ? tick_value(count) : json_null();
}

/* Of the median sample; their sum is its ticks. */
static json_t *layers_value(const struct result *r)
{
    json_t *o = json_object();

    for ( int i = 0; i < LAYERS_OF_XEN; i++ )
        json_object_set_new(o, layer_key((enum layer)i), tick_value(r->layers[i]));
    return o;
}

static json_t *result_value(const struct result *r, const struct environment *e,
                            const struct ratio *ratio)
{
    const struct {
        const char *key;
        uint64_t value;
    } figures[] = {
        { "first", r->first }, { "min", r->min }, { "median", r->median },
        { "p90", r->p90 }, { "p99", r->p99 }, { "p999", r->p999 },
        { "max", r->max },
    };
    bool measured = r->outcome == OUTCOME_SUCCESS || r->samples != 0;
    json_t *o = json_object();

    json_object_set_new(o, "row", text_to_json(r->row));
    json_object_set_new(o, "work", text_to_json(r->work));
    json_object_set_new(o, "path", text_to_json(r->path));
    json_object_set_new(o, "against", text_to_json(r->against));
    json_object_set_new(o, "mode", json_string(r->column->name));
    json_object_set_new(o, "status", json_string(outcome_name(r->outcome)));
    json_object_set_new(o, "reason", text_to_json(r->reason));
    json_object_set_new(o, "dom0", json_boolean(r->dom0));
    json_object_set_new(o, "blocks", json_boolean(r->blocks));
    json_object_set_new(o, "batches", json_boolean(r->batches));
    json_object_set_new(o, "apic", json_boolean(r->apic));
    json_object_set_new(o, "unit", text_to_json(e->clock));
    json_object_set_new(o, "operations", tick_value(r->operations));
    json_object_set_new(o, "bytes", r->bytes ? tick_value(r->bytes) : json_null());
    json_object_set_new(o, "samples", tick_value(r->samples));
    /* What was not measured is null, not 0. */
    for ( size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++ )
        json_object_set_new(o, figures[i].key,
                            measured ? tick_value(figures[i].value)
                                     : json_null());
    json_object_set_new(o, "ci95",
                        measured ? json_pack("[o,o]", tick_value(r->ci95[0]),
                                             tick_value(r->ci95[1]))
                                 : json_null());
    json_object_set_new(o, "ratio", ratio_value(ratio));
    json_object_set_new(o, "batch", measured && r->has_batch ? tick_value(r->batch)
                                                             : json_null());
    json_object_set_new(o, "boots", tick_value(r->boots));
    json_object_set_new(o, "boot_medians", r->boots ? boots_value(r) : json_null());
    json_object_set_new(o, "overhead", measured ? tick_value(r->overhead)
                                                : json_null());
    json_object_set_new(o, "upcalls", measured ? tick_value(r->upcalls)
                                               : json_null());
    json_object_set_new(o, "interrupted", interrupted_value(e, r));
    json_object_set_new(o, "stolen", measured ? tick_value(r->stolen) : json_null());
    json_object_set_new(o, "distribution", r->distinct ? distribution_value(r)
                                                       : json_null());
    json_object_set_new(o, "notifications",
                        measured ? tick_value(r->notifications) : json_null());
    json_object_set_new(o, "dom0_events",
                        measured ? tick_value(r->dom0_events) : json_null());
    json_object_set_new(o, "total_operations",
                        measured ? tick_value(r->total) : json_null());
    if ( r->served[1] != 0 )
        json_object_set_new(o, "served", json_pack("[o,o]", tick_value(r->served[0]),
                                                   tick_value(r->served[1])));
    if ( r->raw != NULL )
    {
        json_t *raw = json_array();

        for ( size_t i = 0; i < r->raw_count; i++ )
            json_array_append_new(raw, tick_value(r->raw[i]));
        json_object_set_new(o, "raw", raw);
    }
    if ( r->has_layers )
        json_object_set_new(o, "layers", layers_value(r));
    return o;
}

/* One value on one line: a results file then diffs row by row. */
static void put_line(FILE *out, const char *before, json_t *value,
                     const char *after)
{
    char *text = json_dumps(value, JSON_REAL_PRECISION(6));

    json_decref(value);
    fprintf(out, "%s%s%s\n", before, text ? text : "null", after);
    free(text);
}

char *results_to_json(const struct results *results)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    struct ratio *ratios;

    if ( out == NULL )
        return xstrdup("");
    ratios = ratios_make(results);
    fprintf(out, "{\n  \"schema\": \"%s\",\n", RESULTS_SCHEMA);
    put_line(out, "  \"environment\": ",
             environment_value(&results->environment), ",");
    fprintf(out, "  \"rows\": [\n");
    for ( size_t i = 0; i < results->count; i++ )
        put_line(out, "    ", result_value(&results->rows[i],
                                           &results->environment, &ratios[i]),
                 i + 1 < results->count ? "," : "");
    fprintf(out, "  ]\n}\n");
    fclose(out);
    free(ratios);
    return text ? text : xstrdup("");
}

/* ----------------------------------------------------------------- read -- */

struct reader {
    const char *name;   /* the document, for messages */
    char where[32];     /* "environment" or "rows[3]" */
    bool failed;        /* a message has been given */
};

/* Only the first thing that is wrong is told. */
__attribute__((format(printf, 2, 3)))
static void complain(struct reader *reader, const char *format, ...)
{
    va_list arguments;
    char *text;

    if ( reader->failed )
        return;
    reader->failed = true;
    va_start(arguments, format);
    if ( vasprintf(&text, format, arguments) < 0 )
        text = NULL;
    va_end(arguments);
    message("%s is not a results file this program can read: %s",
            reader->name, text ? text : "damaged");
    free(text);
}

/* A string, the caller's to free; NULL when absent, null or wrong. */
static char *get_text(struct reader *reader, const json_t *object,
                      const char *key)
{
    const json_t *value = json_object_get(object, key);

    if ( value == NULL || json_is_null(value) )
        return NULL;
    if ( !json_is_string(value) )
    {
        complain(reader, "%s.%s is not a string", reader->where, key);
        return NULL;
    }
    return xstrdup(json_string_value(value));
}

static uint64_t get_number(struct reader *reader, const json_t *value,
                           const char *key, uint64_t max)
{
    if ( value == NULL || json_is_null(value) )
        return 0;
    if ( !json_is_integer(value) || json_integer_value(value) < 0 ||
         (uint64_t)json_integer_value(value) > max )
    {
        complain(reader, "%s.%s is not a whole number from 0 to %" PRIu64,
                 reader->where, key, max);
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

static uint64_t get_ticks(struct reader *reader, const json_t *object,
                          const char *key)
{
    return get_number(reader, json_object_get(object, key), key, INT64_MAX);
}

static bool get_flag(struct reader *reader, const json_t *object,
                     const char *key)
{
    const json_t *value = json_object_get(object, key);

    if ( value != NULL && !json_is_boolean(value) && !json_is_null(value) )
        complain(reader, "%s.%s is neither true nor false", reader->where, key);
    return json_is_true(value);
}

static void read_environment(struct reader *reader, const json_t *object,
                             struct environment *e)
{
    strcpy(reader->where, "environment");
    if ( !json_is_object(object) )
    {
        complain(reader, "it has no environment");
        return;
    }
    e->host = get_text(reader, object, "host");
    e->clock = get_text(reader, object, "clock");
    e->tsc_hz = get_ticks(reader, object, "tsc_hz");
    e->xen = get_text(reader, object, "xen");
    e->xen_build_id = get_text(reader, object, "xen_build_id");
    e->xen_debug = get_text(reader, object, "xen_debug");
    e->xen_config = get_text(reader, object, "xen_config");
    e->xen_options = get_text(reader, object, "xen_options");
    e->dom0_options = get_text(reader, object, "dom0_options");
    e->dom0_kernel = get_text(reader, object, "dom0_kernel");
    e->linux_system = get_text(reader, object, "linux");
    e->below = get_text(reader, object, "below");
    e->dom0_modules = get_text(reader, object, "dom0_modules");
    e->qemu = get_text(reader, object, "qemu");
    e->bochs = get_text(reader, object, "bochs");
    e->cpu = get_text(reader, object, "cpu");
    e->architecture = get_text(reader, object, "architecture");
    if ( !e->architecture )
        e->architecture = xstrdup("x86");   /* of before there was another */
    e->cpu_features = words_from_json(json_object_get(object, "cpu_features"));
    e->pinned = get_text(reader, object, "pinned");
    e->mitigations = get_text(reader, object, "mitigations");
    e->xenometer = get_text(reader, object, "xenometer");
    e->image = get_text(reader, object, "image");
    e->started = get_text(reader, object, "started");
    e->boots = (uint32_t)get_number(reader, json_object_get(object, "boots"), "boots",
                                    UINT32_MAX);
    e->seed = get_ticks(reader, object, "seed");
    /* Without its clock a figure means nothing. */
    if ( e->clock == NULL || (strcmp(e->clock, "cycles") != 0 &&
                              strcmp(e->clock, "instructions") != 0 &&
                              strcmp(e->clock, "ticks") != 0) )
        complain(reader, "environment.clock is neither \"cycles\", "
                 "\"instructions\" nor \"ticks\"");
}

/* An array, or NULL when there is none. */
static const json_t *get_array(struct reader *reader, const json_t *object,
                               const char *key)
{
    const json_t *array = json_object_get(object, key);

    if ( array == NULL || json_is_null(array) )
        return NULL;
    if ( json_is_array(array) )
        return array;
    complain(reader, "%s.%s is not an array", reader->where, key);
    return NULL;
}

/* An array of numbers, the caller's to free; NULL when there is none. */
static uint64_t *get_list(struct reader *reader, const json_t *object,
                          const char *key, size_t *count)
{
    const json_t *array = get_array(reader, object, key);
    uint64_t *list;

    *count = 0;
    if ( array == NULL )
        return NULL;
    *count = json_array_size(array);
    list = xcalloc(*count, sizeof(*list));
    for ( size_t i = 0; i < *count; i++ )
        list[i] = get_number(reader, json_array_get(array, i), key, INT64_MAX);
    return list;
}

/* Values ascending, their counts adding up to the samples. */
static void read_distribution(struct reader *reader, const json_t *object,
                              struct result *r)
{
    const json_t *array = get_array(reader, object, "distribution");
    uint64_t sum = 0;

    if ( array == NULL )
        return;
    r->distinct = json_array_size(array);
    r->distribution = xcalloc(r->distinct, sizeof(*r->distribution));
    for ( size_t i = 0; i < r->distinct; i++ )
    {
        const json_t *pair = json_array_get(array, i);
        struct tally *t = &r->distribution[i];

        t->value = get_number(reader, json_array_get(pair, 0), "distribution", INT64_MAX);
        t->count = (uint32_t)get_number(reader, json_array_get(pair, 1), "distribution",
                                        UINT32_MAX);
        sum += t->count;
        if ( t->count == 0 || (i > 0 && t->value <= r->distribution[i - 1].value) )
            complain(reader, "%s.distribution is not in order", reader->where);
    }
    if ( sum != r->samples )
        complain(reader, "%s.distribution does not have all samples", reader->where);
}

/* No figure below one that it cannot lie below: a file that was edited, or damaged. */
static void check_figures(struct reader *reader, const struct result *r)
{
    const uint64_t figures[] = { r->min, r->median, r->p90, r->p99, r->p999, r->max };

    for ( size_t i = 1; i < sizeof(figures) / sizeof(figures[0]); i++ )
        if ( figures[i] < figures[i - 1] )
        {
            complain(reader, "%s: min, median, p90, p99, p999 and max are not in order", reader->where);
            return;
        }
}

static void read_names(struct reader *reader, const json_t *object,
                       struct result *r)
{
    char *mode = get_text(reader, object, "mode");
    char *status = get_text(reader, object, "status");
    int outcome = status ? outcome_parse(status) : -1;

    r->row = get_text(reader, object, "row");
    r->work = get_text(reader, object, "work");
    r->path = get_text(reader, object, "path");
    r->against = get_text(reader, object, "against");
    r->reason = get_text(reader, object, "reason");
    r->column = mode ? column_find(mode) : NULL;
    if ( r->row == NULL )
        complain(reader, "%s.row is missing", reader->where);
    if ( r->column == NULL )
        complain(reader, "%s.mode is not one this version knows",
                 reader->where);
    if ( outcome < 0 )
        complain(reader, "%s.status is not one this version knows",
                 reader->where);
    else
        r->outcome = (enum outcome)outcome;
    free(mode);
    free(status);
}

static void read_result(struct reader *reader, const json_t *object,
                        struct result *r)
{
    const json_t *served = json_object_get(object, "served");
    const json_t *ci95, *batch, *layers;
    size_t boots;

    if ( !json_is_object(object) )
    {
        complain(reader, "%s is not an object", reader->where);
        return;
    }
    read_names(reader, object, r);
    r->dom0 = get_flag(reader, object, "dom0");
    r->blocks = get_flag(reader, object, "blocks");
    r->batches = get_flag(reader, object, "batches");
    r->apic = get_flag(reader, object, "apic");
    r->operations = (uint32_t)get_number(reader,
                                         json_object_get(object, "operations"),
                                         "operations", UINT32_MAX);
    r->samples = (uint32_t)get_number(reader,
                                      json_object_get(object, "samples"),
                                      "samples", UINT32_MAX);
    r->bytes = (uint32_t)get_number(reader, json_object_get(object, "bytes"), "bytes",
                                    UINT32_MAX);
    r->first = get_ticks(reader, object, "first");
    r->min = get_ticks(reader, object, "min");
    r->median = get_ticks(reader, object, "median");
    r->p90 = get_ticks(reader, object, "p90");
    r->p99 = get_ticks(reader, object, "p99");
    r->p999 = get_ticks(reader, object, "p999");
    r->max = get_ticks(reader, object, "max");
    if ( r->outcome == OUTCOME_SUCCESS && r->samples )
        check_figures(reader, r);
    r->overhead = get_ticks(reader, object, "overhead");
    r->upcalls = get_ticks(reader, object, "upcalls");
    r->stolen = get_ticks(reader, object, "stolen");
    r->notifications = get_ticks(reader, object, "notifications");
    r->dom0_events = get_ticks(reader, object, "dom0_events");
    r->total = get_ticks(reader, object, "total_operations");
    ci95 = json_object_get(object, "ci95");
    if ( ci95 != NULL && !json_is_null(ci95) && json_array_size(ci95) != 2 )
        complain(reader, "%s.ci95 is not a pair", reader->where);
    for ( size_t i = 0; i < 2; i++ )
    {
        r->ci95[i] = get_number(reader, json_array_get(ci95, i), "ci95",
                                INT64_MAX);
        r->served[i] = get_number(reader, json_array_get(served, i), "served",
                                  INT64_MAX);
    }
    batch = json_object_get(object, "batch");
    r->has_batch = batch != NULL && !json_is_null(batch);
    r->batch = get_ticks(reader, object, "batch");
    r->boot_medians = get_list(reader, object, "boot_medians", &boots);
    r->boots = (uint32_t)boots;
    r->raw = get_list(reader, object, "raw", &r->raw_count);
    read_distribution(reader, object, r);
    layers = json_object_get(object, "layers");
    r->has_layers = json_is_object(layers);
    for ( int i = 0; r->has_layers && i < LAYERS_OF_XEN; i++ )
        r->layers[i] = get_ticks(reader, layers, layer_key((enum layer)i));
}

/* "xenometer/N" of a version we know? */
static bool check_schema(struct reader *reader, const json_t *root)
{
    const char *schema = json_string_value(json_object_get(root, "schema"));
    size_t prefix = strlen(SCHEMA_PREFIX);
    unsigned long number;
    char *end;

    if ( schema == NULL || strncmp(schema, SCHEMA_PREFIX, prefix) != 0 )
    {
        complain(reader, "it does not name the schema " RESULTS_SCHEMA);
        return false;
    }
    number = strtoul(schema + prefix, &end, 10);
    if ( end == schema + prefix || *end != '\0' || number == 0 )
    {
        complain(reader, "schema \"%s\" does not exist", schema);
        return false;
    }
    if ( number > SCHEMA_NUMBER )
    {
        complain(reader, "it has schema %s, this version reads up to "
                 RESULTS_SCHEMA "; use a newer xenometer", schema);
        return false;
    }
    return true;
}

int results_from_json(const char *text, size_t length, const char *name,
                      struct results *results)
{
    struct reader reader = { .name = name };
    json_error_t error;
    json_t *root = json_loadb(text, length, 0, &error), *rows;

    if ( root == NULL )
        complain(&reader, "line %d: %s", error.line, error.text);
    else if ( check_schema(&reader, root) )
    {
        read_environment(&reader, json_object_get(root, "environment"),
                         &results->environment);
        rows = json_object_get(root, "rows");
        if ( !json_is_array(rows) )
            complain(&reader, "it has no rows");
        for ( size_t i = 0; !reader.failed && i < json_array_size(rows); i++ )
        {
            snprintf(reader.where, sizeof(reader.where), "rows[%zu]", i);
            read_result(&reader, json_array_get(rows, i), results_add(results));
        }
    }
    json_decref(root);
    if ( reader.failed )
    {
        results_free(results);
        return STATUS_USAGE;
    }
    return STATUS_OK;
}
