/*
 * Pictures for slides and documents: SVG that follows the reader's light or dark.
 */
#ifndef REPORT_PICTURES_H
#define REPORT_PICTURES_H

#include <stdio.h>

#include "catalogue/image.h"
#include "measure/result.h"
#include "report/sweeps.h"

#define PICTURE_WIDTH 960   /* pixels, of all of them */

/* The frame: ground, title, and classes for colours, .cN and .sN, text .t and .q, lines .l; the end,
 * </svg>, is the caller's. */
void picture_begin(FILE *, int height, const char *title, const char *label);

/*
 * The figures of one work as bars on a logarithmic scale, with tails to p99.  `image` says which
 * rows are of the headline; NULL: all of that work are shown.
 */
void picture_bars(FILE *, const struct results *, const char *work, const struct image *);

/* The lines of a sweep in one column; NULL: all of them, where there is one path. */
void picture_sweep(FILE *, const struct results *, const struct sweep *,
                   const struct column *);

/*
 * Every work that has several figures, and every sweep, as files of a directory, which is made if it
 * is not there.  As output_write().
 */
int pictures_write(const char *directory, const struct results *, const struct image *);

#endif
