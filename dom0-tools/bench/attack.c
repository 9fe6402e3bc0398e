#include "bench/attack.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/lab.h"
#include "measure/environment.h"
#include "report/json.h"
#include "xenometer.h"

#define IMAGE "xenometer-test.elf"
#define EVIL  "xenometer-evil"
#define MAX_WORDS 320u

/* What all runs share. */
struct trial {
    const struct attack_options *options;
    const struct attack *const *chosen;
    size_t count;
    struct image *image;
    char *elf, *own, *evil, *configs;   /* paths */
    struct attack_report *report;
};

/* --------------------------------------------------------------- report -- */

static void add(struct trial *t, const struct attack *a, const char *what, const char *mode,
                bool held, char *saw, const char *said)
{
    struct attack_report *r = t->report;

    r->steps = xrealloc(r->steps, (r->count + 1) * sizeof(*r->steps));
    r->steps[r->count++] = (struct attack_step){
        a, xstrdup(what), xstrdup(mode), held, saw, xstrdup(said),
    };
}

void attack_report_free(struct attack_report *r)
{
    for ( size_t i = 0; i < r->count; i++ )
    {
        free(r->steps[i].what);
        free(r->steps[i].mode);
        free(r->steps[i].saw);
        free(r->steps[i].said);
    }
    free(r->steps);
    *r = (struct attack_report){ 0 };
}

size_t attack_steps(const struct attack_report *r, const struct attack *a, size_t *held)
{
    size_t steps = 0;

    *held = 0;
    for ( size_t i = 0; i < r->count; i++ )
        if ( r->steps[i].attack == a )
        {
            steps++;
            *held += r->steps[i].held;
        }
    return steps;
}

/* ----------------------------------------------------------------- runs -- */

/* Run it to the end; what it said on stdout and stderr is the caller's. */
static int run(const char *const *argv, const char *stage, const char *directory, int *exit_status,
               char **out, char **said)
{
    int fds[2] = { memory_file("out", 0), memory_file("said", 0) }, status = STATUS_OK, error;
    struct child child;

    *out = *said = NULL;
    if ( fds[0] < 0 || fds[1] < 0 )
        return STATUS_ENVIRONMENT;
    stage_begin("%s", stage);
    error = child_start(&child, &(struct child_start){
        .argv = argv, .directory = directory, .stdin_fd = -1, .stdout_fd = fds[0], .stderr_fd = fds[1],
    });
    if ( error )
    {
        message("cannot start %s: %s", argv[0], strerror(error));
        status = STATUS_ENVIRONMENT;
    }
    while ( !error && !child_wait(&child, 100) )
    {
        stage_tick();
        if ( cancelled() )
            child_kill(&child);
    }
    stage_end();
    if ( cancelled() )
        status = cancelled();
    *exit_status = error ? -1 : child_exit_status(&child);
    *out = memory_file_text(fds[0], NULL);
    *said = memory_file_text(fds[1], NULL);
    close(fds[0]);
    close(fds[1]);
    return status;
}

/* Judge one result by what its row's explanation says. */
static void judge(struct trial *t, const struct result *r, const char *said)
{
    static const char *const outcomes[] = {
        [OUTCOME_SUCCESS] = "success", [OUTCOME_SKIP] = "skip", [OUTCOME_ERROR] = "error",
        [OUTCOME_FAILURE] = "failure",
    };
    const struct image_row *row = image_find(t->image, r->row);
    struct attack_right right;
    bool held;
    char *saw;

    if ( !row )
        return;
    right = attack_right(row->explanation);
    held = !strcmp(outcomes[r->outcome], right.outcome) &&
           (!right.reason || (r->reason && strstr(r->reason, right.reason))) &&
           (!right.says || strstr(said, right.says));
    saw = r->reason ? xasprintf("%s: %s", outcomes[r->outcome], r->reason)
        : right.says ? xasprintf("the backend said: %s", strstr(said, right.says) ? right.says : "nothing of it")
                     : xstrdup("served as before");
    for ( size_t i = 0; i < t->count; i++ )
        if ( attack_has_row(t->chosen[i], r->row) )
            add(t, t->chosen[i], r->row, r->column->name, held, xstrdup(saw), said);
    free(saw);
    attack_right_free(&right);
}

