/*
 * lessons/lesson.c: what a lesson's file says, and the program's own lessons.
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "catalogue/column.h"
#include "catalogue/select.h"
#include "lessons/exercise.h"
#include "lessons/lesson.h"
#include "lib/files.h"
#include "suites.h"
#include "xenometer.h"

static struct lesson lesson;

#define HEAD "Title\n@minutes 10\n@question What?\n@figure a hypercall/null pv\n@figure b hypercall/null pvh\n"

static void test_parse(void)
{
    char *text;
    double value;

    CU_ASSERT_EQUAL_FATAL(lesson_parse(HEAD
        "\nFirst {a},\ntwo lines.\n\nSecond.\n@predict b/a How many?\n@choose Which?\n- one\n* two\n"
        "@run trace x --mode=pv\n@exercise\nPart one.\n\nPart two.\n@solution\nSo.\n", "test", &lesson), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(lesson.title, "Title");
    CU_ASSERT_EQUAL(lesson.minutes, 10);
    CU_ASSERT_EQUAL_FATAL(lesson.step_count, 7);
    CU_ASSERT_STRING_EQUAL(lesson.steps[0].text, "First {a}, two lines.");
    CU_ASSERT_STRING_EQUAL(lesson.steps[1].text, "Second.");
    CU_ASSERT_STRING_EQUAL(lesson.steps[2].expression, "b/a");
    CU_ASSERT_EQUAL(lesson.steps[3].right, 1);
    CU_ASSERT_STRING_EQUAL(lesson.steps[5].text, "Part one.\n\nPart two.");
    CU_ASSERT_EQUAL(lesson.steps[6].kind, STEP_SOLUTION);

    lesson.figures[0].median = 200;
    lesson.figures[1].median = 5000;
    CU_ASSERT(lesson_value(&lesson, "b/a", &value) && value == 25);
    CU_ASSERT(lesson_value(&lesson, "a-b", &value) && value == -4800);
    CU_ASSERT_FALSE(lesson_value(&lesson, "c", &value));
    CU_ASSERT_FALSE(lesson_value(&lesson, "a/", &value));
    text = lesson_text(&lesson, "{a}, {b}: {b/a} times, {a-b}.");
    CU_ASSERT_STRING_EQUAL(text, "200, 5,000: 25.0 times, -4,800.");
    free(text);
    lesson_free(&lesson);
}

static void test_wrong(void)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        { "", "a title" },
        { "Title\n", "a title, @question, @minutes and steps" },
        { HEAD, "steps" },
        { HEAD "@sing loudly\n", "test:6: a directive that there is not" },
        { HEAD "@figure c hypercall/null vax\n", "a name, a row and a column" },
        { HEAD "Text with {c}.\n", "no expression of figures" },
        { HEAD "Text with {a\n", "Text" },
        { HEAD "@predict c How many?\n", "@predict" },
        { HEAD "@choose Which?\n* one\n", "two choices or more" },
        { HEAD "@choose Which?\n- one\n- two\n", "one of them right" },
        { HEAD "- one\n", "stands below @choose" },
        { HEAD "@picture nonsense\n", "@picture" },
        { HEAD "@code nonsense\n", "@code names one folder" },
        { HEAD "@code ../exercises/row\n", "@code names one folder" },
        { HEAD "@code row\n@code row\n", "@code names one folder" },
        { HEAD "@demo twice.c run\n", "@demo is of a folder's file" },
        { HEAD "@demo ../../x run\n", "@demo is of a folder's file" },
    };

    for ( size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++ )
    {
        const char *said;
        int status;

        capture_begin();
        status = lesson_parse(wrong[i].text, "test", &lesson);
        said = capture_end();
        if ( !strcmp(wrong[i].said, "Text") )
        {
            /* An open brace is closed by the text's end. */
            CU_ASSERT_EQUAL(status, STATUS_OK);
            lesson_free(&lesson);
            continue;
        }
        CU_ASSERT_EQUAL(status, STATUS_USAGE);
        CU_ASSERT(says(said, wrong[i].said));
    }
}

/* Each can be read, and the rows that it measures are there; no figure is written into it. */
static void test_own(void)
{
    struct image *image = select_catalogue("build/xenometer.elf");
    unsigned count = lesson_count();

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT(count >= 3);
    for ( unsigned n = 1; n <= count; n++ )
    {
        CU_ASSERT_EQUAL_FATAL(lesson_read(n, &lesson), STATUS_OK);
        CU_ASSERT_EQUAL(lesson.steps[lesson.step_count - 1].kind, STEP_SOLUTION);
        for ( size_t i = 0; i < lesson.figure_count; i++ )
        {
            const struct image_row *row = image_find(image, lesson.figures[i].row);

            CU_ASSERT_PTR_NOT_NULL_FATAL(row);
            CU_ASSERT(columns_have(&row->columns, column_find(lesson.figures[i].column)));
        }
        lesson_free(&lesson);
    }
    image_free(image);
    capture_begin();
    CU_ASSERT_EQUAL(lesson_read(count + 1, &lesson), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "`xenometer lesson` lists them"));
}

