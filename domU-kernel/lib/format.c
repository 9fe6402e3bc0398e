#include "format.h"

#include <stdbool.h>
#include <stdint.h>

struct out { char *to; size_t size, length; };

static void put(struct out *o, char c)
{
    if ( o->length + 1 < o->size )
        o->to[o->length] = c;
    o->length++;
}

static void put_number(struct out *o, uint64_t v, unsigned base, bool negative,
                       unsigned width, char pad)
{
    char digits[24];
    unsigned n = 0;

    do
        digits[n++] = "0123456789abcdef"[v % base];
    while ( v /= base );
    if ( negative )
        digits[n++] = '-';
    for ( unsigned i = n; i < width; i++ )
        put(o, pad);
    while ( n )
        put(o, digits[--n]);
}

size_t format_arguments(char *to, size_t size, const char *f, va_list arguments)
{
    struct out o = { to, size, 0 };

    for ( ; *f; f++ )
    {
        char pad = ' ';
        unsigned width = 0;
        bool is_long = false;

        if ( *f != '%' )
        {
            put(&o, *f);
            continue;
        }
        f++;
        if ( *f == '0' )
            pad = '0', f++;
        for ( ; *f >= '0' && *f <= '9'; f++ )
            width = width * 10 + (unsigned)(*f - '0');
        for ( ; *f == 'l'; f++ )
            is_long = true;
        switch ( *f )
        {
        case 'd':
        {
            int64_t v = is_long ? va_arg(arguments, long) : va_arg(arguments, int);

            put_number(&o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0, width, pad);
            break;
        }
        case 'u':
        case 'x':
        {
            uint64_t v = is_long ? va_arg(arguments, unsigned long)
                                 : va_arg(arguments, unsigned);

            put_number(&o, v, *f == 'x' ? 16 : 10, false, width, pad);
            break;
        }
        case 'p':
            put(&o, '0');
            put(&o, 'x');
            put_number(&o, (uint64_t)va_arg(arguments, void *), 16, false, 0, ' ');
            break;
        case 's':
        {
            const char *s = va_arg(arguments, const char *);

            for ( s = s ? s : "(null)"; *s; s++ )
                put(&o, *s);
            break;
        }
        case 'c':
            put(&o, (char)va_arg(arguments, int));
            break;
        case '\0':
            f--;
            break;
        default:
            put(&o, *f);
        }
    }
    if ( size )
        to[o.length < size ? o.length : size - 1] = '\0';
    return o.length;
}

size_t format(char *to, size_t size, const char *f, ...)
{
    va_list arguments;
    size_t n;

    va_start(arguments, f);
    n = format_arguments(to, size, f, arguments);
    va_end(arguments);
    return n;
}

int parse_decimal(const char *text, unsigned long *value)
{
    unsigned long v = 0;

    if ( !*text )
        return 0;
    for ( ; *text; text++ )
    {
        unsigned digit = (unsigned)(*text - '0');

        if ( digit > 9 || v > (~0ul - digit) / 10 )
            return 0;
        v = v * 10 + digit;
    }
    *value = v;
    return 1;
}
