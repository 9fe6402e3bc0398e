#include "report/pictures.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "report/layout.h"
#include "report/notes.h"
#include "report/output.h"
#include "report/ratio.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "xenometer.h"

#define WIDTH   PICTURE_WIDTH
#define NAMES   270       /* pixels for the rows' names */
#define MODES    52       /* for what a bar is of */
#define FIGURES 150       /* for the figure behind it */
#define TRACK   (WIDTH - NAMES - MODES - FIGURES)
#define BAR      18
#define GAP      14       /* between rows */
#define HEAD     66
#define MOST_COLUMNS 16u

/* Colours of columns, on light and on dark ground; those of the HTML report. */
static const char *const colours[][2] = {
    { "#2f6db5", "#6aa5e8" }, { "#0f8573", "#43bfa9" }, { "#c2571a", "#ec8a4d" },
    { "#7a7f87", "#9aa1ab" }, { "#8d52a8", "#c08bdb" }, { "#a3762a", "#d1a554" },
    { "#b03a68", "#e57fa5" }, { "#4d7a2c", "#8fbf69" },
};
#define COLOURS (sizeof(colours) / sizeof(colours[0]))

/* ------------------------------------------------------------------ scale -- */

/* Of decades; log10 by repeated division, for libm is not linked. */
struct scale {
    unsigned from, to;
};

static double log10_of(double v)
{
    double result = 0, step = 1, base = 10;

    if ( v < 1 )
        return 0;
    while ( v >= 10 )
    {
        v /= 10;
        result++;
    }
    /* The rest digit by binary digit: v squared is above 10 when its half of the logarithm is. */
    for ( unsigned i = 0; i < 24; i++ )
    {
        v *= v;
        step /= 2;
        if ( v >= base )
        {
            v /= base;
            result += step;
        }
    }
    return result;
}

static struct scale scale_of(uint64_t low, uint64_t high)
{
    struct scale s = { (unsigned)log10_of((double)low), (unsigned)log10_of((double)high) };
    double top = log10_of((double)high);

    s.to += top > s.to;
    if ( s.to == s.from )
        s.to++;
    return s;
}

/* Where a value lies, from 0 to 1. */
static double share(const struct scale *s, uint64_t value)
{
    double at = (log10_of((double)value) - s->from) / (s->to - s->from);

    return at < 0 ? 0 : at > 1 ? 1 : at;
}

/* "1", "10k", "1M" */
static void put_power(FILE *out, unsigned power)
{
    static const char *const ones[] = { "1", "10", "100" };
    static const char units[] = " kMGTPE";

    fputs(ones[power % 3], out);
    if ( power >= 3 )
        fputc(units[power / 3], out);
}

/* ------------------------------------------------------------------ frame -- */

void picture_begin(FILE *out, int height, const char *title, const char *label)
{
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
            "font-family=\"system-ui,'Segoe UI',Roboto,'Liberation Sans',sans-serif\" "
            "font-size=\"14\">\n<title>", WIDTH, height);
    xml_text(out, label);
    fputs("</title>\n<style>.g{fill:#fff}.t{fill:#1d2126}.q{fill:#565d66}.l{stroke:#dcdad5}"
          ".w{stroke:#1d2126}", out);
    for ( size_t i = 0; i < COLOURS; i++ )
        fprintf(out, ".c%zu{fill:%s}.s%zu{stroke:%s;fill:none}", i, colours[i][0], i, colours[i][0]);
    fputs("@media(prefers-color-scheme:dark){.g{fill:#14171b}.t{fill:#e8e6e1}.q{fill:#a4abb5}"
          ".l{stroke:#353b44}.w{stroke:#e8e6e1}", out);
    for ( size_t i = 0; i < COLOURS; i++ )
        fprintf(out, ".c%zu{fill:%s}.s%zu{stroke:%s}", i, colours[i][1], i, colours[i][1]);
    fprintf(out, "}</style>\n<rect class=\"g\" width=\"%d\" height=\"%d\"/>\n"
            "<text class=\"t\" x=\"16\" y=\"28\" font-size=\"18\" font-weight=\"600\">", WIDTH, height);
    xml_text(out, title);
    fputs("</text>\n", out);
}

