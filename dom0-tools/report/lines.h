/*
 * Tables whose lines are printed in groups, with a title between, in columns as
 * wide as all of them need.
 */
#ifndef REPORT_LINES_H
#define REPORT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <libsmartcols/libsmartcols.h>

/* A table without heads of its own: they are a line, the first.  Unref it. */
struct libscols_table *lines_table(FILE *out, const char *separator, bool colour);

/* Print `count` lines from line `first` on, without blanks at line ends. */
void lines_print(FILE *out, struct libscols_table *, size_t first, size_t count);

/* Columns that the first line takes. */
size_t lines_width(struct libscols_table *);

#endif
