/*
 * The columns of a table: by what, on what, or in what a row is run.  A column is one
 * file with one COLUMN(), in guests/: nothing else enumerates them.
 *
 *     COLUMN(pv) = {
 *         .name = "pv", .title = "PV", …, .start = start, .end = domain_destroy,
 *     };
 *
 * The linker collects them.  Rows name the columns they run in, or classes of columns
 * (xenometer/row.h), and results hold a pointer to theirs.
 */
#ifndef CATALOGUE_COLUMN_H
#define CATALOGUE_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/row.h>

struct domains;
struct guest;
struct lab_options;
struct xl_watcher;

/* Who measures the rows of a column, and where. */
enum column_home {
    HOME_XEN,      /* guests are domains of a Xen, this program in its dom0 starts them and is
                      their backend: start(), end(), measure/session.c */
    HOME_DOM0,     /* no guest: a process in dom0 is measured (measure/dom0_rows.c) */
    HOME_BESIDE,   /* guests need no Xen: they take all commands at once and leave all
                      results: batch(), bench/batch.c */
};

/* One guest of HOME_BESIDE, from its start to its end. */
struct batch {
    const struct lab_options *machine;   /* that it runs on */
    const char *elf;             /* the unikernel, or the column's program */
    row_needs needs;             /* what it is to be started with: some of the column's needs */
    const void *commands;        /* struct control_response, one after the other */
    size_t size;                 /* of them, in bytes */
    unsigned deadline;           /* seconds, for all of it */

    /* Set, possibly empty, whatever is returned; the caller's to free. */
    void *results;               /* protocol.h, "Bare mode" */
    size_t results_size;
    char *console;               /* its last words */
    const char *skip;            /* it cannot be had here after all, and why; NULL: it can */
    bool skips_needs;            /* … with these needs; with others it may be */
};

/* The linker's table has no gaps; AddressSanitizer aligns what it watches so. */
#define COLUMN_ALIGNMENT 32

struct column {
    const char *name;            /* "pv": on the command line and in results */
    const char *title;           /* "PV": as people write it */
    const char *what;            /* what it is, one line */
    const char *classes;         /* words, with spaces between: "image xen"; NULL: none */
    unsigned order;              /* from left to right */
    enum column_home home;
    enum mode mode;              /* what the image finds itself started as; 0: no image there */
    const char *elsewhere;       /* why rows that run elsewhere do not run here; NULL: the row
                                    says it */
    const char *note;            /* below a table that shows it; NULL: nothing */
    bool floor;                  /* the least that there can be: in no ratio */
    bool asked;                  /* rows that run elsewhere, too, run in it only where it is named */
    bool alone;                  /* on a Linux without Xen */
    bool arm64;                  /* its guests' CPU is ARM64; else x86 */
    const char *base;            /* column to whose figure of the same row its own is set in
                                    relation; NULL: to the cheapest of the same work */
    const char *program;         /* whose rows it runs: a file beside this program (image.h); NULL:
                                    the unikernel */
    const char *here;            /* --host=this: what it needs of a Linux that is no lab, words: "root",
                                    "cgroup2", "userns", devices, programs; NULL: it cannot be had there */
    const char *runs;            /* what runs them there in that program's place: a file beside this
                                    program; NULL: that one itself */
    bool device_model;           /* a QEMU in dom0 serves its guests' devices */

    /* HOME_XEN. */
    const char *missing;         /* what is missing when Xen cannot start it */
    /*
     * A paused domain.  `needs`: those that are Xen's to give become settings.  `extra`:
     * further settings of xl, a NULL-terminated list, or NULL; the watcher (guests/xl.h) may be
     * NULL.  NULL, or what went wrong (the caller's); no domain is left then.
     */
    char *(*start)(struct domains *, const struct column *, row_needs needs,
                   const char *const *extra, const struct xl_watcher *, struct guest *);
    /* Destroy it, if it still is there. */
    void (*end)(struct domains *, struct guest *);

    /* HOME_BESIDE. */
    /* Why this machine cannot start one, NULL: it can; without a machine, why a Xen host cannot. */
    const char *(*impossible)(const struct lab_options *);
    row_needs needs;             /* for which rows it starts guests of their own */
    /* Start a guest, wait for its end.  An enum status; said why. */
    int (*batch)(struct batch *);
} __attribute__((aligned(COLUMN_ALIGNMENT)));

#define COLUMN(identifier) \
    extern const struct column column_##identifier; \
    const struct column column_##identifier \
        __attribute__((section("columns"), used, aligned(COLUMN_ALIGNMENT)))

/* In their order: for ( c = column_next(NULL); c; c = column_next(c) ). */
const struct column *column_next(const struct column *);
#define FOR_EACH_COLUMN(c) \
    for ( const struct column *c = column_next(NULL); c; c = column_next(c) )

/* Does the first stand left of the second? */
bool column_before(const struct column *, const struct column *);

/* By its name; NULL: there is none. */
const struct column *column_find(const char *name);

/* Is it of that name, or of that class? */
bool column_is(const struct column *, const char *word);

/* The column of Xen's domains that are started as `mode`. */
const struct column *column_of_domain(enum mode);

/* How many columns a set has room for: more than there are, or the program does not start. */
#define COLUMNS_MAX 64u

/* A set of columns; all zeroes: none. */
struct column_set {
    bool has[COLUMNS_MAX];       /* by column_place() */
};

/* Below COLUMNS_MAX, and no other's. */
size_t column_place(const struct column *);

static inline bool columns_have(const struct column_set *set, const struct column *column)
{
    return set->has[column_place(column)];
}

static inline void columns_add(struct column_set *set, const struct column *column)
{
    set->has[column_place(column)] = true;
}

struct column_set columns_every(void);
struct column_set columns_usual(void);   /* those that need not be named */
struct column_set columns_only(const struct column *);
struct column_set columns_at(enum column_home);
struct column_set columns_common(const struct column_set *, const struct column_set *);
bool columns_any(const struct column_set *);
bool columns_equal(const struct column_set *, const struct column_set *);

/* The first of them in order; NULL: there is none. */
const struct column *columns_first(const struct column_set *);

/* Those whose name or class is a word of `text`; false: a word is neither. */
bool columns_named(const char *text, struct column_set *);

/* The modes in which they start the image: enum mode bits. */
uint32_t columns_modes(const struct column_set *);

/* "pv pvh hvm", in their order, with that separator; the caller's. */
char *columns_text(const struct column_set *, const char *separator);

#endif