static const char *unit_of(const struct results *results)
{
    return notes_instructions(results) ? "instructions, not time"
           : results->environment.clock ? results->environment.clock : "ticks";
}

/* ------------------------------------------------------------------- bars -- */

static bool is_shown(const struct result *r, const char *work, const struct image *image)
{
    const struct image_row *row = image ? image_find(image, r->row) : NULL;

    return r->outcome == OUTCOME_SUCCESS && !strcmp(work_of(r), work) &&
           (!image || (row && (row->flags & ROW_HEADLINE)));
}

/* The columns of a document, in the order of appearance: a colour each. */
static size_t colour_of(const struct results *results, const struct column *column)
{
    const struct column *seen[MOST_COLUMNS];
    size_t count = 0, c;

    for ( size_t i = 0; i < results->count && count < MOST_COLUMNS; i++ )
    {
        for ( c = 0; c < count && seen[c] != results->rows[i].column; c++ )
            ;
        if ( c == count )
            seen[count++] = results->rows[i].column;
    }
    for ( c = 0; c < count && seen[c] != column; c++ )
        ;
    return c;
}

/* The results of a work, those of a row together; the caller's. */
static const struct result **choose(const struct results *results, const char *work,
                                    const struct image *image, size_t *count)
{
    const struct result **list = xcalloc(results->count + 1, sizeof(*list));
    bool *taken = xcalloc(results->count + 1, sizeof(*taken));

    *count = 0;
    for ( size_t i = 0; i < results->count; i++ )
    {
        if ( taken[i] || !is_shown(&results->rows[i], work, image) )
            continue;
        for ( size_t k = i; k < results->count; k++ )
            if ( !strcmp(results->rows[k].row, results->rows[i].row) &&
                 is_shown(&results->rows[k], work, image) )
            {
                list[(*count)++] = &results->rows[k];
                taken[k] = true;
            }
    }
    free(taken);
    return list;
}

static void draw_bar(FILE *out, const struct results *results, const struct result *r,
                     const struct scale *scale, const struct ratio *ratio, int y)
{
    double end = share(scale, r->median) * TRACK, tail = share(scale, r->p99) * TRACK;
    int x = NAMES + MODES, middle = y + BAR / 2;
    char *figure = text_number(r->median);

    fprintf(out, "<text class=\"q\" x=\"%d\" y=\"%d\" font-size=\"12\">", NAMES, middle + 4);
    xml_text(out, r->column->title);
    fprintf(out, "</text><rect class=\"c%zu\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
            "rx=\"2\"/>", colour_of(results, r->column) % COLOURS, x, y + 2, end < 2 ? 2 : end, BAR - 4);
    if ( tail > end )
        fprintf(out, "<path class=\"w\" stroke-width=\"2\" d=\"M%.1f %dH%.1fM%.1f %dv8\"/>", x + end,
                middle, x + tail, x + tail, middle - 4);
    fprintf(out, "<text class=\"t\" x=\"%d\" y=\"%d\" text-anchor=\"end\"%s>%s</text>",
            x + TRACK + 84, middle + 5, ratio->value == 1 ? " font-weight=\"700\"" : "", figure);
    if ( ratio->to && ratio->value > 1 )
    {
        char *times = text_ratio(r->median, ratio->to->median, true);

        fprintf(out, "<text class=\"q\" x=\"%d\" y=\"%d\" text-anchor=\"end\" font-size=\"12\">%s</text>",
                WIDTH - 12, middle + 4, times);
        free(times);
    }
    fputc('\n', out);
    free(figure);
}

