#include "systems/xen_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/files.h"
#include "xenometer.h"

/* Multiboot 0.6.96, 3.1.1: the header is 4-aligned in the first 8192 bytes; its first three
 * words add up to 0. */
#define MULTIBOOT_MAGIC  0x1badb002u
#define MULTIBOOT_SEARCH 8192u

/* What every line that Xen prints begins with, and nobody else's program has in it. */
#define XEN_PREFIX "(XEN) "

/* Bytes, more than any Xen takes when it is loaded. */
#define MOST_MEMORY (64u << 20)

/* ------------------------------------------------------------------ ELF -- */

/* A program header, of either class, inside the file. */
struct segment {
    uint32_t type;
    uint64_t offset, address, physical, file, memory;
};

static bool inside(const struct xen_image *x, uint64_t offset, uint64_t size)
{
    return offset <= x->size && size <= x->size - offset;
}

static bool is_elf(const struct xen_image *x, unsigned char class)
{
    return x->size > sizeof(Elf64_Ehdr) && !memcmp(x->data, ELFMAG, SELFMAG) &&
           (unsigned char)x->data[EI_CLASS] == class && x->data[EI_DATA] == ELFDATA2LSB;
}

/* Header number `n`; false: there are no more, or the file ends before it. */
static bool get_segment(const struct xen_image *x, unsigned n, struct segment *s)
{
    uint64_t at;

    if ( is_elf(x, ELFCLASS64) )
    {
        Elf64_Ehdr h;
        Elf64_Phdr p;

        memcpy(&h, x->data, sizeof(h));
        at = h.e_phoff + (uint64_t)n * sizeof(p);
        if ( n >= h.e_phnum || !inside(x, at, sizeof(p)) )
            return false;
        memcpy(&p, x->data + at, sizeof(p));
        *s = (struct segment){ p.p_type, p.p_offset, p.p_vaddr, p.p_paddr, p.p_filesz, p.p_memsz };
    }
    else
    {
        Elf32_Ehdr h;
        Elf32_Phdr p;

        memcpy(&h, x->data, sizeof(h));
        at = h.e_phoff + (uint64_t)n * sizeof(p);
        if ( n >= h.e_phnum || !inside(x, at, sizeof(p)) )
            return false;
        memcpy(&p, x->data + at, sizeof(p));
        *s = (struct segment){ p.p_type, p.p_offset, p.p_vaddr, p.p_paddr, p.p_filesz, p.p_memsz };
    }
    return true;
}

/* The GNU build id among the notes [offset, offset + size). */
static bool find_build_id(struct xen_image *x, uint64_t offset, uint64_t size)
{
    Elf64_Nhdr note;   /* of 32 bits a field in both classes */

    if ( !inside(x, offset, size) )
        return false;
    for ( uint64_t end = offset + size; end - offset >= sizeof(note); )
    {
        uint64_t name = offset + sizeof(note), value;

        memcpy(&note, x->data + offset, sizeof(note));
        value = name + ((note.n_namesz + 3ull) & ~3ull);
        if ( value > end || note.n_descsz > end - value )
            return false;
        if ( note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
             !memcmp(x->data + name, "GNU", 4) && note.n_descsz * 2 < BUILD_ID_TEXT )
        {
            for ( uint32_t i = 0; i < note.n_descsz; i++ )
                snprintf(x->build_id + 2 * i, 3, "%02x", (unsigned char)x->data[value + i]);
            return true;
        }
        offset = value + ((note.n_descsz + 3ull) & ~3ull);
        if ( offset > end )
            return false;
    }
    return false;
}

static void read_build_id(struct xen_image *x)
{
    struct segment s;

    for ( unsigned n = 0; get_segment(x, n, &s); n++ )
        if ( s.type == PT_NOTE && find_build_id(x, s.offset, s.file) )
            return;
}

/* The part of the file that is linked at `address`; NULL: none is, whole. */
static const char *at_address(const struct xen_image *x, uint64_t address, uint64_t size)
{
    struct segment s;

    for ( unsigned n = 0; get_segment(x, n, &s); n++ )
        if ( s.type == PT_LOAD && address >= s.address && address - s.address <= s.file &&
             size <= s.file - (address - s.address) &&
             inside(x, s.offset + (address - s.address), size) )
            return x->data + s.offset + (address - s.address);
    return NULL;
}

/* ---------------------------------------------------------------- unpack -- */

