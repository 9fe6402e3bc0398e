#include "bench/cells.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <jansson.h>

#include "bench/cells_parts.h"
#include "bench/run_parts.h"
#include "bench/self.h"
#include "bench/side.h"
#include "catalogue/catalogue.h"
#include "lib/cancel.h"
#include "lib/files.h"
#include "report/json.h"
#include "report/output.h"
#include "xenometer.h"

/* ------------------------------------------------------------------- plan -- */

/* What of a side's name can be one of a file. */
static char *file_name(const char *text)
{
    char *name = xstrdup(text);

    for ( char *c = name; *c; c++ )
        if ( !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-=", *c) )
            *c = '_';
    return name;
}

/* A cell: these words of a command, on that host (NULL: where the command is run). */
static void add_cell(json_t *cells, const char *side, const char *host, const char *column,
                     unsigned part, const struct words *words)
{
    char *file = file_name(side), *name = xasprintf("%03zu-%s-%s-%u", json_array_size(cells) + 1, file,
                                                    column, part);
    json_t *command = json_array();

    for ( size_t i = 0; i < words->count; i++ )
        json_array_append_new(command, json_string(words->list[i]));
    json_array_append_new(cells, json_pack("{s:s, s:s, s:s, s:o, s:o}", "name", name, "side", side,
        "mode", column, "host", host ? json_string(host) : json_null(), "command", command));
    free(name);
    free(file);
}

/* The rows of one column on one side, at most `split` a cell (0: all), and with the first of them those
 * that a run skips there, with its reason. */
static void add_column(json_t *cells, const struct run_options *o, const struct side *side,
                       const char *host, const struct selection *selection, const struct column *column)
{
    char **rows = xcalloc(selection->count + 1, sizeof(*rows));
    struct run_options part = *o;
    size_t count = 0, skipped;
    unsigned number = 1;

    part.columns = columns_only(column);
    /* Who runs the cells runs several at a time. */
    if ( !part.labs )
        part.labs = 1;
    for ( size_t i = 0; i < selection->count; i++ )
        if ( !run_is_in(selection->rows[i], &part.columns) )
            rows[count++] = (char *)selection->rows[i]->name;
    skipped = count;
    for ( size_t i = 0; i < selection->count; i++ )
        if ( run_is_in(selection->rows[i], &part.columns) )
            rows[count++] = (char *)selection->rows[i]->name;
    for ( size_t at = 0; at < count; at += part.pattern_count )
    {
        struct words words = { .count = 0 };
        size_t most = o->split + (at ? 0 : skipped);

        part.patterns = rows + at;
        part.pattern_count = o->split && count - at > most ? most : count - at;
        if ( host )
        {
            words_add(&words, "run");
            words_add(&words, "--json");
            words_format(&words, "--host=%s", o->host);
            words_format(&words, "--modes=%s", column->name);
            if ( o->boots )
                words_format(&words, "--boots=%u", o->boots);
            words_format(&words, "--seed=%u", o->seed);
            for ( size_t i = 0; i < part.pattern_count; i++ )
                words_add(&words, part.patterns[i]);
        }
        else
            side_run_words(&part, side, &words);
        add_cell(cells, host ? host : side->name, host, column->name, number++, &words);
        words_free(&words);
    }
    free(rows);
}

static void add_side(json_t *cells, const struct run_options *o, const struct side *side,
                     const char *host, const struct selection *selection)
{
    FOR_EACH_COLUMN(c)
    {
        struct column_set only = columns_only(c);
        bool any = c->home != HOME_DOM0 || columns_equal(&o->columns, &only);

        /* dom0 skips what is no row of its own only where it is alone (measure/dom0_rows.c). */
        for ( size_t i = 0; !any && i < selection->count; i++ )
            any = run_is_in(selection->rows[i], &only);
        if ( any && columns_have(&o->columns, c) )
            add_column(cells, o, side, host, selection, c);
    }
}

/* What decides whether results belong together. */
static char *plan_key(const json_t *cells, const struct image *image)
{
    char *text = json_dumps(cells, JSON_COMPACT);
    uint64_t hash = hash_string(hash_string(HASH_START, text), image->build_id);

    free(text);
    return xasprintf("%016" PRIx64, hash);
}

static int make_cells(struct run_options *o, const struct selection *selection, json_t *cells)
{
    int status = STATUS_OK;

    for ( size_t i = 0; i < o->on.count; i++ )
        add_side(cells, o, NULL, o->on.list[i], selection);
    for ( size_t i = 0; !o->on.count && status == STATUS_OK && i <= o->factors.count; i++ )
    {
        struct side side;

        status = side_parse(o, i ? o->factors.list[i - 1] : NULL, &side);
        if ( status == STATUS_OK )
            add_side(cells, o, &side, NULL, selection);
        side_free(&side);
    }
    return status;
}

/* As a shell takes it. */
static void put_quoted(FILE *out, const char *text)
{
    putc('\'', out);
    for ( ; *text; text++ )
        if ( *text == '\'' )
            fputs("'\\''", out);
        else
            putc(*text, out);
    putc('\'', out);
}

static int write_commands(const char *directory, const json_t *cells)
{
    char *path = path_in(directory, "commands"), *self = realpath("/proc/self/exe", NULL), *text = NULL;
    size_t size = 0, i;
    FILE *out = open_memstream(&text, &size);
    const json_t *cell;
    int status;

    json_array_foreach(cells, i, cell)
    {
        put_quoted(out, self ? self : "xenometer");
        fputs(" run --plan=", out);
        put_quoted(out, directory);
        fprintf(out, " --cell=%zu   # writes cells/%s.json\n", i + 1,
                json_string_value(json_object_get(cell, "name")));
    }
    fclose(out);
    status = output_write(path, text);
    free(text);
    free(self);
    free(path);
    return status;
}

/* The plan that is there already: none, the same, or another, which is refused. */
static int check_existing(const char *directory, const char *key, const json_t *cells)
{
    char *path = path_in(directory, "plan.json");
    struct plan there = { .cells = NULL };
    int status = access(path, F_OK) ? STATUS_OK : plan_read(directory, &there);

    if ( status == STATUS_OK && there.cells && strcmp(there.key, key) )
    {
        message("%s has another plan, of %zu cells: other rows, options or another build of xenometer; "
                "name another directory, or remove it", directory, json_array_size(there.cells));
        status = STATUS_USAGE;
    }
    else if ( status == STATUS_OK && there.cells )
    {
        size_t done = 0;

        for ( size_t i = 0; i < json_array_size(cells); i++ )
            done += plan_cell_state(&there, i) == CELL_DONE;
        message("the plan in %s is taken up: %zu of %zu cells are measured", directory, done,
                json_array_size(cells));
    }
    plan_free(&there);
    free(path);
    return status;
}

static int write_plan(const char *given, const json_t *cells, const char *key)
{
    char *cells_directory = path_in(given, "cells"), *directory, *path, *text;
    int error = make_directories(cells_directory), status;
    json_t *plan;

    free(cells_directory);
    if ( error )
    {
        message("cannot make %s: %s; name another directory", given, strerror(error));
        return STATUS_USAGE;
    }
    directory = realpath(given, NULL);
    status = check_existing(directory, key, cells);
    plan = json_pack("{s:s, s:s, s:s, s:O}", "schema", PLAN_SCHEMA, "xenometer", XENOMETER_VERSION,
                     "key", key, "cells", cells);
    text = json_dumps(plan, JSON_INDENT(1));
    path = path_in(directory, "plan.json");
    if ( status == STATUS_OK )
        status = output_write(path, text);
    if ( status == STATUS_OK )
        status = write_commands(directory, cells);
    if ( status == STATUS_OK )
    {
        size_t i;
        const json_t *cell;

        json_array_foreach(cells, i, cell)
            printf("%s/cells/%s.json\n", directory, json_string_value(json_object_get(cell, "name")));
        message("%zu cells; run the lines of %s/commands in any order, such as by `parallel <%s/commands`; "
                "then `xenometer merge %s`", json_array_size(cells), directory, directory, given);
    }
    json_decref(plan);
    free(path);
    free(text);
    free(directory);
    return status;
}

/* Cells are exact labs in QEMU, or this program on Xen hosts. */
static int check_options(const struct run_options *o)
{
    if ( o->on.count && (o->factors.count || variant_is_own(&o->variant) || o->suite) )
        message("--on is for what its hosts have: leave out --factor and what the lab is made of");
    else if ( !o->on.count && (!strcmp(o->host, "xen") || o->clock != LAB_EXACT) )
        message("--plan is for the exact lab, or with --on=HOST for Xen hosts");
    else if ( o->cpu || o->without || o->cold || o->json || o->wide || o->layers || o->save || o->output )
        message("--plan measures nothing: leave out --cpu, --without, --cold, --json, --wide, --layers, --save and "
                "--output; `xenometer merge` prints and writes");
    else
        return STATUS_OK;
    return STATUS_USAGE;
}

int cells_plan(struct run_options *o, const char *directory)
{
    char *elf = o->image ? xstrdup(o->image) : data_file("xenometer.elf"), *error = NULL, *key;
    struct image *image = elf ? catalogue_load(elf, &error) : NULL;
    struct selection selection = { .count = 0 };
    json_t *cells = json_array();
    int status = check_options(o);

    if ( status == STATUS_OK && !image )
    {
        message("%s", error ? error : "xenometer.elf not found beside the program: run `make`");
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
        status = suite_choose(&o->suite);
    if ( status == STATUS_OK )
        status = select_rows(image, o->patterns, o->pattern_count,
                             columns_any(&o->columns) ? &o->columns : NULL, true, &selection);
    o->columns = selection.columns;
    if ( status == STATUS_OK )
        status = make_cells(o, &selection, cells);
    if ( status == STATUS_OK )
    {
        key = plan_key(cells, image);
        status = write_plan(directory, cells, key);
        free(key);
    }
    selection_free(&selection);
    json_decref(cells);
    image_free(image);
    free(error);
    free(elf);
    return status;
}

/* -------------------------------------------------------------------- run -- */

/* The cell's words, of this program or of that on its host. */
static int answer(const json_t *cell, char **text, size_t *size)
{
    const char *host = json_string_value(json_object_get(cell, "host"));
    const json_t *command = json_object_get(cell, "command"), *word;
    struct words w = { .count = 0 };
    size_t i;
    int status;

    if ( host )
    {
        words_add(&w, "ssh");
        words_add(&w, "-oBatchMode=yes");
        words_add(&w, host);
        words_add(&w, "xenometer");
    }
    json_array_foreach(command, i, word)
        words_add(&w, json_string_value(word));
    status = host ? program_answer(words_argv(&w), text, size)
                  : self_run(words_argv(&w), text, size);
    words_free(&w);
    return status;
}

/* What was measured, marked as this plan's. */
static int keep(const struct plan *plan, size_t number, const char *text, size_t size)
{
    char *path = plan_cell_path(plan, number, "json");
    struct results results = { .count = 0 };
    int status = results_from_json(text, size, "the cell's answer", &results);
    json_t *document = status == STATUS_OK ? json_loadb(text, size, 0, NULL) : NULL;
    char *marked = NULL;

    if ( document )
    {
        json_object_set_new(document, "plan", json_string(plan->key));
        marked = json_dumps(document, JSON_INDENT(1));
        status = output_write(path, marked);
    }
    json_decref(document);
    results_free(&results);
    free(marked);
    free(path);
    return status;
}

static int measure(const struct plan *plan, size_t number)
{
    char *failed = plan_cell_path(plan, number, "failed"), *text = NULL, *words;
    size_t size = 0;
    int status;

    cancel_begin();
    status = answer(json_array_get(plan->cells, number), &text, &size);
    cancel_end();
    if ( status == STATUS_OK )
        status = keep(plan, number, text, size);
    unlink(failed);
    if ( status != STATUS_OK )
    {
        words = xasprintf("%d\n", status);
        output_write(failed, words);
        free(words);
    }
    free(text);
    free(failed);
    return status;
}

int cells_run(const char *directory, uint32_t number)
{
    struct plan plan;
    char *lock;
    int status = plan_read(directory, &plan), fd;

    if ( status == STATUS_OK && (number == 0 || number > json_array_size(plan.cells)) )
    {
        message("--cell=%u: the plan in %s has %zu", number, directory, json_array_size(plan.cells));
        status = STATUS_USAGE;
    }
    if ( status != STATUS_OK )
    {
        plan_free(&plan);
        return status;
    }
    number--;
    lock = plan_cell_path(&plan, number, "lock");
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if ( fd < 0 )
    {
        message("cannot write %s: %s", lock, strerror(errno));
        status = STATUS_ENVIRONMENT;
    }
    else if ( flock(fd, LOCK_EX | LOCK_NB) )
        message("cell %u is being measured by another process", number + 1);
    else if ( plan_cell_state(&plan, number) == CELL_DONE )
        progress("cell %u is measured already", number + 1);
    else
        status = measure(&plan, number);
    if ( fd >= 0 )
    {
        if ( plan_cell_state(&plan, number) == CELL_DONE )
            unlink(lock);
        close(fd);
    }
    free(lock);
    plan_free(&plan);
    return status;
}

/* ---------------------------------------------------------------- options -- */

int cells_on(struct run_hosts *hosts, const char *host)
{
    if ( *host == '-' || *host == '\0' )
        message("--on=%s: must be the name of a host, as ssh takes it", host);
    else if ( hosts->count == RUN_MAX_FACTORS )
        message("--on: %u hosts at most in one table", RUN_MAX_FACTORS);
    else
    {
        hosts->list[hosts->count++] = host;
        return STATUS_OK;
    }
    return STATUS_USAGE;
}

int cells(struct run_options *o)
{
    if ( !o->plan )
    {
        message("--cell=%u: of which plan? add --plan=DIRECTORY", o->cell);
        return STATUS_USAGE;
    }
    return o->cell ? cells_run(o->plan, o->cell) : cells_plan(o, o->plan);
}
