/* The layers of a run's rows, below its table. */
#ifndef REPORT_LAYERS_H
#define REPORT_LAYERS_H

#include <stdio.h>

#include "measure/result.h"

/* And which rows have none, and why; the caller had asked for layers. */
void layers_print(FILE *, const struct results *);

#endif
