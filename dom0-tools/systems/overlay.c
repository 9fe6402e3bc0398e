#include "systems/overlay.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/cpio.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/cache.h"
#include "systems/elf_needed.h"
#include "xenometer.h"

/* Where the loader of dom0's root looks, and this machine's. */
#define LIBRARIES "/usr/lib/x86_64-linux-gnu"
static const char *const library_directories[] = { LIBRARIES, "/usr/lib64", "/usr/lib", "/lib64" };

static struct overlay_entry *add(struct overlay *o, enum overlay_into into, const char *place)
{
    o->entries = xrealloc(o->entries, (o->count + 1) * sizeof(*o->entries));
    o->entries[o->count] = (struct overlay_entry){ .into = into, .place = xstrdup(place) };
    return &o->entries[o->count++];
}

void overlay_file(struct overlay *o, enum overlay_into into, const char *place, const char *source)
{
    struct overlay_entry *e = add(o, into, place);

    e->source = xstrdup(source);
    e->executable = access(source, X_OK) == 0;
}

void overlay_link(struct overlay *o, enum overlay_into into, const char *place, const char *target)
{
    add(o, into, place)->link = xstrdup(target);
}

struct overlay_entry *overlay_text(struct overlay *o, const char *place, const char *text)
{
    struct overlay_entry *e = add(o, OVERLAY_ROOT, place);

    e->text = xstrdup(text);
    return e;
}

void overlay_gone(struct overlay *o, const char *pattern)
{
    o->gone = xrealloc(o->gone, (o->gone_count + 1) * sizeof(*o->gone));
    o->gone[o->gone_count++] = xstrdup(pattern);
}

const struct overlay_entry *overlay_find(const struct overlay *o, enum overlay_into into,
                                         const char *place)
{
    for ( size_t i = 0; i < o->count; i++ )
        if ( o->entries[i].into == into && !strcmp(o->entries[i].place, place) )
            return &o->entries[i];
    return NULL;
}

uint64_t overlay_hash(const struct overlay *o, uint64_t hash)
{
    for ( size_t i = 0; i < o->count; i++ )
    {
        const struct overlay_entry *e = &o->entries[i];
        size_t size = 0;
        char *data = e->source ? read_whole_file(e->source, &size) : NULL;

        hash = hash_string(hash, e->place);
        hash = hash_bytes(hash, &e->into, sizeof(e->into));
        hash = hash_string(hash, e->link ? e->link : "");
        hash = hash_string(hash, e->text ? e->text : "");
        hash = hash_bytes(hash, data ? data : "", size);
        free(data);
    }
    for ( size_t i = 0; i < o->gone_count; i++ )
        hash = hash_string(hash, o->gone[i]);
    return hash;
}

void overlay_free(struct overlay *o)
{
    for ( size_t i = 0; i < o->count; i++ )
    {
        free(o->entries[i].place);
        free(o->entries[i].source);
        free(o->entries[i].link);
        free(o->entries[i].text);
    }
    for ( size_t i = 0; i < o->gone_count; i++ )
        free(o->gone[i]);
    free(o->gone);
    free(o->entries);
    *o = (struct overlay){ .count = 0 };
}

/* ------------------------------------------------------------------- root -- */

/* Names in an archive, as they are there: "usr/bin/xl". */
struct names {
    char **list;
    size_t count;
};

static void names_add(struct names *n, const char *name)
{
    n->list = xrealloc(n->list, (n->count + 1) * sizeof(*n->list));
    n->list[n->count++] = xstrdup(name);
}

static bool names_have(const struct names *n, const char *name)
{
    for ( size_t i = 0; i < n->count; i++ )
        if ( !strcmp(n->list[i], name) )
            return true;
    return false;
}

static void names_free(struct names *n)
{
    for ( size_t i = 0; i < n->count; i++ )
        free(n->list[i]);
    free(n->list);
}

static bool goes(const struct overlay *o, const char *place)
{
    for ( size_t i = 0; i < o->gone_count; i++ )
        if ( fnmatch(o->gone[i], place, 0) == 0 )
            return true;
    return false;
}

static int archive_problem(struct archive *archive)
{
    return archive_errno(archive) > 0 ? archive_errno(archive) : EIO;
}

/* The entries of `from` that stay; their names are noted. */
static int copy_root(const struct overlay *o, struct archive *from, struct archive *to,
                     struct names *names)
{
    struct archive_entry *entry;
    int result;

    while ( (result = archive_read_next_header(from, &entry)) == ARCHIVE_OK )
    {
        const char *name = archive_entry_pathname(entry);
        char *place = xasprintf("/%s", name + (*name == '/')), block[65536];
        bool stays = !goes(o, place) && !overlay_find(o, OVERLAY_ROOT, place);
        la_ssize_t n = 0;

        free(place);
        if ( !stays )
            continue;
        names_add(names, name + (*name == '/'));
        if ( archive_write_header(to, entry) != ARCHIVE_OK )
            return archive_problem(to);
        while ( (n = archive_read_data(from, block, sizeof(block))) > 0 )
            if ( archive_write_data(to, block, (size_t)n) != n )
                return archive_problem(to);
        if ( n < 0 )
            return archive_problem(from);
        stage_tick();
    }
    return result == ARCHIVE_EOF ? 0 : archive_problem(from);
}

static int put_parents(struct archive *archive, const char *place, struct names *names)
{
    char *parent = xstrdup(place + 1);
    int error = 0;

    for ( char *slash = strchr(parent, '/'); slash && error == 0; slash = strchr(slash + 1, '/') )
    {
        *slash = '\0';
        if ( !names_have(names, parent) )
        {
            error = cpio_put(archive, parent, S_IFDIR | 0755, NULL, NULL, 0);
            names_add(names, parent);
        }
        *slash = '/';
    }
    free(parent);
    return error;
}

