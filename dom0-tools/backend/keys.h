/*
 * What a frontend wrote into its XenStore directory, read strictly: the guest
 * owns that directory and may write anything there.  Pure C, no XenStore.
 */
#ifndef BACKEND_KEYS_H
#define BACKEND_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/protocol.h>
#include <xenometer/row.h>

/* A snapshot: read once, before connecting; later changes are not seen. */
struct frontend_keys {
    enum mode mode;
    char image[41];                   /* build id, lower-case hex */
    uint32_t ring_order;
    uint32_t ring_ref[1u << MAX_RING_ORDER];
    uint32_t ring_port;               /* all ports are the guest's */
    uint32_t control_ref, control_port;
    uint32_t echo_port;
    uint32_t samples_ref, samples_pages;
};

/*
 * Fetch the value of `key`: malloc'd, *length bytes and a NUL behind them.
 * NULL: there is no such key.
 */
typedef char *keys_reader(void *context, const char *key, size_t *length);

/*
 * Read and check all keys.  NULL, or what is wrong, naming key and value (the
 * caller's to free; printable whatever the guest wrote).
 */
char *keys_parse(struct frontend_keys *, keys_reader *, void *context);

/*
 * A decimal number from min to max: digits only, no sign, no space, no leading
 * zero.  `length` bytes, so that a NUL in the middle does not hide the rest.
 */
bool keys_decimal(const char *text, size_t length, uint32_t min, uint32_t max,
                  uint32_t *value);

/*
 * Copy at most size - 1 bytes of `text` (`length` bytes, ending early at a
 * NUL) into `to`, every byte that is not printable ASCII as '?'.
 */
void keys_printable(char *to, size_t size, const char *text, size_t length);

/*
 * A name that dom0 gave, for messages: letters of any script stay, the control
 * characters of ASCII and of UTF-8's second row become '?'.  In place.
 */
void keys_show_name(char *name);

#endif
