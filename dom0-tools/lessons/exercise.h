/*
 * Exercises that are code: a file that a student completes, linked with the unikernel into an image of its own
 * and run in the lab, never on a Xen host.
 *
 * One is a folder configs/lessons/exercises/NAME, which a lesson names by @code:
 *
 *     start.c      what the student gets, as NAME.c
 *     solution.c   one of the right answers
 *     check.c      rows "check/…", whose failures say in words what is wrong; faces the student's functions
 *     *.h          what both include
 *     others       images of their own, for @demo; a folder may have such alone
 *
 * Beside them exercise.h has the tools that each may use.  All is compiled by the flags in exercise.flags, and
 * linked with exercise-parts.o, the unikernel without its rows, all of which `make` leaves beside the program.
 *
 * What the student's code can do: its compiler has limits of time, memory and file size; it runs in a domain of a
 * machine that is thrown away, whose backend trusts no guest; what does not end is ended.  Written is only below
 * the folder that was given.
 */
#ifndef LESSONS_EXERCISE_H
#define LESSONS_EXERCISE_H

#include <stdbool.h>

struct lesson;

/* Is there such a folder? */
bool exercise_exists(const char *name);

/* Make `directory`, which must not be there, with the file to complete and a Makefile.  An enum status; said why,
 * and then nothing is left of it. */
int exercise_start(const struct lesson *, const char *directory);

/* Build what stands there, run it in the lab, say on stdout what is right and what is wrong.  STATUS_OK: all is
 * right; STATUS_FAILED: something is wrong; other statuses: it could not be found out. */
int exercise_check(const struct lesson *, const char *directory);

/* A file of it as text, "start.c" or "solution.c"; NULL after a message.  The caller's. */
char *exercise_text(const struct lesson *, const char *file);

/*
 * Build an image of one of its files in a temporary directory, and run this program's command on it: `words` is
 * "NAME/FILE COMMAND WORD…", with single blanks.  Its text, the caller's, for STATUS_OK.
 */
int exercise_demo(const char *words, char **text);

#endif
