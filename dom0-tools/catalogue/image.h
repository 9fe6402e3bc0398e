/*
 * The unikernel's ELF file as dom0 sees it: row table, build id, notes.  A program that measures
 * in a guest's place (dom0-tools/app) has the same table.
 */
#ifndef CATALOGUE_IMAGE_H
#define CATALOGUE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/protocol.h>

#include "catalogue/column.h"

/* A row descriptor with its strings resolved; those the image leaves out are
 * empty, never NULL. */
struct image_row {
    uint32_t index;          /* in the image's table: what CONTROL_RUN names */
    char *name, *work, *path, *help, *explanation, *elsewhere, *against;
    struct column_set columns;
    row_needs needs;
    uint32_t flags, operations, samples, warmup, bytes;
    const struct row_code *own;   /* what measures it in this program; NULL: the image does */
    const char *program;     /* in whose table it is, a column's; NULL: the unikernel's, or our own */
};

struct image {
    char build_id[41];       /* lower-case hex */
    const char *architecture;    /* "x86", "arm64" */
    struct column_set columns;   /* that there can be with an image of its architecture */
    struct image_row *rows;
    size_t count;
};

/*
 * Read the row table out of the ELF file.  Never trusts an offset in it.
 * NULL with *error (the caller's to free) saying what is wrong and what to do.
 */
struct image *image_load(const char *path, char **error);
/* The same of such a program, `name`, which its rows keep. */
struct image *image_load_program(const char *path, const char *name, char **error);
void image_free(struct image *);

/* CONTROL_RUN for it; 0 samples: as many as the row takes. */
struct control_response image_command(const struct image_row *, uint32_t id, uint32_t samples);

/* The row whose cost the others have subtracted, or NULL: the unikernel's, or that program's. */
const struct image_row *image_baseline(const struct image *);
const struct image_row *image_baseline_of(const struct image *, const char *program);

/* Does a row's name fit the pattern (fnmatch), or stand in the group of that name? */
bool row_matches(const char *pattern, const char *name);

/* Row by exact name, or NULL. */
const struct image_row *image_find(const struct image *, const char *name);

/*
 * Has the file every ELF note that Xen's PV, PVH and HVM loaders and QEMU's
 * PVH loader look for (xen/elfnote.h), with sane values, and where libxl does
 * not take them for kernel?  False with *error (the caller's to free).
 */
bool image_check_notes(const char *path, char **error);

#endif