/* In place, when it is packed. */
static int unpack(const char *path, struct xen_image *x)
{
    static const struct { const char *magic; size_t length; const char *tool; } kinds[] = {
        { "\x1f\x8b",         2, "gzip" },
        { "\xfd""7zXZ",       5, "xz" },
        { "\x28\xb5\x2f\xfd", 4, "zstd" },
    };

    for ( size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++ )
    {
        const char *argv[] = { kinds[i].tool, "-dc", NULL };
        int in, out, status;
        char *complaint = NULL;

        if ( x->size < kinds[i].length || memcmp(x->data, kinds[i].magic, kinds[i].length) )
            continue;
        in = memory_file("packed", 0);
        out = memory_file("unpacked", 0);
        status = in < 0 || out < 0 || write_all(in, x->data, x->size) || lseek(in, 0, SEEK_SET)
                     ? STATUS_ENVIRONMENT
                     : child_run(&(struct child_start){ .argv = argv, .stdin_fd = in,
                                                        .stdout_fd = out }, &complaint);
        if ( status == STATUS_OK )
        {
            free(x->data);
            x->data = memory_file_text(out, &x->size);
        }
        else if ( status == STATUS_ENVIRONMENT )
        {
            message("%s is damaged or cut off: %s", path,
                    complaint ? complaint : "it cannot be unpacked");
            status = STATUS_USAGE;
        }
        free(complaint);
        if ( in >= 0 )
            close(in);
        if ( out >= 0 )
            close(out);
        return status;
    }
    return STATUS_OK;
}

/* ----------------------------------------------------------------- checks -- */

static bool has_multiboot_header(const struct xen_image *x)
{
    size_t end = x->size < MULTIBOOT_SEARCH ? x->size : MULTIBOOT_SEARCH;

    for ( size_t at = 0; at + 12 <= end; at += 4 )
    {
        uint32_t words[3];

        memcpy(words, x->data + at, sizeof(words));
        if ( words[0] == MULTIBOOT_MAGIC && words[0] + words[1] + words[2] == 0 )
            return true;
    }
    return false;
}

