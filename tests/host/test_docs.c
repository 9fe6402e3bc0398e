/*
 * dom0-tools/docs/: what a visitor sees shows the figures that stand beside it, and fits the tree.  (Whether
 * these are still what a run yields is asked in the lab: tests/lab/test_catalogue.c.)
 */
#include <CUnit/CUnit.h>
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/files.h"
#include "report/json.h"
#include "schema.h"
#include "suites.h"
#include "xenometer.h"

#define MOST_BYTES (1u << 20)

/* A file that gzip made; the caller's. */
static char *unzipped(const char *path)
{
    char *command = xasprintf("gunzip -c %s", path), *text = xmalloc(8u << 20);
    FILE *in = popen(command, "r");
    size_t length = in ? fread(text, 1, (8u << 20) - 1, in) : 0;

    CU_ASSERT_EQUAL(in ? pclose(in) : -1, 0);
    text[length] = '\0';
    free(command);
    return text;
}

static void test_documents(void)
{
    char *text = unzipped("dom0-tools/docs/results.json.gz");

    CU_ASSERT_TRUE(schema_fits("results-1.json", text));
    free(text);
    text = unzipped("dom0-tools/docs/trace-ring-echo-64b.json.gz");
    CU_ASSERT_TRUE(schema_fits("trace-1.json", text));
    free(text);
}

/* The report draws from the very figures: otherwise `make docs-drawn`. */
static void test_report(void)
{
    char *text = unzipped("dom0-tools/docs/results.json.gz"), *page = read_whole_file("dom0-tools/docs/report.html", NULL);
    const char *begin = page ? strstr(page, "id=\"data\"") : NULL;
    struct results results = { .count = 0 };
    json_t *data, *cells;
    unsigned wrong = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(begin);
    CU_ASSERT_EQUAL_FATAL(results_from_json(text, strlen(text), "docs", &results), STATUS_OK);
    begin = strchr(begin, '>') + 1;
    data = json_loadb(begin, strcspn(begin, "<"), 0, NULL);
    cells = json_object_get(data, "cells");
    CU_ASSERT_EQUAL_FATAL(json_array_size(cells), results.count);
    for ( size_t i = 0; i < results.count; i++ )
        if ( results.rows[i].outcome == OUTCOME_SUCCESS )
            wrong += (uint64_t)json_integer_value(json_array_get(json_array_get(cells, i), 6)) !=
                     results.rows[i].median;
    CU_ASSERT_EQUAL(wrong, 0);
    json_decref(data);
    results_free(&results);
    free(page);
    free(text);
}

/* Does the picture show the figure of that row? */
static void check_picture(const struct results *results, const char *path, const char *row)
{
    char *picture = read_whole_file(path, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(picture);
    for ( size_t i = 0; i < results->count; i++ )
    {
        const struct result *r = &results->rows[i];
        char *figure;

        if ( strcmp(r->row, row) || r->outcome != OUTCOME_SUCCESS )
            continue;
        figure = r->median < 1000
            ? xasprintf(">%llu<", (unsigned long long)r->median)
            : xasprintf(">%llu,%03llu<", (unsigned long long)r->median / 1000,
                        (unsigned long long)r->median % 1000);
        CU_ASSERT_PTR_NOT_NULL(strstr(picture, figure));
        free(figure);
    }
    free(picture);
}

static void test_pictures(void)
{
    char *text = unzipped("dom0-tools/docs/results.json.gz"), *trace, *picture, *total;
    struct results results = { .count = 0 };
    json_t *document;

    CU_ASSERT_EQUAL_FATAL(results_from_json(text, strlen(text), "docs", &results), STATUS_OK);
    check_picture(&results, "dom0-tools/docs/enter.svg", "hypercall/null");
    check_picture(&results, "dom0-tools/docs/ask.svg", "port/qemu-ide");
    trace = unzipped("dom0-tools/docs/trace-ring-echo-64b.json.gz");
    document = json_loads(trace, 0, NULL);
    picture = read_whole_file("dom0-tools/docs/sequence.svg", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(picture);
    total = xasprintf("ring/echo-64b in pv: %lld,%03lld instructions",
                      json_integer_value(json_object_get(document, "total")) / 1000,
                      json_integer_value(json_object_get(document, "total")) % 1000);
    CU_ASSERT_PTR_NOT_NULL(strstr(picture, total));
    free(total);
    free(picture);
    json_decref(document);
    free(trace);
    results_free(&results);
    free(text);
}

static void test_size(void)
{
    struct dirent **entries;
    int count = scandir("dom0-tools/docs", &entries, NULL, alphasort);
    off_t bytes = 0;

    CU_ASSERT(count > 8);
    for ( int i = 0; i < count; i++ )
    {
        char *path = xasprintf("dom0-tools/docs/%s", entries[i]->d_name);
        struct stat s;

        if ( stat(path, &s) == 0 && S_ISREG(s.st_mode) )
            bytes += s.st_size;
        free(path);
        free(entries[i]);
    }
    free(entries);
    CU_ASSERT(bytes <= MOST_BYTES);
}

void suite_docs(void)
{
    CU_pSuite s = CU_add_suite("docs", NULL, NULL);

    CU_add_test(s, "documents by their schemas", test_documents);
    CU_add_test(s, "the report and its figures", test_report);
    CU_add_test(s, "pictures and their figures", test_pictures);
    CU_add_test(s, "no more than 1 MiB", test_size);
}
