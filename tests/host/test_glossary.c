/*
 * catalogue/glossary.c, report/explain.c: words, in order, found by any of their names, shown by rows
 * that there are.
 */
#include <CUnit/CUnit.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.h"
#include "catalogue/glossary.h"
#include "catalogue/select.h"
#include "report/explain.h"
#include "report/text.h"
#include "suites.h"
#include "xenometer.h"

#define IMAGE "build/xenometer.elf"

static void test_terms(void)
{
    struct image *image = select_catalogue(IMAGE);
    size_t count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    for ( const struct term *t; (t = term_at(count)) != NULL; count++ )
    {
        const struct image_row *row = t->row ? image_find(image, t->row) : NULL;
        const struct term *before = count ? term_at(count - 1) : NULL;

        if ( before && strcasecmp(before->name, t->name) >= 0 )
            fprintf(stderr, "\n  %s stands behind %s\n", t->name, before->name);
        CU_ASSERT(!before || strcasecmp(before->name, t->name) < 0);
        CU_ASSERT_PTR_EQUAL(term_find(t->name), t);
        if ( t->row && !row )
            fprintf(stderr, "\n  %s: no row %s\n", t->name, t->row);
        CU_ASSERT(!t->row || row);
        CU_ASSERT(!t->column || (row && columns_have(&row->columns, column_find(t->column))));
        /* Figures are measured. */
        for ( const char *c = t->text; *c; c++ )
            CU_ASSERT_FALSE(isdigit(c[0]) && c[1] == ',' && isdigit(c[2]));
        for ( const char *line = t->picture; line && *line; line += strcspn(line, "\n") + 1 )
            CU_ASSERT(strcspn(line, "\n") <= 72);
    }
    CU_ASSERT(count >= 60);
    CU_ASSERT_PTR_EQUAL(term_find("VT-x"), term_find("svm"));
    CU_ASSERT_PTR_NULL(term_find("VT"));
    CU_ASSERT_PTR_NULL(term_find(""));
    image_free(image);
}

static void test_groups(void)
{
    struct image *image = select_catalogue(IMAGE);

    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    for ( size_t i = 0; i < image->count; i++ )
    {
        char *group = xasprintf("%.*s", (int)strcspn(image->rows[i].name, "/"), image->rows[i].name);

        if ( !group_text(group) )
            fprintf(stderr, "\n  nothing is said of the group %s\n", group);
        CU_ASSERT_PTR_NOT_NULL(group_text(group));
        free(group);
    }
    image_free(image);
}

/* What is printed, in a file of memory. */
static int print(char *word, char *text, size_t size)
{
    int saved, to = memfd_create("explain", 0), status;
    ssize_t n;

    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(to, STDOUT_FILENO);
    status = explain_print(IMAGE, &word, 1);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    n = pread(to, text, size - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(to);
    return status;
}

static void test_print(void)
{
    static char text[65536];
    char grant[] = "Grant", row[] = "hypercall/null", group[] = "sched", all[] = "glossary", none[] = "nonsense";

    CU_ASSERT_EQUAL(print(grant, text, sizeof(text)), STATUS_OK);
    CU_ASSERT(says(text, "see it   xenometer trace grant/map-1 --mode=pv"));
    CU_ASSERT_EQUAL(print(row, text, sizeof(text)), STATUS_OK);
    CU_ASSERT(says(text, "  work     enter the hypervisor and return"));
    CU_ASSERT_EQUAL(print(group, text, sizeof(text)), STATUS_OK);
    CU_ASSERT(says(text, "sched/yield"));
    CU_ASSERT(says(text, "xenometer explain 'sched/*' tells each."));
    CU_ASSERT_EQUAL(print(all, text, sizeof(text)), STATUS_OK);
    CU_ASSERT(says(text, "XenStore"));
    capture_begin();
    CU_ASSERT_EQUAL(print(none, text, sizeof(text)), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), "nonsense is no row, group or term"));
}

void suite_glossary(void)
{
    CU_pSuite suite = CU_add_suite("glossary", NULL, NULL);

    CU_add_test(suite, "terms", test_terms);
    CU_add_test(suite, "groups", test_groups);
    CU_add_test(suite, "explained", test_print);
}
