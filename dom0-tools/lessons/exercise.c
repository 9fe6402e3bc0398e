/*
 * Students' code: how it is built, run and judged.  (exercise.h)
 */
#include "lessons/exercise.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/self.h"
#include "catalogue/select.h"
#include "lessons/lesson.h"
#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/words.h"
#include "report/json.h"
#include "report/text.h"
#include "xenometer.h"

#define FOLDER "configs/lessons/exercises"

/* The student's row, the one it is compared with, and how many times as much it may take: the clock is exact. */
#define YOUR_ROW  "your/version"
#define CHECK_ROW "check/version"
#define ALIKE 1.02

/* ----------------------------------------------------------------- files -- */

/* A file of an exercise's; NULL: there is none.  The caller's. */
static char *exercise_file(const char *name, const char *file)
{
    char *relative = xasprintf(FOLDER "/%s/%s", name, file), *path = data_file(relative);

    free(relative);
    return path;
}

bool exercise_exists(const char *name)
{
    char *path = exercise_file(name, "check.c");

    free(path);
    return path != NULL;
}

/* The directory in which a file beside the program stands, so many levels up; NULL: said why. */
static char *directory_of(const char *relative, unsigned levels)
{
    char *path = data_file(relative);

    if ( !path )
        message("%s not found beside the program: run `make`", relative);
    while ( path && levels-- )
        *strrchr(path, '/') = '\0';
    return path;
}

/* ----------------------------------------------------------------- build -- */

/* What a compiler may use of this machine: a file of students' code is small, and so is what it becomes. */
#define LIMIT_CPU  "--cpu=30"            /* seconds */
#define LIMIT_FILE "--fsize=67108864"    /* bytes */
#define LIMIT_AS   "--as=2147483648"     /* bytes */
#define LIMIT_WALL 120                   /* seconds */

/* Its output is ours.  STATUS_OK; STATUS_FAILED when it fails. */
static int tool(const struct words *w)
{
    const char *const *argv = words_argv(w);
    struct child child;
    unsigned waited = 0;
    int error = child_start(&child, &(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = STDERR_FILENO,
                                                           .stderr_fd = STDERR_FILENO }), status;

    if ( error )
    {
        message("cannot start %s: %s", argv[0], strerror(error));
        return STATUS_ENVIRONMENT;
    }
    while ( !child_wait(&child, 100) && !cancelled() && waited < LIMIT_WALL * 10 )
        waited++;
    child_kill(&child);
    status = child_exit_status(&child);
    if ( cancelled() )
        return cancelled();
    /* prlimit's own: it has not found the program. */
    if ( status == 127 || status == 126 )
    {
        message("exercises take gcc and binutils: apt-get install gcc libxen-dev");
        return STATUS_ENVIRONMENT;
    }
    return status ? STATUS_FAILED : STATUS_OK;
}

static void limited(struct words *w, const char *program)
{
    words_add(w, "prlimit");
    words_add(w, LIMIT_CPU);
    words_add(w, LIMIT_FILE);
    words_add(w, LIMIT_AS);
    words_add(w, "--");
    words_add(w, program);
}

static int compile(const char *name, const char *source, const char *object)
{
    static const struct {
        const char *file, *below;
        unsigned levels;
    } headers[] = {
        { FOLDER "/exercise.h", "", 1 }, { "domU-kernel/harness/row.h", "", 2 },
        { "domU-kernel/harness/row.h", "/arch/x86", 2 }, { "include/xenometer/row.h", "", 2 }, { "shared/ring.h", "", 1 },
    };
    char *flags_file = directory_of("exercise.flags", 0), *own = exercise_file(name, "."), *flags = NULL, *rest;
    struct words w = { .count = 0 };
    int status = flags_file && own ? STATUS_OK : STATUS_ENVIRONMENT;

    flags = flags_file ? read_whole_file(flags_file, NULL) : NULL;
    limited(&w, "gcc");
    for ( rest = flags; rest && *rest; )
    {
        char *word = strsep(&rest, " \n");

        if ( *word )
            words_add(&w, word);
    }
    words_format(&w, "-I%s", own ? own : "");
    for ( size_t i = 0; i < sizeof(headers) / sizeof(headers[0]) && status == STATUS_OK; i++ )
    {
        char *directory = directory_of(headers[i].file, headers[i].levels);

        if ( directory )
            words_format(&w, "-I%s%s", directory, headers[i].below);
        else
            status = STATUS_ENVIRONMENT;
        free(directory);
    }
    words_add(&w, "-c");
    words_add(&w, source);
    words_add(&w, "-o");
    words_add(&w, object);
    if ( status == STATUS_OK )
        status = tool(&w);
    words_free(&w);
    free(flags);
    free(flags_file);
    free(own);
    return status;
}

