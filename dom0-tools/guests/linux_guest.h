/*
 * Linux guests whose only process is the application (app/domain.h): what they are started with,
 * whoever starts them.
 */
#ifndef GUESTS_LINUX_GUEST_H
#define GUESTS_LINUX_GUEST_H

#include <stddef.h>

struct batch;

/* Of the kernel's command line; what is the application's comes behind.  A third of its boot would
 * be tests and searches that nothing here uses. */
#define LINUX_GUEST_OPTIONS \
    "panic=1 loglevel=1 cryptomgr.notests rodata=off initcall_blacklist=jent_mod_init " \
    "initcall_blacklist=load_system_certificate_list initcall_blacklist=trace_eval_init " \
    "initcall_blacklist=init_error_injection"

/* Its root: the application as /init, and the batch's commands.  The caller's; NULL after a
 * message. */
void *linux_guest_root(const struct batch *, size_t *size);

#endif
