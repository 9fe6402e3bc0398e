#include "lib/lab_clock.h"

#include <stdlib.h>
#include <string.h>

static bool is(const char *clock)
{
    const char *lab = getenv(LAB_VARIABLE);

    return lab && !getenv(EMULATOR_VARIABLE) && !strcmp(lab, clock);
}

bool lab_clock_is_tcg(void)
{
    return is("exact") || is("fast");
}

bool lab_clock_is_exact(void)
{
    return is("exact");
}
