/*
 * A report in one HTML file: what a run says, its figures and what they are worth, for people who
 * have neither this program nor a network.  What it draws is in its script (report/page/); what it
 * draws from is one JSON value within it.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <jansson.h>
#include <stddef.h>

#include "catalogue/image.h"
#include "measure/result.h"
#include "trace/trace.h"

struct page_input {
    const struct results *results;
    const struct image *image;     /* has the explanations; NULL: none */
    const struct trace *traces;
    size_t trace_count;
};

/* The whole document; the caller's. */
char *page_report(const struct page_input *);

/*
 * What the script of a report draws from (page_data.c): columns, works, rows, cells, sweeps, traces,
 * environment, notes.  Rows are tables, not objects, for the sake of their size.
 */
json_t *page_data(const struct page_input *);

/*
 * A page with that title and sentence that draws from `data`, which it takes; the caller's.  Nothing
 * in any of them becomes markup.
 */
char *page_make(const char *title, const char *sentence, json_t *data);

/* "Xen": "4.20.5", … of an environment, as pairs. */
json_t *page_environment(const struct environment *);

/* [value, samples], …, or [low, high, [samples, …]] in steps of equal ratio; null: not kept. */
json_t *page_distribution(const struct result *);

#endif
