/*
 * One place for everything the process waits for: file descriptors, timers,
 * work put off for a turn, Ctrl-C.
 *
 * The measured path goes through here, so a turn makes no system call but the
 * waiting itself: timers live in one timerfd, set only when the nearest of them
 * changes, and signals in a pipe.  It waits by epoll, which costs the same
 * however many descriptors there are, or where somebody else knows better
 * (loop_sleep_by(), backend/events.c).
 */
#ifndef BACKEND_LOOP_H
#define BACKEND_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_SOURCES 64u

struct loop_timer {
    uint64_t at;                 /* ns of CLOCK_MONOTONIC; 0: not set */
    void (*expired)(void *context);
    void *context;
    struct loop_timer *next;     /* the loop's */
};

/* Work that goes on at the next turn, after everybody else had one. */
struct loop_work {
    void (*work)(void *context);
    void *context;
    bool queued;                 /* the loop's */
    struct loop_work *next;
};

struct loop {
    int epoll_fd, timer_fd;
    struct loop_source {
        int fd;
        void (*ready)(void *context);   /* NULL: the place is free */
        void *context;
    } sources[LOOP_SOURCES];     /* epoll tells the place, which stays */
    uint64_t armed;              /* what timer_fd is set to; 0: nothing */
    struct loop_timer *timers;
    struct loop_work *work;
    void (*sleep)(void *context, bool wait);   /* NULL: by epoll */
    void *sleep_context;
};

/* The number of the signal that asks for the end; whoever works for long looks at it. */
extern volatile int loop_interrupted;

/*
 * Catches SIGINT, SIGTERM and SIGHUP until loop_close(): they set loop_interrupted and wake
 * loop_turn().  One loop at a time.  An enum status; the reason was printed.
 */
int loop_open(struct loop *);
void loop_close(struct loop *);

/*
 * Call `ready` whenever fd can be read or hung up.  A handler may add and
 * remove sources, also its own.  False with errno set.
 */
bool loop_add(struct loop *, int fd, void (*ready)(void *), void *context);

/* Likewise when the other end of a socket is closed, whatever there is to read. */
bool loop_add_end(struct loop *, int fd, void (*ended)(void *), void *context);
void loop_remove(struct loop *, int fd);

/* Call timer->expired once, `nanoseconds` from now.  Setting moves it. */
void loop_timer_set(struct loop *, struct loop_timer *, uint64_t nanoseconds);
void loop_timer_clear(struct loop *, struct loop_timer *);

void loop_work_add(struct loop *, struct loop_work *);
void loop_work_remove(struct loop *, struct loop_work *);

/*
 * Sleep until something is ready and handle it; returns after an interrupt,
 * too.  With no timer set it may sleep for ever: whoever waits sets one.
 */
void loop_turn(struct loop *);

/* Handle what is ready, after at most `timeout` ms; -1: however long it takes. */
void loop_handle_ready(struct loop *, int timeout);

/*
 * Let loop_turn() call `sleep` in the place of epoll: with `wait` it returns when it has
 * handled something, or was interrupted, without it at once.  Whoever does that sees to it
 * that loop_handle_ready() is called when one of the loop's descriptors is ready.
 * NULL: by epoll.
 */
void loop_sleep_by(struct loop *, void (*sleep)(void *context, bool wait), void *context);

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)
#define MILLISECONDS(n) ((uint64_t)(n) * 1000000u)

/* CLOCK_MONOTONIC in ns. */
uint64_t loop_now(void);

#endif
