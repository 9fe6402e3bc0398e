/*
 * Several domains at once, each with its device, driven together: they connect,
 * are told what to run all in one go, and are waited for.  For rows that need
 * more than one domain, or look at one from outside (dom0-tools/rows/).
 *
 *     party_make(), party_connect(), { party_tell()…, party_wait() }…, party_end()
 *
 * Those that can fail return NULL, or what went wrong (the caller's string); only
 * party_end() makes sense then.  "interrupted" after a signal.
 */
#ifndef MEASURE_PARTY_H
#define MEASURE_PARTY_H

#include "backend/device.h"
#include "guests/domain.h"

#define PARTY_MAX 16u

struct member {
    struct guest guest;
    struct device *device;       /* NULL before party_connect() */
    struct party *party;
    bool told;                   /* has a command to answer */
    bool leaving;                /* closes its device, to be saved */
    uint64_t unpaused;           /* our TSC, just before Xen was asked to */
};

struct party {
    struct domains *domains;
    const struct column *column;
    struct member members[PARTY_MAX];
    unsigned count;              /* domains that exist */
    unsigned busy;               /* members that have still to ask */
    /* Called when a member asks again after it was told; may be NULL. */
    void (*answered)(struct party *, struct member *);
    void *context;

    /* The party's own. */
    struct loop_timer deadline;
    bool late;
    struct member *lost;         /* its device failed or died */
};

/*
 * Make it a party of `count` domains, paused those that are new; an empty one is all
 * zeroes.  `needs` and `extra` as for guest_start().
 */
char *party_make(struct party *, struct domains *, const struct column *, row_needs needs,
                 const char *const *extra, unsigned count);

/* A domain made elsewhere, paused, becomes the only member: it is ours now. */
void party_adopt(struct party *, struct domains *, struct guest *);

/* Devices for those that have none yet, unpause them, wait until all are READY. */
char *party_connect(struct party *, row_needs needs);

/* Answer a member's question: it goes to work at once. */
void party_tell(struct party *, unsigned member, const struct control_response *);

/* The id of all commands told to members: each is told one at a time. */
#define PARTY_COMMAND 1u

/* Serve them until everybody told has asked again, at most `seconds`. */
char *party_wait(struct party *, unsigned seconds);

/* What is wrong with a member's answer to a CONTROL_RUN with id PARTY_COMMAND; NULL when it is a
 * success with `samples` samples.  The caller's. */
char *party_trouble(const struct party *, unsigned member, uint32_t samples);

/* Have one member measure the empty region; ticks. */
char *party_overhead(struct party *, unsigned member, uint64_t *overhead);

/* Have a member close its device; it waits for the toolstack's suspend then. */
char *party_suspend(struct party *, unsigned member);

/*
 * The member's domain is no more, and will be restored: remove its device.  Its new
 * number goes into guest.domid, and party_connect() makes it a device again.
 */
void party_saved(struct party *, unsigned member);

/* Devices and domains are gone after this, and the party is empty. */
void party_end(struct party *);

#endif
