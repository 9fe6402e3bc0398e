/*
 * The last words of a domain: the end of what it printed on its console.
 */
#ifndef GUESTS_CONSOLE_H
#define GUESTS_CONSOLE_H

#include <stddef.h>

#define CONSOLE_KEPT 2048u

struct console {
    int fd;                      /* -1: none */
    size_t length;
    char text[CONSOLE_KEPT];     /* the latest bytes */
};

/*
 * Read along on the pseudo terminal that xenconsoled keeps for the domain
 * (`path` from XenStore; NULL: no console).  Only for domains of our own: what
 * is read here, `xl console` does not show.
 */
void console_open(struct console *, const char *path);
void console_close(struct console *);

/* Take what is there; never waits. */
void console_drain(struct console *);

/*
 * After the domain's end: what it said last may still be on its way through
 * xenconsoled.  Waits until that is quiet for a moment, a fifth of a second at
 * most, and takes it.
 */
void console_settle(struct console *);

/*
 * What tells most, in one printable line of at most `size` - 1 bytes: the last
 * line that begins with "panic", else the last line; "" when it said nothing
 * but who it is.
 */
void console_last_words(const struct console *, char *to, size_t size);

#endif
