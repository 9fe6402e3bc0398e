#include "runner.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <CUnit/TestRun.h>

#include "catalogue.h"
#include "program.h"

#define MAX_TESTS    512u
#define MAX_FAILURES 128u
#define SLOWEST      8u
#define MAX_PARALLEL 8u

/* What the processes of all suites found, in memory they share; each adds to it at its own
 * places, reserved by the atomic counters. */
struct found {
    unsigned tests, failures, asserts;
    struct {
        char name[160];
        unsigned seconds, cpu_seconds;   /* by the clock; what its programs executed */
    } test[MAX_TESTS];
    struct {
        char text[400];
    } failure[MAX_FAILURES];
};

static struct found *found;
static struct timespec began;   /* the test that runs */
static unsigned cpu_before;

static unsigned seconds_since(const struct timespec *from)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned)(now.tv_sec - from->tv_sec);
}

/* Of all programs started and ended so far, QEMU among them: what does not depend on who else
 * has the CPUs. */
static unsigned cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_CHILDREN, &usage);
    return (unsigned)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

static void note_failure(const char *format, const char *suite, const char *test,
                         const char *file, unsigned line, const char *condition)
{
    unsigned place = __atomic_fetch_add(&found->failures, 1, __ATOMIC_RELAXED);

    if ( place < MAX_FAILURES )
        snprintf(found->failure[place].text, sizeof(found->failure[place].text), format, suite,
                 test, file, line, condition, tests_take_long ? "--long " : "");
}

/* ---- CUnit's handlers ---- */

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
    (void)test;
    (void)suite;
    clock_gettime(CLOCK_MONOTONIC, &began);
    cpu_before = cpu_seconds();
}

static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    unsigned place = __atomic_fetch_add(&found->tests, 1, __ATOMIC_RELAXED);
    unsigned seconds = seconds_since(&began), cpu = cpu_seconds() - cpu_before;

    if ( place < MAX_TESTS )
    {
        snprintf(found->test[place].name, sizeof(found->test[place].name), "%s: %s", suite->pName,
                 test->pName);
        found->test[place].seconds = seconds;
        found->test[place].cpu_seconds = cpu;
    }
    printf("%s %4u s (%u s of CPU)  %s: %s\n", failure ? "FAILED" : "passed", seconds, cpu,
           suite->pName, test->pName);
    for ( CU_pFailureRecord r = failure; r; r = r->pNext )
    {
        printf("    %s:%u: %s\n", r->strFileName ? r->strFileName : "", r->uiLineNumber,
               r->strCondition ? r->strCondition : "");
        note_failure("%1$s: %2$s: %3$s:%4$u: %5$s\n    again: build/test-lab %6$s\"%1$s\" \"%2$s\"",
                     suite->pName, test->pName, r->strFileName ? r->strFileName : "",
                     r->uiLineNumber, r->strCondition ? r->strCondition : "");
    }
    program_explain();
}

static void on_failed_set_up(const CU_pSuite suite)
{
    printf("FAILED         %s: it could not begin\n", suite->pName);
    note_failure("%1$s: it could not begin\n    again: build/test-lab %6$s\"%1$s\"", suite->pName, "",
                 "", 0, "");
}

static void set_handlers(void)
{
    CU_set_test_start_handler(on_start);
    CU_set_test_complete_handler(on_complete);
    CU_set_suite_init_failure_handler(on_failed_set_up);
}

/* ---- processes ---- */

static bool share(void)
{
    found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ( found != MAP_FAILED )
        return true;
    perror("mmap");
    return false;
}

/* ---- which tests ---- */

#define MAX_NOTED 256u
bool tests_take_long;
static struct {
    CU_pTest test;
    bool in_short;   /* make test runs it, too */
} noted[MAX_NOTED];
static unsigned noted_count;

static void note(CU_pTest test, bool in_short)
{
    if ( test && noted_count < MAX_NOTED )
    {
        noted[noted_count].in_short = in_short;
        noted[noted_count++].test = test;
    }
}

void runner_add(const struct job *job)
{
    CU_pSuite suite;

    job->add();
    suite = CU_get_suite_at_pos(CU_get_registry()->uiNumberOfSuites);
    for ( CU_pTest t = suite->pTest; (job->flags & TAKES_MINUTES) && t; t = t->pNext )
        note(t, false);
}

void add_long(CU_pSuite suite, const char *name, CU_TestFunc function)
{
    note(CU_add_test(suite, name, function), false);
}

void add_both(CU_pSuite suite, const char *name, CU_TestFunc function)
{
    note(CU_add_test(suite, name, function), true);
}

/* Does make test, or make test-long (`take_long`), run it? */
static bool is_wanted(CU_pTest test, bool take_long)
{
    for ( unsigned i = 0; i < noted_count; i++ )
        if ( noted[i].test == test )
            return take_long || noted[i].in_short;
    return !take_long;
}

