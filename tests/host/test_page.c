/*
 * report/page*.c, answer.c, sweeps.c: what a report draws from is what was measured, and nothing in
 * it becomes markup.
 */
#include <CUnit/CUnit.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "fixture.h"
#include "lib/files.h"
#include "report/answer.h"
#include "report/page.h"
#include "report/pictures.h"
#include "report/sweeps.h"
#include "suites.h"
#include "xenometer.h"

static struct results results;

static char *page(void)
{
    return page_report(&(struct page_input){ .results = &results });
}

/* The data of a page, as a browser finds it: up to the first thing that ends the element. */
static json_t *data_of(const char *text)
{
    const char *begin = strstr(text, "id=\"data\""), *end;

    CU_ASSERT_PTR_NOT_NULL_FATAL(begin);
    begin = strchr(begin, '>') + 1;
    end = strchr(begin, '<');
    CU_ASSERT_EQUAL(strncmp(end, "</script>", 9), 0);
    return json_loadb(begin, (size_t)(end - begin), 0, NULL);
}

static const char *string_at(const json_t *list, json_int_t i)
{
    return json_string_value(json_array_get(list, (size_t)i));
}

static json_int_t number_at(const json_t *list, size_t i)
{
    return json_integer_value(json_array_get(list, i));
}

/* ----------------------------------------------------------------- answer -- */

static void test_answer(void)
{
    char *text;

    fixture_fill(&results);
    text = answer_sentence(&results);
    CU_ASSERT_STRING_EQUAL(text, "To enter the hypervisor and return takes a guest 290 instructions "
        "as PV, 5,522 as PVH and 1,380 as HVM; to ask a dom0 process and get its answer takes a guest "
        "31,204 as PV, 47,811 as PVH and 44,120 as HVM, each by its cheapest path.");
    free(text);
    /* Without these works, the one that has most figures. */
    for ( size_t i = 0; i < results.count; i++ )
        if ( strcmp(results.rows[i].work, "share 4 KiB with dom0") )
            results.rows[i].outcome = OUTCOME_ERROR;
    text = answer_sentence(&results);
    CU_ASSERT_STRING_EQUAL(text, "To share 4 KiB with dom0 takes a guest 48,233 instructions as PV, "
        "65,012 as PVH and 65,411 as HVM, by the cheapest path.");
    free(text);
    for ( size_t i = 0; i < results.count; i++ )
        results.rows[i].outcome = OUTCOME_SKIP;
    text = answer_sentence(&results);
    CU_ASSERT_STRING_EQUAL(text, "Nothing was measured in a guest.");
    free(text);
    results_free(&results);
}

/* ----------------------------------------------------------------- sweeps -- */

static void add(const char *row, uint32_t operations, uint32_t bytes, uint64_t median)
{
    struct result *r = results_add(&results);

    r->row = xstrdup(row);
    r->column = &column_pv;
    r->operations = operations;
    r->bytes = bytes;
    r->median = median;
}

