#include "lib/words.h"

#include <stdarg.h>
#include <stdlib.h>

#include "xenometer.h"

static void take(struct words *w, char *word)
{
    w->list = xrealloc(w->list, (w->count + 2) * sizeof(*w->list));
    w->list[w->count++] = word;
    w->list[w->count] = NULL;
}

void words_add(struct words *w, const char *word)
{
    take(w, xstrdup(word));
}

void words_format(struct words *w, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    take(w, xvasprintf(format, arguments));
    va_end(arguments);
}

const char *const *words_argv(const struct words *w)
{
    return (const char *const *)w->list;
}

void words_free(struct words *w)
{
    for ( size_t i = 0; i < w->count; i++ )
        free(w->list[i]);
    free(w->list);
    *w = (struct words){ .count = 0 };
}