/* Cases whose rows were to run, and gave no result. */
static void note_missing(struct trial *t, const char *const *rows, size_t rows_count, const char *said)
{
    for ( size_t i = 0; i < rows_count; i++ )
        for ( size_t k = 0; k < t->count; k++ )
        {
            bool there = !attack_has_row(t->chosen[k], rows[i]);

            for ( size_t n = 0; n < t->report->count && !there; n++ )
                there = t->report->steps[n].attack == t->chosen[k] &&
                        !strcmp(t->report->steps[n].what, rows[i]);
            if ( !there )
                add(t, t->chosen[k], rows[i], t->options->modes, false, xstrdup("no result"), said);
        }
}

/* One run of these rows. */
static int run_rows(struct trial *t, const char *program, const char *const *rows, size_t count)
{
    const char *argv[MAX_WORDS];
    char *host = xasprintf("--host=%s", t->options->host ? t->options->host : "auto");
    char *modes = xasprintf("--modes=%s", t->options->modes);
    char *image = xasprintf("--image=%s", t->elf), *out, *said, *stage;
    char *clock = t->options->clock ? xasprintf("--clock=%s", t->options->clock) : NULL;
    char *cpu = t->options->cpu ? xasprintf("--cpu=%s", t->options->cpu) : NULL;
    struct results results = { 0 };
    size_t n = 0;
    int status, ended;

    argv[n++] = program;
    argv[n++] = "run";
    argv[n++] = "--json";
    argv[n++] = "--boots=1";
    /* A hostile backend that is silent is waited for; two seconds of the exact clock do. */
    argv[n++] = t->options->clock ? "--row-deadline=120" : program == t->evil ? "--row-deadline=2"
                                                                             : "--row-deadline=30";
    argv[n++] = host;
    argv[n++] = modes;
    argv[n++] = image;
    if ( clock )
        argv[n++] = clock;
    if ( cpu )
        argv[n++] = cpu;
    for ( size_t i = 0; i < count && n < MAX_WORDS - 1; i++ )
        argv[n++] = rows[i];
    argv[n] = NULL;

    stage = count == 1 ? xasprintf("%s", rows[0])
                       : xasprintf("%zu rows %s", count, program == t->evil ? "of hostile backends"
                                                                           : "of hostile frontends");
    status = run(argv, stage, NULL, &ended, &out, &said);
    if ( status == STATUS_OK && ended > STATUS_FAILED && !*out )
    {
        fputs(said, stderr);
        status = ended;
    }
    if ( status == STATUS_OK )
        status = results_from_json(out, strlen(out), "the run's answer", &results);
    for ( size_t i = 0; i < results.count && status == STATUS_OK; i++ )
        judge(t, &results.rows[i], said);
    if ( status == STATUS_OK )
        note_missing(t, rows, count, said);
    /* Pages of a dead domain that are mapped still keep it from going. */
    if ( status == STATUS_OK && strstr(said, "cannot be destroyed") )
        for ( size_t i = 0; i < t->count; i++ )
            add(t, t->chosen[i], "its domain", t->options->modes, false,
                xstrdup("it cannot be destroyed"), said);
    results_free(&results);
    free(stage);
    free(out);
    free(said);
    free(clock);
    free(image);
    free(cpu);
    free(modes);
    free(host);
    return status;
}

