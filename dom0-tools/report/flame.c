/*
 * A flame graph in the order of execution: time, in instructions, runs from
 * left to right, callers stand above what they call.  Any browser shows it; a
 * box's title tells its function and count.
 */
#include <stdlib.h>
#include <string.h>

#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define WIDTH      1600.0
#define LEVEL      18       /* pixels per level */
#define HEAD       44
#define CHARACTER  6.7      /* width of one, in the font used */
#define SMALLEST   0.4      /* pixels: what is smaller cannot be seen */

static void draw(void *context, const struct trace *t, const struct trace_box *b)
{
    FILE *out = context;
    double scale = WIDTH / (double)t->total;
    double x = (double)b->at * scale, width = (double)(b->end - b->at) * scale;
    int y = HEAD + (int)b->level * LEVEL;

    if ( width < SMALLEST )
        return;
    fprintf(out, "<g><title>");
    xml_text(out, b->name);
    fprintf(out, " (");
    xml_text(out, t->places[b->place].name);
    fprintf(out, "): %llu instructions at %llu</title><rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" "
            "height=\"%d\" fill=\"%s\"/>", (unsigned long long)(b->end - b->at),
            (unsigned long long)b->at, x, y, width, LEVEL - 1,
            layer_colour(t->places[b->place].layer));
    if ( width > 4 * CHARACTER )
    {
        char *text = xstrdup(b->name);
        size_t fits = (size_t)((width - 4) / CHARACTER);

        if ( strlen(text) > fits )
            text[fits] = '\0';
        fprintf(out, "<text x=\"%.2f\" y=\"%d\">", x + 2, y + LEVEL - 5);
        xml_text(out, text);
        fprintf(out, "</text>");
        free(text);
    }
    fprintf(out, "</g>\n");
}

void trace_flame(FILE *out, const struct trace *t)
{
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
    trace_boxes(t, draw, out);
    fprintf(out, "</svg>\n");
    free(total);
}
