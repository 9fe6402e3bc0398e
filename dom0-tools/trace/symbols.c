#include "trace/symbols.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

void symbols_free(struct symbols *s)
{
    for ( size_t i = 0; i < s->count; i++ )
        free(s->list[i].name);
    free(s->list);
    *s = (struct symbols){ 0 };
}

/* `name` is taken over. */
static void add(struct symbols *s, uint64_t start, uint64_t size, char *name)
{
    if ( s->count == s->room )
    {
        s->room = s->room ? s->room * 2 : 1024;
        s->list = xrealloc(s->list, s->room * sizeof(*s->list));
    }
    s->list[s->count++] = (struct symbol){ .start = start, .size = size, .name = name };
}

static char *clean_name(const char *name, size_t length)
{
    static const char *const suffixes[] = { ".cold", ".isra.", ".part.", ".constprop." };
    const char *hash = memrchr(name, '#', length);
    char *clean;

    if ( hash )
    {
        length -= (size_t)(hash + 1 - name);
        name = hash + 1;
    }
    clean = xasprintf("%.*s", (int)length, name);
    for ( size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++ )
    {
        char *suffix = strstr(clean, suffixes[i]);

        if ( suffix && suffix > clean )
            *suffix = '\0';
    }
    return clean;
}

void symbols_add_text(struct symbols *s, const char *text, uint64_t lowest)
{
    for ( const char *line = text, *next; *line; line = next )
    {
        size_t length = strcspn(line, "\n");
        char *type;
        uint64_t address = strtoull(line, &type, 16);

        next = line + length + (line[length] == '\n');
        if ( type == line || type + 3 > line + length || type[0] != ' ' || type[2] != ' ' ||
             !strchr("tTwW", type[1]) || address < lowest ||
             !strncmp(type + 3, "_stext", 6) || !strncmp(type + 3, "_etext", 6) )
            continue;   /* the last: a section's bounds */
        add(s, address, 0, clean_name(type + 3, strcspn(type + 3, " \t\n")));
    }
}

/* The address of a module in "name address" lines, each behind `mark`; 0: there is none. */
static uint64_t module_address(const char *lines, const char *mark, const char *name,
                               size_t length)
{
    size_t skip = strlen(mark);

    for ( const char *line = lines; line && *line; line = strchr(line, '\n') )
    {
        line += *line == '\n';
        if ( !strncmp(line, mark, skip) && !strncmp(line + skip, name, length) &&
             line[skip + length] == ' ' )
            return strtoull(line + skip + length, NULL, 16);
    }
    return 0;
}

/* Over the one that stands there, with as many digits. */
static void put_address(char *at, uint64_t address)
{
    char digits[17];

    snprintf(digits, sizeof(digits), "%016" PRIx64, address);
    memcpy(at, digits, 16);
}

void symbols_place_modules(char *table, const char *placed)
{
    const char *name = "";
    size_t known = 0;        /* bytes of it */
    uint64_t by = 0;

    for ( char *line = table, *next; *line; line = next )
    {
        size_t length = strcspn(line, "\n");
        char *bracket = memchr(line, '[', length);

        next = line + length + (line[length] == '\n');
        if ( !bracket || *line == '#' || length < 16 )
            continue;
        if ( strncmp(name, bracket + 1, known) || name[known] != bracket[1 + known] || !known )
        {
            uint64_t to;

            name = bracket + 1;
            known = strcspn(name, "]\n");
            to = module_address(placed, "", name, known);
            by = to ? to - module_address(table, "# ", name, known) : 0;
        }
        put_address(line, strtoull(line, NULL, 16) + by);
    }
    /* "# name 0x0123456789abcdef" */
    for ( char *line = table; (line = strstr(line, "# ")); line++ )
    {
        size_t length = strcspn(line + 2, " ");
        uint64_t to = module_address(placed, "", line + 2, length);
        char *address = strstr(line, "0x");

        if ( to && address && strcspn(address, "\n") == 18 )
            put_address(address + 2, to);
    }
}

uint64_t symbols_address(const char *text, const char *name)
{
    size_t wanted = strlen(name);

    for ( const char *line = text, *next; *line; line = next )
    {
        size_t length = strcspn(line, "\n");

        next = line + length + (line[length] == '\n');
        if ( length > wanted && line[length - wanted - 1] == ' ' &&
             !strncmp(line + length - wanted, name, wanted) )
            return strtoull(line, NULL, 16);
    }
    return 0;
}

