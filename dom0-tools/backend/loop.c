#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "measure/session.h"
#include "xenometer.h"

volatile int session_interrupted;

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
#define CAUGHT (sizeof(caught) / sizeof(caught[0]))
static struct sigaction before[CAUGHT], before_pipe;
static int wake[2] = { -1, -1 };   /* written by the handler */

static void interrupted(int number)
{
    int saved = errno;

    session_interrupted = number;
    /* Full pipe: then poll() is woken anyway. */
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
        return;   /* somebody set it anew since poll() looked */
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

bool loop_add(struct loop *l, int fd, void (*ready)(void *), void *context)
{
    if ( l->count == LOOP_SOURCES )
        return false;
    l->polls[l->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    l->sources[l->count].ready = ready;
    l->sources[l->count].context = context;
    l->count++;
    return true;
}

void loop_remove(struct loop *l, int fd)
{
    for ( unsigned i = 0; i < l->count; i++ )
        if ( l->polls[i].fd == fd )
        {
            l->count--;
            memmove(&l->polls[i], &l->polls[i + 1],
                    (l->count - i) * sizeof(l->polls[0]));
            memmove(&l->sources[i], &l->sources[i + 1],
                    (l->count - i) * sizeof(l->sources[0]));
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

void loop_turn(struct loop *l)
{
    int ready = poll(l->polls, l->count, l->work ? 0 : -1);

    /* Handlers move the sources about: look each ready one up by its fd. */
    for ( unsigned i = 0; ready > 0 && i < l->count; )
    {
        if ( !l->polls[i].revents )
        {
            i++;
            continue;
        }
        ready--;
        l->polls[i].revents = 0;
        l->sources[i].ready(l->sources[i].context);
        i = 0;
    }
    if ( l->work )
        work_run(l);
}

/* ------------------------------------------------------ open and close -- */

int loop_open(struct loop *l)
{
    struct sigaction action = { .sa_handler = interrupted };

    memset(l, 0, sizeof(*l));
    session_interrupted = 0;
    if ( pipe2(wake, O_CLOEXEC | O_NONBLOCK) )
    {
        message("cannot make a pipe: %s", strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if ( l->timer_fd < 0 )
    {
        message("cannot make a timer: %s", strerror(errno));
        close(wake[0]);
        close(wake[1]);
        return STATUS_ENVIRONMENT;
    }
    loop_add(l, wake[0], drain, NULL);
    loop_add(l, l->timer_fd, timers_run, l);
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
    close(l->timer_fd);
    close(wake[0]);
    close(wake[1]);
    wake[0] = wake[1] = -1;
}
