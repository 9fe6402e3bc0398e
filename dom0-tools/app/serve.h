/*
 * Commands in, results out: what every program with the application's table of rows does.
 */
#ifndef APP_SERVE_H
#define APP_SERVE_H

#include "app/row.h"

/* What runs a row in the place of its own functions; NULL with *reason: nothing, a skip. */
typedef const struct row_code *row_chooser(const struct row *, const char **reason);

/* When this program began: the TSC. */
extern uint64_t program_entry;

/*
 * Serve commands up to the end of standard input.  `option`: of a domain (domain.h), or NULL;
 * `entry`: the TSC when the program began; `choose` NULL: rows run by themselves.  The exit status.
 */
int serve(const char *option, uint64_t entry, row_chooser *choose);

#endif
