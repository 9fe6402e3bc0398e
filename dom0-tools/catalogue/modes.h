/*
 * What the image calls its modes (KEY_MODE), and what outcomes are called in results.
 */
#ifndef CATALOGUE_MODES_H
#define CATALOGUE_MODES_H

#include <stdint.h>

#include <xenometer/row.h>

/* "pv", "pvh", "hvm", "bare" and back; 0 when unknown. */
const char *mode_name(enum mode);
uint32_t mode_parse(const char *name);
/* "success", "skip", "error", "failure"; -1 when unknown. */
const char *outcome_name(enum outcome);
int outcome_parse(const char *name);

#endif
