#include "evil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

#define FLIP_NS MILLISECONDS(3)

void evil_storm(struct split *s)
{
    for ( unsigned i = 0; i < EVIL_EVENTS; i++ )
        split_notify(s);
}

void evil_flip(volatile uint64_t *word, uint64_t stays, uint64_t other)
{
    uint64_t end = loop_now() + FLIP_NS;

    do
        for ( unsigned i = 0; i < 1000; i++ )
            *word = i & 1 ? stays : other;
    while ( loop_now() < end );
}

void evil_state_word(struct split *s, const char *word)
{
    struct xs_handle *xs = xs_open(0);
    char *own = xenbus_own_path(&s->name), path[160];

    snprintf(path, sizeof(path), "%s/state", own);
    if ( xs )
        xs_write(xs, XBT_NULL, path, word, (unsigned)strlen(word));
    if ( xs )
        xs_close(xs);
    free(own);
}
