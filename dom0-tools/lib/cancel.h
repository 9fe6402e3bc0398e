/*
 * Ending on SIGINT, SIGTERM or SIGHUP without leaving anything behind: while
 * the lab works, these signals only set a flag that every wait looks at.
 */
#ifndef LIB_CANCEL_H
#define LIB_CANCEL_H

/* Calls nest; the outermost pair installs and restores the handlers. */
void cancel_begin(void);
void cancel_end(void);

/* 0, or 128 + the number of the signal that arrived since cancel_begin(). */
int cancelled(void);

#endif
