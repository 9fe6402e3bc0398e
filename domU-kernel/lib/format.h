/*
 * printf for the console and for XenStore values.  Understands %s %c %p
 * %d %u %x with l, a width and zero padding: what this image uses.
 */
#ifndef LIB_FORMAT_H
#define LIB_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/* Always terminates `to`; returns the length it would have needed. */
size_t format_arguments(char *to, size_t size, const char *format, va_list);
size_t format(char *to, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Unsigned decimal, the whole string: false when it is anything else. */
int parse_decimal(const char *text, unsigned long *value);

#endif
