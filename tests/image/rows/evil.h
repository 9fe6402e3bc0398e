/*
 * Rows that hostile backends (tests/evil/) are set upon, one for each of their cases.  A row's
 * outcome is what the driver makes of it; tests/evil/cases.h says which is right.
 */
#ifndef TEST_ROWS_EVIL_H
#define TEST_ROWS_EVIL_H

#include "../../../domU-kernel/drivers/data.h"
#include "../../../domU-kernel/harness/row.h"
#include "../../evil/cases.h"

#define EVIL_ROW(identifier, name_, outcome, reason, more_needs, ...)               \
    ROW(evil_##identifier, __VA_ARGS__) = {                                         \
        .name = "evil/" name_, .work = "suffer a hostile backend",                  \
        .path = "hostile backend", .help = name_, .explanation = outcome ": " reason, \
        .elsewhere = "bare mode has no backend",                                    \
        .columns = "xen", .needs = SERVICE_DATA_RING | (more_needs),              \
        .operations = 1, .samples = 1,                                              \
    };

/* Have the device of a case made: EVIL_MAKE_DISK or EVIL_MAKE_NIC, and its number. */
static inline bool evil_make(u32 operation)
{
    struct data_request q = { .operation = (u16)operation };
    struct data_response p;

    return data_exchange(&q, &p);
}

#define EVIL_GUARD 0x5ca1ab1e0ddba11ul   /* stands before and behind what may be written */

#endif