static void test_sweeps(void)
{
    struct sweeps sweeps;
    const struct sweep_line *line;

    add("block/own", 1, 4096, 50);
    add("block/own-depth-32", 32, 4096, 10);
    add("block/own-depth-4", 4, 4096, 20);
    add("block/own-size-512", 1, 512, 40);
    add("block/own-size-1m", 1, 1u << 20, 4000);
    add("block/other-depth-4", 4, 4096, 30);      /* one point is no line */
    add("neighbours/1", 1, 0, 1);
    add("neighbours/16", 1, 0, 3);
    add("neighbours/4", 1, 0, 2);
    add("timer-load/guest-100hz-pit", 1, 0, 9);   /* no number at the end */
    add("exit/cr3", 1, 0, 9);                     /* none, but a name */
    sweeps = sweeps_find(&results);
    CU_ASSERT_EQUAL_FATAL(sweeps.count, 3);
    CU_ASSERT_STRING_EQUAL(sweeps.all[0].what, "requests in flight");
    CU_ASSERT_EQUAL_FATAL(sweeps.all[0].count, 1);
    line = &sweeps.all[0].lines[0];
    CU_ASSERT_STRING_EQUAL(line->name, "own");
    CU_ASSERT_EQUAL_FATAL(line->count, 3);        /* the plain row is its depth of 1 */
    CU_ASSERT(line->points[0].x == 1 && line->points[0].result->median == 50);
    CU_ASSERT(line->points[2].x == 32 && line->points[2].result->median == 10);
    CU_ASSERT_STRING_EQUAL(sweeps.all[1].what, "bytes");
    line = &sweeps.all[1].lines[0];
    CU_ASSERT_EQUAL_FATAL(line->count, 3);        /* and its size of 4 KiB */
    CU_ASSERT(line->points[1].x == 4096 && line->points[2].x == 1u << 20);
    CU_ASSERT_STRING_EQUAL(sweeps.all[2].group, "neighbours");
    CU_ASSERT_EQUAL(sweeps.all[2].lines[0].points[2].x, 16);
    sweeps_free(&sweeps);
    results_free(&results);
}

/* ------------------------------------------------------------------- data -- */

static void test_data(void)
{
    char *text;
    json_t *data, *cells, *rows, *columns;
    unsigned wrong = 0;

    fixture_fill(&results);
    text = page();
    data = data_of(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    cells = json_object_get(data, "cells");
    rows = json_object_get(data, "rows");
    columns = json_object_get(data, "columns");
    CU_ASSERT_EQUAL(json_array_size(columns), 4);
    CU_ASSERT_EQUAL(json_array_size(rows), 21);
    CU_ASSERT_EQUAL_FATAL(json_array_size(cells), results.count);
    for ( size_t i = 0; i < results.count; i++ )
    {
        const struct result *r = &results.rows[i];
        const json_t *cell = json_array_get(cells, i);
        const json_t *row = json_array_get(rows, (size_t)number_at(cell, 0));
        bool measured = r->outcome == OUTCOME_SUCCESS;

        wrong += strcmp(json_string_value(json_array_get(row, 0)), r->row) != 0;
        wrong += strcmp(string_at(json_object_get(data, "strings"), number_at(row, 1)), r->work) != 0;
        wrong += measured && (number_at(cell, 6) != (json_int_t)r->median ||
                              number_at(cell, 8) != (json_int_t)r->p99);
        wrong += !measured && json_array_size(cell) != 4;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<h1>To enter the hypervisor and return takes a guest 290 "));
    json_decref(data);
    free(text);
    results_free(&results);
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    for ( ; (text = strstr(text, what)) != NULL; text++ )
        n++;
    return n;
}

/* Hand-edited on purpose. */
static void test_markup(void)
{
    static const char evil[] = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>@DATA@";
    char *text, *clean;
    json_t *data;
    struct result *r;

    fixture_fill(&results);
    clean = page();
    r = fixture_find(&results, "hypercall/null", &column_pv);
    free(r->row);
    r->row = xasprintf("a/%s", evil);
    free(r->work);
    r->work = xstrdup(evil);
    free(r->path);
    r->path = xstrdup("\xff\xfe\xe2\x80\xa8");
    r = fixture_find(&results, "port/ioreq", &column_pvh);
    free(r->reason);
    r->reason = xstrdup(evil);
    free(results.environment.xen);
    results.environment.xen = xstrdup(evil);
    free(results.environment.started);
    results.environment.started = xstrdup(evil);
    text = page();
    CU_ASSERT_EQUAL(count(text, "<script"), count(clean, "<script"));
    CU_ASSERT_EQUAL(count(text, "</script"), count(clean, "</script"));
    CU_ASSERT_EQUAL(count(text, "<img"), count(clean, "<img"));
    CU_ASSERT_EQUAL(count(text, "<!--"), count(clean, "<!--"));
    data = data_of(text);
    CU_ASSERT_PTR_NOT_NULL(data);
    json_decref(data);
    free(text);
    free(clean);
    results_free(&results);
}

/* Nothing outside is named: no network, whoever opens it. */
static void test_alone(void)
{
    char *text;

    fixture_fill(&results);
    text = page();
    CU_ASSERT_EQUAL(count(text, "https://"), 0);
    CU_ASSERT_EQUAL(count(text, "http://"), 1);   /* the name of SVG */
    CU_ASSERT_EQUAL(count(text, "@import"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Content-Security-Policy"));
    CU_ASSERT_PTR_NULL(strstr(text, "@NONCE"));
    free(text);
    results_free(&results);
}

static void test_none(void)
{
    char *text;
    json_t *data;

    results.environment.clock = xstrdup("cycles");
    text = page();
    data = data_of(text);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(data, "cells")), 0);
    json_decref(data);
    free(text);
    results_free(&results);
}

static void test_many(void)
{
    char *text;
    json_t *data;

    results.environment.clock = xstrdup("instructions");
    for ( unsigned i = 0; i < 10000; i++ )
    {
        char *name = xasprintf("many/row%u-%u", i % 100, i);

        add(name, 1, 0, i + 1);
        results.rows[i].samples = 1;
        results.rows[i].work = xasprintf("work %u", i % 50);
        free(name);
    }
    text = page();
    data = data_of(text);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(data, "rows")), 10000);
    json_decref(data);
    free(text);
    results_free(&results);
}

