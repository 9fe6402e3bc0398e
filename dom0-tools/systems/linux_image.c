#include "systems/linux_image.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include <xen/elfnote.h>
#include <xen/features.h>

#include "xenometer.h"

static uint32_t little_endian(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;

    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/*
 * Linux, Documentation/x86/boot.rst: setup_sects at 0x1f1, payload_offset at 0x248 and
 * payload_length at 0x24c, counted from the protected-mode code.
 */
bool linux_payload(const char *image, size_t size, size_t *offset, size_t *length)
{
    unsigned sectors;

    if ( size < 0x250 || memcmp(image + 0x202, "HdrS", 4) != 0 )
        return false;
    sectors = (unsigned char)image[0x1f1];
    *offset = ((sectors ? sectors : 4) + 1) * 512 + (size_t)little_endian(image + 0x248);
    *length = little_endian(image + 0x24c);
    return *length > 10 && *offset < size && *length <= size - *offset;
}

const char *linux_payload_tool(const char *payload)
{
    static const struct { const char *magic; size_t length; const char *tool; } kinds[] = {
        { "\xfd""7zXZ",       5, "usr/bin/xz" },
        { "\x28\xb5\x2f\xfd", 4, "usr/bin/zstd" },
        { "\x1f\x8b",         2, "usr/bin/gzip" },
        { "\x02\x21\x4c\x18", 4, "usr/bin/lz4" },
    };

    for ( size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++ )
        if ( !memcmp(payload, kinds[i].magic, kinds[i].length) )
            return kinds[i].tool;
    return NULL;
}

/*
 * The features that a kernel says Xen may have (Linux, arch/x86/xen/xen-head.S): a word of bits.
 * Before 6.2 that of dom0 is there without CONFIG_XEN_DOM0 too; but only with it there are the
 * host's CPUs in sysfs, by this name (drivers/xen/pcpu.c).
 */
bool linux_is_dom0(const char *data, size_t size)
{
    static const char bus[] = "xen_cpu";
    Elf64_Ehdr h;
    Elf64_Phdr p;
    Elf64_Nhdr n;

    if ( size < sizeof(h) || memcmp(data, ELFMAG, SELFMAG) || data[EI_CLASS] != ELFCLASS64 )
        return false;
    memcpy(&h, data, sizeof(h));
    for ( unsigned i = 0; i < h.e_phnum; i++ )
    {
        uint64_t at = h.e_phoff + (uint64_t)i * sizeof(p), end;

        if ( at > size || size - at < sizeof(p) )
            return false;
        memcpy(&p, data + at, sizeof(p));
        if ( p.p_type != PT_NOTE || p.p_offset > size || p.p_filesz > size - p.p_offset )
            continue;
        for ( at = p.p_offset, end = at + p.p_filesz; end - at >= sizeof(n); )
        {
            uint64_t name = at + sizeof(n), value;

            memcpy(&n, data + at, sizeof(n));
            value = name + ((n.n_namesz + 3ull) & ~3ull);
            if ( value > end || n.n_descsz > end - value )
                break;
            if ( n.n_type == XEN_ELFNOTE_SUPPORTED_FEATURES && n.n_namesz == 4 &&
                 !memcmp(data + name, "Xen", 4) && n.n_descsz >= 4 )
                return (little_endian(data + value) >> XENFEAT_dom0 & 1) &&
                       memmem(data, size, bus, sizeof(bus)) != NULL;
            at = value + ((n.n_descsz + 3ull) & ~3ull);
            if ( at > end )
                break;
        }
    }
    return false;
}

char *linux_release(const char *data, size_t size)
{
    static const char banner[] = "Linux version ";
    const char *at = memmem(data, size, banner, sizeof(banner) - 1), *end;

    if ( !at )
        return NULL;
    at += sizeof(banner) - 1;
    end = memchr(at, ' ', (size_t)(data + size - at));
    return end && end - at < 64 && !memchr(at, '/', (size_t)(end - at))
        ? xasprintf("%.*s", (int)(end - at), at) : NULL;
}
