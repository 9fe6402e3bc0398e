#include "systems/elf_needed.h"

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"

struct file {
    const char *data;
    size_t size;
    const Elf64_Phdr *segments;
    unsigned count;
};

/* The part of the file at `offset`, or NULL when it does not hold `size` bytes. */
static const void *at(const struct file *file, uint64_t offset, uint64_t size)
{
    if ( offset > file->size || size > file->size - offset )
        return NULL;
    return file->data + offset;
}

/* Dynamic entries hold addresses: find where in the file that is. */
static uint64_t offset_of(const struct file *file, uint64_t address)
{
    for ( unsigned i = 0; i < file->count; i++ )
    {
        const Elf64_Phdr *p = &file->segments[i];

        if ( p->p_type == PT_LOAD && address >= p->p_vaddr &&
             address - p->p_vaddr < p->p_filesz )
            return p->p_offset + (address - p->p_vaddr);
    }
    return UINT64_MAX;
}

static void each_needed(const struct file *file, const Elf64_Phdr *dynamic,
                        void (*visit)(void *, const char *), void *context)
{
    uint64_t count = dynamic->p_filesz / sizeof(Elf64_Dyn), strings = UINT64_MAX;
    const Elf64_Dyn *entries = at(file, dynamic->p_offset, count * sizeof(*entries));

    if ( entries == NULL )
        return;
    for ( uint64_t i = 0; i < count; i++ )
        if ( entries[i].d_tag == DT_STRTAB )
            strings = offset_of(file, entries[i].d_un.d_ptr);
    if ( strings >= file->size )
        return;
    for ( uint64_t i = 0; i < count && entries[i].d_tag != DT_NULL; i++ )
    {
        uint64_t name = entries[i].d_un.d_val;

        if ( entries[i].d_tag != DT_NEEDED || name >= file->size - strings )
            continue;
        name += strings;
        if ( memchr(file->data + name, '\0', file->size - name) )
            visit(context, file->data + name);
    }
}

void elf_needed(const char *path, void (*visit)(void *context, const char *name),
                void *context)
{
    struct file file = { 0 };
    char *data = read_whole_file(path, &file.size);
    const Elf64_Ehdr *header;

    file.data = data;
    header = data ? at(&file, 0, sizeof(*header)) : NULL;
    if ( header && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
         header->e_ident[EI_CLASS] == ELFCLASS64 &&
         header->e_phentsize == sizeof(Elf64_Phdr) )
    {
        file.count = header->e_phnum;
        file.segments = at(&file, header->e_phoff, file.count * sizeof(Elf64_Phdr));
        for ( unsigned i = 0; file.segments && i < file.count; i++ )
            if ( file.segments[i].p_type == PT_DYNAMIC )
                each_needed(&file, &file.segments[i], visit, context);
    }
    free(data);
}
