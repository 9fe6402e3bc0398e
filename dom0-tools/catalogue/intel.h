/*
 * What rows are on an Intel CPU, where that differs from the AMD one that QEMU has.
 */
#ifndef CATALOGUE_INTEL_H
#define CATALOGUE_INTEL_H

#include <stddef.h>

/* For a row by its name; NULL: nothing to say. */
const char *intel_note(const char *row);

/* The pattern of rows of the i-th note, from 0; NULL: there are no more. */
const char *intel_pattern(size_t i);

#endif
