/*
 * A bounded reader for ELF files (elf.h).
 *
 * The file is read whole: it is at most a few hundred KiB, and a copy cannot
 * change between a check and its use.  Headers are copied out before they are
 * looked at, so nothing depends on alignment either.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/elf.h"
#include "xenometer.h"

#define MAX_FILE  (16u << 20)   /* bytes; the image may have 128 KiB */

struct elf {
    uint8_t *data;
    size_t size;
    Elf64_Ehdr header;
};

/* Whole file into memory, or NULL with *error. */
static uint8_t *read_file(const char *path, size_t *size, char **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *data = NULL;
    struct stat st;
    size_t done = 0;

    if ( fd < 0 || fstat(fd, &st) != 0 )
    {
        *error = xasprintf("cannot read %s: %s", path, strerror(errno));
        goto out;
    }
    if ( !S_ISREG(st.st_mode) || st.st_size > MAX_FILE )
    {
        *error = xasprintf("%s is no unikernel image: not a file of at most "
                           "%u MiB", path, MAX_FILE >> 20);
        goto out;
    }
    data = xmalloc((size_t)st.st_size);
    while ( done < (size_t)st.st_size )
    {
        ssize_t n = read(fd, data + done, (size_t)st.st_size - done);

        if ( n < 0 && errno == EINTR )
            continue;
        if ( n <= 0 )
        {
            *error = xasprintf("cannot read %s: %s", path,
                               n < 0 ? strerror(errno) : "it shrank");
            free(data);
            data = NULL;
            goto out;
        }
        done += (size_t)n;
    }
    *size = done;
 out:
    if ( fd >= 0 )
        close(fd);
    return data;
}

/* The bytes [offset, offset + size) of the file, or NULL. */
static const uint8_t *file_range(const struct elf *elf, uint64_t offset,
                                 uint64_t size)
{
    if ( offset > elf->size || size > elf->size - offset )
        return NULL;
    return elf->data + offset;
}

struct elf *elf_open(const char *path, char **error)
{
    struct elf *elf = xcalloc(1, sizeof(*elf));
    const Elf64_Ehdr *h = &elf->header;

    elf->data = read_file(path, &elf->size, error);
    if ( elf->data == NULL )
    {
        free(elf);
        return NULL;
    }
    if ( elf->size >= sizeof(*h) )
        memcpy(&elf->header, elf->data, sizeof(elf->header));
    if ( memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
         h->e_ident[EI_CLASS] != ELFCLASS64 ||
         h->e_ident[EI_DATA] != ELFDATA2LSB ||
         (h->e_machine != EM_X86_64 && h->e_machine != EM_AARCH64) || h->e_type != ET_EXEC )
        *error = xasprintf("%s is not an x86-64 or ARM64 ELF executable", path);
    else if ( h->e_phentsize != sizeof(Elf64_Phdr) ||
              h->e_shentsize != sizeof(Elf64_Shdr) ||
              !file_range(elf, h->e_phoff,
                          (uint64_t)h->e_phnum * sizeof(Elf64_Phdr)) ||
              !file_range(elf, h->e_shoff,
                          (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)) )
        *error = xasprintf("%s is damaged: its ELF headers point outside the "
                           "file; build it again", path);
    else
        return elf;
    elf_close(elf);
    return NULL;
}

void elf_close(struct elf *elf)
{
    if ( elf == NULL )
        return;
    free(elf->data);
    free(elf);
}

bool elf_is_arm64(const struct elf *elf)
{
    return elf->header.e_machine == EM_AARCH64;
}

uint64_t elf_entry(const struct elf *elf)
{
    return elf->header.e_entry;
}

/* Headers by number; the tables were checked when the file was opened. */
static Elf64_Phdr program_header(const struct elf *elf, unsigned n)
{
    Elf64_Phdr p;

    memcpy(&p, elf->data + elf->header.e_phoff + n * sizeof(p), sizeof(p));
    return p;
}

static Elf64_Shdr section_header(const struct elf *elf, unsigned n)
{
    Elf64_Shdr s;

    memcpy(&s, elf->data + elf->header.e_shoff + n * sizeof(s), sizeof(s));
    return s;
}