/* All rows of the chosen cases that `mine` takes, in one run, or each in its own. */
static int run_matching(struct trial *t, bool evil, bool alone)
{
    const char **rows = xcalloc(t->image->count, sizeof(*rows));
    size_t count = 0;
    int status = STATUS_OK;

    for ( size_t i = 0; i < t->image->count; i++ )
    {
        const char *name = t->image->rows[i].name;
        bool wanted = false;

        for ( size_t k = 0; k < t->count && !wanted; k++ )
            wanted = attack_by_backend(t->chosen[k]) == evil && attack_has_row(t->chosen[k], name);
        if ( wanted && attack_row_alone(name) == alone )
            rows[count++] = name;
    }
    if ( !alone && count )
        status = run_rows(t, evil ? t->evil : t->own, rows, count);
    for ( size_t i = 0; alone && i < count && status == STATUS_OK; i++ )
        status = run_rows(t, t->own, &rows[i], 1);
    free(rows);
    return status;
}

/* -------------------------------------------------------------- scripts -- */

static bool link_to(const char *directory, const char *name, const char *target)
{
    char *path = xasprintf("%s/%s", directory, name);
    bool made = symlink(target, path) == 0;

    free(path);
    return made;
}

/* Where a script runs on this machine's Xen: beside links to all that it names. */
static char *script_directory(const struct trial *t, const char *program)
{
    char *directory = xstrdup("/tmp/xenometer-attack-XXXXXX");
    char *elf = data_file("xenometer.elf");
    bool made = mkdtemp(directory) != NULL;

    made = made && link_to(directory, "xenometer", program) && link_to(directory, IMAGE, t->elf) &&
           elf && link_to(directory, "xenometer.elf", elf);
    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN )
        {
            char *name = xasprintf("%s.cfg", c->name), *target = xasprintf("%s/%s", t->configs, name);

            made = made && link_to(directory, name, target);
            free(target);
            free(name);
        }
    free(elf);
    if ( made )
        return directory;
    message("cannot make %s: is there room in /tmp?", directory);
    remove_tree(directory);
    free(directory);
    return NULL;
}

/* The lab's own command, which takes with it all that a script names; the arguments behind it are the
 * script's.  `owned` are the caller's to free. */
static size_t lab_arguments(const struct trial *t, const char *program, const char **argv, char **owned)
{
    char *elf = data_file("xenometer.elf");
    size_t n = 0, count = 0;

    owned[count++] = xasprintf("--push=%s", program);
    owned[count++] = xasprintf("--push=%s", t->elf);
    owned[count++] = xasprintf("--push=%s", elf ? elf : "xenometer.elf");
    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN )
            owned[count++] = xasprintf("--push=%s/%s.cfg", t->configs, c->name);
    argv[n++] = program;
    argv[n++] = "lab";
    argv[n++] = "run";
    argv[n++] = "--deadline=3600";
    for ( size_t i = 0; i < count; i++ )
        argv[n++] = owned[i];
    argv[n++] = "--";
    free(elf);
    return n;
}

/* Its last line is what the victim saw. */
static void add_script(struct trial *t, const struct attack *a, int ended, char *out, const char *said)
{
    char *end = out + strlen(out);

    while ( end > out && end[-1] == '\n' )
        *--end = '\0';
    end = strrchr(out, '\n');
    add(t, a, "script", "pv", ended == 0,
        xstrdup(*out ? (end ? end + 1 : out) : ended ? "it ended without a word" : "as it must"), said);
}

static int run_script(struct trial *t, const struct attack *a, bool lab)
{
    const char *program = a->evil ? t->evil : t->own;
    char *owned[4 + COLUMNS_MAX] = { NULL }, *out, *said, *directory = NULL;
    /* The same name for both programs. */
    char *script = xasprintf("[ -e xenometer ] || ln -s %s xenometer; %s", EVIL, a->script);
    char *stage = xasprintf("%s: %s", a->id, a->attacker);
    const char *argv[16 + COLUMNS_MAX];
    size_t n = 0;
    int status = STATUS_OK, ended;

    if ( lab )
        n = lab_arguments(t, program, argv, owned);
    else if ( !(directory = script_directory(t, program)) )
        status = STATUS_ENVIRONMENT;
    argv[n++] = "sh";
    argv[n++] = "-c";
    argv[n++] = script;
    argv[n] = NULL;
    if ( status == STATUS_OK )
    {
        status = run(argv, stage, directory, &ended, &out, &said);
        if ( status == STATUS_OK )
            add_script(t, a, ended, out, said);
        free(out);
        free(said);
    }
    if ( directory )
        remove_tree(directory);
    free(directory);
    for ( size_t i = 0; owned[i]; i++ )
        free(owned[i]);
    free(script);
    free(stage);
    return status;
}

