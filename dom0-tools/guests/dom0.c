/*
 * Column dom0: no guest, but what a process in dom0 pays itself (dom0-tools/rows/).
 */
#include "catalogue/column.h"

COLUMN(dom0) = {
    .name = "dom0", .title = "dom0", .order = 50, .home = HOME_DOM0,
    .what = "a process in dom0, no guest",
    .elsewhere = "measured inside a domain, not by a process in dom0",
    .note = "Column dom0: what a process in dom0 itself pays, no guest.",
};
