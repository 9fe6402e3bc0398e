/*
 * Results of several instruction sets in one table: for each work that more than one of them has,
 * the paths of each.  A count of one instruction set is never divided by a count of another; what can be
 * compared is the shape: each figure in null hypercalls of its own column, and, where layers
 * were taken, who executes what part of it.
 */
#ifndef REPORT_ACROSS_H
#define REPORT_ACROSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "measure/result.h"

/* Are there two instruction sets among them? */
bool across_is(const struct results *, size_t count);

/* `names`: what each was measured on, for people: "amd", or a file's name. */
void across_print(FILE *, const struct results *, const char *const *names, size_t count);

#endif
