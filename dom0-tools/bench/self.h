/*
 * This program once more, in a process of its own: what it prints is the answer.
 */
#ifndef BENCH_SELF_H
#define BENCH_SELF_H

#include <stddef.h>

/*
 * `argv` begins with the command's name and ends with NULL.  STATUS_OK with what was printed (the
 * caller's) when it ended with 0, or with 1 and that is anything; else its own status, which it has
 * said why on stderr, or 128 + signal.  To be called between cancel_begin() and cancel_end().
 */
int self_run(const char *const *argv, char **text, size_t *size);

/* The same of any program, argv[0]. */
int program_answer(const char *const *argv, char **text, size_t *size);

#endif
