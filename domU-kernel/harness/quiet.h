/*
 * Nobody else at work while a row is measured: seen to beforehand; clock_stolen() says it
 * afterwards.  In bare mode nobody else is there.
 */
#ifndef HARNESS_QUIET_H
#define HARNESS_QUIET_H

/*
 * Sleep, so that dom0 gets done with what our last answer to it has set off: for
 * some 20 ms its kernel ticks on, at 20,000 to 30,000 instructions each time.
 */
void quiet(void);

#endif