/* The last function's end is not in the table: its page's. */
void symbols_module(const char *text, const char *mark, uint64_t *start, uint64_t *end)
{
    size_t length = strlen(mark);

    *start = *end = 0;
    for ( const char *line = text, *next; *line; line = next )
    {
        size_t size = strcspn(line, "\n");
        char *type;
        uint64_t address = strtoull(line, &type, 16);

        next = line + size + (line[size] == '\n');
        if ( *line == '#' || size < length || strncmp(line + size - length, mark, length) ||
             !strchr("tTwW", type[1]) )
            continue;
        if ( !*end || address < *start )
            *start = address;
        if ( (address | 4095) + 1 > *end )
            *end = (address | 4095) + 1;
    }
}

/* ------------------------------------------------------------------- ELF -- */

struct file {
    const uint8_t *data;
    size_t size;
    Elf64_Ehdr header;
};

static const void *range(const struct file *f, uint64_t offset, uint64_t size)
{
    return offset <= f->size && size <= f->size - offset ? f->data + offset : NULL;
}

static bool open_file(struct file *f, const void *data, size_t size)
{
    f->data = data;
    f->size = size;
    if ( size < sizeof(f->header) )
        return false;
    memcpy(&f->header, data, sizeof(f->header));
    return !memcmp(f->header.e_ident, ELFMAG, SELFMAG) &&
           f->header.e_ident[EI_CLASS] == ELFCLASS64 &&
           (f->header.e_machine == EM_X86_64 || f->header.e_machine == EM_AARCH64) &&
           f->header.e_phentsize == sizeof(Elf64_Phdr) &&
           range(f, f->header.e_phoff, (uint64_t)f->header.e_phnum * sizeof(Elf64_Phdr));
}

static Elf64_Phdr segment(const struct file *f, unsigned i)
{
    Elf64_Phdr p;

    memcpy(&p, f->data + f->header.e_phoff + i * sizeof(p), sizeof(p));
    return p;
}

static bool section(const struct file *f, unsigned i, Elf64_Shdr *s)
{
    const void *at = f->header.e_shentsize == sizeof(*s)
        ? range(f, f->header.e_shoff + (uint64_t)i * sizeof(*s), sizeof(*s)) : NULL;

    if ( !at || i >= f->header.e_shnum )
        return false;
    memcpy(s, at, sizeof(*s));
    return true;
}

/* True when the table was there. */
static bool add_table(struct symbols *s, const struct file *f, uint32_t type)
{
    Elf64_Shdr table, strings;
    unsigned i = 0;

    while ( section(f, i, &table) && table.sh_type != type )
        i++;
    if ( !section(f, i, &table) || !section(f, table.sh_link, &strings) ||
         !range(f, table.sh_offset, table.sh_size) ||
         !range(f, strings.sh_offset, strings.sh_size) )
        return false;
    for ( uint64_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym) )
    {
        const char *name;
        Elf64_Sym symbol;

        memcpy(&symbol, f->data + table.sh_offset + at, sizeof(symbol));
        if ( symbol.st_shndx == SHN_UNDEF || symbol.st_name >= strings.sh_size ||
             (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC &&
              ELF64_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC &&
              ELF64_ST_TYPE(symbol.st_info) != STT_NOTYPE) )
            continue;
        name = (const char *)f->data + strings.sh_offset + symbol.st_name;
        /* "$x" and "$d" say on ARM what follows, code or data. */
        if ( *name && *name != '$' && memchr(name, '\0', strings.sh_size - symbol.st_name) )
            add(s, symbol.st_value, symbol.st_size, clean_name(name, strlen(name)));
    }
    return true;
}

/*
 * Linux Standard Base, 10.6.2: version 1, then the encodings of the pointer to
 * .eh_frame, of the count, and of the sorted table of (function, its entry).
 */
#define DW_EH_PE_UDATA4         0x03
#define DW_EH_PE_SDATA4_DATAREL 0x3b

static void add_unnamed(struct symbols *s, const struct file *f)
{
    for ( unsigned i = 0; i < f->header.e_phnum; i++ )
    {
        Elf64_Phdr p = segment(f, i);
        const uint8_t *at = p.p_type == PT_GNU_EH_FRAME ? range(f, p.p_offset, p.p_filesz) : NULL;
        uint32_t count;

        if ( !at || p.p_filesz < 12 || at[0] != 1 || at[2] != DW_EH_PE_UDATA4 ||
             at[3] != DW_EH_PE_SDATA4_DATAREL )
            continue;
        memcpy(&count, at + 8, sizeof(count));
        if ( count > (p.p_filesz - 12) / 8 )
            return;
        for ( uint32_t n = 0; n < count; n++ )
        {
            int32_t relative;

            memcpy(&relative, at + 12 + 8 * (size_t)n, sizeof(relative));
            add(s, p.p_vaddr + (uint64_t)(int64_t)relative, 0, NULL);
        }
    }
}

/*
 * Go's own table, which its runtime needs and no strip removes: Go 1.20 and later
 * (src/internal/abi/symtab.go, src/debug/gosym/pclntab.go).  All numbers are offsets in it.
 */