static int link_image(const struct words *objects, const char *image)
{
    char *script = directory_of("kernel.lds", 0), *parts = directory_of("exercise-parts.o", 0);
    char *debug = xasprintf("%s.debug", image);
    struct words w = { .count = 0 };
    int status = script && parts ? STATUS_OK : STATUS_ENVIRONMENT;

    limited(&w, "ld");
    words_add(&w, "-nostdlib");
    words_add(&w, "-static");
    words_add(&w, "--build-id=sha1");
    words_add(&w, "-z");
    words_add(&w, "noexecstack");
    words_add(&w, "-z");
    words_add(&w, "max-page-size=4096");
    words_format(&w, "-T%s", script ? script : "");
    words_add(&w, "-o");
    words_add(&w, debug);
    words_add(&w, parts ? parts : "");
    for ( size_t i = 0; i < objects->count; i++ )
        words_add(&w, objects->list[i]);
    if ( status == STATUS_OK )
        status = tool(&w);
    words_free(&w);
    if ( status == STATUS_OK )
    {
        limited(&w, "objcopy");
        words_add(&w, "--strip-all");
        words_add(&w, debug);
        words_add(&w, image);
        status = tool(&w);
        words_free(&w);
    }
    free(debug);
    free(script);
    free(parts);
    return status;
}

/* An image of one or two files, in `directory`. */
static int build(const char *name, const char *const *sources, size_t count, const char *directory, const char *image)
{
    struct words objects = { .count = 0 };
    int status = STATUS_OK;

    for ( size_t i = 0; i < count && status == STATUS_OK; i++ )
    {
        char *object = xasprintf("%s/%zu.o", directory, i);

        status = compile(name, sources[i], object);
        if ( status == STATUS_FAILED )
            message("%s does not compile: what the compiler says stands above", sources[i]);
        words_add(&objects, object);
        free(object);
    }
    if ( status == STATUS_OK )
    {
        status = link_image(&objects, image);
        if ( status == STATUS_FAILED )
            message("it cannot be linked: is each function there, by the name and in the form of its header?");
    }
    words_free(&objects);
    return status;
}

/* ----------------------------------------------------------------- start -- */

static bool has_code(const struct lesson *l)
{
    if ( l->code )
        return true;
    message("the exercise of lesson %u is no code; `xenometer lesson` says whose is", l->number);
    return false;
}

static int put_file(const char *directory, const char *name, const char *text)
{
    char *path = path_in(directory, name);
    int error = write_whole_file(path, text, strlen(text), 0644);

    if ( error )
        message("%s: %s", path, strerror(error));
    free(path);
    return error ? STATUS_ENVIRONMENT : STATUS_OK;
}

/* The program by its own path: the folder may stand anywhere. */
static char *makefile(const struct lesson *l)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);

    program[length < 0 ? 0 : length] = '\0';
    return xasprintf("# Exercise of lesson %u: complete %s.c, then `make`.\n"
                     "XENOMETER := %s\n\n"
                     ".PHONY: check clean\n"
                     "check:\n\t@'$(XENOMETER)' lesson %u --check '$(CURDIR)'\n"
                     "clean:\n\trm -rf build\n", l->number, l->code, program, l->number);
}

