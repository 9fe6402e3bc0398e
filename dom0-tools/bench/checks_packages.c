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

char *checks_missing_packages(const char *list)
{
    static const char *const argv[] = {
        "dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", NULL
    };
    char *path = data_file(list);
    FILE *wanted = path ? fopen(path, "re") : NULL;
    char *output = wanted ? program_output(argv) : NULL, *missing = NULL;

    if ( output )
    {
        /* With a newline before the first, every name stands between two. */
        char *there = xasprintf("\n%s", output);

        missing = find_missing(wanted, there);
        free(there);
    }
    free(output);
    if ( wanted )
        fclose(wanted);
    free(path);
    return missing;
}

void checks_packages(struct checks *checks)
{
    char *missing = checks_missing_packages("configs/packages"), *hint;

    if ( !missing )
        checks_add(checks, GROUP, "dpkg", CHECK_NOTE, NULL,
                   "not a Debian machine: packages cannot be looked up");
    else if ( !*missing )
        checks_add(checks, GROUP, "Debian", CHECK_OK, NULL,
                   "all that building and the lab take are installed");
    else
    {
        hint = xasprintf("apt-get install %s", missing);
        checks_add(checks, GROUP, "Debian", CHECK_NOTE, hint,
                   "not all that building and the lab take are installed");
        free(hint);
    }
    free(missing);
}
