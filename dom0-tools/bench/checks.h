/*
 * What `xenometer doctor` looks at: facts about this machine, each with a
 * verdict and, where something can be done, what.
 */
#ifndef BENCH_CHECKS_H
#define BENCH_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

enum check_state {
    CHECK_OK,
    CHECK_NOTE,     /* works, but not ideal; or good to know */
    CHECK_MISSING,  /* stands in the way */
};

struct check {
    const char *group;    /* "xen", "lab", "packages" or "figures": static */
    const char *name;     /* static */
    enum check_state state;
    char *text;           /* what was found; owned */
    char *advice;         /* what to do, or NULL; owned */
};

#define CHECK_NAME_WIDTH 13   /* columns for the longest name, which doctor leaves room for */

struct checks {
    struct check *list;   /* owned */
    size_t count;
};

void checks_add(struct checks *, const char *group, const char *name,
                enum check_state, const char *advice, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
void checks_free(struct checks *);
/* Does any check of the group stand in the way? */
bool checks_missing(const struct checks *, const char *group);

/* Is this machine a Xen host, and can it run domains?  True: it is a dom0. */
bool checks_xen(struct checks *);
/* Can the lab run here, and on what? */
void checks_lab(struct checks *);
/* What building and the lab take from Debian. */
void checks_packages(struct checks *);
/* Those of a list of the tree's (configs/packages…) that are not installed, a blank between; "" for
 * none, NULL where that cannot be told: no such list, no dpkg.  The caller's. */
char *checks_missing_packages(const char *list);
/* Whatever makes cycles less than exact. */
void checks_figures(struct checks *);

/* The same of a Xen host, from what `xl info` and `xenpm get-cpuidle-states 0` (or NULL) print, and
 * environment_below(). */
void checks_host(struct checks *, const char *info, const char *cpuidle, const char *below);

/* Is a program of that name in PATH? */
bool program_exists(const char *name);

/*
 * What a program prints on stdout within a few seconds; the caller's to free.
 * NULL when it does not exist, fails or hangs (then it is ended).
 */
char *program_output(const char *const *argv);

/*
 * The value in "key   : value" lines, as xl info and xenpm print; the caller's
 * to free, NULL when there is no such key.
 */
char *output_value(const char *output, const char *key);

/* First line of a small file without its newline; the caller's, or NULL. */
char *first_line(const char *path);

#endif
