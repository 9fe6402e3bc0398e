/*
 * Cases of hostile peers, tried: each by runs of a program, ours or the one with hostile
 * backends, with the hostile image, on this machine's Xen or in the lab.
 */
#ifndef BENCH_ATTACK_H
#define BENCH_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "catalogue/attacks.h"

struct attack_options {
    const char *host;        /* auto, xen or lab; NULL: auto */
    const char *modes;       /* as --modes of run takes them; NULL: pv, or that CPU's own */
    const char *clock;       /* the lab's; NULL: exact */
    const char *cpu;         /* the lab's, as users call it: hostile domains alone, by rows; NULL: amd */
    bool quick;              /* not what takes a run of its own, or more than a row */
};

/* One row in one mode, or a script. */
struct attack_step {
    const struct attack *attack;
    char *what;              /* the row's name, or "script"; owned */
    char *mode;              /* owned */
    bool held;
    char *saw;               /* what came of it, in words; owned */
    char *said;              /* what the program said meanwhile, line by line; owned */
};

struct attack_report {
    struct attack_step *steps;   /* owned; by run, not by case */
    size_t count;
    bool quick;                  /* what takes longer was left out */
};

/* Try `count` cases.  An enum status: STATUS_OK also when some did not hold. */
int attack_try(const struct attack_options *, const struct attack *const *, size_t count,
               struct attack_report *);
void attack_report_free(struct attack_report *);

/* How many steps a case has; *held: and how many of them held. */
size_t attack_steps(const struct attack_report *, const struct attack *, size_t *held);

/* The rows of a case, "hostile/f6-flips, …" or NULL: for lists.  The image is this program's
 * hostile one for that CPU (NULL: amd); NULL after a message. */
struct image *attack_image(const char *cpu);
char *attack_rows(const struct image *, const struct attack *);

#endif