void picture_bars(FILE *out, const struct results *results, const char *work,
                  const struct image *image)
{
    struct ratio *ratios = ratios_make(results);
    size_t count;
    const struct result **list = choose(results, work, image, &count);
    uint64_t low = UINT64_MAX, high = 1;
    int y = HEAD, height = HEAD + 10;
    struct scale scale;
    char *label;

    for ( size_t i = 0; i < count; i++ )
    {
        low = list[i]->median < low ? list[i]->median : low;
        high = list[i]->p99 > high ? list[i]->p99 : high;
        height += BAR + (i && !strcmp(list[i]->row, list[i - 1]->row) ? 0 : GAP);
    }
    scale = scale_of(count ? (low + 1) / 2 : 1, high);
    label = xasprintf("%s: %s per operation, logarithmic scale", work, unit_of(results));
    picture_begin(out, height, work, label);
    fprintf(out, "<text class=\"q\" x=\"%d\" y=\"28\" text-anchor=\"end\" font-size=\"12\">%s; "
            "line: to p99</text>\n", WIDTH - 12, unit_of(results));
    for ( unsigned power = scale.from; power <= scale.to; power++ )
    {
        int x = NAMES + MODES + (int)(power - scale.from) * TRACK / (int)(scale.to - scale.from);

        fprintf(out, "<path class=\"l\" d=\"M%d %dV%d\"/><text class=\"q\" x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\" font-size=\"12\">", x, HEAD - 2, height - 8, x, HEAD - 8);
        put_power(out, power);
        fputs("</text>\n", out);
    }
    for ( size_t i = 0; i < count; i++ )
    {
        if ( !i || strcmp(list[i]->row, list[i - 1]->row) )
        {
            y += GAP;
            fprintf(out, "<text class=\"t\" x=\"16\" y=\"%d\" font-family=\"ui-monospace,Consolas,"
                    "'Liberation Mono',monospace\">", y + BAR - 5);
            xml_text(out, list[i]->row);
            fputs("</text>", out);
        }
        draw_bar(out, results, list[i], &scale, &ratios[list[i] - results->rows], y);
        y += BAR;
    }
    fputs("</svg>\n", out);
    free(label);
    free(list);
    free(ratios);
}

/* ------------------------------------------------------------------ lines -- */

#define LINES_HEIGHT 480
#define LEFT  70
#define RIGHT 190
#define FOOT  56

static char *x_text(uint64_t x, const char *what)
{
    if ( strcmp(what, "bytes") )
        return text_number(x);
    return x >= 1u << 20 ? xasprintf("%llu MiB", (unsigned long long)(x >> 20))
           : x >= 1024 ? xasprintf("%llu KiB", (unsigned long long)(x >> 10))
           : xasprintf("%llu B", (unsigned long long)x);
}

struct area {
    const struct sweep *sweep;
    const struct column *column;   /* NULL: all */
    struct scale y;
    uint64_t low, high;       /* of x */
};

static bool in_area(const struct area *a, const struct sweep_line *line)
{
    return !a->column || line->column == a->column;
}

static double area_x(const struct area *a, uint64_t x)
{
    double from = log10_of((double)a->low), to = log10_of((double)a->high);

    return LEFT + (to > from ? (log10_of((double)x) - from) / (to - from) : 0) * (WIDTH - LEFT - RIGHT);
}

static double area_y(const struct area *a, uint64_t y)
{
    return LINES_HEIGHT - FOOT - share(&a->y, y) * (LINES_HEIGHT - FOOT - HEAD);
}

static void area_measure(struct area *a)
{
    uint64_t low = UINT64_MAX, high = 1;

    a->low = UINT64_MAX;
    a->high = 1;
    for ( size_t l = 0; l < a->sweep->count; l++ )
        for ( size_t p = 0; in_area(a, &a->sweep->lines[l]) && p < a->sweep->lines[l].count; p++ )
        {
            const struct sweep_point *point = &a->sweep->lines[l].points[p];

            low = point->result->median < low ? point->result->median : low;
            high = point->result->median > high ? point->result->median : high;
            a->low = point->x < a->low ? point->x : a->low;
            a->high = point->x > a->high ? point->x : a->high;
        }
    a->y = scale_of(low, high);
}

