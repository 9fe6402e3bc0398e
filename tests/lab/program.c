#include "program.h"

#include <CUnit/CUnit.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM        "build/xenometer"
#define MAX_ARGUMENTS  64
#define DEADLINE       1800u   /* seconds: for what hangs; a busy machine takes its time */

#define SHOWN          8000   /* bytes of each output that a failure shows */

/* Marks every process started from here, through its environment. */
static char mark[40];

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if ( !f || getdelim(&text, &size, '\0', f) < 0 )
    {
        free(text);
        text = strdup("");
    }
    if ( f )
        fclose(f);
    return text;
}

/* The arguments of a call, NULL-terminated, in argv[MAX_ARGUMENTS]. */
static void collect(char **argv, const char *first, va_list list)
{
    argv[0] = (char *)first;
    for ( int i = 1; i < MAX_ARGUMENTS && argv[i - 1]; i++ )
        argv[i] = va_arg(list, char *);
    argv[MAX_ARGUMENTS - 1] = NULL;
}

static pid_t start(const char *path, const char *out, const char *err,
                   char *const *arguments)
{
    char *argv[MAX_ARGUMENTS + 1] = { (char *)path };
    pid_t pid;

    for ( int i = 0; i < MAX_ARGUMENTS && arguments[i]; i++ )
        argv[i + 1] = arguments[i];
    snprintf(mark, sizeof(mark), "XENOMETER_TEST=%d", (int)getpid());
    fflush(stdout);
    pid = fork();
    if ( pid == 0 )
    {
        int o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int i = open("/dev/null", O_RDONLY);

        if ( o < 0 || e < 0 || i < 0 )
            _exit(126);
        dup2(i, 0);
        dup2(o, 1);
        dup2(e, 2);
        setenv("NO_COLOR", "1", 1);
        putenv(mark);
        execv(path, argv);
        _exit(127);
    }
    return pid;
}

/* What ran last, and what it said: shown when an assertion on it failed. */
static struct {
    char *command, *out, *err;   /* owned */
    int status;
    unsigned failures;           /* that had been counted when it ended */
} last;

static void show_end(const char *name, const char *text)
{
    size_t length = strlen(text);

    if ( length > SHOWN )
        fprintf(stderr, "%s, the last %d of %zu bytes:\n%s\n", name, SHOWN, length,
                text + length - SHOWN);
    else if ( length )
        fprintf(stderr, "%s:\n%s\n", name, text);
}

void program_explain(void)
{
    if ( last.command && CU_get_number_of_failures() > last.failures )
    {
        fprintf(stderr, "\nwhat ran before that: %s; it ended with %d\n", last.command,
                last.status);
        show_end("its output", last.out);
        show_end("its errors", last.err);
    }
    free(last.command);
    free(last.out);
    free(last.err);
    last.command = last.out = last.err = NULL;
}

static char *command_line(const char *path, char *const *arguments)
{
    char *line = NULL;
    size_t size;
    FILE *f = open_memstream(&line, &size);

    if ( !f )
        return NULL;
    fputs(path, f);
    for ( ; *arguments; arguments++ )
        fprintf(f, " '%s'", *arguments);
    fclose(f);
    return line;
}

pid_t program_start(const char *out, const char *err, const char *first, ...)
{
    char *arguments[MAX_ARGUMENTS];
    va_list list;

    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return start(PROGRAM, out, err, arguments);
}

