/*
 * Progress: a line on stderr for each stage of work that takes longer than two
 * seconds, and again every ten.  Stages do not nest.
 */
#ifndef LIB_STAGE_H
#define LIB_STAGE_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds of the monotonic clock. */
uint64_t now_ms(void);

void stage_quiet(bool quiet);
void stage_begin(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* To be called from every wait, several times a second. */
void stage_tick(void);
void stage_end(void);

#endif
