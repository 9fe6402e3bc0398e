/*
 * A flame graph in the order of execution: time, in instructions, runs from
 * left to right, callers stand above what they call.  Any browser shows it; a
 * box's title tells its function and count.
 */
#include <string.h>

#include "report/text.h"
#include "report/trace_files.h"

#include <stdlib.h>

#define WIDTH      1600.0
#define LEVEL      18       /* pixels per level */
#define HEAD       44
#define CHARACTER  6.7      /* width of one, in the font used */
#define SMALLEST   0.1      /* pixels: what is smaller cannot be seen */

/* A box in the making: it began at `at` and lasts until another stands there. */
struct box {
    const char *name;
    uint64_t at;
    size_t place;
};

struct drawing {
    FILE *out;
    const struct trace *trace;
    struct box open[80];
    size_t depth;
};

static void draw(const struct drawing *d, size_t level, uint64_t end)
{
    const struct box *b = &d->open[level];
    double scale = WIDTH / (double)d->trace->total;
    double x = (double)b->at * scale, width = (double)(end - b->at) * scale;
    int y = HEAD + (int)level * LEVEL;

    if ( width < SMALLEST )
        return;
    fprintf(d->out, "<g><title>");
    xml_text(d->out, b->name);
    fprintf(d->out, " (");
    xml_text(d->out, d->trace->places[b->place].name);
    fprintf(d->out, "): %llu instructions at %llu</title><rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" "
            "height=\"%d\" fill=\"%s\"/>", (unsigned long long)(end - b->at),
            (unsigned long long)b->at, x, y, width, LEVEL - 1,
            layer_colour(d->trace->places[b->place].layer));
    if ( width > 4 * CHARACTER )
    {
        char *text = strdup(b->name);
        size_t fits = (size_t)((width - 4) / CHARACTER);

        if ( text && strlen(text) > fits )
            text[fits] = '\0';
        fprintf(d->out, "<text x=\"%.2f\" y=\"%d\">", x + 2, y + LEVEL - 5);
        xml_text(d->out, text ? text : "");
        fprintf(d->out, "</text>");
        free(text);
    }
    fprintf(d->out, "</g>\n");
}

static const char *level_name(const struct trace *t, const struct step *s, size_t level)
{
    return level ? s->frames[level - 1] : t->places[s->place].name;
}

static void show(struct drawing *d, const struct step *s)
{
    const size_t room = sizeof(d->open) / sizeof(d->open[0]);
    size_t levels = s->depth + 1 < room ? s->depth + 1 : room, same = 0;

    while ( same < levels && same < d->depth && d->open[same].place == s->place &&
            d->open[same].name == level_name(d->trace, s, same) )
        same++;
    while ( d->depth > same )
        draw(d, --d->depth, s->at);
    for ( ; d->depth < levels; d->depth++ )
        d->open[d->depth] = (struct box){ level_name(d->trace, s, d->depth), s->at, s->place };
}

void trace_flame(FILE *out, const struct trace *t)
{
    struct drawing d = { .out = out, .trace = t };
    char *total = text_number(t->total);
    size_t deepest = 0;

    for ( size_t i = 0; i < t->step_count; i++ )
        if ( t->steps[i].depth > deepest )
            deepest = t->steps[i].depth;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %zu\" "
            "font-family=\"monospace\" font-size=\"11\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n"
            "<text x=\"4\" y=\"16\" font-size=\"14\">", WIDTH, HEAD + (deepest + 2) * LEVEL);
    xml_text(out, t->row);
    fprintf(out, " in %s: %s instructions, in order from left to right</text>\n",
            t->column->name, total);
    for ( int i = 0, x = 4; i < LAYERS; i++ )
        if ( t->layers[i] )
        {
            fprintf(out, "<rect x=\"%d\" y=\"24\" width=\"10\" height=\"10\" fill=\"%s\"/>"
                    "<text x=\"%d\" y=\"33\">%s %llu</text>\n", x, layer_colour((enum layer)i),
                    x + 14, layer_key((enum layer)i), (unsigned long long)t->layers[i]);
            x += 180;
        }
    for ( size_t i = 0; i < t->step_count; i++ )
        show(&d, &t->steps[i]);
    while ( d.depth > 0 )
        draw(&d, --d.depth, t->total);
    fprintf(out, "</svg>\n");
    free(total);
}