static void draw_axes(FILE *out, const struct area *a)
{
    double last = -100;

    for ( unsigned power = a->y.from; power <= a->y.to; power++ )
    {
        double y = LINES_HEIGHT - FOOT - (double)(power - a->y.from) / (a->y.to - a->y.from) *
                   (LINES_HEIGHT - FOOT - HEAD);

        fprintf(out, "<path class=\"l\" d=\"M%d %.1fH%d\"/><text class=\"q\" x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\" font-size=\"12\">", LEFT, y, WIDTH - RIGHT, LEFT - 8, y + 4);
        put_power(out, power);
        fputs("</text>\n", out);
    }
    /* The numbers of the longest line, where there is room. */
    for ( size_t l = 0; l < a->sweep->count; l++ )
        if ( in_area(a, &a->sweep->lines[l]) )
        {
            for ( size_t p = 0; p < a->sweep->lines[l].count; p++ )
            {
                uint64_t x = a->sweep->lines[l].points[p].x;
                char *text = x_text(x, a->sweep->what);

                if ( area_x(a, x) - last > 48 )
                {
                    last = area_x(a, x);
                    fprintf(out, "<text class=\"q\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" "
                            "font-size=\"12\">%s</text>\n", last, LINES_HEIGHT - FOOT + 20, text);
                }
                free(text);
            }
            break;
        }
    fprintf(out, "<text class=\"q\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
            LEFT + (WIDTH - LEFT - RIGHT) / 2, LINES_HEIGHT - 12, a->sweep->what);
}

/* Its name beside its end; names that would overlap move down. */
static void draw_line(FILE *out, const struct area *a, const struct sweep_line *line,
                      size_t colour, double *names)
{
    const struct sweep_point *end = &line->points[line->count - 1];
    double y = area_y(a, end->result->median);

    fprintf(out, "<path class=\"s%zu\" stroke-width=\"2.5\" stroke-linejoin=\"round\" d=\"", colour);
    for ( size_t p = 0; p < line->count; p++ )
        fprintf(out, "%c%.1f %.1f", p ? 'L' : 'M', area_x(a, line->points[p].x),
                area_y(a, line->points[p].result->median));
    fputs("\"/>", out);
    for ( size_t p = 0; p < line->count; p++ )
        fprintf(out, "<circle class=\"c%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"/>", colour,
                area_x(a, line->points[p].x), area_y(a, line->points[p].result->median));
    for ( bool moved = true; moved; )
    {
        moved = false;
        for ( double *taken = names; *taken > 0; taken++ )
            if ( y > *taken - 16 && y < *taken + 16 )
            {
                y = *taken + 16.5;
                moved = true;
            }
    }
    while ( *names > 0 )
        names++;
    *names = y;
    fprintf(out, "<circle class=\"c%zu\" cx=\"%d\" cy=\"%.1f\" r=\"5\"/><text class=\"t\" x=\"%d\" "
            "y=\"%.1f\">", colour, WIDTH - RIGHT + 20, y, WIDTH - RIGHT + 32, y + 4);
    xml_text(out, a->column ? line->name : line->column->title);
    fputs("</text>\n", out);
}

void picture_sweep(FILE *out, const struct results *results, const struct sweep *sweep,
                   const struct column *column)
{
    struct area a = { .sweep = sweep, .column = column };
    double *names = xcalloc(sweep->count + 1, sizeof(*names));
    bool alone = !column && sweep->count && *sweep->lines[0].name;
    char *title = xasprintf("%s%s%s by %s%s%s", sweep->group, alone ? "/" : "",
                            alone ? sweep->lines[0].name : "", sweep->what, column ? ", " : "",
                            column ? column->title : "");
    char *label = xasprintf("%s: %s per operation, both scales logarithmic", title, unit_of(results));
    size_t colour = 0;

    area_measure(&a);
    picture_begin(out, LINES_HEIGHT, title, label);
    fprintf(out, "<text class=\"q\" x=\"%d\" y=\"28\" text-anchor=\"end\" font-size=\"12\">%s</text>\n",
            WIDTH - 12, unit_of(results));
    draw_axes(out, &a);
    for ( size_t l = 0; l < sweep->count; l++ )
        if ( in_area(&a, &sweep->lines[l]) )
        {
            size_t c = column ? colour++ : colour_of(results, sweep->lines[l].column);

            draw_line(out, &a, &sweep->lines[l], c % COLOURS, names);
        }
    fputs("</svg>\n", out);
    free(names);
    free(label);
    free(title);
}

