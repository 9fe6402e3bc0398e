#include "backend/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/modes.h"
#include "xenometer.h"

/* xen/event_channel.h: FIFO event channels number 2^17. */
#define LAST_PORT ((1u << 17) - 1)

bool keys_decimal(const char *text, size_t length, uint32_t min, uint32_t max,
                  uint32_t *value)
{
    uint64_t sum = 0;

    /* Ten digits hold any uint32_t; more would be a leading zero or too much. */
    if ( length == 0 || length > 10 || (text[0] == '0' && length > 1) )
        return false;
    for ( size_t i = 0; i < length; i++ )
    {
        if ( text[i] < '0' || text[i] > '9' )
            return false;
        sum = 10 * sum + (uint64_t)(text[i] - '0');
    }
    if ( sum < min || sum > max )
        return false;
    *value = (uint32_t)sum;
    return true;
}

void keys_printable(char *to, size_t size, const char *text, size_t length)
{
    size_t n = 0;

    while ( n + 1 < size && n < length && text[n] != '\0' )
    {
        to[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
        n++;
    }
    to[n] = '\0';
}

void keys_show_name(char *name)
{
    for ( unsigned char *c = (unsigned char *)name; *c; c++ )
    {
        bool second_row = c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f;   /* U+0080 to U+009F */

        if ( *c < ' ' || *c == 0x7f || second_row )
            *c = '?';
        if ( second_row )
            c[1] = '?';
    }
}

/* One key being read; `error` stays with the first that was wrong. */
struct parser {
    keys_reader *read;
    void *context;
    char *error;
};

static void wrong(struct parser *p, const char *key, const char *value,
                  size_t length, const char *wanted)
{
    char shown[64];

    if ( p->error )
        return;
    keys_printable(shown, sizeof(shown), value, length);
    p->error = xasprintf("%s is \"%s\", must be %s", key, shown, wanted);
}

/* The value, the caller's to free; NULL when missing or after an error. */
static char *fetch(struct parser *p, const char *key, size_t *length)
{
    char *value;

    if ( p->error )
        return NULL;
    value = p->read(p->context, key, length);
    if ( !value )
        p->error = xasprintf("%s is missing", key);
    return value;
}

static void number(struct parser *p, const char *key, uint32_t min, uint32_t max,
                   uint32_t *value)
{
    char wanted[64];
    size_t length;
    char *text = fetch(p, key, &length);

    if ( !text )
        return;
    if ( !keys_decimal(text, length, min, max, value) )
    {
        snprintf(wanted, sizeof(wanted), "a number from %u to %u", min, max);
        wrong(p, key, text, length, wanted);
    }
    free(text);
}

static void port(struct parser *p, const char *key, uint32_t *value)
{
    number(p, key, 1, LAST_PORT, value);
}

static void reference(struct parser *p, const char *key, uint32_t *value)
{
    /* Any number may be a grant; Xen refuses those that are none. */
    number(p, key, 0, UINT32_MAX, value);
}

static void protocol(struct parser *p)
{
    size_t length;
    char *text = fetch(p, KEY_PROTOCOL, &length);

    if ( text && (length != strlen(PROTOCOL_VERSION) ||
                  memcmp(text, PROTOCOL_VERSION, length)) )
        wrong(p, KEY_PROTOCOL, text, length, "\"" PROTOCOL_VERSION "\"");
    free(text);
}

static void mode(struct parser *p, enum mode *value)
{
    size_t length;
    char *text = fetch(p, KEY_MODE, &length);
    uint32_t found;

    if ( !text )
        return;
    found = strlen(text) == length ? mode_parse(text) : 0;
    if ( found & MODES_XEN )
        *value = (enum mode)found;
    else
        wrong(p, KEY_MODE, text, length, "pv, pvh or hvm");
    free(text);
}

static void image(struct parser *p, char *value, size_t size)
{
    size_t length;
    char *text = fetch(p, KEY_IMAGE, &length);

    if ( !text )
        return;
    if ( length == size - 1 && strspn(text, "0123456789abcdef") == length )
        memcpy(value, text, size);
    else
        wrong(p, KEY_IMAGE, text, length, "40 lower-case hexadecimal digits");
    free(text);
}

char *keys_parse(struct frontend_keys *keys, keys_reader *read, void *context)
{
    struct parser p = { .read = read, .context = context };
    char key[sizeof(KEY_RING_REF) + 10];

    memset(keys, 0, sizeof(*keys));
    /* First: with another protocol nothing else need make sense. */
    protocol(&p);
    mode(&p, &keys->mode);
    image(&p, keys->image, sizeof(keys->image));
    number(&p, KEY_RING_ORDER, 0, MAX_RING_ORDER, &keys->ring_order);
    for ( uint32_t i = 0; !p.error && i < 1u << keys->ring_order; i++ )
    {
        snprintf(key, sizeof(key), KEY_RING_REF "%u", i);
        reference(&p, key, &keys->ring_ref[i]);
    }
    port(&p, KEY_EVENT_CHANNEL, &keys->ring_port);
    reference(&p, KEY_CONTROL_REF, &keys->control_ref);
    port(&p, KEY_CONTROL_CHANNEL, &keys->control_port);
    port(&p, KEY_ECHO_CHANNEL, &keys->echo_port);
    reference(&p, KEY_SAMPLES_REF, &keys->samples_ref);
    number(&p, KEY_SAMPLES_PAGES, 1, MAX_SAMPLES_PAGES, &keys->samples_pages);

    if ( !p.error && (keys->ring_port == keys->control_port ||
                      keys->ring_port == keys->echo_port ||
                      keys->control_port == keys->echo_port) )
        p.error = xasprintf(KEY_EVENT_CHANNEL ", " KEY_CONTROL_CHANNEL " and "
                            KEY_ECHO_CHANNEL " are %u, %u and %u, must be three ports",
                            keys->ring_port, keys->control_port, keys->echo_port);
    return p.error;
}
