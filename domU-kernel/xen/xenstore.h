/*
 * XenStore over its shared ring (xen/io/xs_wire.h), one request at a time.
 * Values are NUL-terminated here; errors are the store's own names ("ENOENT").
 */
#ifndef XEN_XENSTORE_H
#define XEN_XENSTORE_H

#include "../arch/types.h"

#define XENSTORE_VALUE_MAX 256u

/* `interface` is the shared page, `port` its event channel. */
void xenstore_init(void *interface, u32 port);

/* NULL when fine, else the store's error, valid until the next call. */
const char *xenstore_read(const char *path, char *value, size_t size);
const char *xenstore_write(const char *path, const char *value);
const char *xenstore_watch(const char *path, const char *token);
const char *xenstore_unwatch(const char *path, const char *token);

/* Same, for a decimal number; a garbled one is "EINVAL". */
const char *xenstore_read_number(const char *path, u64 *value);
const char *xenstore_write_number(const char *path, u64 value);

/* Names below `path`, separated by NULs; what does not fit is dropped. */
const char *xenstore_directory(const char *path, char *names, size_t size);

/* An empty transaction, begun and committed. */
const char *xenstore_empty_transaction(void);

/* Ticks spent in this file so far: waiting for xenstored, mostly. */
extern u64 xenstore_ticks;

/*
 * Write without waiting for the answer, where there is room: for last words.  After this no
 * other request makes sense.
 */
void xenstore_say(const char *path, const char *value);

/*
 * Sleep until any watch has fired since the last call.  Those of the toolstack's requests
 * (control.h) are none of these: they have xenstore_control_fired().
 */
void xenstore_wait_watch(void);
/* The same.  False: none has, and event_give_up() says that it shall not be waited for. */
bool xenstore_await_watch(void);

/* Has any watch fired since the last call of these three?  Does not sleep. */
bool xenstore_watch_fired(void);

/* Sleep until one has, or one of the toolstack's requests; at most `patience` ns, 0: for
 * ever.  False: none has. */
bool xenstore_sleep(u64 patience);

/* Is there anything that these would tell?  A few instructions; for sample_keep(). */
bool xenstore_has_news(void);

/* Have the watches of the toolstack's requests fired since the last call?  One of a key in
 * another domain's directory, that is: of a backend?  Neither sleeps. */
bool xenstore_control_fired(void);
bool xenstore_backend_fired(void);

#endif
