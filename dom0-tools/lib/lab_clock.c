#include "lib/lab_clock.h"

#include <stdlib.h>
#include <string.h>

bool lab_clock_is_tcg(void)
{
    const char *lab = getenv(LAB_VARIABLE);

    return lab && !getenv(EMULATOR_VARIABLE) && (!strcmp(lab, "exact") || !strcmp(lab, "fast"));
}