/* What a file that is no Xen for this lab is instead; NULL: nothing that is known. */
static const char *what_else(const struct xen_image *x)
{
    uint16_t machine;

    if ( x->size > 0x206 && !memcmp(x->data + 0x202, "HdrS", 4) )
        return "is a Linux kernel: --dom0-kernel takes one";
    if ( x->size > 60 && !memcmp(x->data + 56, "ARM\x64", 4) )
        return "is for ARM64: the lab's machine is an x86-64 one";
    if ( x->size > 2 && !memcmp(x->data, "MZ", 2) )
        return "is a program for EFI, and the lab's machine has none: give the xen.gz built with it";
    if ( !is_elf(x, ELFCLASS32) && !is_elf(x, ELFCLASS64) )
        return "is no Xen: neither xen.gz nor an ELF file";
    memcpy(&machine, x->data + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
    if ( machine != EM_386 && machine != EM_X86_64 )
        return "is for another architecture: the lab's machine is an x86-64 one";
    return NULL;
}

static bool is_whole(const struct xen_image *x)
{
    struct segment s;
    unsigned n, loads = 0;

    for ( n = 0; get_segment(x, n, &s); n++ )
    {
        loads += s.type == PT_LOAD && s.file;
        if ( s.type == PT_LOAD && !inside(x, s.offset, s.file) )
            return false;
    }
    return loads > 0;
}

/*
 * xen-syms as what a multiboot loader takes, as Xen's tool mkelf32 does it: an ELF of 32 bits
 * with one segment at the physical address, which begins with the entry.
 */
static bool make_loadable(struct xen_image *x)
{
    const size_t start = 128;   /* bytes; of the segment in the file */
    uint64_t low = UINT64_MAX, file = 0, memory = 0;
    struct segment s;
    Elf32_Ehdr h = { .e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT,
                     .e_phoff = sizeof(h), .e_ehsize = sizeof(h),
                     .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1 };
    Elf32_Phdr p = { .p_type = PT_LOAD, .p_offset = start, .p_flags = PF_R | PF_W | PF_X,
                     .p_align = 64 };
    char *data;

    for ( unsigned n = 0; get_segment(x, n, &s); n++ )
        if ( s.type == PT_LOAD && s.physical < low )
            low = s.physical;
    for ( unsigned n = 0; get_segment(x, n, &s); n++ )
        if ( s.type == PT_LOAD )
        {
            if ( s.physical - low > MOST_MEMORY || s.memory > MOST_MEMORY || s.file > s.memory )
                return false;
            file = s.physical - low + s.file > file ? s.physical - low + s.file : file;
            memory = s.physical - low + s.memory > memory ? s.physical - low + s.memory : memory;
        }
    if ( low > UINT32_MAX - 2 * MOST_MEMORY )
        return false;
    data = xcalloc(1, start + file);
    for ( unsigned n = 0; get_segment(x, n, &s); n++ )
        if ( s.type == PT_LOAD )
            memcpy(data + start + (s.physical - low), x->data + s.offset, s.file);
    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS32;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_ident[EI_VERSION] = EV_CURRENT;
    h.e_entry = p.p_vaddr = p.p_paddr = (uint32_t)low;
    p.p_filesz = (uint32_t)file;
    p.p_memsz = (uint32_t)memory;
    memcpy(data, &h, sizeof(h));
    memcpy(data + sizeof(h), &p, sizeof(p));
    free(x->data);
    x->data = data;
    x->size = start + file;
    return true;
}

bool xen_image_knows(const char *data, size_t size, const char *word)
{
    return memmem(data, size, word, strlen(word)) != NULL;
}

static int check(const char *path, struct xen_image *x)
{
    const char *else_ = what_else(x);

    if ( else_ )
        message("%s %s", path, else_);
    else if ( !is_whole(x) )
        message("%s is cut off: its segments do not end in the file", path);
    else if ( !xen_image_knows(x->data, x->size, XEN_PREFIX) )
        message("%s is no Xen, but another ELF file: give xen.gz, xen or xen-syms", path);
    else
    {
        read_build_id(x);
        if ( is_elf(x, ELFCLASS64) && !make_loadable(x) )
            message("%s is no Xen that can be loaded: its segments are too large or too far up",
                    path);
        else if ( !has_multiboot_header(x) )
            message("%s has no multiboot header, by which a loader knows Xen; of a debug package "
                    "give the xen.gz it belongs to", path);
        else
            return STATUS_OK;
    }
    return STATUS_USAGE;
}

int xen_image_read(const char *path, struct xen_image *x)
{
    int status;

    *x = (struct xen_image){ .data = NULL };
    x->data = read_whole_file(path, &x->size);
    if ( !x->data )
    {
        message("cannot read %s: %s", path, strerror(errno));
        return STATUS_USAGE;
    }
    status = unpack(path, x);
    return status ? status : check(path, x);
}

void xen_image_free(struct xen_image *x)
{
    free(x->data);
    *x = (struct xen_image){ 0 };
}

/* ---------------------------------------------------------------- symbols -- */

char *xen_symbols_find(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    int stem = (int)strlen(base), directory = slash ? (int)(slash - path) : 1;
    const char *in = slash ? path : ".";
    /* "xen-4.20-amd64.gz" has "xen-syms-4.20-amd64". */
    const char *version = strncmp(base, "xen-syms", 8) == 0 ? base + 8
                        : strncmp(base, "xen", 3) == 0 ? base + 3 : NULL;
    static const char *const places[] = { "", "../usr/lib/debug/boot/", "../usr/lib/debug/" };
    static const char *const kinds[] = { ".map", "" };

    if ( stem > 3 && strcmp(base + stem - 3, ".gz") == 0 )
        stem -= 3;
    stem -= version ? (int)(version - base) : stem + 1;
    for ( size_t i = 0; stem >= 0 && i < sizeof(places) / sizeof(places[0]); i++ )
        for ( size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++ )
        {
            char *found = xasprintf("%.*s/%sxen-syms%.*s%s", directory, in, places[i], stem, version,
                                    kinds[k]);

            if ( access(found, R_OK) == 0 )
                return found;
            free(found);
        }
    return NULL;
}

static bool get_section(const struct xen_image *x, const Elf64_Ehdr *h, uint32_t n, Elf64_Shdr *s)
{
    uint64_t at = h->e_shoff + (uint64_t)n * sizeof(*s);

    if ( !inside(x, at, sizeof(*s)) )
        return false;
    memcpy(s, x->data + at, sizeof(*s));
    return true;
}

/* The symbol table of an xen-syms, as lines of a map; NULL: it has none. */
static char *symbol_lines(const struct xen_image *x)
{
    char *text = NULL;
    size_t length = 0;
    Elf64_Ehdr h;
    FILE *out;

    memcpy(&h, x->data, sizeof(h));
    for ( unsigned n = 0; n < h.e_shnum; n++ )
    {
        Elf64_Shdr table, names;

        if ( !get_section(x, &h, n, &table) )
            return NULL;
        if ( table.sh_type != SHT_SYMTAB || !inside(x, table.sh_offset, table.sh_size) ||
             !get_section(x, &h, table.sh_link, &names) )
            continue;
        if ( !names.sh_size || !inside(x, names.sh_offset, names.sh_size) ||
             x->data[names.sh_offset + names.sh_size - 1] != '\0' )
            continue;
        out = open_memstream(&text, &length);
        for ( uint64_t at = 0; out && at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym) )
        {
            Elf64_Sym symbol;

            memcpy(&symbol, x->data + table.sh_offset + at, sizeof(symbol));
            if ( ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_name < names.sh_size )
                fprintf(out, "0x%016" PRIx64 " T %s\n", symbol.st_value,
                        x->data + names.sh_offset + symbol.st_name);
        }
        if ( out )
            fclose(out);
        return text;
    }
    return NULL;
}

