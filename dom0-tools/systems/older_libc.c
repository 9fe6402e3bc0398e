/*
 * What a program compiled with a newer libc's headers asks an older one for.
 *
 * Since glibc 2.38 <stdlib.h> and <stdio.h> give strtol() and its like other names under
 * _GNU_SOURCE, because C23's accept "0b1" too.  In a dom0 whose libc is older they are the
 * functions it has.  Compiled with that libc's headers when the program is linked for it
 * (suite.c), and for nothing else.
 */
#include <features.h>

#if !__GLIBC_PREREQ(2, 38)

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER(type, name) \
    type __isoc23_##name(const char *text, char **end, int base); \
    type __isoc23_##name(const char *text, char **end, int base) \
    { \
        return name(text, end, base); \
    }

NUMBER(long, strtol)
NUMBER(unsigned long, strtoul)
NUMBER(long long, strtoll)
NUMBER(unsigned long long, strtoull)
NUMBER(intmax_t, strtoimax)
NUMBER(uintmax_t, strtoumax)

int __isoc23_sscanf(const char *text, const char *format, ...);
int __isoc23_sscanf(const char *text, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}

int __isoc23_fscanf(FILE *file, const char *format, ...);
int __isoc23_fscanf(FILE *file, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vfscanf(file, format, arguments);
    va_end(arguments);
    return count;
}

#endif
