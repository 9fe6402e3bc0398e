/*
 * Less privilege for a process that serves domains, in two steps: which files it may open, before
 * it opens anything and has threads (Landlock and capabilities are a thread's); and what else it may
 * ask the kernel for, once all is open that the rest does not need (seccomp).  Neither can be taken
 * back, and programs it would start inherit both.
 *
 * What is refused gives EPERM or EACCES; the process lives and says so.  XENOMETER_UNCONFINED=1
 * in the environment leaves it all out.
 */
#ifndef BACKEND_CONFINE_H
#define BACKEND_CONFINE_H

#include <stdbool.h>

/*
 * No capabilities but to become another user, no new privileges; and from now on only Xen's devices can be opened, and, unless
 * NULL, one file: for writing only with `writable`.  A file of another owner keeps those it takes to
 * open it, until confine_calls().  And no TCP, no signal to others, where the kernel can refuse that;
 * one without Landlock refuses none of this.  False with *trouble (the caller's) where that fails.
 */
bool confine_files(const char *file, bool writable, char **trouble);

/*
 * Nobody's process any more, and without capabilities; no system call but those that serving
 * takes: no program is started, nothing is connected to, no memory made executable, no process
 * looked into.
 */
bool confine_calls(char **trouble);

/* What one of these returned, said where it failed.  An enum status; frees `trouble`. */
int confine_or_complain(bool done, char *trouble);

/* Whose process it becomes, if it was root's: a user of its own where there is one of that name,
 * else nobody. */
#define CONFINE_USER "xenometer"
const char *confine_user(void);

/* Landlock's ABI version here; 0: there is none.  Can filters be loaded? */
int confine_landlock(void);
bool confine_seccomp(void);

#endif