#define GO_MAGIC 0xfffffff1u

struct go_table {
    uint32_t magic;
    uint8_t zero[2], quantum, pointer;
    uint64_t functions, files, text, names, units, file_names, lines, entries;
};

/* Without the package's path: "systrap.(*platformContext).Switch". */
static const char *go_name(const char *name)
{
    const char *slash = memrchr(name, '/', strcspn(name, "([{"));

    return slash ? slash + 1 : name;
}

static void add_go(struct symbols *s, const struct file *f, const Elf64_Shdr *table, uint64_t text)
{
    const uint8_t *data = range(f, table->sh_offset, table->sh_size);
    struct go_table head;

    if ( !data || table->sh_size < sizeof(head) )
        return;
    memcpy(&head, data, sizeof(head));
    if ( head.magic != GO_MAGIC || head.pointer != 8 || head.names >= table->sh_size ||
         head.entries >= table->sh_size || head.functions > (table->sh_size - head.entries) / 8 )
        return;
    for ( uint64_t i = 0; i < head.functions; i++ )
    {
        uint32_t entry[2], own[2];   /* from the text's beginning, its description; the same, its name */
        const char *name;

        memcpy(entry, data + head.entries + i * 8, sizeof(entry));
        if ( entry[1] > table->sh_size - head.entries ||
             table->sh_size - head.entries - entry[1] < sizeof(own) )
            continue;
        memcpy(own, data + head.entries + entry[1], sizeof(own));
        name = (const char *)data + head.names + own[1];
        if ( own[1] < table->sh_size - head.names &&
             memchr(name, '\0', table->sh_size - head.names - own[1]) )
            add(s, text + entry[0], 0, xstrdup(go_name(name)));
    }
}

/* The section of that name. */
static bool find_section(const struct file *f, const char *name, Elf64_Shdr *s)
{
    Elf64_Shdr names;

    if ( !section(f, f->header.e_shstrndx, &names) || !range(f, names.sh_offset, names.sh_size) )
        return false;
    for ( unsigned i = 0; section(f, i, s); i++ )
        if ( s->sh_name < names.sh_size && names.sh_size - s->sh_name > strlen(name) &&
             !strcmp((const char *)f->data + names.sh_offset + s->sh_name, name) )
            return true;
    return false;
}

void symbols_add_elf(struct symbols *s, const void *data, size_t size)
{
    Elf64_Shdr go, text;
    struct file f;

    if ( !open_file(&f, data, size) || add_table(s, &f, SHT_SYMTAB) )
        return;
    if ( find_section(&f, ".text", &text) &&
         (find_section(&f, ".gopclntab", &go) || find_section(&f, ".data.rel.ro.gopclntab", &go)) )
        add_go(s, &f, &go, text.sh_addr);
    add_table(s, &f, SHT_DYNSYM);
    add_unnamed(s, &f);
}

uint64_t elf_address_of(const void *data, size_t size, uint64_t offset)
{
    struct file f;

    for ( unsigned i = 0; open_file(&f, data, size) && i < f.header.e_phnum; i++ )
    {
        Elf64_Phdr p = segment(&f, i);

        if ( p.p_type == PT_LOAD && offset >= (p.p_offset & ~4095ull) &&
             offset < p.p_offset + p.p_filesz )
            return p.p_vaddr + (offset - p.p_offset);
    }
    return 0;
}

/* ---------------------------------------------------------------- lookup -- */

/* By address; of several names the shortest, then the first: aliases and
 * prefixed ones ("__pfx_") come behind. */
static int compare(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if ( x->start != y->start )
        return x->start < y->start ? -1 : 1;
    if ( !x->name || !y->name )
        return (x->name == NULL) - (y->name == NULL);
    if ( strlen(x->name) != strlen(y->name) )
        return strlen(x->name) < strlen(y->name) ? -1 : 1;
    return strcmp(x->name, y->name);
}

void symbols_sort(struct symbols *s)
{
    size_t kept = 0;

    if ( s->count )
        qsort(s->list, s->count, sizeof(*s->list), compare);
    for ( size_t i = 0; i < s->count; i++ )
        if ( kept && s->list[kept - 1].start == s->list[i].start )
            free(s->list[i].name);
        else
            s->list[kept++] = s->list[i];
    s->count = kept;
}

const struct symbol *symbols_find(const struct symbols *s, uint64_t address)
{
    size_t low = 0, high = s->count;
    const struct symbol *found;

    while ( low < high )
    {
        size_t middle = (low + high) / 2;

        if ( s->list[middle].start <= address )
            low = middle + 1;
        else
            high = middle;
    }
    if ( low == 0 )
        return NULL;
    found = &s->list[low - 1];
    return found->size == 0 || address < found->start + found->size ? found : NULL;
}
