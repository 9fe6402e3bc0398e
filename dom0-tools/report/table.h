/*
 * The comparison table: same work, different paths, side by side.
 */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include <stdio.h>

#include "measure/result.h"

/*
 * Print the table with what has to be known to read it.  Colour only on a
 * terminal without NO_COLOR; UTF-8 where the locale has it.
 */
void table_print(FILE *, const struct results *);

/* Every figure, a line for each row and mode: wider than most windows
 * (report/wide.c). */
void table_print_wide(FILE *, const struct results *);

/* The comparison table as GitHub Markdown, always UTF-8 (report/markdown.c). */
void table_print_markdown(FILE *, const struct results *);

#endif
