/*
 * What the user asked for: the image, rows by name or pattern, modes, numbers.
 */
#ifndef CATALOGUE_SELECT_H
#define CATALOGUE_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalogue/image.h"

/* Rows to run, and the columns asked for. */
struct selection {
    const struct image_row **rows;   /* borrowed from the image, in order */
    size_t count;
    struct column_set columns;
};

struct session_options {
    const struct image *image;       /* borrowed */
    const char *elf;                 /* the unikernel's path */
    const char *config_dir;          /* holds pv.cfg, pvh.cfg, hvm.cfg */
    const char *bridge;              /* of dom0, for the net rows; NULL: one of our own */
    const char *kernel;              /* for Linux domains; NULL: dom0's, in /boot */
    uint32_t samples;                /* 0: each row's own number */
    unsigned boots;                  /* domains of each kind, one after another; at least 1 */
    uint64_t seed;                   /* of their order: plan.h */
    bool keep_raw;
    unsigned row_deadline;           /* seconds of dom0's clock that a row may take */
    unsigned domain_deadline;        /* seconds from xl create to Connected */
    uint64_t until;                  /* now_ms() at which guests of HOME_BESIDE must have ended; 0: whenever */
};

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
 * group; none: all rows), in the image's order, each once, for those columns.  With
 * `headline_only` and no pattern only the rows of `make bench`: a row that is
 * named is meant.  Without columns: the usual ones, and those of rows that run in
 * none of these, which a pattern has to name with their group (`app/…`, not `*`).
 * The selection's rows array is the caller's: selection_free().  STATUS_OK, or STATUS_USAGE after a message naming the
 * pattern that matches nothing.
 */
int select_rows(const struct image *image, char **patterns, size_t count,
                const struct column_set *columns, bool headline_only,
                struct selection *selection);
void selection_free(struct selection *);

/* "pv,hvm" or "all", the usual ones, to columns.  STATUS_OK or, said why, STATUS_USAGE. */
int parse_modes(const char *text, struct column_set *columns);

/*
 * A decimal number from min to max.  `what` names it in the message, for
 * example "--samples".  STATUS_OK or, said why, STATUS_USAGE.
 */
int parse_count(const char *what, const char *text, uint32_t min, uint32_t max,
                uint32_t *value);

/* The same for a percentage of 0 or more, with or without a % behind it. */
int parse_percentage(const char *what, const char *text, double *percent);

#endif
