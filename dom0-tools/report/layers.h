/* The layers of a run's rows, below its table. */
#ifndef REPORT_LAYERS_H
#define REPORT_LAYERS_H

#include <stdio.h>

#include "measure/result.h"

/* Prints nothing when no result has layers. */
void layers_print(FILE *, const struct results *);

#endif