/* The address of a name in a map; 0: it is not there. */
static uint64_t map_address(const char *map, const char *name)
{
    size_t length = strlen(name);

    for ( const char *at = map; (at = strstr(at, name)) != NULL; at += length )
        if ( at - map >= 21 && at[-1] == ' ' && (at[length] == '\n' || at[length] == '\0') )
            return strtoull(at - 21, NULL, 16);   /* "0x" and 16 digits, " T " */
    return 0;
}

/* Where the map has the build id, there must be one: a map does not tell its own. */
static bool map_fits(const char *map, const struct xen_image *x)
{
    uint64_t base = map_address(map, "__image_base__");
    uint64_t note = map_address(map, "__note_gnu_build_id_start");
    const char *found;
    Elf64_Nhdr header;

    if ( !*x->build_id || !note || note < base )
        return true;
    found = at_address(x, note - base, sizeof(header) + 4);
    if ( !found )
        return false;
    memcpy(&header, found, sizeof(header));
    return header.n_type == NT_GNU_BUILD_ID && !memcmp(found + sizeof(header), "GNU", 4);
}

/* An xen-syms beside its map says more than that. */
static int check_build_id(const char *path, const struct xen_image *symbols,
                          const struct xen_image *x)
{
    if ( !*symbols->build_id || !*x->build_id || !strcmp(symbols->build_id, x->build_id) )
        return STATUS_OK;
    message("%s is of another build: its build id is %s, Xen's is %s", path, symbols->build_id,
            x->build_id);
    return STATUS_USAGE;
}

static int check_neighbour(const char *map, const struct xen_image *x)
{
    size_t length = strlen(map);
    struct xen_image symbols = { .data = NULL };
    char *path;
    int status = STATUS_OK;

    if ( length < 5 || strcmp(map + length - 4, ".map") != 0 )
        return STATUS_OK;
    path = xasprintf("%.*s", (int)length - 4, map);
    symbols.data = read_whole_file(path, &symbols.size);
    if ( symbols.data && is_elf(&symbols, ELFCLASS64) )
    {
        read_build_id(&symbols);
        status = check_build_id(path, &symbols, x);
    }
    xen_image_free(&symbols);
    free(path);
    return status;
}

int xen_symbols_read(const char *path, const struct xen_image *x, char **text)
{
    struct xen_image symbols = { .data = NULL };
    int status = STATUS_USAGE;

    *text = NULL;
    symbols.data = read_whole_file(path, &symbols.size);
    if ( !symbols.data )
        message("cannot read %s: %s", path, strerror(errno));
    else if ( is_elf(&symbols, ELFCLASS64) )
    {
        read_build_id(&symbols);
        status = check_build_id(path, &symbols, x);
        if ( status == STATUS_OK && !(*text = symbol_lines(&symbols)) )
        {
            message("%s has no symbol table: give the xen-syms or xen-syms.map of that build", path);
            status = STATUS_USAGE;
        }
    }
    else if ( !map_address(symbols.data, "_stext") )
        message("%s has no symbols of a Xen: give its xen-syms.map or xen-syms", path);
    else if ( !map_fits(symbols.data, x) )
        message("%s is of another build: Xen has its build id elsewhere", path);
    else
    {
        *text = symbols.data;
        symbols.data = NULL;
        status = check_neighbour(path, x);
    }
    if ( status != STATUS_OK )
    {
        free(*text);
        *text = NULL;
    }
    xen_image_free(&symbols);
    return status;
}
