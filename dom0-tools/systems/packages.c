#include "systems/packages.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/suite.h"
#include "xenometer.h"

/* First line of debs/resolved: what it was resolved for. */
#define RESOLVED_HEADER "# resolved for %016" PRIx64 "\n"

char *packages_resolved(const struct cache *cache, const char *wanted)
{
    char *path = path_in(cache->debs, cache->system->resolved), *text = read_whole_file(path, NULL);
    char *header = xasprintf(RESOLVED_HEADER, hash_string(HASH_START, wanted));
    char *list = NULL;

    if ( text && strncmp(text, header, strlen(header)) == 0 )
        list = xstrdup(text + strlen(header));
    free(header);
    free(text);
    free(path);
    return list;
}

/*
 * An empty dpkg status makes it resolve the whole
 * closure whatever the host has installed.  The hooks are cleared because
 * images for containers put an `rm` of the host's package cache there; the host's
 * preferences are for its own suite.
 */
int packages_configure(const struct cache *cache)
{
    char *path = path_in(cache->debs, "apt.conf"), *text;
    int error = suite_write_sources(cache);

    text = xasprintf(
        "Debug::NoLocking \"1\";\n"
        "APT::Sandbox::User \"\";\n"
        "APT::Install-Recommends \"0\";\n"
        "APT::Get::Assume-Yes \"1\";\n"
        "APT::Architecture \"%s\";\n"
        "Acquire::Languages \"none\";\n"
        "Acquire::Retries \"2\";\n"
        "Acquire::http::Timeout \"20\";\n"
        "Acquire::https::Timeout \"20\";\n"
        "Dir::State::status \"/dev/null\";\n"
        "Dir::State::extended_states \"/dev/null\";\n"
        "Dir::Cache::pkgcache \"\";\n"
        "Dir::Cache::srcpkgcache \"\";\n"
        "Dir::Cache::archives \"%s/\";\n"
        "#clear APT::Update::Pre-Invoke;\n"
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
        "#clear APT::Architectures;\n"
        "APT::Architectures { \"%s\"; };\n"
        "Dir::State::Lists \"%s/lists/\";\n"
        "Dir::Etc::SourceList \"%s/sources.list\";\n"
        "Dir::Etc::SourceParts \"/dev/null\";\n"
        "Dir::Etc::Preferences \"/dev/null\";\n"
        "Dir::Etc::PreferencesParts \"/dev/null\";\n"
        "APT::Default-Release \"\";\n", cache->architecture->debian, cache->debs,
        cache->architecture->debian, cache->debs, cache->debs);
    if ( error == 0 )
        error = write_whole_file(path, text, strlen(text), 0666);
    if ( error )
        cache_error(path, error);
    free(text);
    free(path);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* apt-get with our configuration, the given words and the wanted packages. */
static int apt_get(const struct cache *cache, const char *const *words,
                   const char *wanted, int stdout_fd, char **complaint)
{
    char *copy = wanted ? xstrdup(wanted) : NULL, *rest = copy, *line;
    char *configuration = path_in(cache->debs, "apt.conf");
    const char **argv = xcalloc(4, sizeof(*argv));
    size_t count = 0, room = 4;
    int status;

    argv[count++] = "apt-get";
    argv[count++] = "-qq";
    argv[count++] = "-c";
    argv[count++] = configuration;
    while ( *words )
    {
        argv = xrealloc(argv, ++room * sizeof(*argv));
        argv[count++] = *words++;
    }
    while ( rest && (line = strsep(&rest, "\n")) != NULL )
    {
        line += strspn(line, " \t");
        line[strcspn(line, " \t#")] = '\0';
        if ( *line == '\0' )
            continue;
        argv = xrealloc(argv, ++room * sizeof(*argv));
        argv[count++] = line;
    }
    argv = xrealloc(argv, (room + 1) * sizeof(*argv));
    argv[count] = NULL;
    status = child_run(&(struct child_start){
        .argv = argv, .directory = cache->debs, .stdin_fd = -1, .stdout_fd = stdout_fd },
        complaint);
    free(argv);
    free(configuration);
    free(copy);
    return status;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * From apt's --print-uris lines ('URI' FILE SIZE HASH) the sorted file names,
 * one a line.  Checks that each is there with its size; with `remove`, other
 * packages in debs/ go.
 */
static char *list_files(const struct cache *cache, char *uris)
{
    char **names = NULL, *line, *rest = uris, *list = xstrdup(""), *longer;
    size_t count = 0;

    while ( (line = strsep(&rest, "\n")) != NULL )
    {
        char *name, *end, *path;
        unsigned long long size;
        struct stat st;

        if ( line[0] != '\'' || (name = strstr(line, "' ")) == NULL )
            continue;
        name += 2;
        end = strchr(name, ' ');
        if ( end == NULL )
            continue;
        *end = '\0';
        size = strtoull(end + 1, NULL, 10);
        path = path_in(cache->debs, name);
        if ( stat(path, &st) || (unsigned long long)st.st_size != size )
        {
            message("apt-get did not download %s; try again", name);
            free(path);
            free(names);
            free(list);
            return NULL;
        }
        free(path);
        names = xrealloc(names, (count + 1) * sizeof(*names));
        names[count++] = name;
    }
    if ( count )
        qsort(names, count, sizeof(*names), compare_lines);
    for ( size_t i = 0; i < count; i++ )
    {
        longer = xasprintf("%s%s\n", list, names[i]);
        free(list);
        list = longer;
    }
    free(names);
    return list;
}

/* What the systems' lists name, each on a line; the caller's. */
static char *all_resolved(const struct cache *cache)
{
    char *pattern = path_in(cache->debs, "resolved*"), *all = xstrdup(""), *longer, *text;
    glob_t found;

    if ( glob(pattern, 0, NULL, &found) == 0 )
    {
        for ( size_t i = 0; i < found.gl_pathc; i++ )
        {
            text = read_whole_file(found.gl_pathv[i], NULL);
            longer = xasprintf("%s%s", all, text ? text : "");
            free(text);
            free(all);
            all = longer;
        }
        globfree(&found);
    }
    free(pattern);
    return all;
}

/* Packages of earlier resolutions only cost space. */
static void remove_others(const struct cache *cache)
{
    DIR *directory = opendir(cache->debs);
    char *list = all_resolved(cache);
    struct dirent *entry;

    while ( directory && (entry = readdir(directory)) != NULL )
    {
        size_t length = strlen(entry->d_name);
        char *line, *path;

        if ( length < 4 || strcmp(entry->d_name + length - 4, ".deb") != 0 )
            continue;
        line = xasprintf("%s\n", entry->d_name);
        if ( strstr(list, line) == NULL )
        {
            path = path_in(cache->debs, entry->d_name);
            unlink(path);
            free(path);
        }
        free(line);
    }
    if ( directory )
        closedir(directory);
    free(list);
}

#define NO_PACKAGE "Unable to locate package "   /* apt-pkg/cacheset.cc */

/* apt's complaint about a suite as the line a user can act on. */
static void complain(const struct cache *cache, const char *complaint)
{
    const char *missing;

    if ( strstr(complaint, "No space left on device") )
        cache_error(cache->root, ENOSPC);
    else if ( access(SUITE_KEYS, R_OK) )
        message("cannot check the packages of Debian's %s: %s is missing; install the "
                "package debian-archive-keyring", cache->suite, SUITE_KEYS);
    else if ( strstr(complaint, "does not have a Release file") )
        message("%s has no suite %s (any more); " LAB_SUITE " is one", SUITE_MIRROR,
                cache->suite);
    else if ( (missing = strstr(complaint, NO_PACKAGE)) != NULL )
        message("Debian's %s has no package %s, which the lab is made of: no lab of that suite",
                cache->suite, missing + strlen(NO_PACKAGE));
    else if ( strstr(complaint, "NO_PUBKEY") || strstr(complaint, "not signed") )
        message("cannot check the packages of Debian's %s: %s lacks the key of it; install a "
                "newer debian-archive-keyring", cache->suite, SUITE_KEYS);
    else if ( strstr(complaint, "cannot start apt-get") )
        message("there is no apt-get here, and the lab is made of Debian's packages: install "
                "the packages apt, dpkg and debian-archive-keyring, if this distribution has them, "
                "or copy %s from a machine that made it", cache->root);
    else
        message("cannot get the lab's packages of Debian's %s: %s; the first build needs %s "
                "and about 1 GiB in %s", cache->suite, complaint, SUITE_MIRROR, cache->root);
}

/* Download the closure; *uris gets what it consists of. */
static int download(struct cache *cache, const char *wanted, char **uris, char **complaint)
{
    /* Names and sizes as if nothing were downloaded yet: the list of all. */
    char *nowhere = xasprintf("Dir::Cache::archives=%s/none/", cache->debs);
    char *partial = path_in(cache->debs, "partial");
    const char *print[] = { "-o", nowhere, "--print-uris", "install", NULL };
    const char *fetch[] = { "--download-only", "install", NULL };
    int status, fd = memory_file("uris", 0), error = make_directories(partial);

    *uris = NULL;
    *complaint = NULL;
    if ( error )
        status = cache_error(partial, error);
    else if ( fd < 0 )
        status = STATUS_ENVIRONMENT;
    else
    {
        status = apt_get(cache, print, wanted, fd, complaint);
        if ( status == STATUS_OK )
            status = apt_get(cache, fetch, wanted, -1, complaint);
        if ( status == STATUS_OK )
            *uris = memory_file_text(fd, NULL);
        close(fd);
    }
    free(nowhere);
    free(partial);
    return status;
}

static int update_lists(struct cache *cache, char **complaint)
{
    static const char *const words[] = { "-o", "APT::Update::Error-Mode=any", "update", NULL };
    char *partial = path_in(cache->debs, "lists/partial");
    int status, error = make_directories(partial);

    *complaint = NULL;
    status = error ? cache_error(partial, error)
                   : packages_configure(cache);
    if ( status == STATUS_OK )
        status = apt_get(cache, words, NULL, -1, complaint);
    free(partial);
    return status;
}

int packages_download(struct cache *cache, const char *wanted)
{
    char *uris = NULL, *complaint = NULL, *list, *text, *path;
    bool known;
    int status, error;

    stage_begin("downloading the lab's packages (%s, about %s)", cache->suite,
                cache->system->download);
    status = update_lists(cache, &complaint);
    known = status == STATUS_OK;
    if ( known )
        status = download(cache, wanted, &uris, &complaint);
    stage_end();
    if ( status != STATUS_OK )
    {
        if ( status == STATUS_ENVIRONMENT && complaint )
            complain(cache, complaint);
        /* No such suite, or none that a lab can be made of: its lists are of no use. */
        if ( !known || (complaint && strstr(complaint, NO_PACKAGE)) )
            suite_forget(cache);
        free(complaint);
        return status;
    }

    list = list_files(cache, uris);
    free(uris);
    if ( list == NULL )
        return STATUS_ENVIRONMENT;
    text = xasprintf(RESOLVED_HEADER "%s", hash_string(HASH_START, wanted), list);
    path = path_in(cache->debs, cache->system->resolved);
    error = write_whole_file(path, text, strlen(text), 0666);
    status = error ? cache_error(path, error) : STATUS_OK;
    if ( status == STATUS_OK )
        remove_others(cache);
    free(path);
    free(text);
    free(list);
    return status;
}

int packages_fetch(struct cache *cache, const char *wanted)
{
    static const char *const words[] = { "download", NULL };   /* to where it runs */
    char *complaint = NULL;
    int status = update_lists(cache, &complaint);

    if ( status == STATUS_OK )
        status = apt_get(cache, words, wanted, -1, &complaint);
    if ( status == STATUS_ENVIRONMENT && complaint )
        complain(cache, complaint);
    free(complaint);
    return status;
}

bool packages_complete(const struct cache *cache, const char *resolved)
{
    char *list = xstrdup(resolved), *rest = list, *name, *path;
    bool complete = true;

    while ( (name = strsep(&rest, "\n")) != NULL )
        if ( *name )
        {
            path = path_in(cache->debs, name);
            complete = complete && access(path, R_OK) == 0;
            free(path);
        }
    free(list);
    return complete;
}

bool packages_version(const char *resolved, const char *prefix,
                      char *version, size_t version_size, char *name, size_t name_size)
{
    size_t length = strlen(prefix);

    for ( const char *line = resolved, *next; line && *line; line = next )
    {
        const char *underscore = strchr(line, '_'), *from, *colon;

        next = strchrnul(line, '\n');
        next += *next == '\n';
        /* A digit: not the metapackage linux-image-amd64, not xen-hypervisor-common. */
        if ( strncmp(line, prefix, length) != 0 || underscore == NULL ||
             !isdigit((unsigned char)line[length]) )
            continue;
        if ( name )
            snprintf(name, name_size, "%.*s", (int)(underscore - line - (ptrdiff_t)length),
                     line + length);
        /* An epoch's colon is %3a in file names. */
        from = underscore + 1;
        colon = strstr(from, "%3a");
        if ( colon && colon < from + 4 )
            from = colon + 3;
        snprintf(version, version_size, "%.*s", (int)strcspn(from, "+-_\n"), from);
        return true;
    }
    return false;
}