bool elf_section(const struct elf *elf, const char *name, struct elf_part *part)
{
    const uint8_t *names;
    Elf64_Shdr strings;

    if ( elf->header.e_shstrndx >= elf->header.e_shnum )
        return false;
    strings = section_header(elf, elf->header.e_shstrndx);
    names = file_range(elf, strings.sh_offset, strings.sh_size);
    if ( names == NULL )
        return false;

    for ( unsigned i = 0; i < elf->header.e_shnum; i++ )
    {
        Elf64_Shdr s = section_header(elf, i);

        if ( s.sh_type == SHT_NOBITS || s.sh_name >= strings.sh_size ||
             strings.sh_size - s.sh_name <= strlen(name) ||
             memcmp(names + s.sh_name, name, strlen(name) + 1) != 0 )
            continue;
        part->data = file_range(elf, s.sh_offset, s.sh_size);
        part->size = s.sh_size;
        part->address = s.sh_addr;
        part->memory = s.sh_size;
        part->offset = s.sh_offset;
        return part->data != NULL;
    }
    return false;
}

bool elf_load_segment(const struct elf *elf, unsigned n, struct elf_part *part)
{
    for ( unsigned i = 0; i < elf->header.e_phnum; i++ )
    {
        Elf64_Phdr p = program_header(elf, i);

        if ( p.p_type != PT_LOAD || n-- > 0 )
            continue;
        part->data = file_range(elf, p.p_offset, p.p_filesz);
        part->size = part->data ? p.p_filesz : 0;
        part->address = p.p_vaddr;
        part->memory = p.p_memsz;
        part->offset = p.p_offset;
        return true;
    }
    return false;
}

static const char *string_in(const struct elf_part *part, uint64_t address)
{
    /* Below the part's start `at` has wrapped to something huge. */
    uint64_t at = address - part->address;

    if ( at >= part->size || memchr(part->data + at, '\0', part->size - at) == NULL )
        return NULL;
    return (const char *)part->data + at;
}

const char *elf_string(const struct elf *elf, uint64_t address)
{
    struct elf_part part;
    const char *string = NULL;

    for ( unsigned i = 0; string == NULL && elf_load_segment(elf, i, &part); i++ )
        string = string_in(&part, address);
    if ( string == NULL && elf_section(elf, "explanations", &part) )
        string = string_in(&part, address);
    return string;
}

/* Name and descriptor are each padded to 4 bytes (ELF gABI, note section). */
static uint64_t pad4(uint64_t size)
{
    return (size + 3) & ~(uint64_t)3;
}

/* The note at *cursor of a segment; moves *cursor behind it. */
static bool parse_note(const Elf64_Phdr *p, const uint8_t *segment,
                       uint64_t *cursor, struct elf_note *note)
{
    uint64_t left = p->p_filesz - *cursor, name_at, data_at;
    Elf64_Nhdr n;

    if ( left < sizeof(n) )
        return false;
    memcpy(&n, segment + *cursor, sizeof(n));
    name_at = sizeof(n);
    data_at = name_at + pad4(n.n_namesz);
    if ( n.n_namesz == 0 || data_at > left || n.n_descsz > left - data_at ||
         segment[*cursor + name_at + n.n_namesz - 1] != '\0' )
        return false;
    note->name = (const char *)segment + *cursor + name_at;
    note->type = n.n_type;
    note->data = segment + *cursor + data_at;
    note->size = n.n_descsz;
    note->offset = p->p_offset + *cursor;
    *cursor += data_at + pad4(n.n_descsz);
    /* The last note's padding may be cut off by the segment's end. */
    if ( *cursor > p->p_filesz )
        *cursor = p->p_filesz;
    return true;
}

bool elf_note(const struct elf *elf, unsigned n, struct elf_note *note)
{
    for ( unsigned i = 0; i < elf->header.e_phnum; i++ )
    {
        Elf64_Phdr p = program_header(elf, i);
        const uint8_t *segment;
        uint64_t cursor = 0;

        if ( p.p_type != PT_NOTE )
            continue;
        segment = file_range(elf, p.p_offset, p.p_filesz);
        while ( segment && parse_note(&p, segment, &cursor, note) )
            if ( n-- == 0 )
                return true;
    }
    return false;
}
