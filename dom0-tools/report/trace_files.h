/*
 * A trace for machines and for pictures.  The writers of text print to a
 * stream that the caller checks for errors.
 */
#ifndef REPORT_TRACE_FILES_H
#define REPORT_TRACE_FILES_H

#include <stdio.h>

#include "trace/trace.h"

/* Schema xenometer-trace/1: one document with a newline; the caller's to free. */
char *trace_to_json(const struct trace *);

/* The same as a value; the caller's. */
json_t *trace_document(const struct trace *);

/*
 * Read such a document, for comparing and for pictures.  `name` stands for it in messages.
 * STATUS_OK, or STATUS_USAGE after a message (then there is nothing to free).
 */
int trace_from_json(const char *text, size_t length, const char *name, struct trace *);

/* The same from a file. */
int trace_read(const char *path, struct trace *);

/* Folded stacks: "layer;function;function count", one a line, sorted: what
 * flamegraph.pl and others read. */
void trace_folded(FILE *, const struct trace *);

/* A flame graph (SVG) in the order of execution, from left to right. */
void trace_flame(FILE *, const struct trace *);

/* A sequence diagram (SVG): who runs after whom, with the count on every arrow. */
void trace_sequence(FILE *, const struct trace *);

/* Trace-event JSON for Perfetto and Chrome, and speedscope's file format (trace_export.c). */
void trace_perfetto(FILE *, const struct trace *);
void trace_speedscope(FILE *, const struct trace *);

/* A function, or at level 0 a place, from where it was entered until it was left. */
struct trace_box {
    const char *name;
    uint64_t at, end;        /* instructions */
    size_t place, level;
};

/* All of them, each when it ends. */
void trace_boxes(const struct trace *,
                 void (*put)(void *context, const struct trace *, const struct trace_box *),
                 void *context);

/* Text as XML wants it. */
void xml_text(FILE *, const char *text);

/* The colour of a layer in both pictures, "#rrggbb". */
const char *layer_colour(enum layer);

#endif
