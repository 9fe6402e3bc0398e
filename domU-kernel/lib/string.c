#include "string.h"

#include <stdint.h>

void *memmove(void *to, const void *from, size_t n)
{
    unsigned char *d = to;
    const unsigned char *s = from;

    if ( (uintptr_t)d - (uintptr_t)s >= n )
        return memcpy(to, from, n);
    while ( n-- )
        d[n] = s[n];
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;

    for ( ; n; n--, x++, y++ )
        if ( *x != *y )
            return *x - *y;
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while ( s[n] )
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while ( *a && *a == *b )
        a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

void string_copy(char *to, const char *from, size_t size)
{
    size_t i = 0;

    for ( ; i + 1 < size && from[i]; i++ )
        to[i] = from[i];
    to[i] = '\0';
}