/* Of each exercise what a student gets, what a teacher has, and what judges. */
static void test_code(void)
{
    unsigned codes = 0;

    for ( unsigned n = 1; n <= lesson_count(); n++ )
    {
        CU_ASSERT_EQUAL_FATAL(lesson_read(n, &lesson), STATUS_OK);
        for ( size_t i = 0; lesson.code && i < 3; i++ )
        {
            static const char *const files[] = { "start.c", "solution.c", "check.c" };
            char *text = exercise_text(&lesson, files[i]);

            CU_ASSERT_PTR_NOT_NULL(text);
            codes++;
            free(text);
        }
        lesson_free(&lesson);
    }
    CU_ASSERT_EQUAL(codes, 9);
}

/* ---- the course ---- */

static char directory[] = "/tmp/xenometer-course-XXXXXX", results_file[64], trace_file[64];

static char *page(const char *name)
{
    char *path = path_in(directory, name), *text = read_whole_file(path, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    free(path);
    return text;
}

/* The program itself: a course runs it again for what needs no lab. */
static int write_course(const struct course_options *o)
{
    char *command = xasprintf("build/xenometer lesson --html=%s --results=%s --trace=%s %s >/dev/null", o->directory,
                              o->results, o->traces[0], o->answers ? "--answers" : "");
    int status = system(command);

    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* From recorded results and a trace, without a lab. */
static void test_course(void)
{
    const char *traces[] = { trace_file };
    struct course_options o = { .directory = directory, .results = results_file, .traces = traces, .trace_count = 1 };
    char *text, *one;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    rmdir(directory);
    snprintf(results_file, sizeof(results_file), "%s.results", directory);
    snprintf(trace_file, sizeof(trace_file), "%s.trace", directory);
    text = xasprintf("gunzip -c dom0-tools/docs/results.json.gz >%s && gunzip -c dom0-tools/docs/trace-ring-echo-64b.json.gz"
                     " | sed 's,ring/echo-64b,event/roundtrip-idle,' >%s", results_file, trace_file);
    CU_ASSERT_EQUAL_FATAL(system(text), 0);
    free(text);
    CU_ASSERT_EQUAL_FATAL(write_course(&o), STATUS_OK);

    text = page("index.html");
    CU_ASSERT(says(text, "<a href=\"01.html\">A hypercall by hand</a>"));
    CU_ASSERT(says(text, "its exercise is code"));
    free(text);
    /* Recorded: PV 248, eight in one 281 each; an answer is hidden behind a summary. */
    text = page("01.html");
    CU_ASSERT(says(text, "It was 281 instructions each, and 248 alone."));
    CU_ASSERT(says(text, "<details><summary>Guess first, then look</summary><p>Measured: <span class=\"big\">248</span>"));
    CU_ASSERT_PTR_NULL(strstr(text, "A solution"));
    CU_ASSERT_PTR_NULL(strstr(strstr(text, "</style>"), "{"));
    free(text);
    /* The trace stands where the lesson takes one, as text and drawn. */
    text = page("03.html");
    CU_ASSERT(says(text, "<img src=\"03-1.svg\" alt=\"Sequence diagram of "));
    free(text);
    text = page("03-1.svg");
    CU_ASSERT(says(text, "<svg "));
    free(text);
    /* What is in no results is no number. */
    text = page("11.html");
    CU_ASSERT(says(text, "A question mark stands for a figure that the results have not."));
    free(text);

    o.answers = true;
    CU_ASSERT_EQUAL_FATAL(write_course(&o), STATUS_OK);
    text = page("12.html");
    one = strstr(text, "A solution");
    CU_ASSERT_PTR_NOT_NULL(one);
    CU_ASSERT(one && says(one, "full_barrier();"));
    free(text);
    CU_ASSERT_EQUAL(remove_tree(directory), 0);
}

/* What cannot be written, and what is no results, leaves nothing. */
static void test_no_course(void)
{
    struct course_options o = { .directory = results_file, .results = results_file };

    capture_begin();
    CU_ASSERT_EQUAL(course_write(&o), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "something that is no directory"));
    o.directory = "/proc/course";
    capture_begin();
    CU_ASSERT_EQUAL(course_write(&o), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "/proc/course"));
    o.directory = directory;
    o.results = "Makefile";
    capture_begin();
    CU_ASSERT_EQUAL(course_write(&o), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "Makefile"));
    CU_ASSERT(access(directory, F_OK) != 0);
    unlink(results_file);
    unlink(trace_file);
}

void suite_lesson(void)
{
    CU_pSuite suite = CU_add_suite("lessons", NULL, NULL);

    CU_add_test(suite, "files", test_parse);
    CU_add_test(suite, "files that are wrong", test_wrong);
    CU_add_test(suite, "the program's own", test_own);
    CU_add_test(suite, "exercises that are code", test_code);
    CU_add_test(suite, "a course of recorded results", test_course);
    CU_add_test(suite, "no course", test_no_course);
}
