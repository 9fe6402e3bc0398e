#include "guests/console.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "backend/keys.h"

void console_open(struct console *c, const char *path)
{
    *c = (struct console){ .fd = -1 };
    if ( path )
        c->fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

void console_close(struct console *c)
{
    if ( c->fd >= 0 )
        close(c->fd);
    c->fd = -1;
}

void console_drain(struct console *c)
{
    char bytes[512];
    ssize_t n;

    while ( c->fd >= 0 && (n = read(c->fd, bytes, sizeof(bytes))) > 0 )
    {
        size_t size = (size_t)n, over;

        if ( c->length + size > sizeof(c->text) )
        {
            over = c->length + size - sizeof(c->text);
            memmove(c->text, c->text + over, c->length - over);
            c->length -= over;
        }
        memcpy(c->text + c->length, bytes, size);
        c->length += size;
    }
}

void console_settle(struct console *c)
{
    struct pollfd p = { .fd = c->fd, .events = POLLIN };

    for ( unsigned i = 0; c->fd >= 0 && i < 4; i++ )
    {
        if ( poll(&p, 1, 50) <= 0 || !(p.revents & POLLIN) )
            break;
        console_drain(c);
    }
}

static bool begins(const char *line, size_t length, const char *with)
{
    return length >= strlen(with) && !memcmp(line, with, strlen(with));
}

void console_last_words(const struct console *c, char *to, size_t size)
{
    static const char panic[] = "panic", greeting[] = "xenometer: ";
    size_t best = 0, best_length = 0;
    bool best_is_panic = false;

    for ( size_t from = 0; from < c->length; )
    {
        const char *line = c->text + from;
        const char *end = memchr(line, '\n', c->length - from);
        size_t length = end ? (size_t)(end - line) : c->length - from;
        bool is_panic = begins(line, length, panic);
        size_t text = length;

        while ( text && (line[text - 1] == '\r' || line[text - 1] == ' ') )
            text--;
        if ( text && (is_panic || !best_is_panic) && !begins(line, length, greeting) )
        {
            best = from;
            best_length = text;
            best_is_panic = is_panic;
        }
        from += length + 1;
    }
    keys_printable(to, size, c->text + best, best_length);
}