/* A registry with this suite alone, its other tests inactive.  False: they all are. */
static bool add_alone(const struct job *job, bool take_long)
{
    bool any = false;

    CU_cleanup_registry();
    CU_initialize_registry();
    CU_set_fail_on_inactive(CU_FALSE);
    noted_count = 0;
    runner_add(job);
    for ( CU_pTest test = CU_get_registry()->pSuite->pTest; test; test = test->pNext )
    {
        bool wanted = is_wanted(test, take_long);

        CU_set_test_active(test, wanted);
        any |= wanted;
    }
    return any;
}

static pid_t start(const struct job *job, bool take_long)
{
    pid_t pid = fork();

    if ( pid )
        return pid;
    if ( !add_alone(job, take_long) )
        _exit(0);
    set_handlers();
    CU_run_all_tests();
    __atomic_fetch_add(&found->asserts, CU_get_number_of_asserts(), __ATOMIC_RELAXED);
    fflush(stdout);
    _exit(0);
}

/* The next job that need not wait; `count`: there is none now. */
static size_t choose(const struct job *jobs, const bool *begun, size_t count, bool catalogue)
{
    size_t i = 0;

    while ( i < count && (begun[i] || (!catalogue && (jobs[i].flags & READS_CATALOGUE))) )
        i++;
    return i;
}

/* A suite whose process crashed has not told what it failed in. */
static void note_end(const struct job *job, int status)
{
    if ( WIFEXITED(status) && WEXITSTATUS(status) == 0 )
        return;
    add_alone(job, false);
    note_failure("%1$s: its process was killed by a signal or ended early\n"
                 "    again: build/test-lab %6$s\"%1$s\"", CU_get_registry()->pSuite->pName, "", "", 0,
                 "");
}

static int by_cpu(const void *a, const void *b)
{
    const unsigned *x = a, *y = b;

    return (found->test[*x].cpu_seconds < found->test[*y].cpu_seconds) -
           (found->test[*x].cpu_seconds > found->test[*y].cpu_seconds);
}

static int sum_up(unsigned seconds, bool slowest)
{
    unsigned order[MAX_TESTS], tests = found->tests < MAX_TESTS ? found->tests : MAX_TESTS;

    for ( unsigned i = 0; i < tests; i++ )
        order[i] = i;
    qsort(order, tests, sizeof(order[0]), by_cpu);
    if ( slowest )
        printf("\nSlowest:\n");
    for ( unsigned i = 0; slowest && i < tests && i < SLOWEST; i++ )
        printf("  %4u s, %4u s of CPU  %s\n", found->test[order[i]].seconds,
               found->test[order[i]].cpu_seconds, found->test[order[i]].name);
    if ( found->failures )
        printf("\nFailed:\n");
    for ( unsigned i = 0; i < found->failures && i < MAX_FAILURES; i++ )
        printf("  %s\n", found->failure[i].text);
    printf("\nLab: %u tests, %u assertions, %u failed, %u min %u s\n", found->tests, found->asserts,
           found->failures, seconds / 60, seconds % 60);
    return found->failures ? 1 : 0;
}

int runner_all(const struct job *jobs, size_t count, bool take_long, unsigned parallel)
{
    bool *begun = calloc(count, sizeof(*begun)), catalogue = false;
    struct {
        pid_t pid;
        size_t job;
    } running[MAX_PARALLEL];
    unsigned processes = 0;
    struct timespec from;
    size_t next;
    int status;

    if ( !begun || !share() )
        return 1;
    catalogue_forget();
    tests_take_long = take_long;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for ( ;; )
    {
        while ( processes < parallel && processes < MAX_PARALLEL &&
                (next = choose(jobs, begun, count, catalogue)) < count )
        {
            begun[next] = true;
            running[processes].job = next;
            running[processes].pid = start(&jobs[next], take_long);
            if ( running[processes++].pid < 0 )
            {
                perror("fork");
                return 1;
            }
        }
        if ( !processes )
            break;
        pid_t ended = wait(&status);
        for ( unsigned i = 0; i < processes; i++ )
            if ( running[i].pid == ended )
            {
                /* Also when it failed: each of the others then says so. */
                catalogue |= jobs[running[i].job].flags & MAKES_CATALOGUE;
                note_end(&jobs[running[i].job], status);
                running[i] = running[--processes];
                break;
            }
    }
    catalogue_forget();
    free(begun);
    return sum_up(seconds_since(&from), true);
}

int runner_one(CU_pSuite suite, CU_pTest test, bool take_long)
{
    struct timespec from;

    if ( !share() )
        return 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    tests_take_long = take_long || (test && !is_wanted(test, false));
    CU_set_fail_on_inactive(CU_FALSE);
    for ( CU_pTest t = suite->pTest; !test && t; t = t->pNext )
        CU_set_test_active(t, is_wanted(t, take_long));
    set_handlers();
    if ( test )
        CU_run_test(suite, test);
    else
        CU_run_suite(suite);
    found->asserts = CU_get_number_of_asserts();
    catalogue_forget();
    return sum_up(seconds_since(&from), false);
}
