/*
 * The Debian packages that building and the lab take, from the list `make`
 * itself installs by, configs/packages. (checks.h)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/checks.h"
#include "xenometer.h"

#define GROUP "packages"

/* Is there a line "NAME installed"? */
static bool installed(const char *list, const char *name)
{
    char *wanted = xasprintf("\n%s installed\n", name);
    bool found = strstr(list, wanted) != NULL;

    free(wanted);
    return found;
}

/* The missing ones with blanks between; the caller's, "" for none. */
static char *find_missing(FILE *wanted, const char *list)
{
    char *missing = xstrdup(""), *line = NULL;
    size_t room = 0;

    while ( getline(&line, &room, wanted) > 0 )
    {
        /* "name [lab]", or a comment. */
        char *name = strtok(line, " \t\n"), *longer;

        if ( name == NULL || *name == '#' || installed(list, name) )
            continue;
        longer = xasprintf("%s%s%s", missing, *missing ? " " : "", name);
        free(missing);
        missing = longer;
    }
    free(line);
    return missing;
}

void checks_packages(struct checks *checks)
{
    static const char *const argv[] = {
        "dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", NULL
    };
    char *path = data_file("configs/packages");
    FILE *wanted = path ? fopen(path, "re") : NULL;
    char *output = program_output(argv), *list, *missing;

    if ( output == NULL )
        checks_add(checks, GROUP, "dpkg", CHECK_NOTE, NULL,
                   "not a Debian machine: packages cannot be looked up");
    else if ( wanted != NULL )
    {
        /* With a newline before the first, every name stands between two. */
        list = xasprintf("\n%s", output);
        missing = find_missing(wanted, list);
        if ( *missing == '\0' )
            checks_add(checks, GROUP, "Debian", CHECK_OK, NULL,
                       "all that building and the lab take are installed");
        else
            checks_add(checks, GROUP, "Debian", CHECK_NOTE,
                       "`make` installs them", "missing: %s", missing);
        free(missing);
        free(list);
    }
    free(output);
    if ( wanted != NULL )
        fclose(wanted);
    free(path);
}
