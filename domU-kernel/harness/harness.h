/* Run rows as dom0 asks for them, and hand over raw samples. */
#ifndef HARNESS_HARNESS_H
#define HARNESS_HARNESS_H

#include <xenometer/protocol.h>
#include "../arch/types.h"

/* Noted on the way up, sent with READY. */
extern struct boot_times boot_times;

/* Name of the row being run, "none" outside; for panics. */
const char *harness_current_row(void);

/*
 * Run one command: fills in everything of `result` but `kind` and `boot`;
 * result->samples values stand in `ticks` (room for `capacity`) afterwards.
 */
void harness_run(const struct control_response *command,
                 struct control_request *result, u64 *ticks, u32 capacity);

/* Ask dom0 for work over the control ring until it says CONTROL_STOP or
 * CONTROL_SUSPEND; returns which. */
u32 harness_serve_device(void);

/*
 * Bare mode: the commands are an array in memory (the boot module), results
 * leave by a port.
 */
void harness_serve_module(const struct control_response *commands, u32 count);

#endif
