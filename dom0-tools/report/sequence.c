/*
 * A sequence diagram of the stages: one lifeline for each who took part, from
 * top to bottom.  The number on an arrow is what its sender executed before it
 * handed on; what runs after the answer was ready is drawn pale.
 */
#include <stdlib.h>
#include <string.h>

#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define LIFELINE_STEP  230        /* pixels between lifelines */
#define MARGIN  120
#define HEAD    90
#define STAGE   30         /* pixels per stage */
#define BAR     10         /* width of an activation */
#define WORDS   560        /* width of the column that says what a stage does */

struct diagram {
    FILE *out;
    const struct trace *trace;
    size_t *columns;       /* place by column, in the order guest … process, idle */
    size_t count;
};

static int column_x(const struct diagram *d, size_t place)
{
    for ( size_t i = 0; i < d->count; i++ )
        if ( d->columns[i] == place )
            return MARGIN + (int)i * LIFELINE_STEP;
    return MARGIN;
}

static void order_columns(struct diagram *d)
{
    d->columns = xcalloc(d->trace->place_count + 1, sizeof(*d->columns));
    for ( int k = 0; k < LAYERS; k++ )
        for ( size_t i = 0; i < d->trace->place_count; i++ )
            if ( d->trace->places[i].layer == layers_outwards[k] && d->trace->places[i].count )
                d->columns[d->count++] = i;
}

static void draw_lifelines(const struct diagram *d, int bottom)
{
    for ( size_t i = 0; i < d->count; i++ )
    {
        const struct place *p = &d->trace->places[d->columns[i]];
        int x = MARGIN + (int)i * LIFELINE_STEP;
        char *count = text_number(p->count);

        fprintf(d->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#999999\" "
                "stroke-dasharray=\"4 4\"/><rect x=\"%d\" y=\"36\" width=\"180\" height=\"40\" "
                "rx=\"4\" fill=\"%s\"/><text x=\"%d\" y=\"53\" text-anchor=\"middle\">", x, HEAD - 14,
                x, bottom, x - 90, layer_colour(p->layer), x);
        xml_text(d->out, p->name);
        fprintf(d->out, "</text><text x=\"%d\" y=\"69\" text-anchor=\"middle\">%s</text>\n", x, count);
        free(count);
    }
}

static void draw_stage(const struct diagram *d, size_t i)
{
    const struct trace *t = d->trace;
    const struct stage *g = &t->stages[i];
    int x = column_x(d, g->place), y = HEAD + (int)i * STAGE;
    const char *faint = g->tail ? " opacity=\"0.45\"" : "";
    char *count = text_number(g->count);

    fprintf(d->out, "<g%s><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"%s\" "
            "stroke=\"#555555\"><title>%s instructions%s</title></rect>", faint, x - BAR / 2, y,
            BAR, STAGE, layer_colour(t->places[g->place].layer), count,
            g->tail ? ", after the answer was ready" : "");
    fprintf(d->out, "<text x=\"%d\" y=\"%d\" font-size=\"11\" fill=\"#555555\">",
            MARGIN + (int)d->count * LIFELINE_STEP - 100, y + STAGE / 2 + 4);
    xml_text(d->out, g->what);
    fprintf(d->out, "</text>");
    if ( i + 1 < t->stage_count )
    {
        int to = column_x(d, t->stages[i + 1].place), way = to > x ? 1 : -1;
        int from = x + way * BAR / 2, end = to - way * (BAR / 2 + 2);

        fprintf(d->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#333333\" "
                "marker-end=\"url(#head)\"/><text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                from, y + STAGE, end, y + STAGE, x + way * LIFELINE_STEP / 2, y + STAGE - 4, count);
    }
    else
        fprintf(d->out, "<text x=\"%d\" y=\"%d\">%s</text>", x + BAR, y + STAGE / 2 + 4, count);
    fprintf(d->out, "</g>\n");
    free(count);
}

void trace_sequence(FILE *out, const struct trace *t)
{
    struct diagram d = { .out = out, .trace = t };
    int bottom = HEAD + (int)t->stage_count * STAGE;
    char *total = text_number(t->total), *tail = text_number(t->tail);

    order_columns(&d);
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n"
            "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" "
            "markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#333333\"/>"
            "</marker></defs>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
            "<text x=\"10\" y=\"20\" font-size=\"15\">", MARGIN + (int)d.count * LIFELINE_STEP - 100 + WORDS,
            bottom + 20);
    xml_text(out, t->row);
    fprintf(out, " in %s: %s instructions", t->column->name, total);
    if ( t->tail )
        fprintf(out, ", %s of them after the answer was ready (pale)", tail);
    fputs("</text>\n", out);
    draw_lifelines(&d, bottom);
    for ( size_t i = 0; i < t->stage_count; i++ )
        draw_stage(&d, i);
    fprintf(out, "</svg>\n");
    free(d.columns);
    free(total);
    free(tail);
}
