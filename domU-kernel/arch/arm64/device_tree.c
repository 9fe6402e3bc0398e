#include "device_tree.h"
#include "../../lib/string.h"

struct header {
    u32 magic, size, structure, strings;   /* offsets from the header, big-endian as all */
};
#define MAGIC 0xd00dfeedu

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOTHING = 4, END = 9 };

/* FDT_PROP's, before its value. */
struct property { u32 length, name; };

static u32 number(u32 big_endian)
{
    return __builtin_bswap32(big_endian);
}

bool device_tree_is(const void *tree)
{
    return tree && number(((const struct header *)tree)->magic) == MAGIC;
}

static const u32 *beginning(const void *tree)
{
    return (const u32 *)((const u8 *)tree + number(((const struct header *)tree)->structure));
}

static const char *name_of(const void *tree, const struct property *p)
{
    return (const char *)tree + number(((const struct header *)tree)->strings) + number(p->name);
}

static u32 words(u32 bytes)
{
    return (bytes + 3) / 4;
}

/* The token behind this one. */
static const u32 *after(const u32 *at)
{
    switch ( number(*at) )
    {
    case BEGIN_NODE:
        return at + 1 + words((u32)strlen((const char *)(at + 1)) + 1);
    case PROPERTY:
        return at + 3 + words(number(at[1]));
    default:
        return at + 1;
    }
}

static bool has_string(const char *strings, u32 length, const char *text)
{
    for ( u32 i = 0; i < length; i += (u32)strlen(strings + i) + 1 )
        if ( !strcmp(strings + i, text) )
            return true;
    return false;
}

const void *device_tree_find(const void *tree, const char *property, const char *text, u32 n)
{
    const u32 *node = NULL;

    /* A node's properties stand before its children. */
    for ( const u32 *at = beginning(tree); number(*at) != END; at = after(at) )
        if ( number(*at) == BEGIN_NODE )
            node = at;
        else if ( number(*at) == PROPERTY )
        {
            const struct property *p = (const struct property *)(at + 1);

            if ( !strcmp(name_of(tree, p), property) &&
                 has_string((const char *)(p + 1), number(p->length), text) && n-- == 0 )
                return node;
        }
    return NULL;
}

u64 device_tree_number(const void *tree, const void *node, const char *property, u32 first,
                       u32 cells)
{
    for ( const u32 *at = after(node); number(*at) == PROPERTY || number(*at) == NOTHING;
          at = after(at) )
    {
        const struct property *p = (const struct property *)(at + 1);
        const u32 *value = (const u32 *)(p + 1);

        if ( number(*at) == PROPERTY && !strcmp(name_of(tree, p), property) &&
             number(p->length) / 4 >= first + cells )
            return cells == 1 ? number(value[first])
                              : (u64)number(value[first]) << 32 | number(value[first + 1]);
    }
    return 0;
}

u32 device_tree_interrupt(const void *tree, const void *node, u32 n)
{
    u32 kind = (u32)device_tree_number(tree, node, "interrupts", 3 * n, 1);
    u32 which = (u32)device_tree_number(tree, node, "interrupts", 3 * n + 1, 1);

    return kind == 1 ? 16 + which : 0;
}