int program_wait(pid_t pid, unsigned seconds)
{
    struct timespec tick = { .tv_nsec = 20000000 };
    int status;

    for ( unsigned long i = 0; i < seconds * 50ul; i++ )
    {
        if ( waitpid(pid, &status, WNOHANG) == pid )
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        nanosleep(&tick, NULL);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    return -1;
}

static struct outcome_of run(const char *path, unsigned seconds, char *const *arguments)
{
    /* In memory: nothing is left where a test is killed. */
    int fds[2] = { memfd_create("out", MFD_CLOEXEC), memfd_create("err", MFD_CLOEXEC) };
    char out[40], err[40];
    struct outcome_of r;

    program_explain();
    last.command = command_line(path, arguments);
    snprintf(out, sizeof(out), "/proc/%d/fd/%d", (int)getpid(), fds[0]);
    snprintf(err, sizeof(err), "/proc/%d/fd/%d", (int)getpid(), fds[1]);
    r.status = program_wait(start(path, out, err, arguments), seconds);
    r.out = read_file(out);
    r.err = read_file(err);
    close(fds[0]);
    close(fds[1]);
    last.out = strdup(r.out);
    last.err = strdup(r.err);
    last.status = r.status;
    last.failures = CU_get_number_of_failures();
    return r;
}

struct outcome_of program(const char *first, ...)
{
    char *arguments[MAX_ARGUMENTS];
    va_list list;

    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return run(PROGRAM, DEADLINE, arguments);
}

struct outcome_of program_list(const char *const *arguments)
{
    return run(PROGRAM, DEADLINE, (char *const *)arguments);
}

struct outcome_of program_patiently(unsigned seconds, const char *first, ...)
{
    char *arguments[MAX_ARGUMENTS];
    va_list list;

    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return run(PROGRAM, seconds, arguments);
}

struct outcome_of program_named(const char *path, const char *first, ...)
{
    char *arguments[MAX_ARGUMENTS];
    va_list list;

    va_start(list, first);
    collect(arguments, first, list);
    va_end(list);
    return run(path, DEADLINE, arguments);
}

struct outcome_of program_in_dom0(const char *script)
{
    return program("lab", "run", "--push", "build/xenometer",
                   "--push", "build/xenometer.elf", "--push", "build/xenometer-test.elf", "--push", "configs/pv.cfg",
                   "--push", "configs/pvh.cfg", "--push", "configs/hvm.cfg",
                   "--", "sh", "-c", script, NULL);
}

void program_free(struct outcome_of *r)
{
    free(r->out);
    free(r->err);
}

/* Is `name` among the variables a process was started with? */
static bool has_variable(const char *pid, const char *wanted)
{
    char path[64], *variable = NULL;
    size_t size = 0;
    bool found = false;
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%.20s/environ", pid);
    f = fopen(path, "r");
    while ( f && !found && getdelim(&variable, &size, '\0', f) > 0 )
        found = !strcmp(variable, wanted);
    if ( f )
        fclose(f);
    free(variable);
    return found;
}

/* Is it QEMU or Bochs?  The kernel keeps 15 characters of a command's name. */
static bool is_emulator(const char *pid)
{
    char path[64], command[16] = "";
    FILE *f;

    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    f = fopen(path, "r");
    if ( f && !fgets(command, sizeof(command), f) )
        command[0] = '\0';
    if ( f )
        fclose(f);
    return !strncmp(command, "qemu-system-x86", 15) || !strcmp(command, "bochs-bin\n");
}

unsigned qemu_signal(int number)
{
    DIR *proc = opendir("/proc");
    struct dirent *d;
    unsigned count = 0;

    while ( proc && (d = readdir(proc)) )
        if ( d->d_name[0] >= '1' && d->d_name[0] <= '9' && is_emulator(d->d_name) &&
             has_variable(d->d_name, mark) && !kill(atoi(d->d_name), number) )
            count++;
    if ( proc )
        closedir(proc);
    return count;
}

/* What waits longer than two seconds says so: " (2 s)" ends such a line. */
static const char *behind_waiting(const char *lines)
{
    const char *end;

    while ( (end = strchr(lines, '\n')) && end - lines > 4 && !strncmp(end - 3, " s)", 3) )
        lines = end + 1;
    return lines;
}

bool is_one_line_error(const struct outcome_of *r, const char *text)
{
    const char *line = behind_waiting(r->err), *end = strchr(line, '\n');
    bool ok = end && end[1] == '\0' && !strncmp(line, "xenometer: ", 11) &&
              strstr(line, text);

    if ( !ok )
        fprintf(stderr, "expected one line with \"%s\", got:\n%s\n", text, r->err);
    return ok;
}

void expect_refusals(const char *first, const struct refusal *list, size_t count)
{
    char *script = NULL, *line, *rest;
    size_t size;
    FILE *f = open_memstream(&script, &size);
    struct outcome_of r;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(first, f);
    for ( size_t i = 0; i < count; i++ )
        fprintf(f, "\n(%s) >/dev/null 2>err; echo $? \"$(cat err)\"", list[i].command);
    fclose(f);
    r = program_in_dom0(script);
    free(script);
    rest = r.out;
    for ( size_t i = 0; i < count; i++ )
    {
        char begins[24];
        bool right;

        snprintf(begins, sizeof(begins), "%d xenometer: ", list[i].status);
        line = strsep(&rest, "\n");
        right = line && !strncmp(line, begins, strlen(begins)) && strstr(line, list[i].says);
        if ( !right )
            fprintf(stderr, "%s: expected %d and one line with \"%s\", got: %s\n", list[i].command,
                    list[i].status, list[i].says, line ? line : "nothing");
        CU_ASSERT(right);
    }
    CU_ASSERT(rest && !*rest);
    program_free(&r);
}

json_t *result_of(json_t *results, const char *row, const char *mode)
{
    size_t i;
    json_t *r;

    json_array_foreach(json_object_get(results, "rows"), i, r)
    {
        const char *a = json_string_value(json_object_get(r, "row"));
        const char *b = json_string_value(json_object_get(r, "mode"));

        if ( a && b && !strcmp(a, row) && !strcmp(b, mode) )
            return r;
    }
    return NULL;
}

long long figure(json_t *results, const char *row, const char *mode, const char *field)
{
    json_t *v = json_object_get(result_of(results, row, mode), field);

    return json_is_integer(v) ? json_integer_value(v) : -1;
}

const char *text_of(json_t *results, const char *row, const char *mode, const char *field)
{
    const char *s = json_string_value(json_object_get(result_of(results, row, mode), field));

    return s ? s : "";
}

void expect_row(json_t *results, const char *const modes[2], const char *row,
                const char *status, const char *reason)
{
    for ( size_t m = 0; m < 2; m++ )
    {
        const char *is = text_of(results, row, modes[m], "status");
        const char *says = text_of(results, row, modes[m], "reason");

        if ( strcmp(is, status) || !strstr(says, reason) )
            fprintf(stderr, "%s in %s: %s, \"%s\"\n", row, modes[m], is, says);
        CU_ASSERT_STRING_EQUAL(is, status);
        CU_ASSERT_PTR_NOT_NULL(strstr(says, reason));
    }
}
