/*
 * A trace for programs that show profiles.
 *
 * Perfetto and Chrome: trace-event JSON ("Trace Event Format"), complete events.  One instruction is
 * shown as one nanosecond, which is what the lab's clock makes of it.  Speedscope: its file format
 * (https://www.speedscope.app/file-format-schema.json), one sampled profile without a unit.
 */
#include <stdlib.h>

#include "report/json.h"
#include "report/trace_files.h"
#include "xenometer.h"

/* --------------------------------------------------------------- perfetto -- */

static json_t *about_thread(size_t thread, const char *what, const char *name)
{
    return json_pack("{s:s, s:s, s:i, s:I, s:{s:o}}", "name", what, "ph", "M", "pid", 1, "tid",
                     (json_int_t)thread, "args", "name", text_to_json(name));
}

static void put_event(void *context, const struct trace *t, const struct trace_box *box)
{
    json_t *events = context;

    json_array_append_new(events, json_pack("{s:o, s:s, s:s, s:f, s:f, s:i, s:I, s:{s:I}}",
        "name", text_to_json(box->name), "cat", layer_key(t->places[box->place].layer), "ph", "X",
        "ts", (double)box->at / 1000, "dur", (double)(box->end - box->at) / 1000, "pid", 1,
        "tid", (json_int_t)box->place + 1, "args", "instructions", (json_int_t)(box->end - box->at)));
}

void trace_perfetto(FILE *out, const struct trace *t)
{
    json_t *events = json_array(), *document;
    char *title = xasprintf("%s in %s", t->row, t->column->name);

    json_array_append_new(events, about_thread(0, "process_name", title));
    for ( size_t i = 0; i < t->place_count; i++ )
        json_array_append_new(events, about_thread(i + 1, "thread_name", t->places[i].name));
    trace_boxes(t, put_event, events);
    document = json_pack("{s:o, s:s, s:{s:o, s:I, s:s}}", "traceEvents", events, "displayTimeUnit",
                         "ns", "otherData", "row", text_to_json(title), "instructions",
                         (json_int_t)t->total, "clock", "instructions: a nanosecond shown is one "
                         "executed instruction, not a time");
    json_dumpf(document, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(document);
    free(title);
}

/* -------------------------------------------------------------- speedscope -- */

static json_t *frame_number(json_t *frames, json_t *index, const char *name, const char *where)
{
    char *key = xasprintf("%s %s", where, name);
    json_t *plain = text_to_json(key), *known = json_object_get(index, json_string_value(plain));

    if ( !known )
    {
        known = json_integer((json_int_t)json_array_size(frames));
        json_array_append_new(frames, json_pack("{s:o, s:o}", "name", text_to_json(name), "file",
                                                text_to_json(where)));
        json_object_set_new(index, json_string_value(plain), known);
    }
    json_decref(plain);
    free(key);
    return json_incref(known);
}

void trace_speedscope(FILE *out, const struct trace *t)
{
    json_t *frames = json_array(), *index = json_object(), *samples = json_array();
    json_t *weights = json_array(), *document;
    char *title = xasprintf("%s in %s, instructions", t->row, t->column->name);

    for ( size_t i = 0; i < t->step_count; i++ )
    {
        const struct step *s = &t->steps[i];
        const char *place = t->places[s->place].name;
        json_t *stack = json_array();

        json_array_append_new(stack, frame_number(frames, index, place, place));
        for ( size_t k = 0; k < s->depth; k++ )
            json_array_append_new(stack, frame_number(frames, index, s->frames[k], place));
        json_array_append_new(samples, stack);
        json_array_append_new(weights, json_integer((json_int_t)s->count));
    }
    document = json_pack("{s:s, s:s, s:o, s:{s:o}, s:[{s:s, s:o, s:s, s:i, s:I, s:o, s:o}]}",
        "$schema", "https://www.speedscope.app/file-format-schema.json",
        "exporter", "xenometer " XENOMETER_VERSION, "name", text_to_json(title),
        "shared", "frames", frames,
        "profiles", "type", "sampled", "name", text_to_json(title), "unit", "none",
        "startValue", 0, "endValue", (json_int_t)t->total, "samples", samples, "weights", weights);
    json_dumpf(document, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(document);
    json_decref(index);
    free(title);
}