int exercise_start(const struct lesson *l, const char *directory)
{
    char *source = NULL, *text = NULL, *file = NULL, *make = NULL;
    int status = has_code(l) ? STATUS_OK : STATUS_USAGE;

    if ( status == STATUS_OK )
    {
        source = exercise_file(l->code, "start.c");
        text = source ? read_whole_file(source, NULL) : NULL;
        if ( !text )
        {
            message(FOLDER "/%s not found beside the program: run `make`", l->code);
            status = STATUS_ENVIRONMENT;
        }
    }
    if ( status == STATUS_OK && mkdir(directory, 0755) )
    {
        message(errno == EEXIST ? "%s is there already: name a folder that is not" : "%s: cannot be made", directory);
        status = STATUS_USAGE;
    }
    else if ( status == STATUS_OK )
    {
        file = xasprintf("%s.c", l->code);
        make = makefile(l);
        status = put_file(directory, file, text);
        if ( status == STATUS_OK )
            status = put_file(directory, "Makefile", make);
        if ( status == STATUS_OK )
            printf("%s/%s is yours to complete; `make -C %s` runs it in the lab and says what is wrong.\n", directory,
                   file, directory);
        else
            remove_tree(directory);
    }
    free(make);
    free(file);
    free(text);
    free(source);
    return status;
}

/* ----------------------------------------------------------------- check -- */

static void verdict(bool right, const char *what, const char *why)
{
    struct style style = text_style(stdout);

    printf("%s%s%s  ", style.colour ? right ? COLOUR_GREEN : COLOUR_RED : "", right ? "right" : "wrong",
           style.colour ? COLOUR_NONE : "");
    text_wrap(stdout, "", what, style.width);
    if ( why )
        text_wrap(stdout, "       ", why, style.width);
}

/* A result that is none, in a student's words. */
static char *why_not(const struct result *r)
{
    const char *reason = r->reason ? r->reason : "it did not run";

    if ( !strncmp(reason, "no result within", 16) )
        return xasprintf("it hangs: %s; it was ended", reason);
    if ( strstr(reason, "without a sample") )
        return xstrdup("it takes no samples: SAMPLES() is the whole of a simple row");
    return xstrdup(reason);
}

static const struct result *find(const struct results *results, const char *row)
{
    for ( size_t i = 0; i < results->count; i++ )
        if ( !strcmp(results->rows[i].row, row) )
            return &results->rows[i];
    return NULL;
}

/* The student's own row: is it told, does it measure what it should, and nothing else? */
static bool judge_row(const struct image *image, const struct results *results)
{
    const struct image_row *row = image_find(image, YOUR_ROW);
    const struct result *yours = find(results, YOUR_ROW), *ours = find(results, CHECK_ROW);
    char *a, *b, *why = NULL;
    bool told = strcmp(row->path, "to do") && strncmp(row->help, "to do", 5) && strncmp(row->explanation, "To do", 5);

    verdict(told, "the row says what it is", told ? NULL : "its path, help line or explanation still is \"to do\"");
    if ( !yours || yours->outcome != OUTCOME_SUCCESS || !ours || ours->outcome != OUTCOME_SUCCESS )
        return false;   /* was said */
    a = text_number(yours->median);
    b = text_number(ours->median);
    if ( (double)yours->median > (double)ours->median * ALIKE )
        why = xasprintf("yours takes %s instructions, the hypercall alone %s: something else is timed with it", a, b);
    else if ( (double)yours->median * ALIKE < (double)ours->median )
        why = xasprintf("yours takes %s instructions, the hypercall %s: it is another one, or Xen copies nothing", a, b);
    verdict(!why, "it times the hypercall and nothing else", why);
    if ( !why )
        printf("       %s instructions.  See where they go: xenometer trace " YOUR_ROW " --mode=pv --image=build/exercise.elf\n",
               a);
    told &= !why;
    free(why);
    free(a);
    free(b);
    return told;
}

static int judge(const struct image *image, const struct results *results)
{
    bool all = results->count > 0, row = image_find(image, YOUR_ROW) != NULL;

    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        bool right = r->outcome == OUTCOME_SUCCESS;
        const struct image_row *said = image_find(image, r->row);
        char *why = right ? NULL : why_not(r);

        if ( !row )
            verdict(right, said ? said->help : r->row, why);
        else if ( !right )
            verdict(false, r->row, why);
        all &= right;
        free(why);
    }
    if ( row )
        all &= judge_row(image, results);
    puts(all ? "All is right." : "Not yet.");
    return all ? STATUS_OK : STATUS_FAILED;
}

