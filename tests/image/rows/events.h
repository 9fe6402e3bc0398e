/* Rows of event channels, in their own group. */
#ifndef TEST_ROWS_EVENTS_H
#define TEST_ROWS_EVENTS_H

#include "../../../domU-kernel/harness/row.h"
#include "../../../domU-kernel/xen/events.h"

#define TEST_ROW(identifier, row_name, row_needs, what, function)            \
    ROW(events_##identifier, .run = function) = {                           \
        .name = "test-events/" row_name, .work = "test events",             \
        .path = "event channel", .help = what, .explanation = what,         \
        .elsewhere = "bare mode has no event channels",                     \
        .columns = "xen", .needs = row_needs,                             \
        .operations = 1, .samples = 1,                                      \
    }

#endif