/* What is in a packed file; the caller's.  NULL after a message. */
static char *unpacked(const struct overlay_entry *e, size_t *size)
{
    const char *argv[] = { e->unpack, "-dc", e->source, NULL };
    int out = memory_file("unpacked", 0);
    char *data = NULL;

    if ( out >= 0 && child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1,
                                                      .stdout_fd = out }, NULL) == STATUS_OK )
        data = memory_file_text(out, size);
    if ( out >= 0 )
        close(out);
    return data;
}

static int put_entry(struct archive *archive, const struct overlay_entry *e, struct names *names)
{
    mode_t mode = e->executable ? 0755 : 0644;
    int error = put_parents(archive, e->place, names);
    size_t size = 0;
    char *data;

    if ( error )
        return error;
    if ( e->link )
        return cpio_put(archive, e->place, S_IFLNK | 0777, e->link, NULL, 0);
    if ( e->text )
        return cpio_put(archive, e->place, S_IFREG | mode, NULL, e->text, strlen(e->text));
    if ( !e->unpack )
        return cpio_put_file(archive, e->place, e->source, mode);
    data = unpacked(e, &size);
    error = data ? cpio_put(archive, e->place, S_IFREG | mode, NULL, data, size) : EINVAL;
    free(data);
    return error;
}

/* Which libraries an entry needs, and whether all were found. */
struct search {
    struct overlay *overlay;
    const struct names *names;
    const char *whose;
    bool complete;
};

static bool in_root(const struct search *s, const char *name)
{
    for ( size_t i = 0; i < sizeof(library_directories) / sizeof(library_directories[0]); i++ )
    {
        char *place = path_in(library_directories[i], name);
        bool there = names_have(s->names, place + 1) || overlay_find(s->overlay, OVERLAY_ROOT, place);

        free(place);
        if ( there )
            return true;
    }
    return false;
}

/* From this machine, where it has one. */
static void need_library(void *context, const char *name)
{
    struct search *s = context;
    char *place = path_in(LIBRARIES, name);
    bool found = in_root(s, name);

    for ( size_t i = 0; !found && i < sizeof(library_directories) / sizeof(library_directories[0]); i++ )
    {
        char *here = path_in(library_directories[i], name), *real = realpath(here, NULL);

        if ( real )
        {
            overlay_file(s->overlay, OVERLAY_ROOT, place, real);
            found = true;
        }
        free(real);
        free(here);
    }
    if ( !found )
    {
        message("%s needs %s, which neither it nor the lab's dom0 nor this machine has: install "
                "what has it", s->whose, name);
        s->complete = false;
    }
    free(place);
}

/* Entries may come to it while it looks: their needs are looked at, too. */
static bool add_libraries(struct overlay *o, const struct names *names)
{
    struct search s = { .overlay = o, .names = names, .complete = true };

    for ( size_t i = 0; i < o->count; i++ )
    {
        char *source = o->entries[i].source;

        if ( o->entries[i].into != OVERLAY_ROOT || !source || o->entries[i].unpack )
            continue;
        s.whose = source;
        elf_needed(source, need_library, &s);
    }
    return s.complete;
}

int overlay_root(struct overlay *o, const char *from, const char *to)
{
    struct archive *in = archive_read_new(), *out = archive_write_new();
    struct names names = { .count = 0 };
    int error = 0, status = STATUS_OK;

    archive_read_support_format_cpio(in);
    archive_write_set_format_cpio_newc(out);
    if ( archive_read_open_filename(in, from, 1u << 16) != ARCHIVE_OK )
        error = archive_problem(in);
    if ( error == 0 && archive_write_open_filename(out, to) != ARCHIVE_OK )
        error = archive_problem(out);
    if ( error == 0 )
        error = copy_root(o, in, out, &names);
    if ( error == 0 && !add_libraries(o, &names) )
        status = STATUS_ENVIRONMENT;
    for ( size_t i = 0; error == 0 && status == STATUS_OK && i < o->count; i++ )
        if ( o->entries[i].into == OVERLAY_ROOT )
            error = put_entry(out, &o->entries[i], &names);
    if ( archive_write_close(out) != ARCHIVE_OK && error == 0 )
        error = archive_problem(out);
    archive_write_free(out);
    archive_read_free(in);
    names_free(&names);
    return error ? cache_error(to, error) : status;
}

/* ------------------------------------------------------------------ devel -- */

static int lay(const struct overlay_entry *e, const char *target)
{
    size_t size = 0;
    char *data;
    int error;

    if ( unlink(target) && errno != ENOENT )
        return errno;
    if ( e->link )
        return symlink(e->link, target) ? errno : 0;
    data = read_whole_file(e->source, &size);
    error = data ? write_whole_file(target, data, size, 0666) : errno;
    free(data);
    return error;
}

int overlay_devel(const struct overlay *o, const char *devel)
{
    int error = 0;

    for ( size_t i = 0; error == 0 && i < o->count; i++ )
    {
        char *target = path_in(devel, o->entries[i].place + 1), *slash = strrchr(target, '/');

        if ( o->entries[i].into == OVERLAY_DEVEL )
        {
            *slash = '\0';
            error = make_directories(target);
            *slash = '/';
            if ( error == 0 )
                error = lay(&o->entries[i], target);
        }
        free(target);
        stage_tick();
    }
    return error;
}