static int run_check(const struct lesson *l, const char *elf)
{
    struct image *image = select_image(elf);
    bool row = !strcmp(l->code, "row");
    struct words w = { .count = 0 };
    struct results results = { .count = 0 };
    char *text = NULL;
    size_t size;
    int status = image ? STATUS_OK : STATUS_FAILED;

    if ( status == STATUS_OK && row && !image_find(image, YOUR_ROW) )
    {
        verdict(false, "the row", "there is no row " YOUR_ROW " in your file");
        status = STATUS_FAILED;
    }
    words_add(&w, "run");
    words_add(&w, "--json");
    words_add(&w, "--host=lab");   /* never a Xen that anybody needs */
    words_add(&w, "--boots=1");
    words_add(&w, "--modes=pv");
    words_add(&w, "--row-deadline=1");
    words_add(&w, "--deadline=300");
    words_format(&w, "--image=%s", elf);
    words_add(&w, "check/*");
    if ( row )
        words_add(&w, YOUR_ROW);
    if ( status == STATUS_OK )
        status = self_run(words_argv(&w), &text, &size);
    if ( status == STATUS_OK )
        status = results_from_json(text, size, "the run's answer", &results);
    if ( status == STATUS_OK )
        status = judge(image, &results);
    results_free(&results);
    free(text);
    words_free(&w);
    image_free(image);
    return status;
}

int exercise_check(const struct lesson *l, const char *directory)
{
    char *own, *check, *folder, *elf, *file;
    int status;

    if ( !has_code(l) )
        return STATUS_USAGE;
    file = xasprintf("%s.c", l->code);
    own = path_in(directory, file);
    folder = path_in(directory, "build");
    elf = path_in(folder, "exercise.elf");
    check = exercise_file(l->code, "check.c");
    status = STATUS_OK;
    if ( !check )
    {
        message(FOLDER "/%s not found beside the program: run `make`", l->code);
        status = STATUS_ENVIRONMENT;
    }
    else if ( access(own, R_OK) )
    {
        message("%s: %s; `xenometer lesson %u --start DIR` makes it", own, strerror(errno), l->number);
        status = STATUS_USAGE;
    }
    else if ( mkdir(folder, 0755) && errno != EEXIST )
    {
        message("%s: %s", folder, strerror(errno));
        status = STATUS_USAGE;
    }
    cancel_begin();
    if ( status == STATUS_OK )
        status = build(l->code, (const char *const[]){ own, check }, 2, folder, elf);
    if ( status == STATUS_OK )
        status = run_check(l, elf);
    cancel_end();
    free(check);
    free(elf);
    free(folder);
    free(own);
    free(file);
    return status;
}

char *exercise_text(const struct lesson *l, const char *file)
{
    char *path = exercise_file(l->code, file), *text = path ? read_whole_file(path, NULL) : NULL;

    if ( !text )
        message(FOLDER "/%s not found beside the program: run `make`", l->code);
    free(path);
    return text;
}

/* ------------------------------------------------------------------ demo -- */

int exercise_demo(const char *line, char **text)
{
    const char *where = getenv("TMPDIR");
    char *directory = xasprintf("%s/xenometer-lesson-XXXXXX", where ? where : "/tmp");
    char *copy = xstrdup(line), *rest = copy, *file = strsep(&rest, " ");
    char *name = xasprintf("%.*s", (int)strcspn(file, "/"), file), *source = exercise_file(".", file), *elf;
    struct words w = { .count = 0 };
    size_t size;
    int status = STATUS_OK;

    *text = NULL;
    if ( !mkdtemp(directory) )
    {
        message("%s: %s", directory, strerror(errno));
        status = STATUS_ENVIRONMENT;
    }
    elf = path_in(directory, "exercise.elf");
    if ( status == STATUS_OK )
    {
        if ( !source )
        {
            message(FOLDER "/%s not found beside the program: run `make`", file);
            status = STATUS_ENVIRONMENT;
        }
        else
            status = build(name, (const char *const[]){ source }, 1, directory, elf);
        while ( rest )
        {
            char *word = strsep(&rest, " ");

            if ( *word )
                words_add(&w, word);
        }
        words_format(&w, "--image=%s", elf);
        words_add(&w, "--host=lab");
        if ( status == STATUS_OK )
            status = self_run(words_argv(&w), text, &size);
        remove_tree(directory);
    }
    words_free(&w);
    free(elf);
    free(source);
    free(name);
    free(copy);
    free(directory);
    return status;
}
