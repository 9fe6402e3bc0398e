/*
 * Domains of our own: made by xl, paused, from the configs; destroyed when
 * they have done their work, also those a killed run left behind.
 */
#ifndef GUESTS_DOMAIN_H
#define GUESTS_DOMAIN_H

#include "backend/host.h"
#include "catalogue/select.h"
#include "guests/console.h"
#include "guests/xl.h"

/* Domains of `xenometer run`: its own affair, `xenometer backend` passes over
 * them.  Followed by mode, process id and a number. */
#define RUN_PREFIX "xenometer-run-"

struct row_disk;

/* Where domains come from. */
struct domains {
    const struct session_options *options;
    struct host *host;
    struct row_disk *disk;           /* the session's: row_disk_open() before use */
    unsigned made;               /* so far, for their names */
    bool no_xl;                  /* there is no xl: none will ever be made */
    bool two_cpus;               /* a domain's vCPUs can have one each: */
    unsigned cpus[2];
    int spare_cpu;               /* away from dom0, for a single vCPU; -1: none */
};

/* A domain, from creation to its end. */
struct guest {
    const struct column *column;
    uint32_t domid;
    char *name;
    struct console console;
};

/* The column's start(): a paused domain (catalogue/column.h). */
char *guest_start(struct domains *, const struct column *, row_needs needs,
                  const char *const *extra, const struct xl_watcher *, struct guest *);

/* Close the console, and the column's end(). */
void guest_end(struct domains *, struct guest *);

/*
 * For a column's file: start() by `xl create` with the file of configs/ that is called as the
 * column, and the image as that setting of xl's; and end().
 */
char *domain_by_xl(struct domains *, const struct column *, const char *image_key,
                   row_needs needs, const char *const *extra, const struct xl_watcher *,
                   struct guest *);
void domain_destroy(struct domains *, struct guest *);

/* The same where libxl takes no ELF file, but the flat image beside it: start(). */
char *domain_by_image(struct domains *, const struct column *, row_needs needs,
                      const char *const *extra, const struct xl_watcher *, struct guest *);
/* Of "FILE.elf" its name, "FILE.image"; the caller's. */
char *domain_image(const char *elf);

/*
 * Sleep a moment.  Xen clears the pages of dead domains when a CPU is idle, and those
 * it did not get to when they are wanted again: then the next domain pays, a
 * thousand instructions per page.
 */
void domains_let_xen_scrub(void);

/* Does Xen know it? */
bool domain_exists(struct domains *, uint32_t domid);

/* The domain of that name, as xenstored knows it. */
bool domain_find(struct domains *, const char *name, uint32_t *domid);

/* Domains that a killed run left, named after a process that is no more, and what
 * domains_sweep() removes. */
void domains_destroy_stale(struct domains *);

/* What processes that were killed left in XenStore: backend directories of our classes
 * whose domains are no more. */
void domains_sweep(struct host *);

/* Why domains of that column cannot be made, from what xenctrl_modes() said; NULL:
 * they can.  Static. */
const char *domain_impossible(uint32_t possible, const struct column *);

/* xl takes settings as lines of Python-like text: key="value".  The caller's. */
char *domain_setting(const char *key, const char *value);

#endif
