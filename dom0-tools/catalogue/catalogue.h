/*
 * The catalogue: the rows of the image, measured inside a domain, and those
 * that this program measures itself (dom0-tools/rows/), in one table.
 */
#ifndef CATALOGUE_CATALOGUE_H
#define CATALOGUE_CATALOGUE_H

#include "catalogue/image.h"

/*
 * image_load(), and our own rows added: each behind the last row of its group,
 * new groups at the end.  Free with image_free().
 */
struct image *catalogue_load(const char *path, char **error);

/*
 * Add `count` descriptors to a table.  NULL, or what is wrong with one of them
 * (the caller's): a name that is taken already.
 */
char *catalogue_add(struct image *, const struct row *rows, const struct row_code *,
                    size_t count);

/* Why it does not run in that column. */
const char *row_elsewhere(const struct image_row *, const struct column *);

/* Does this row need more than one domain running rows: is it ours to run? */
static inline bool row_is_own(const struct image_row *row)
{
    return row->own || (row->needs & DOMAIN_PEER);
}

#endif
