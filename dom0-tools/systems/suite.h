/*
 * The Debian suite whose packages a lab is made of, whatever this machine's is: where
 * they come from, and the program for its dom0.
 */
#ifndef SYSTEMS_SUITE_H
#define SYSTEMS_SUITE_H

/*
 * The Debian suite a lab is made of unless another is asked for: the same on every
 * machine, so that figures do not depend on the release they were made on.
 */
#define LAB_SUITE "trixie"

struct architecture;
struct cache;

/* Where a suite's packages come from; signed by the keys of SUITE_KEYS. */
#define SUITE_MIRROR "http://deb.debian.org/debian"
#define SUITE_KEYS   "/usr/share/keyrings/debian-archive-keyring.gpg"

/*
 * What was given as --lab-suite, or with NULL $XENOMETER_LAB_SUITE: "" becomes NULL.
 * STATUS_USAGE, said why, when no suite can be called that.
 */
int suite_choose(const char **suite);

/*
 * Path of the program that runs in the dom0 of an assembled lab: this one linked with the suite's
 * libxenctrl and libc, made first if need be.  The caller's.  An enum status, said why.  To be
 * called as prepare() (machines/prepare.h).
 */
int suite_link_program(struct cache *cache, char **path);

/* apt's list of sources of the suite, in debs; 0 or errno. */
int suite_write_sources(const struct cache *cache);

/* A suite of which nothing could be had leaves nothing. */
void suite_forget(struct cache *cache);

/*
 * Keep, of the unpacked packages, what linking a program for that dom0 takes:
 * headers, libraries and libc's start files, as devel/ in `lab`.
 */
int suite_keep_devel(const struct architecture *, const char *stage, const char *lab);

#endif
