/*
 * stderr as a string (capture.h).
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.h"
#include "xenometer.h"

static char text[8192];
static int saved = -1, memory = -1;

void capture_begin(void)
{
    fflush(stderr);
    saved = dup(STDERR_FILENO);
    memory = memfd_create("stderr", 0);
    if ( saved < 0 || memory < 0 || dup2(memory, STDERR_FILENO) < 0 )
        CU_FAIL_FATAL("cannot capture stderr");
}

const char *capture_end(void)
{
    ssize_t n;

    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    n = pread(memory, text, sizeof(text) - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(saved);
    close(memory);
    return text;
}

bool says(const char *said, const char *needle)
{
    if ( strstr(said, needle) != NULL )
        return true;
    fprintf(stderr, "\n  expected \"%s\" in \"%s\"\n", needle, said);
    return false;
}

bool tells(const char *text, const char *needle)
{
    char *flat = xstrdup(text), *to = flat;
    bool found;

    for ( const char *from = text; *from; from++ )
        if ( *from != ' ' && *from != '\n' )
            *to++ = *from;
        else if ( to != flat && to[-1] != ' ' )
            *to++ = ' ';
    *to = '\0';
    found = says(flat, needle);
    free(flat);
    return found;
}