/* ------------------------------------------------------------------ files -- */

/* "read-4-kib-from-a-disk" */
static char *file_name(const char *directory, const char *kind, const char *name, const char *more)
{
    char *file = xasprintf("%s-%s%s%s", kind, name, *more ? "-" : "", more), *path;
    size_t to = 0;

    for ( const char *c = file; *c; c++ )
        if ( isalnum((unsigned char)*c) )
            file[to++] = (char)tolower((unsigned char)*c);
        else if ( to && file[to - 1] != '-' )
            file[to++] = '-';
    while ( to && file[to - 1] == '-' )
        to--;
    file[to < 100 ? to : 100] = '\0';
    path = xasprintf("%s/%s.svg", directory, file);
    free(file);
    return path;
}

/* Takes the path, and the text of a stream that it closes. */
static int finish(char *path, FILE *out, char **text)
{
    int status;

    fclose(out);
    status = output_write(path, *text);
    free(*text);
    free(path);
    return status;
}

static int write_works(const char *directory, const struct results *results,
                       const struct image *image)
{
    int status = STATUS_OK;

    for ( size_t i = 0; status == STATUS_OK && i < results->count; i++ )
    {
        const char *work = work_of(&results->rows[i]);
        char *text = NULL;
        size_t size, count;
        bool before = false;
        const struct result **list;

        for ( size_t k = 0; k < i && !before; k++ )
            before = !strcmp(work_of(&results->rows[k]), work);
        if ( before )
            continue;
        list = choose(results, work, image, &count);
        free(list);
        if ( count > 1 )
        {
            FILE *out = notes_begin(&text, &size);

            picture_bars(out, results, work, image);
            status = finish(file_name(directory, "work", work, ""), out, &text);
        }
    }
    return status;
}

static bool one_path(const struct sweep *sweep)
{
    for ( size_t l = 1; l < sweep->count; l++ )
        if ( strcmp(sweep->lines[l].name, sweep->lines[0].name) )
            return false;
    return true;
}

static bool first_of_column(const struct sweep *sweep, size_t line)
{
    for ( size_t l = 0; l < line; l++ )
        if ( sweep->lines[l].column == sweep->lines[line].column )
            return false;
    return true;
}

static int write_sweep(const char *directory, const struct results *results,
                       const struct sweep *sweep, const struct column *column)
{
    char *text = NULL;
    size_t size;
    FILE *out = notes_begin(&text, &size);
    char *path, *more;

    more = column ? xasprintf("%s-%s", sweep->what, column->name)
                  : xasprintf("%s-%s", sweep->lines[0].name, sweep->what);
    path = file_name(directory, "sweep", sweep->group, more);
    picture_sweep(out, results, sweep, column);
    free(more);
    return finish(path, out, &text);
}

static int write_sweeps(const char *directory, const struct results *results)
{
    struct sweeps sweeps = sweeps_find(results);
    int status = STATUS_OK;

    for ( size_t s = 0; status == STATUS_OK && s < sweeps.count; s++ )
    {
        const struct sweep *sweep = &sweeps.all[s];

        if ( one_path(sweep) )
            status = write_sweep(directory, results, sweep, NULL);
        else
            for ( size_t l = 0; status == STATUS_OK && l < sweep->count; l++ )
                if ( first_of_column(sweep, l) )
                    status = write_sweep(directory, results, sweep, sweep->lines[l].column);
    }
    sweeps_free(&sweeps);
    return status;
}

int pictures_write(const char *directory, const struct results *results, const struct image *image)
{
    int error = make_directories(directory), status = STATUS_USAGE;

    if ( error )
        message("cannot make %s: %s; name another directory", directory, strerror(error));
    else
        status = write_works(directory, results, image);
    if ( status == STATUS_OK )
        status = write_sweeps(directory, results);
    return status;
}
