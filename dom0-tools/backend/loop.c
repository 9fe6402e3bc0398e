#include "backend/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "xenometer.h"

#define BATCH 8   /* ready descriptors handled in one turn */

volatile int loop_interrupted;

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))
static struct sigaction before[CAUGHT], before_pipe;
static int wake[2] = { -1, -1 };   /* written by the handler */

static void interrupted(int number)
{
    int saved = errno;

    loop_interrupted = number;
    /* Full pipe: then the loop is woken anyway. */
    if ( write(wake[1], "", 1) < 0 )
        errno = saved;
    errno = saved;
}

static void drain(void *context)
{
    char bytes[64];

    (void)context;
    while ( read(wake[0], bytes, sizeof(bytes)) > 0 )
        ;
}

uint64_t loop_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return SECONDS(t.tv_sec) + (uint64_t)t.tv_nsec;
}

/* ------------------------------------------------------------- timers -- */

static void arm(struct loop *l)
{
    struct itimerspec s = { 0 };
    uint64_t nearest = 0;

    for ( struct loop_timer *t = l->timers; t; t = t->next )
        if ( !nearest || t->at < nearest )
            nearest = t->at;
    if ( nearest == l->armed )
        return;
    s.it_value.tv_sec = (time_t)(nearest / SECONDS(1));
    s.it_value.tv_nsec = (long)(nearest % SECONDS(1));
    timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &s, NULL);
    l->armed = nearest;
}

static void timer_unlink(struct loop *l, struct loop_timer *timer)
{
    for ( struct loop_timer **t = &l->timers; *t; t = &(*t)->next )
        if ( *t == timer )
        {
            *t = timer->next;
            break;
        }
    timer->at = 0;
}

void loop_timer_set(struct loop *l, struct loop_timer *timer, uint64_t nanoseconds)
{
    timer_unlink(l, timer);
    timer->at = loop_now() + nanoseconds;
    timer->next = l->timers;
    l->timers = timer;
    arm(l);
}

void loop_timer_clear(struct loop *l, struct loop_timer *timer)
{
    if ( !timer->at )
        return;
    timer_unlink(l, timer);
    arm(l);
}

static void timers_run(void *context)
{
    struct loop *l = context;
    uint64_t ticks, now = loop_now();
    struct loop_timer *t;

    if ( read(l->timer_fd, &ticks, sizeof(ticks)) < 0 )
        return;   /* somebody set it anew since the loop looked */
    l->armed = 0;
    /* A handler may change the list: start over after each. */
    do {
        for ( t = l->timers; t && t->at > now; t = t->next )
            ;
        if ( t )
        {
            timer_unlink(l, t);
            t->expired(t->context);
        }
    } while ( t );
    arm(l);
}

/* ------------------------------------------------- sources and work -- */

static bool add(struct loop *l, int fd, uint32_t events, void (*ready)(void *), void *context)
{
    struct epoll_event e = { .events = events };

    while ( e.data.u32 < LOOP_SOURCES && l->sources[e.data.u32].ready )
        e.data.u32++;
    if ( e.data.u32 == LOOP_SOURCES )
    {
        errno = ENOSPC;
        return false;
    }
    if ( epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &e) )
        return false;
    l->sources[e.data.u32] = (struct loop_source){ fd, ready, context };
    return true;
}

bool loop_add(struct loop *l, int fd, void (*ready)(void *), void *context)
{
    return add(l, fd, EPOLLIN, ready, context);
}

bool loop_add_end(struct loop *l, int fd, void (*ended)(void *), void *context)
{
    return add(l, fd, EPOLLRDHUP, ended, context);
}

void loop_remove(struct loop *l, int fd)
{
    for ( unsigned i = 0; i < LOOP_SOURCES; i++ )
        if ( l->sources[i].ready && l->sources[i].fd == fd )
        {
            epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
            l->sources[i].ready = NULL;
            return;
        }
}

void loop_work_add(struct loop *l, struct loop_work *w)
{
    struct loop_work **end = &l->work;

    if ( w->queued )
        return;
    while ( *end )
        end = &(*end)->next;
    *end = w;
    w->next = NULL;
    w->queued = true;
}

void loop_work_remove(struct loop *l, struct loop_work *work)
{
    for ( struct loop_work **w = &l->work; *w; w = &(*w)->next )
        if ( *w == work )
        {
            *w = work->next;
            break;
        }
    work->queued = false;
}

/* What is queued now, not what that queues in turn. */
static void work_run(struct loop *l)
{
    struct loop_work *last = l->work, *w;

    while ( last && last->next )
        last = last->next;
    while ( (w = l->work) )
    {
        l->work = w->next;
        w->queued = false;
        w->work(w->context);
        if ( w == last )
            break;
    }
}

void loop_handle_ready(struct loop *l, int timeout)
{
    struct epoll_event events[BATCH];
    int ready = epoll_wait(l->epoll_fd, events, BATCH, timeout);

    for ( int i = 0; i < ready; i++ )
    {
        const struct loop_source *s = &l->sources[events[i].data.u32];

        if ( s->ready )   /* an earlier one of this turn may have removed it */
            s->ready(s->context);
    }
}

void loop_sleep_by(struct loop *l, void (*sleep)(void *context, bool wait), void *context)
{
    l->sleep = sleep;
    l->sleep_context = context;
}

void loop_turn(struct loop *l)
{
    if ( l->sleep )
        l->sleep(l->sleep_context, !l->work);
    else
        loop_handle_ready(l, l->work ? 0 : -1);
    if ( l->work )
        work_run(l);
}

/* ------------------------------------------------------ open and close -- */

/* NULL, or what is wanting; nothing is caught yet. */
static const char *open_all(struct loop *l)
{
    memset(l, 0, sizeof(*l));
    l->timer_fd = -1;
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if ( l->epoll_fd < 0 )
        return "an epoll";
    if ( pipe2(wake, O_CLOEXEC | O_NONBLOCK) )
        return "a pipe";
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if ( l->timer_fd < 0 )
        return "a timer";
    return loop_add(l, wake[0], drain, NULL) &&
           loop_add(l, l->timer_fd, timers_run, l) ? NULL : "an epoll entry";
}

static void close_all(struct loop *l)
{
    int *fds[] = { &l->timer_fd, &wake[0], &wake[1], &l->epoll_fd };

    for ( size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++ )
    {
        if ( *fds[i] >= 0 )
            close(*fds[i]);
        *fds[i] = -1;
    }
}

int loop_open(struct loop *l)
{
    struct sigaction action = { .sa_handler = interrupted };
    const char *wanting = open_all(l);

    if ( wanting )
    {
        message("cannot make %s: %s", wanting, strerror(errno));
        close_all(l);
        return STATUS_ENVIRONMENT;
    }
    loop_interrupted = 0;
    for ( size_t i = 0; i < CAUGHT; i++ )
        sigaction(caught[i], &action, &before[i]);
    /* A reader of our output that goes away must not leave a domain behind. */
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, &before_pipe);
    return STATUS_OK;
}

void loop_close(struct loop *l)
{
    for ( size_t i = 0; i < CAUGHT; i++ )
        sigaction(caught[i], &before[i], NULL);
    sigaction(SIGPIPE, &before_pipe, NULL);
    close_all(l);
}
