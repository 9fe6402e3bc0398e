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
    CU_ASSERT(number != 9 || strstr(r.out, "200 were used: the backend is"));
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

/*
 * Ctrl-C and Ctrl-D at each kind of prompt.  A shell types an answer at each prompt until the wanted one stands last,
 * and then the key.
 */
static void test_keys(void)
{
    static const char *const prompts[] = { "Enter goes on", "Your guess", "Your answer", "Enter runs it",
                                           "Enter shows a solution" };
    static const char *const keys[] = { "\\003", "\\004" };

    for ( size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++ )
        for ( size_t k = 0; k < 2; k++ )
        {
            char command[1024];
            struct outcome_of r;

            snprintf(command, sizeof(command),
                     "f=$(mktemp) && n=0 && { while ! tail -c 70 $f | grep -aq '%s'; do "
                     "c=$(grep -aoE 'Enter goes on|Your guess|Your answer|Enter runs it|Enter shows' $f | wc -l); "
                     "if [ $c -gt $n ]; then n=$c; case $(tail -c 40 $f) in *letter*) echo a;; *) echo;; esac; fi; "
                     "sleep .1; done; printf '%s'; } | script -qefc 'build/xenometer lesson 1' $f; s=$?; rm $f; exit $s",
                     prompts[i], keys[k]);
            r = program_named("/bin/sh", "-c", command, NULL);
            CU_ASSERT_EQUAL(r.status, 0);
            CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Until later: xenometer lesson 1"));
            program_free(&r);
            CU_ASSERT_EQUAL(qemu_count(), 0);
        }
}

/* The first page is there within two seconds: measuring comes where a figure is wanted, and Ctrl-C ends that, too. */
static void test_start(void)
{
    for ( unsigned i = 1; i <= 13; i++ )
    {
        char command[512];
        struct outcome_of r;

        snprintf(command, sizeof(command),
                 "f=$(mktemp) && { b=$(date +%%s%%N); until grep -aq '^Lesson %u: ' $f && [ $(wc -l <$f) -gt 4 ]; do "
                 "sleep .02; done; echo $(( ($(date +%%s%%N) - b) / 1000000 )) >$f.ms; printf '\\003'; } | "
                 "script -qefc 'build/xenometer lesson %u' $f; cat $f.ms; rm $f $f.ms", i, i);
        r = program_named("/bin/sh", "-c", command, NULL);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(strrchr(r.out, '\n'));
        for ( char *end = r.out + strlen(r.out) - 1; end > r.out && *end == '\n'; end-- )
            *end = '\0';
        CU_ASSERT(atoi(strrchr(r.out, '\n') + 1) <= 2000);
        program_free(&r);
        CU_ASSERT_EQUAL(qemu_count(), 0);
    }
}

/* What a workload spends, measured for it. */
static void test_model(void)
{
    struct outcome_of r = program("model", "--hypercalls=1000", "--exits=msr:500,hlt:20", "--json", NULL);
    json_t *answer = json_loads(r.out, 0, NULL), *pv = json_array_get(json_object_get(answer, "ways"), 0);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(answer, "unit")), "instructions");
    CU_ASSERT(json_number_value(json_object_get(pv, "total")) > 100000);
    CU_ASSERT(json_is_null(json_object_get(pv, "left")));
    json_decref(answer);
    program_free(&r);
    r = program("model", "--hypercalls=1000", "--cycles=3e9", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "--cycles says nothing about them"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* A page with what was measured for it, and a drawing of the trace in it; nothing is left where it cannot be. */
static void test_page(void)
{
    struct outcome_of r = program_named("/bin/sh", "-c", "d=$(mktemp -d)/course && build/xenometer lesson 1 --html=$d && "
                                        "ls $d && cat $d/01.html $d/01-1.svg; s=$?; rm -r $(dirname $d); exit $s", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "01-1.svg\n01.html\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "<img src=\"01-1.svg\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hypercall/null in pv: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "</svg>"));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

void suite_lessons(void)
{
    CU_pSuite s = CU_add_suite("lessons", NULL, NULL);

    CU_add_test(s, "leaving, and answers", test_ways);
    CU_add_test(s, "start", test_start);
    CU_add_test(s, "keys", test_keys);
    CU_add_test(s, "model", test_model);
    CU_add_test(s, "a page", test_page);
    CU_add_test(s, "each", test_each);
}
