/*
 * Text for people (text.h).
 */
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/text.h"
#include "xenometer.h"

#define MIN_WIDTH 40u   /* columns; what says that it has less does not know */

struct style text_style(FILE *out)
{
    struct style style = { .width = READABLE_WIDTH, .table = TABLE_WIDTH };
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    const char *asked = getenv("COLUMNS");
    unsigned columns = 0;
    int fd = fileno(out);
    struct winsize window;

    style.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if ( fd >= 0 && isatty(fd) )
    {
        style.colour = (no_color == NULL || *no_color == '\0') &&
                       term != NULL && strcmp(term, "dumb") != 0;
        if ( ioctl(fd, TIOCGWINSZ, &window) == 0 )
            columns = window.ws_col;
    }
    else if ( asked != NULL )
        columns = (unsigned)strtoul(asked, NULL, 10);
    if ( columns >= MIN_WIDTH )
    {
        style.table = columns;
        if ( columns < style.width )
            style.width = columns;
    }
    return style;
}

char *text_number(uint64_t number)
{
    char digits[24], text[32];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
    size_t at = 0;

    for ( int i = 0; i < length; i++ )
    {
        if ( i > 0 && (length - i) % 3 == 0 )
            text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = '\0';
    return xstrdup(text);
}

char *text_short_number(uint64_t number)
{
    static const char units[] = "kMGTPE";
    double rest = (double)number;
    size_t unit = 0;

    if ( number < 10000 )
        return text_number(number);
    /* 999,500 is 1.00M, not 1000k. */
    for ( rest /= 1000; rest >= 999.5; rest /= 1000 )
        unit++;
    return xasprintf("%.*f%c", rest < 9.995 ? 2 : rest < 99.95 ? 1 : 0, rest, units[unit]);
}

char *text_ratio(uint64_t a, uint64_t b, bool utf8)
{
    const char *times = utf8 ? "\u00d7" : "x";
    double ratio = (double)a / (double)b;
    char *number, *text;

    if ( a == b )
        return xasprintf("1%s", times);
    if ( ratio < 99.95 )
        return xasprintf("%.1f%s", ratio, times);
    number = text_number((uint64_t)(ratio + 0.5));
    text = xasprintf("%s%s", number, times);
    free(number);
    return text;
}

char *text_change(uint64_t from, uint64_t to)
{
    double percent = 100 * ((double)to - (double)from) / (double)from;
    double size = percent < 0 ? -percent : percent;
    const char *sign = to > from ? "+" : to < from ? "-" : "";
    char *number, *text;

    if ( to != from && size < 0.05 )
        return xasprintf("%s<0.1%%", sign);
    if ( size < 9.95 )
        return xasprintf("%s%.1f%%", sign, size);
    number = text_number((uint64_t)(size + 0.5));
    text = xasprintf("%s%s%%", sign, number);
    free(number);
    return text;
}

/* Columns of the first `bytes` of a UTF-8 string; colours take none. */
static size_t count_columns(const char *text, size_t bytes)
{
    size_t columns = 0;
    bool escape = false;

    for ( size_t i = 0; i < bytes; i++ )
    {
        if ( text[i] == '\033' )
            escape = true;
        else if ( escape )
            escape = text[i] != 'm';
        else
            columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    }
    return columns;
}

size_t text_columns(const char *text)
{
    return count_columns(text, strlen(text));
}

void text_wrap(FILE *out, const char *first, const char *text, unsigned width)
{
    size_t indent = text_columns(first), column = indent;
    bool line_empty = true;

    fputs(first, out);
    while ( *text )
    {
        size_t bytes = strcspn(text, " \n"), columns = count_columns(text, bytes);

        if ( bytes > 0 )
        {
            if ( !line_empty && column + 1 + columns > width )
            {
                fprintf(out, "\n%*s", (int)indent, "");
                column = indent;
                line_empty = true;
            }
            if ( !line_empty )
            {
                fputc(' ', out);
                column++;
            }
            fwrite(text, 1, bytes, out);
            column += columns;
            line_empty = false;
        }
        text += bytes;
        if ( *text )
            text++;
    }
    fputc('\n', out);
}
