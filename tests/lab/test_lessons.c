/*
 * Each lesson, played through a pseudo terminal by a reader who also types nonsense, and printed for a
 * teacher: what it measures is shown, and nothing is left running.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* util-linux's script gives the program a terminal; `typed` is a shell command that writes what is typed. */
static struct outcome_of play(unsigned number, const char *typed)
{
    char command[256];

    snprintf(command, sizeof(command), "%s | script -qec 'build/xenometer lesson %u' /dev/null", typed, number);
    return program_named("/bin/sh", "-c", command, NULL);
}

static const char *const said[] = { "A number, such as 500 or 2.5", "One letter, a to ", "You said ", "Yes.", "No." };
#define SAID (sizeof(said) / sizeof(said[0]))
static bool met[SAID];

static void lesson(unsigned number)
{
    /* Prompts take what they can use of it: a number, a letter, Enter. */
    struct outcome_of r = play(number, "for i in $(seq 60); do printf 'nonsense\\n7\\na\\n\\n'; done");

    CU_ASSERT_EQUAL(r.status, 0);
    /* Which prompt the nonsense meets depends on how many there are before it. */
    for ( size_t i = 0; i < SAID; i++ )
        met[i] |= strstr(r.out, said[i]) != NULL;
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Measured: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Solution: "));
    CU_ASSERT_PTR_NULL(strstr(r.out, "Until later"));
    /* What goes wrong on purpose does. */
    CU_ASSERT(number != 9 || strstr(r.out, "200 were used: the backend is overrun"));
    CU_ASSERT(number != 12 || (strstr(r.out, "does not look again") && strstr(r.out, "no result within 1 s")));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* As many as there are. */
static void test_each(void)
{
    struct outcome_of r = program("lesson", NULL);
    unsigned count = 0;

    for ( ;; )
    {
        char line[16];

        snprintf(line, sizeof(line), "\n%2u  ", count + 1);
        if ( strncmp(r.out, line + 1, strlen(line + 1)) && !strstr(r.out, line) )
            break;
        count++;
    }
    program_free(&r);
    CU_ASSERT(count >= 12);
    for ( unsigned i = 1; i <= count; i++ )
        lesson(i);
    for ( size_t i = 0; i < SAID; i++ )
        CU_ASSERT(met[i]);
}

/* Ctrl-D, q, no terminal, and a teacher's. */
static void test_ways(void)
{
    struct outcome_of r = play(1, "true");

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Until later: xenometer lesson 1"));
    program_free(&r);
    r = play(1, "echo q");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Until later: xenometer lesson 1"));
    program_free(&r);
    r = program("lesson", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, " 1  A hypercall by hand"));
    program_free(&r);
    r = program("lesson", "99", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "there is no lesson 99"));
    program_free(&r);
    r = program("lesson", "1", "--answers", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "= b) The way in and out is longer"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Solution: "));
    CU_ASSERT_PTR_NULL(strchr(r.out, '{'));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

void suite_lessons(void)
{
    CU_pSuite s = CU_add_suite("lessons", NULL, NULL);

    CU_add_test(s, "leaving, and answers", test_ways);
    CU_add_test(s, "each", test_each);
}
