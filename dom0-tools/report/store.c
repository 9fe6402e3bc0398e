#include "report/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/files.h"
#include "report/json.h"
#include "report/output.h"
#include "xenometer.h"

#define SUFFIX   ".json"
#define LONGEST  64u

/* The caller's; NULL where there is no home. */
static char *directory(void)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    /* The specification: what is not absolute is to be ignored. */
    if ( data && *data == '/' )
        return xasprintf("%s/xenometer/results", data);
    return home && *home ? xasprintf("%s/.local/share/xenometer/results", home) : NULL;
}

static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";

    return *name && *name != '.' && *name != '-' && strlen(name) <= LONGEST &&
           strspn(name, allowed) == strlen(name);
}

int store_check(const char *name)
{
    if ( is_name(name) )
        return STATUS_OK;
    message("'%s' is no name to keep results under: up to %u letters, digits and . _ + -", name,
            LONGEST);
    return STATUS_USAGE;
}

static char *file_of(const char *name)
{
    char *where = directory(), *path = where ? xasprintf("%s/%s" SUFFIX, where, name) : NULL;

    free(where);
    return path;
}

int store_save(const char *name, const struct results *results)
{
    char *where = directory(), *path = NULL;
    int status = store_check(name), error;

    if ( status == STATUS_OK && !where )
    {
        message("neither XDG_DATA_HOME nor HOME is set: --output=FILE writes the results");
        status = STATUS_ENVIRONMENT;
    }
    else if ( status == STATUS_OK && (error = make_directories(where)) != 0 )
    {
        message("cannot make %s: %s", where, strerror(error));
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
        status = results_write(path = file_of(name), results);
    free(path);
    free(where);
    return status;
}

char *store_find(const char *name)
{
    char *path = is_name(name) ? file_of(name) : NULL;

    if ( path && access(path, F_OK) == 0 )
        return path;
    free(path);
    return NULL;
}

static int is_kept(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);

    return length > suffix && *entry->d_name != '.' &&
           !strcmp(entry->d_name + length - suffix, SUFFIX);
}

static void list_one(FILE *out, const char *name)
{
    struct results results = { .count = 0 };
    const struct environment *e = &results.environment;

    if ( results_read(name, &results) != STATUS_OK )
        return;   /* it has said why */
    fprintf(out, "%-24s %-20s Xen %s, %s, %zu results\n", name, e->started ? e->started : "",
            e->xen ? e->xen : "unknown", e->host ? e->host : "unknown host", results.count);
    results_free(&results);
}

int store_list(FILE *out)
{
    char *where = directory();
    struct dirent **entries;
    int count = where ? scandir(where, &entries, is_kept, alphasort) : 0;

    for ( int i = 0; i < count; i++ )
    {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        list_one(out, entries[i]->d_name);
        free(entries[i]);
    }
    if ( count > 0 )
        free(entries);
    else
        message("nothing is kept: `xenometer run --save=NAME` keeps results");
    free(where);
    return STATUS_OK;
}

int store_remove(const char *name)
{
    char *path = store_find(name);
    int status = STATUS_USAGE;

    if ( !path )
        message("nothing is kept as %s: `xenometer compare --list` shows what is", name);
    else if ( unlink(path) != 0 )
        message("cannot remove %s: %s", path, strerror(errno));
    else
        status = STATUS_OK;
    free(path);
    return status;
}
