/*
 * The Xen notes of the unikernel's ELF file: what each loader insists on.
 *
 *   PV          LOADER "generic", XEN_VERSION "xen-3.0", ENTRY and
 *               HYPERCALL_PAGE (Xen's libelf-dominfo.c, elf_xen_note_check)
 *   PVH, HVM    PHYS32_ENTRY, a 32-bit physical address
 *   QEMU        PHYS32_ENTRY, read as 8 bytes out of an ELF64 file
 */
#include <stdlib.h>
#include <string.h>

#include <xen/elfnote.h>

#include "catalogue/image.h"
#include "lib/elf.h"
#include "xenometer.h"

/* libxl counts the pages between LOAD segments as kernel. */
#define MAX_GAP  0x10000u

/* The note of that type; the one in force is the last, as in libelf. */
static bool find_note(const struct elf *elf, uint32_t type,
                      struct elf_note *found)
{
    struct elf_note note;
    bool any = false;

    for ( unsigned i = 0; elf_note(elf, i, &note); i++ )
        if ( strcmp(note.name, "Xen") == 0 && note.type == type )
        {
            *found = note;
            any = true;
        }
    return any;
}

/* Does a LOAD segment hold this address?  (Zeroed memory will do: that is where
 * a page filled by Xen stands.) */
static bool loaded(const struct elf *elf, uint64_t address)
{
    struct elf_part part;

    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
        if ( address - part.address < part.memory )
            return true;
    return false;
}

static char *check_address(const struct elf *elf, const char *name,
                           uint32_t type, uint64_t alignment)
{
    struct elf_note note;
    uint64_t address;

    if ( !find_note(elf, type, &note) )
        return xasprintf("the note %s is missing", name);
    if ( note.size != sizeof(address) )
        return xasprintf("the note %s has %zu bytes instead of 8", name,
                         note.size);
    memcpy(&address, note.data, sizeof(address));
    if ( address % alignment != 0 || !loaded(elf, address) )
        return xasprintf("the note %s names %#llx, which is not part of the image", name,
                         (unsigned long long)address);
    return NULL;
}

static char *check_string(const struct elf *elf, const char *name,
                          uint32_t type, const char *value)
{
    struct elf_note note;

    if ( !find_note(elf, type, &note) )
        return xasprintf("the note %s is missing", name);
    if ( note.size != strlen(value) + 1 ||
         memcmp(note.data, value, note.size) != 0 )
        return xasprintf("the note %s is not \"%s\"", name, value);
    return NULL;
}

/* Notes may lie in the LOAD segment of the entry, or in none. */
static char *check_places(const struct elf *elf)
{
    uint64_t entry = elf_entry(elf), end = 0;
    struct elf_part part;
    struct elf_note note;

    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
    {
        if ( end != 0 && part.address - end > MAX_GAP )
            return xasprintf("the LOAD segment at %#llx does not follow the "
                             "one before: libxl would take the gap for kernel",
                             (unsigned long long)part.address);
        end = part.address + part.memory;
        if ( entry - part.address < part.memory )
            continue;
        for ( unsigned k = 0; elf_note(elf, k, &note); k++ )
            if ( strcmp(note.name, "Xen") == 0 &&
                 note.offset - part.offset < part.size )
                return xasprintf("a Xen note lies in a LOAD segment away from "
                                 "the text");
    }
    return NULL;
}

bool image_check_notes(const char *path, char **error)
{
    struct elf *elf = elf_open(path, error);
    char *wrong;

    if ( elf == NULL )
        return false;
    wrong = check_address(elf, "ENTRY", XEN_ELFNOTE_ENTRY, 1);
    if ( wrong == NULL )
        wrong = check_address(elf, "HYPERCALL_PAGE",
                              XEN_ELFNOTE_HYPERCALL_PAGE, 4096);
    if ( wrong == NULL )
        wrong = check_address(elf, "PHYS32_ENTRY", XEN_ELFNOTE_PHYS32_ENTRY, 1);
    if ( wrong == NULL )
        wrong = check_string(elf, "XEN_VERSION", XEN_ELFNOTE_XEN_VERSION,
                             "xen-3.0");
    if ( wrong == NULL )
        wrong = check_string(elf, "LOADER", XEN_ELFNOTE_LOADER, "generic");
    if ( wrong == NULL )
        wrong = check_places(elf);
    elf_close(elf);

    if ( wrong != NULL )
    {
        *error = xasprintf("%s: %s", path, wrong);
        free(wrong);
        return false;
    }
    return true;
}
