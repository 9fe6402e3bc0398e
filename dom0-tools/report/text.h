/*
 * Text for people: numbers, ratios, wrapped paragraphs, and what the terminal
 * can show.  Returned strings are the caller's to free.
 */
#ifndef REPORT_TEXT_H
#define REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What may be printed to a stream. */
struct style {
    bool utf8;       /* the locale has it */
    bool colour;     /* a terminal, and NO_COLOR is not set */
    unsigned width;  /* columns for running text */
    unsigned table;  /* columns for tables: the terminal's, or $COLUMNS */
};
struct style text_style(FILE *);

#define READABLE_WIDTH 100u   /* columns; longer lines are hard to follow */
#define TABLE_WIDTH    112u   /* of tables in files and pipes */

#define COLOUR_BOLD   "\033[1m"
#define COLOUR_GREEN  "\033[32m"
#define COLOUR_RED    "\033[31m"
#define COLOUR_YELLOW "\033[33m"
#define COLOUR_NONE   "\033[0m"

/* 1234567 as "1,234,567". */
char *text_number(uint64_t);

/* Three digits of it: "9,876", "26.3k", "1.46M". */
char *text_short_number(uint64_t);

/* a / b as "1×" (equal), "20.5×", "1,234×"; `b` is not 0. */
char *text_ratio(uint64_t a, uint64_t b, bool utf8);

/* Change from `from` (not 0) to `to`: "+3%", "-0.4%", "<0.1%". */
char *text_change(uint64_t from, uint64_t to);

/*
 * Print `text` wrapped at `width`, the first line after `first`, the others
 * indented by as many columns as `first` has.
 */
void text_wrap(FILE *, const char *first, const char *text, unsigned width);

/* Columns that a UTF-8 string takes: one per character (no wide ones here),
 * none for colours. */
size_t text_columns(const char *);

#endif
