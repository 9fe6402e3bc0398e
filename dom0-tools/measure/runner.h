/*
 * Takes one domain through a list of rows: baseline/empty first, then each row
 * in turn, and appends a record for each.  Event-driven: it goes on inside
 * host_turn(), so that several domains can be served at once.
 */
#ifndef MEASURE_RUNNER_H
#define MEASURE_RUNNER_H

#include "backend/device.h"
#include "guests/console.h"
#include "measure/record.h"
#include "measure/session.h"

enum runner_phase {
    RUNNER_CONNECTING,
    RUNNER_BASELINE,
    RUNNER_ROW,
    RUNNER_STOPPING,
    RUNNER_DONE,
};

struct runner {
    /* Set by the caller before runner_start(); all borrowed. */
    struct host *host;
    const struct column *column;
    const struct session_options *options;
    const struct image_row **rows;
    size_t count;                /* rows */
    struct records *records;
    unsigned boot;               /* goes into the records */
    struct console *console;     /* NULL: not ours to read */
    uint32_t domid;
    row_needs needs;             /* what it was started with */
    bool patient;                /* no deadline before the domain connects; it may also leave
                                    and come back: suspended, and gone on with */

    /* The caller may look. */
    enum runner_phase phase;
    size_t next;                 /* rows[next] on are still to be run */
    char *trouble;               /* with RUNNER_DONE: why it ended early, or NULL */
    bool ended;                  /* with RUNNER_DONE: the domain is no more */
    uint32_t suspends;           /* how often the domain was suspended before it connected */

    /* The runner's own. */
    struct device *device;
    struct loop_timer deadline;
    struct baseline baseline;
    uint32_t id;                 /* of the command under way */
    uint32_t samples;            /* it asked for */
    uint64_t events;             /* device_events() when it began */
    unsigned pleas;              /* to give it up, since its deadline */
    bool met;                    /* it has connected before */
    char *left;                  /* it closed its device: what it said then; owned */
};

/*
 * Make the device and begin.  NULL or what went wrong (the caller's); then
 * there is nothing to finish.  A row that takes too long is asked to give up, which its
 * waits for an answer do (device_give_up()).  The row during which the domain dies, hangs or
 * misbehaves gets an error with the reason, and the runner is done.
 */
char *runner_start(struct runner *);

/*
 * Wind up before the end: asks the domain to stop where it can hear that.
 * Rows not run get no result.
 */
void runner_stop(struct runner *);

/* Remove the device and everything of it.  Not inside host_turn(). */
void runner_finish(struct runner *);

#endif
