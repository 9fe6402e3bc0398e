/*
 * What the user asked for: the image, rows by name or pattern, modes, numbers.
 */
#ifndef CATALOGUE_SELECT_H
#define CATALOGUE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/image.h"
#include "measure/session.h"

/*
 * The unikernel's image from `path`; NULL: the one that belongs to this
 * program.  NULL after a message (then the exit status is
 * STATUS_ENVIRONMENT).
 */
struct image *select_image(const char *path);

/* The same with the rows that this program measures itself. */
struct image *select_catalogue(const char *path);

/*
 * Rows whose name matches one of `patterns` (fnmatch, or the bare name of a
 * group; none: all rows), in the image's order, each once.  With
 * `headline_only` and no pattern only the rows of `make bench`: a row that is
 * named is meant.  The selection's rows array is the caller's:
 * selection_free().  STATUS_OK, or STATUS_USAGE after a message naming the
 * pattern that matches nothing.
 */
int select_rows(const struct image *image, char **patterns, size_t count,
                uint32_t modes, bool headline_only, struct selection *selection);
void selection_free(struct selection *);

/* "pv,hvm" or "all" to enum mode bits.  STATUS_OK or, said why, STATUS_USAGE. */
int parse_modes(const char *text, uint32_t *modes);

/*
 * A decimal number from min to max.  `what` names it in the message, for
 * example "--samples".  STATUS_OK or, said why, STATUS_USAGE.
 */
int parse_count(const char *what, const char *text, uint32_t min, uint32_t max,
                uint32_t *value);

/* "pv pvh hvm", in the order of the table; the string is the caller's. */
char *modes_text(uint32_t modes);

#endif
