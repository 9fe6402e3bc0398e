/*
 * What every part of the program uses: messages, memory, data files
 * (xenometer.h).
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenometer.h"

/* Set by the Makefile; where `make install` puts what the program reads. */
#ifndef DATA_DIRECTORY
#define DATA_DIRECTORY "/usr/local/lib/xenometer"
#endif

bool verbose;

static void out_of_memory(void)
{
    static const char text[] = "xenometer: out of memory\n";

    /* Nothing to be done when even this cannot be written. */
    if ( write(STDERR_FILENO, text, sizeof(text) - 1) < 0 )
        _exit(STATUS_ENVIRONMENT);
    exit(STATUS_ENVIRONMENT);
}

/*
 * One write per message: the domain consoles, QEMU and our child processes
 * share stderr, and lines must not mix.
 */
static void write_message(const char *format, va_list arguments)
{
    char *text, *line;
    size_t length;

    text = xvasprintf(format, arguments);
    line = xasprintf("xenometer: %s\n", text);
    free(text);
    length = strlen(line);
    for ( size_t done = 0; done < length; )
    {
        ssize_t n = write(STDERR_FILENO, line + done, length - done);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
            break;   /* nobody listens; there is no other place to say it */
        done += (size_t)n;
    }
    free(line);
}

void message(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_message(format, arguments);
    va_end(arguments);
}

void progress(const char *format, ...)
{
    va_list arguments;

    if ( !verbose && !isatty(STDERR_FILENO) )
        return;
    va_start(arguments, format);
    write_message(format, arguments);
    va_end(arguments);
}

void *xmalloc(unsigned long bytes)
{
    void *p = malloc(bytes ? bytes : 1);

    if ( p == NULL )
        out_of_memory();
    return p;
}

void *xcalloc(unsigned long count, unsigned long bytes)
{
    void *p = calloc(count ? count : 1, bytes ? bytes : 1);

    if ( p == NULL )
        out_of_memory();
    return p;
}

void *xrealloc(void *p, unsigned long bytes)
{
    p = realloc(p, bytes ? bytes : 1);
    if ( p == NULL )
        out_of_memory();
    return p;
}

char *xstrdup(const char *s)
{
    char *copy = strdup(s);

    if ( copy == NULL )
        out_of_memory();
    return copy;
}

char *xvasprintf(const char *format, va_list arguments)
{
    char *text;

    if ( vasprintf(&text, format, arguments) < 0 )
        out_of_memory();
    return text;
}

char *xasprintf(const char *format, ...)
{
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = xvasprintf(format, arguments);
    va_end(arguments);
    return text;
}

/* The directory this program was started from; the caller's, or NULL. */
static char *program_directory(void)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
    char *slash;

    if ( length <= 0 )
        return NULL;
    path[length] = '\0';
    slash = strrchr(path, '/');
    if ( slash == NULL )
        return NULL;
    *slash = '\0';
    return xstrdup(path);
}

char *data_file(const char *relative)
{
    /*
     * In a checkout the program stands in build/, beside xenometer.elf and the
     * agent; configs/ is one directory up.  An installed program stands in
     * PREFIX/bin: looked up from there first, so that a moved prefix works.
     */
    static const char *const beside[] = { "", "../", "../lib/xenometer/" };
    char *directory = program_directory(), *path;

    for ( size_t i = 0; directory && i < sizeof(beside) / sizeof(beside[0]); i++ )
    {
        path = xasprintf("%s/%s%s", directory, beside[i], relative);
        if ( access(path, F_OK) == 0 )
        {
            char *clean = realpath(path, NULL);

            free(directory);
            if ( clean == NULL )
                return path;
            free(path);
            return clean;
        }
        free(path);
    }
    free(directory);

    path = xasprintf("%s/%s", DATA_DIRECTORY, relative);
    if ( access(path, F_OK) == 0 )
        return path;
    free(path);
    return NULL;
}