/* ----------------------------------------------------------- distribution -- */

static void test_distribution(void)
{
    struct tally values[1000];
    struct result r = { .distribution = values, .distinct = 3 };
    json_t *list;
    json_int_t sum = 0;

    for ( unsigned i = 0; i < 1000; i++ )
        values[i] = (struct tally){ 100 + 7 * i, 1 + i % 3 };
    list = page_distribution(&r);
    CU_ASSERT_EQUAL(json_array_size(list), 3);
    CU_ASSERT_EQUAL(number_at(json_array_get(list, 1), 0), 107);
    CU_ASSERT_EQUAL(number_at(json_array_get(list, 1), 1), 2);
    json_decref(list);

    r.distinct = 1000;
    list = page_distribution(&r);
    CU_ASSERT_EQUAL(number_at(list, 0), 100);
    CU_ASSERT_EQUAL(number_at(list, 1), 100 + 7 * 999);
    CU_ASSERT_EQUAL(json_array_size(json_array_get(list, 2)), 32);
    for ( size_t i = 0; i < 32; i++ )
        sum += number_at(json_array_get(list, 2), i);
    CU_ASSERT_EQUAL(sum, 1000 + 333 + 2 * 333);
    /* Edges of equal ratio: the first bin ends at 100 * (7093 / 100) ^ (1/32) = 114.2. */
    CU_ASSERT_EQUAL(number_at(json_array_get(list, 2), 0), 1 + 2 + 3);
    /* The last begins at 7093 / 1.1425 = 6208. */
    CU_ASSERT(number_at(json_array_get(list, 2), 31) > 2 * 120);
    json_decref(list);
    r.distinct = 0;
    list = page_distribution(&r);
    CU_ASSERT_TRUE(json_is_null(list));
    json_decref(list);
}

/* ---------------------------------------------------------------- compare -- */

static struct results both[2];
static const char *const names[] = { "before.json", "</script><script>alert(1)</script>" };

static char *compared(void)
{
    return page_compare(&(struct page_files){ .results = both, .names = names, .count = 2 });
}

