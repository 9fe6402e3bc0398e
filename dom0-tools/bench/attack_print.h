/*
 * Cases of hostile peers for people, and as JSON.
 */
#ifndef BENCH_ATTACK_PRINT_H
#define BENCH_ATTACK_PRINT_H

#include "bench/attack.h"

/* All cases there are, with the rows that try them.  An enum status. */
int attack_print_list(bool json);

/* What came of these; one at length, several as a scoreboard.  STATUS_OK: all held, else
 * STATUS_FAILED. */
int attack_print(const struct attack_report *, const struct attack *const *, size_t count, bool json);

#endif
