/*
 * Results as JSON, schema xenometer/1: one document, integers stay integers.
 */
#ifndef REPORT_JSON_H
#define REPORT_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "measure/result.h"

/* The document as text, ending in a newline; the caller's to free. */
char *results_to_json(const struct results *);

/*
 * Fill empty `results` from a document.  `name` stands for it in messages.
 * Fields this version does not know are ignored; a higher schema version is
 * refused.  STATUS_OK, or STATUS_USAGE after a message (results stay empty).
 */
int results_from_json(const char *text, size_t length, const char *name,
                      struct results *results);

/* Write a results file.  As output_write() (report/output.h). */
int results_write(const char *path, const struct results *);

/* A string whose bytes that are not UTF-8 are question marks; NULL is null. */
json_t *text_to_json(const char *);

/* Words with commas between, such as CPU features, as a list, and back; NULL is null.  The
 * caller's. */
json_t *words_to_json(const char *words);
char *words_from_json(const json_t *list);

/*
 * Read a results file, or what was saved under that name (report/store.h), into empty
 * `results`.  As results_from_json().
 */
int results_read(const char *name, struct results *results);

#endif
