/*
 * From the records of all boots to one result per row and column.
 */
#ifndef MEASURE_MERGE_H
#define MEASURE_MERGE_H

#include "measure/record.h"
#include "measure/result.h"

/*
 * Append a result for every row and column there are records of, in the order of
 * the first of each.  `boots`: how many were asked for.  The samples of all
 * boots are pooled; a row that did not succeed in every boot has no figures, the
 * worst outcome, and a reason that says which boot it was.  With `keep_raw` the
 * samples stay in the result, boot by boot.
 */
void merge_records(const struct records *, unsigned boots, bool keep_raw,
                   struct results *);

#endif
