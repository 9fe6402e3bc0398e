#include "lib/cancel.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static struct sigaction saved[SIGNALS], saved_pipe;
static unsigned depth;
static volatile sig_atomic_t arrived;

static void on_signal(int number)
{
    arrived = number;
}

void cancel_begin(void)
{
    /* No SA_RESTART: a blocked read or poll must return. */
    struct sigaction action = { .sa_handler = on_signal };

    struct sigaction ignore = { .sa_handler = SIG_IGN };

    if ( depth++ )
        return;
    arrived = 0;
    /* A reader of our output that goes away must not kill us: QEMU first. */
    sigaction(SIGPIPE, &ignore, &saved_pipe);
    for ( size_t i = 0; i < SIGNALS; i++ )
    {
        sigaction(signals[i], NULL, &saved[i]);
        /* Ignored by whoever started us (nohup): stays ignored. */
        if ( saved[i].sa_handler != SIG_IGN )
            sigaction(signals[i], &action, NULL);
    }
}

void cancel_end(void)
{
    if ( --depth )
        return;
    sigaction(SIGPIPE, &saved_pipe, NULL);
    for ( size_t i = 0; i < SIGNALS; i++ )
        sigaction(signals[i], &saved[i], NULL);
}

int cancelled(void)
{
    return arrived ? 128 + arrived : 0;
}
