/* Ways out of a process that serves domains, by number. */
#ifndef EVIL_ESCAPE_H
#define EVIL_ESCAPE_H

#include <stdbool.h>

#include "cases.h"

/* Does it lead out? */
bool escape(enum escape);

#endif
