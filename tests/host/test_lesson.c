/*
 * lessons/lesson.c: what a lesson's file says, and the program's own lessons.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "catalogue/column.h"
#include "catalogue/select.h"
#include "lessons/lesson.h"
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

void suite_lesson(void)
{
    CU_pSuite suite = CU_add_suite("lessons", NULL, NULL);

    CU_add_test(suite, "files", test_parse);
    CU_add_test(suite, "files that are wrong", test_wrong);
    CU_add_test(suite, "the program's own", test_own);
}