/* ------------------------------------------------------------------ try -- */

/* For that CPU; the caller's.  NULL after a message. */
static char *image_path(const char *cpu)
{
    const char *model = NULL, *how;
    char *path = cpu && lab_cpu_choose(cpu, &model) != STATUS_OK ? NULL : lab_cpu_file(model, IMAGE, &how);

    if ( !path )
        message(IMAGE " not found beside the program: run `%s`", how);
    return path;
}

struct image *attack_image(const char *cpu)
{
    char *path = image_path(cpu), *error = NULL;
    struct image *image = path ? image_load(path, &error) : NULL;

    if ( error )
        message("%s", error);
    free(error);
    free(path);
    return image;
}

char *attack_rows(const struct image *image, const struct attack *a)
{
    char *text = NULL;

    for ( size_t i = 0; i < image->count; i++ )
        if ( attack_has_row(a, image->rows[i].name) )
        {
            char *longer = text ? xasprintf("%s, %s", text, image->rows[i].name)
                                : xstrdup(image->rows[i].name);

            free(text);
            text = longer;
        }
    return text;
}

static int try_all(struct trial *t)
{
    bool lab = t->options->host && !strcmp(t->options->host, "lab");
    int status = STATUS_OK;

    if ( !t->options->host || !strcmp(t->options->host, "auto") )
    {
        char *why_not;

        lab = !environment_is_xen(&why_not);
        free(why_not);
    }
    status = run_matching(t, false, false);
    if ( status == STATUS_OK && !t->options->quick )
        status = run_matching(t, false, true);
    /* Hostile backends are this machine's program, and so are the scripts'. */
    if ( t->options->cpu )
        return status;
    if ( status == STATUS_OK )
        status = run_matching(t, true, false);
    for ( size_t i = 0; i < t->count && !t->options->quick && status == STATUS_OK; i++ )
        if ( t->chosen[i]->script )
            status = run_script(t, t->chosen[i], lab);
    return status;
}

int attack_try(const struct attack_options *given, const struct attack *const *chosen, size_t count,
               struct attack_report *report)
{
    struct attack_options own = *given, *o = &own;
    const char *model = NULL;
    struct trial t = { .options = o, .chosen = chosen, .count = count, .report = report };
    int status = STATUS_ENVIRONMENT;

    if ( o->cpu && lab_cpu_choose(o->cpu, &model) != STATUS_OK )
        return STATUS_USAGE;
    if ( !model )
        o->cpu = NULL;
    if ( !o->modes )
        o->modes = strcmp(lab_cpu_architecture(model), "arm64") ? "pv" : "arm64";
    for ( size_t i = 0; o->cpu && i < count; i++ )
        if ( attack_by_backend(chosen[i]) )
        {
            message("%s is a backend's: with --cpu there are hostile domains, `attack --cpu=%s F`", chosen[i]->id,
                    o->cpu);
            return STATUS_USAGE;
        }
    report->quick = o->quick || o->cpu;
    cancel_begin();
    t.image = attack_image(o->cpu);
    t.elf = t.image ? image_path(o->cpu) : NULL;
    t.own = realpath("/proc/self/exe", NULL);
    t.evil = data_file(EVIL);
    t.configs = data_file("configs");
    if ( t.image && (!t.own || !t.evil || !t.configs) )
        message("%s not found beside the program: run `make`", t.evil ? "configs/" : EVIL);
    else if ( t.image )
        status = try_all(&t);
    cancel_end();
    image_free(t.image);
    free(t.elf);
    free(t.own);
    free(t.evil);
    free(t.configs);
    return status;
}
