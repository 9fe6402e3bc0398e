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

/* Sleep until any watch has fired since the last call. */
void xenstore_wait_watch(void);
/* The same.  False: none has, and event_give_up() says that it shall not be waited for. */
bool xenstore_await_watch(void);

/* Has any watch fired since the last call of these three?  Does not sleep. */
bool xenstore_watch_fired(void);

#endif
