/*
 * The list of checks, and the tools that all of them use (checks.h).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/checks.h"
#include "lib/child.h"
#include "xenometer.h"

#define PATIENCE 5000   /* milliseconds for a program to answer */

void checks_add(struct checks *checks, const char *group, const char *name,
                enum check_state state, const char *advice,
                const char *format, ...)
{
    struct check *check;
    va_list arguments;
    char *text;

    va_start(arguments, format);
    text = xvasprintf(format, arguments);
    va_end(arguments);
    checks->list = xrealloc(checks->list,
                            (checks->count + 1) * sizeof(*checks->list));
    check = &checks->list[checks->count++];
    *check = (struct check){ .group = group, .name = name, .state = state,
                             .text = text,
                             .advice = advice ? xstrdup(advice) : NULL };
}

void checks_free(struct checks *checks)
{
    for ( size_t i = 0; i < checks->count; i++ )
    {
        free(checks->list[i].text);
        free(checks->list[i].advice);
    }
    free(checks->list);
    *checks = (struct checks){ 0 };
}

bool checks_missing(const struct checks *checks, const char *group)
{
    for ( size_t i = 0; i < checks->count; i++ )
        if ( checks->list[i].state == CHECK_MISSING &&
             strcmp(checks->list[i].group, group) == 0 )
            return true;
    return false;
}

bool program_exists(const char *name)
{
    const char *variable = getenv("PATH");
    char *copy = xstrdup(variable ? variable : "/usr/sbin:/usr/bin:/sbin:/bin");
    char *rest = copy, *directory;
    bool found = false;

    while ( !found && (directory = strsep(&rest, ":")) != NULL )
    {
        char *path = xasprintf("%s/%s", *directory ? directory : ".", name);

        found = access(path, X_OK) == 0;
        free(path);
    }
    free(copy);
    return found;
}

char *program_output(const char *const *argv)
{
    int fd = memory_file("output", 0);
    struct child_start how = {
        .argv = argv, .stdin_fd = -1, .stdout_fd = fd, .stderr_fd = -1,
    };
    struct child child = { .pid = 0 };
    char *text = NULL;
    size_t length;

    if ( fd < 0 )
        return NULL;
    if ( child_start(&child, &how) == 0 )
    {
        bool ended = child_wait(&child, PATIENCE);

        child_kill(&child);
        if ( ended && WIFEXITED(child.status) &&
             WEXITSTATUS(child.status) == 0 )
            text = memory_file_text(fd, &length);
    }
    close(fd);
    return text;
}

char *output_value(const char *output, const char *key)
{
    size_t length = strlen(key);

    for ( const char *line = output; line != NULL && *line != '\0'; )
    {
        const char *end = strchr(line, '\n');
        const char *colon = line + strspn(line, " \t");

        if ( strncmp(colon, key, length) == 0 )
        {
            colon += length;
            colon += strspn(colon, " \t");
            if ( *colon == ':' )
            {
                colon += 1 + strspn(colon + 1, " \t");
                return xasprintf("%.*s", (int)strcspn(colon, "\n"), colon);
            }
        }
        line = end ? end + 1 : NULL;
    }
    return NULL;
}

char *first_line(const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;

    if ( in == NULL )
        return NULL;
    if ( getline(&line, &room, in) < 0 )
    {
        free(line);
        line = NULL;
    }
    else
        line[strcspn(line, "\n")] = '\0';
    fclose(in);
    return line;
}
