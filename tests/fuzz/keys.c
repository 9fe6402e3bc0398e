/* backend/keys.c against a frontend that may write anything into its XenStore directory: the
 * input is "key=value" entries, each ended by a line feed. */
#include <stdlib.h>

#include <backend/keys.h>

#include "fuzz.h"

static char *read_key(void *context, const char *key, size_t *length)
{
    struct input in = *(const struct input *)context;
    size_t name = strlen(key);

    while ( in.size )
    {
        const uint8_t *end = memchr(in.data, '\n', in.size);
        size_t line = end ? (size_t)(end - in.data) : in.size;

        if ( line > name && !memcmp(in.data, key, name) && in.data[name] == '=' )
        {
            char *value = malloc(line - name);

            *length = line - name - 1;
            memcpy(value, in.data + name + 1, *length);
            value[*length] = '\0';
            return value;
        }
        in.data += line + (end != NULL);
        in.size -= line + (end != NULL);
    }
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct frontend_keys keys;
    char *wrong = keys_parse(&keys, read_key, &in);

    if ( wrong )
        for ( const char *c = wrong; *c; c++ )
            MUST(*c >= ' ' && *c <= '~');
    else
    {
        MUST(keys.ring_order <= MAX_RING_ORDER);
        MUST(keys.samples_pages >= 1 && keys.samples_pages <= MAX_SAMPLES_PAGES);
        MUST(keys.image[sizeof(keys.image) - 1] == '\0');
        MUST(keys.mode == MODE_PV || keys.mode == MODE_PVH || keys.mode == MODE_HVM);
    }
    free(wrong);
    return 0;
}
