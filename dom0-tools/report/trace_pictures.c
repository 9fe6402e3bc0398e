/*
 * What both pictures and the folded stacks have in common.
 */
#include <stdlib.h>
#include <string.h>

#include "report/trace_files.h"
#include "xenometer.h"

void xml_text(FILE *out, const char *text)
{
    for ( ; *text; text++ )
        switch ( *text )
        {
        case '<': fputs("&lt;", out);   break;
        case '>': fputs("&gt;", out);   break;
        case '&': fputs("&amp;", out);  break;
        case '"': fputs("&quot;", out); break;
        default:  fputc(*text, out);
        }
}

const char *layer_colour(enum layer layer)
{
    switch ( layer )
    {
    case LAYER_GUEST:  return "#8fd18f";
    case LAYER_GUEST_KERNEL: return "#56b3a4";
    case LAYER_KVM:
    case LAYER_XEN:    return "#e8836b";
    case LAYER_KERNEL: return "#7ea8e8";
    case LAYER_USER:   return "#e3c15a";
    default:           return "#cccccc";
    }
}

/* ------------------------------------------------------------------ boxes -- */

#define DEEPEST 80u        /* deeper calls are of the box at that depth */

/* Boxes in the making: each lasts until another stands there. */
struct making {
    const struct trace *trace;
    struct trace_box open[DEEPEST];
    size_t depth;
    void (*put)(void *, const struct trace *, const struct trace_box *);
    void *context;
};

static void close_boxes(struct making *m, size_t depth, uint64_t end)
{
    while ( m->depth > depth )
    {
        m->open[--m->depth].end = end;
        m->put(m->context, m->trace, &m->open[m->depth]);
    }
}

static const char *level_name(const struct trace *t, const struct step *s, size_t level)
{
    return level ? s->frames[level - 1] : t->places[s->place].name;
}

static void go_on(struct making *m, const struct step *s)
{
    size_t levels = s->depth + 1 < DEEPEST ? s->depth + 1 : DEEPEST, same = 0;

    while ( same < levels && same < m->depth && m->open[same].place == s->place &&
            m->open[same].name == level_name(m->trace, s, same) )
        same++;
    close_boxes(m, same, s->at);
    for ( ; m->depth < levels; m->depth++ )
        m->open[m->depth] = (struct trace_box){ .name = level_name(m->trace, s, m->depth),
            .at = s->at, .place = s->place, .level = m->depth };
}

void trace_boxes(const struct trace *t,
                 void (*put)(void *, const struct trace *, const struct trace_box *), void *context)
{
    struct making m = { .trace = t, .put = put, .context = context };

    for ( size_t i = 0; i < t->step_count; i++ )
        go_on(&m, &t->steps[i]);
    close_boxes(&m, 0, t->total);
}

/* ----------------------------------------------------------------- folded -- */

struct folded {
    char *stack;
    uint64_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct folded *)a)->stack, ((const struct folded *)b)->stack);
}

void trace_folded(FILE *out, const struct trace *t)
{
    struct folded *list = xcalloc(t->step_count + 1, sizeof(*list));

    for ( size_t i = 0; i < t->step_count; i++ )
    {
        const struct step *s = &t->steps[i];

        list[i].count = s->count;
        list[i].stack = xstrdup(t->places[s->place].name);
        for ( size_t k = 0; k < s->depth; k++ )
        {
            char *longer = xasprintf("%s;%s", list[i].stack, s->frames[k]);

            free(list[i].stack);
            list[i].stack = longer;
        }
    }
    qsort(list, t->step_count, sizeof(*list), compare);
    for ( size_t i = 0, next; i < t->step_count; i = next )
    {
        uint64_t count = 0;

        for ( next = i; next < t->step_count && !strcmp(list[next].stack, list[i].stack); next++ )
            count += list[next].count;
        fprintf(out, "%s %llu\n", list[i].stack, (unsigned long long)count);
    }
    for ( size_t i = 0; i < t->step_count; i++ )
        free(list[i].stack);
    free(list);
}
