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
#include "report/claims.h"
#include "trace/trace.h"

struct page_input {
    const struct results *results;
    const struct image *image;     /* has the explanations; NULL: none */
    const struct trace *traces;
    size_t trace_count;
    const struct claims *claims;   /* judged; NULL: none */
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

/* Results files to be set side by side, the first the one that others are compared with. */
struct page_files {
    const struct results *results;   /* of one clock, at least two */
    const char *const *names;
    size_t count;
    const struct trace *traces;      /* of rows in them, in the order of the files */
    size_t trace_count;
};

/* What changed, in one document, and what its script draws from; the caller's. */
char *page_compare(const struct page_files *);
json_t *page_compare_data(const struct page_files *);

/* "Xen": "4.20.5", … of an environment, as pairs. */
json_t *page_environment(const struct environment *);

/* [value, samples], …, or [low, high, [samples, …]] in steps of equal ratio; null: not kept. */
json_t *page_distribution(const struct result *);

#endif
