/*
 * The paragraphs around the comparison table in the making (layout.h has what
 * they are for): notes.c says what the figures are, notes_figures.c how good,
 * notes_against.c how many times another row's they are, notes_events.c what events a
 * batch shares, notes_reasons.c why some are missing, notes_cpu.c what the lab's CPU lacks.
 */
#ifndef REPORT_NOTES_H
#define REPORT_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"

#define NAMED_ROWS 6u   /* a list of rows names that many, then counts */

/* Why rows that wait are dearer there (machines/bochs/machine.c, machines/qemu/machine.c). */
#define NOTES_BOCHS_SECOND \
    "A second is 50 million instructions in Bochs and 1,000 million in QEMU: what waits meets the " \
    "more timers there."

struct notes {
    char **text;   /* NULL-terminated, owned */
    size_t count;
};

void notes_add(struct notes *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A string in the making: the caller's after fclose(). */
FILE *notes_begin(char **text, size_t *size);

bool notes_instructions(const struct results *);   /* is that the clock? */

/* "PV", "PV, PVH": the columns in a set. */
void notes_put_columns(FILE *, const struct column_set *);

/* What real CPUs have and the lab's lacks. */
void notes_lacks(struct notes *, const struct results *);

/* Boots, intervals, interruptions, outliers. */
void notes_figures(struct notes *, const struct results *, bool utf8);

/* Rows that have one to be compared with, beside it. */
void notes_against(struct notes *, const struct results *, bool utf8);

/* Events per operation, of the rows whose operations share events. */
void notes_events(struct notes *, const struct results *);

/* Rows without figures: what failed, what was skipped. */
void notes_failed(struct notes *, const struct results *);
void notes_skipped(struct notes *, const struct results *, bool utf8);

#endif
