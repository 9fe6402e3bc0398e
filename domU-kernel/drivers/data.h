/*
 * The data ring's front end: what rows use to reach the backend process.
 */
#ifndef DRIVERS_DATA_H
#define DRIVERS_DATA_H

#include "device.h"

/*
 * One request and its answer, at depth 1, notified both ways; sleeps until the
 * answer is there.  False: the ring is broken,
 * or the answer is to another request.
 */
bool data_exchange(const struct data_request *, struct data_response *);

/* Sleep until at least one response can be taken, being notified after
 * `after` of them.  False: broken. */
bool data_wait(u32 after);

#endif