static void test_compare(void)
{
    char *text;
    json_t *data, *changes, *line = NULL;
    struct result *r;

    fixture_fill(&both[0]);
    fixture_fill(&both[1]);
    fixture_find(&both[1], "hypercall/null", &column_pv)->median = 107;   /* 321 before */
    fixture_find(&both[1], "sched/yield", &column_pvh)->median = 7689;
    fixture_find(&both[1], "port/ioreq", &column_hvm)->outcome = OUTCOME_ERROR;
    r = fixture_find(&both[1], "grant/map-1", &column_pv);
    free(r->row);
    r->row = xstrdup("grant/new");
    text = compared();
    /* 56 cells have figures; one is gone, another in error. */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<h1>2 of 54 medians changed, most of all hypercall/null in PV: "
                                        "from 321 to 107 instructions (-67%).</h1>"));
    CU_ASSERT_EQUAL(count(text, "<script"), 2);
    data = data_of(text);
    changes = json_object_get(data, "changes");
    CU_ASSERT_EQUAL(json_array_size(changes), both[0].count + 1);
    for ( size_t i = 0; i < json_array_size(changes); i++ )
        if ( !strcmp(string_at(json_array_get(changes, i), 0), "port/ioreq") &&
             !strcmp(string_at(json_array_get(changes, i), 1), "HVM") )
            line = json_array_get(changes, i);
    CU_ASSERT_EQUAL(number_at(json_array_get(line, 3), 0), 44120);
    CU_ASSERT_TRUE(json_is_null(json_array_get(json_array_get(line, 3), 1)));
    CU_ASSERT_STRING_EQUAL(string_at(json_array_get(line, 4), 1), "error");
    json_decref(data);
    free(text);
    results_free(&both[1]);

    fixture_fill(&both[1]);
    text = compared();
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<h1>None of the 56 medians that these files have in common "
                                        "changed.</h1>"));
    free(text);
    for ( size_t i = 0; i < both[1].count; i++ )
        both[1].rows[i].row[0] = 'X';
    text = compared();
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "<h1>These files have no measured row in common.</h1>"));
    free(text);
    results_free(&both[0]);
    results_free(&both[1]);
}

/* --------------------------------------------------------------- pictures -- */

/* On a scale from 100 to 10,000 a bar of 1,000 is half as long as the track. */
static void test_bars(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    results.environment.clock = xstrdup("instructions");
    add("a/small<b>", 1, 0, 250);
    add("a/middle", 1, 0, 1000);
    add("a/large", 1, 0, 9999);
    results.rows[1].p99 = 10000;
    picture_bars(out, &results, "other work", NULL);
    fclose(out);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "a/small&lt;b&gt;"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "instructions, not time"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "width=\"97.1\""));    /* 488 * log10(2.5) / 2 */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "width=\"244.0\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "width=\"488.0\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "M566.0 "));            /* its tail, from the bar's end */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "H810.0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">4\u00d7<") ?: strstr(text, ">4.0\u00d7<"));
    free(text);
    results_free(&results);
}

static void test_pictures(void)
{
    char directory[] = "/tmp/xenometer-test-XXXXXX", *path;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    fixture_fill(&results);
    CU_ASSERT_EQUAL(pictures_write(directory, &results, NULL), STATUS_OK);
    path = xasprintf("%s/work-ask-a-dom0-process-and-get-its-answer.svg", directory);
    CU_ASSERT_EQUAL(access(path, R_OK), 0);
    free(path);
    CU_ASSERT_EQUAL(remove_tree(directory), 0);
    capture_begin();
    CU_ASSERT_EQUAL(pictures_write("/dev/null/pictures", &results, NULL), STATUS_USAGE);
    CU_ASSERT_TRUE(says(capture_end(), "cannot make /dev/null/pictures"));
    results_free(&results);
}

void suite_page(void)
{
    CU_pSuite s = CU_add_suite("page", NULL, NULL);

    CU_add_test(s, "the answer in a sentence", test_answer);
    CU_add_test(s, "sweeps", test_sweeps);
    CU_add_test(s, "what it draws from", test_data);
    CU_add_test(s, "HTML in names and reasons", test_markup);
    CU_add_test(s, "nothing outside", test_alone);
    CU_add_test(s, "nothing measured", test_none);
    CU_add_test(s, "10,000 rows", test_many);
    CU_add_test(s, "distributions", test_distribution);
    CU_add_test(s, "what changed", test_compare);
    CU_add_test(s, "bars", test_bars);
    CU_add_test(s, "pictures for slides", test_pictures);
}
