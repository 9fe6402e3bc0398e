/*
 * Rows that this program measures itself, and those that need two domains at
 * once: each is called by itself, before any domain of it exists.
 */
#ifndef MEASURE_DOM0_ROWS_H
#define MEASURE_DOM0_ROWS_H

#include "guests/domain.h"
#include "measure/record.h"

/*
 * Run those of the selection (row_is_own()) in each column asked for and append a
 * record for each, skips included.  `possible`: what xenctrl_modes() says.
 * False: this machine cannot go on (no xl, no xenstored; said why).  Stops
 * early when interrupted; no domain stays behind.
 */
bool dom0_rows_run(struct domains *, const struct selection *, uint32_t possible,
             struct records *);

#endif
