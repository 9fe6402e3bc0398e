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

enum harness_end {
    END_STOP,       /* dom0 says CONTROL_STOP */
    END_SUSPEND,    /* dom0 says CONTROL_SUSPEND */
    END_WISH,       /* the toolstack wants something else (control.h) */
    END_LOST,       /* the backend is gone */
};

/* Ask dom0 for work over the control ring, until it says otherwise or something else does. */
enum harness_end harness_serve_device(void);

/*
 * Is there something else to do than the row under way, or than to wait for an answer?
 * Asks XenStore when a watch has fired.
 */
bool harness_called_away(void);

/* Since the last suspend, or boot: nothing is to be done but rows. */
void harness_resume(u32 suspends);

#endif
