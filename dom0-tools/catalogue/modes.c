/* Names of modes and outcomes (modes.h). */
#include "catalogue/modes.h"

#include <string.h>

static const struct {
    enum mode mode;
    const char *name;
} modes[] = {
    { MODE_PV, "pv" }, { MODE_PVH, "pvh" },
    { MODE_HVM, "hvm" }, { MODE_BARE, "bare" }, { MODE_ARM64, "arm64" },
};

static const char *const outcomes[] = {
    [OUTCOME_SUCCESS] = "success",
    [OUTCOME_SKIP]    = "skip",
    [OUTCOME_ERROR]   = "error",
    [OUTCOME_FAILURE] = "failure",
};

const char *mode_name(enum mode mode)
{
    for ( size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++ )
        if ( modes[i].mode == mode )
            return modes[i].name;
    return "unknown";
}

uint32_t mode_parse(const char *name)
{
    for ( size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++ )
        if ( strcmp(modes[i].name, name) == 0 )
            return modes[i].mode;
    return 0;
}

const char *outcome_name(enum outcome outcome)
{
    if ( (unsigned)outcome < sizeof(outcomes) / sizeof(outcomes[0]) )
        return outcomes[outcome];
    return "unknown";
}

int outcome_parse(const char *name)
{
    for ( size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++ )
        if ( strcmp(outcomes[i], name) == 0 )
            return (int)i;
    return -1;
}
