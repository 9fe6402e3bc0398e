#include "trace/names.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/app.h"
#include "guests/kvm/wire.h"
#include "guests/kvm_qemu.h"
#include "lib/files.h"
#include "trace/likeness.h"
#include "trace/symbols.h"
#include "xenometer.h"

#define PAGE 4096u

/*
 * Where the code of Xen and of Linux begins, below which their tables have other things: xen/include/asm-x86/
 * config.h; xen/arch/arm/include/asm/mmu/layout.h (below 10 TiB); Linux's upper half.
 */
#define XEN_X86      0xffff82d040200000ull
#define XEN_ARM64    0x0000020000000000ull
#define KERNEL_X86   0xffffffff80000000ull
#define KERNEL_ARM64 0xffff000000000000ull

/* As the kernel's table has them, behind their functions. */
static const char *const kvm_modules[] = { "[kvm]", "[kvm_amd]" };
#define KVM_MODULES (sizeof(kvm_modules) / sizeof(kvm_modules[0]))

/* A program or library of which a code page was executed. */
struct binary {
    char *name;              /* base name */
    void *data;              /* the file; owned */
    size_t size;
    struct symbols symbols;
    bool library;
};

/* A code page of a process, as the plugin saw it. */
struct page {
    uint64_t hash;
    size_t binary;           /* index, NO_BINARY: of no file we know */
    uint64_t offset;         /* in the file */
};
#define NO_BINARY SIZE_MAX

struct names {
    const struct record *record;
    const char *qemu;        /* struct lab_symbols' */
    const struct column *column;
    struct symbols xen, kernel, guest;
    struct { uint64_t start, end; } kvm[KVM_MODULES];   /* their code; 0: not there */
    uint64_t el2;            /* what is to be subtracted from addresses of the part of KVM at EL2; 0: not known */
    uint8_t *layers;         /* per context */
    struct binary *binaries;
    size_t binary_count;
    struct page *pages;      /* sorted by hash */
    size_t page_count;
    const char **places;     /* per context */
    char **texts;            /* every string handed out, sorted */
    size_t text_count;
};

/* Where ARM64's unikernel runs while it has an application below it: its image once more
 * (domU-kernel/arch/arm64/user_entry.S). */
#define GUEST_ALIAS      0xc0000000ull
#define GUEST_ALIAS_FROM 0x100000000ull

/* ARM64's Linux enters by a page that is mapped far behind its image, for processes whose page tables have
 * no more of it (arch/arm64/kernel/entry.S, tramp_vectors). */
#define TRAMPOLINE_FAR (1u << 20)

static bool names_are_arm64(const struct names *n)
{
    return n->column->arm64;
}

/* The one copy of a string. */
static const char *intern(struct names *n, const char *text)
{
    size_t low = 0, high = n->text_count;

    while ( low < high )
    {
        size_t middle = (low + high) / 2;
        int order = strcmp(text, n->texts[middle]);

        if ( order == 0 )
            return n->texts[middle];
        if ( order < 0 )
            high = middle;
        else
            low = middle + 1;
    }
    n->texts = xrealloc(n->texts, (n->text_count + 1) * sizeof(*n->texts));
    memmove(n->texts + low + 1, n->texts + low, (n->text_count - low) * sizeof(*n->texts));
    n->texts[low] = xstrdup(text);
    n->text_count++;
    return n->texts[low];
}

/* ------------------------------------------------------------- user space -- */

static int compare_pages(const void *a, const void *b)
{
    uint64_t x = ((const struct page *)a)->hash, y = ((const struct page *)b)->hash;

    return x < y ? -1 : x > y;
}

static struct page *find_page(struct names *n, uint64_t hash)
{
    struct page key = { .hash = hash };

    return n->page_count
        ? bsearch(&key, n->pages, n->page_count, sizeof(*n->pages), compare_pages) : NULL;
}

static void collect_pages(struct names *n)
{
    const struct record *r = n->record;
    size_t kept = 0;

    n->pages = xcalloc(r->block_count + 1, sizeof(*n->pages));
    for ( size_t i = 0; i < r->block_count; i++ )
        if ( r->blocks[i]->page )
            n->pages[n->page_count++] = (struct page){ r->blocks[i]->page, NO_BINARY, 0 };
    if ( n->page_count )
        qsort(n->pages, n->page_count, sizeof(*n->pages), compare_pages);
    for ( size_t i = 0; i < n->page_count; i++ )
        if ( !kept || n->pages[kept - 1].hash != n->pages[i].hash )
            n->pages[kept++] = n->pages[i];
    n->page_count = kept;
}

static bool is_library(const char *name)
{
    return !strncmp(name, "lib", 3) || !strncmp(name, "ld-", 3) || strstr(name, ".so");
}

/* Xen's build of QEMU is stripped; another, of the same source, exports its functions. */
static void name_qemu(struct binary *b, const char *other_qemu)
{
    const char *path = strstr(b->name, "qemu-system") ? other_qemu : NULL;
    size_t size = 0;
    char *other;

    other = path ? read_whole_file(path, &size) : NULL;
    if ( other )
        progress("%s: %zu of %zu functions named by their likeness to %s", b->name,
                 likeness_name(&b->symbols, b->data, b->size, other, size), b->symbols.count, path);
    free(other);
}

static bool in_gvisor(const struct names *n)
{
    return !strncmp(n->column->name, "gvisor", 6);
}

#define SENTRY "runsc"

/* Its Sentry runs in a guest of KVM, whose pages are not told: it is linked where it runs. */
static bool sentry_is_guest(const struct names *n)
{
    return !strcmp(n->column->name, "gvisorkvm");
}

/* `data` is taken over: kept when one of its pages was executed. */
static void add_file(struct names *n, const char *path, void *data, size_t size)
{
    const char *slash = strrchr(path, '/');
    bool used = sentry_is_guest(n) && !strcmp(slash ? slash + 1 : path, SENTRY);

    if ( size > PAGE && !memcmp(data, "\177ELF", 4) )
        for ( size_t at = 0; at < size; at += PAGE )
        {
            unsigned char last[PAGE] = { 0 };
            const void *from = (char *)data + at;
            struct page *page;

            if ( size - at < PAGE )
                from = memcpy(last, from, size - at);   /* zeroes behind, as in the page cache */
            page = find_page(n, record_page_hash(from));
            if ( page && page->binary == NO_BINARY )
            {
                page->binary = n->binary_count;
                page->offset = at;
                used = true;
            }
        }
    if ( !used )
    {
        free(data);
        return;
    }
    n->binaries = xrealloc(n->binaries, (n->binary_count + 1) * sizeof(*n->binaries));
    n->binaries[n->binary_count] = (struct binary){
        .name = xstrdup(slash ? slash + 1 : path), .data = data, .size = size };
    n->binaries[n->binary_count].library = is_library(n->binaries[n->binary_count].name);
    symbols_add_elf(&n->binaries[n->binary_count].symbols, data, size);
    symbols_sort(&n->binaries[n->binary_count].symbols);
    name_qemu(&n->binaries[n->binary_count], n->qemu);
    n->binary_count++;
}

static void add_root(struct names *n, const char *path)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;

    archive_read_support_format_cpio(archive);
    if ( archive_read_open_filename(archive, path, 1u << 20) == ARCHIVE_OK )
        while ( archive_read_next_header(archive, &entry) == ARCHIVE_OK )
        {
            size_t size = (size_t)archive_entry_size(entry);
            void *data;

            if ( archive_entry_filetype(entry) != AE_IFREG || size <= PAGE )
                continue;
            data = xmalloc(size);
            if ( archive_read_data(archive, data, size) == (la_ssize_t)size )
                add_file(n, archive_entry_pathname(entry), data, size);
            else
                free(data);
        }
    archive_read_free(archive);
}

static const struct binary *binary_of(struct names *n, uint32_t block, uint64_t *offset)
{
    const struct page *page = find_page(n, n->record->blocks[block]->page);

    if ( !page || page->binary == NO_BINARY )
        return NULL;
    *offset = page->offset;
    return &n->binaries[page->binary];
}

/* Each process by the program, not the libraries, that runs in it. */
static void name_processes(struct names *n)
{
    const struct record *r = n->record;

    for ( size_t i = 0; i < r->segment_count; i++ )
    {
        const struct record_segment *s = &r->segments[i];
        const struct binary *b;
        uint64_t offset;

        if ( s->block == RECORD_IDLE || r->contexts[s->context].layer != LAYER_USER ||
             (n->places[s->context] && !is_library(n->places[s->context])) )
            continue;
        b = binary_of(n, s->block, &offset);
        if ( b && (!b->library || !n->places[s->context]) )
            n->places[s->context] = intern(n, b->name);
    }
}

/* ----------------------------------------------------------------- layers -- */

static void find_kvm(struct names *n, const char *table)
{
    for ( size_t i = 0; table && i < KVM_MODULES; i++ )
        symbols_module(table, kvm_modules[i], &n->kvm[i].start, &n->kvm[i].end);
}

/*
 * KVM without the virtualization host extensions maps its part of the kernel at EL2, at addresses of its own.  Where,
 * shows at the host's HVC: its vector is the first that is executed there (DDI 0487, D1.4.1: 0x400, synchronous, from a
 * lower level).
 */
#define HOST_VECTOR       "__kvm_nvhe___kvm_hyp_host_vector"
#define VECTOR_FROM_LOWER 0x400u

static void find_el2(struct names *n, const char *table)
{
    const struct record *r = n->record;
    uint64_t vector = table ? symbols_address(table, HOST_VECTOR) : 0, moved;

    for ( size_t i = 1; vector && !n->el2 && i < r->segment_count; i++ )
    {
        const struct record_segment *before = &r->segments[i - 1], *s = &r->segments[i];

        if ( before->block == RECORD_IDLE || s->block == RECORD_IDLE ||
             r->contexts[before->context].layer != LAYER_KERNEL || r->contexts[s->context].layer != LAYER_XEN )
            continue;
        moved = r->blocks[s->block]->address - (vector + VECTOR_FROM_LOWER);
        if ( moved % PAGE == 0 )
            n->el2 = moved;
    }
}

static bool has_layer(const struct record *r, enum layer layer)
{
    for ( size_t i = 0; i < r->context_count; i++ )
        if ( r->contexts[i].layer == layer )
            return true;
    return false;
}

/* Is it the application's process: has it run under that CR3? */
static bool is_application(const struct names *n, uint64_t cr3)
{
    const struct record *r = n->record;

    for ( size_t i = 0; i < r->context_count; i++ )
        if ( r->contexts[i].layer == LAYER_GUEST && r->contexts[i].cr3 == cr3 )
            return true;
    return false;
}

/*
 * A domain whose process is the application has a kernel of its own: a PV one lies where dom0's
 * does, which has no part in what the rows of applications do.  What runs in the application's
 * process, but is none of its code, is the kernel's vDSO; in gVisor its stub.  A trace begins in the
 * application: what is of its guest, and under another CR3, is the Sentry.
 */
static void find_layers(struct names *n)
{
    const struct record *r = n->record;
    bool domain = n->column->program && !n->column->alone && !has_layer(r, LAYER_GUEST_KERNEL);

    for ( size_t i = 0; i < r->context_count; i++ )
    {
        const struct record_context *c = &r->contexts[i];

        n->layers[i] = (uint8_t)c->layer;
        /* EL2 without Xen: what switches between the host's kernel and its guest. */
        if ( c->layer == LAYER_XEN && n->column->alone )
            n->layers[i] = LAYER_KVM;
        if ( c->layer == LAYER_KERNEL && domain )
            n->layers[i] = LAYER_GUEST_KERNEL;
        if ( c->layer == LAYER_USER && n->column->program && is_application(n, c->cr3) &&
             !in_gvisor(n) )
            n->layers[i] = LAYER_GUEST;
        if ( c->layer == LAYER_GUEST && sentry_is_guest(n) && r->segment_count &&
             c->cr3 != r->contexts[r->segments[0].context].cr3 )
            n->layers[i] = LAYER_GUEST_KERNEL;
    }
}

enum layer names_layer(const struct names *n, uint32_t context)
{
    return (enum layer)n->layers[context];
}

bool names_is_kvm(const struct names *n, uint64_t address)
{
    for ( size_t i = 0; i < KVM_MODULES; i++ )
        if ( address >= n->kvm[i].start && address < n->kvm[i].end )
            return true;
    return false;
}

/* ------------------------------------------------------------------ all -- */

static void add_guest(struct names *n, const char *image)
{
    char *path = n->column->program ? xstrdup(image) : xasprintf("%s.debug", image);
    size_t size = 0;
    char *data = read_whole_file(path, &size);

    if ( data )
        symbols_add_elf(&n->guest, data, size);
    else
        message("no names for the guest's functions: cannot read %s: %s; `make` writes it",
                path, strerror(errno));
    symbols_sort(&n->guest);
    free(data);
    free(path);
}

struct names *names_new(const struct lab_symbols *symbols, const char *image,
                        const struct column *column, const struct record *record)
{
    struct names *n = xcalloc(1, sizeof(*n));
    size_t size = 0;
    char *self;

    n->record = record;
    n->column = column;
    n->layers = xcalloc(record->context_count + 1, sizeof(*n->layers));
    find_layers(n);
    find_kvm(n, symbols->kernel);
    if ( names_are_arm64(n) && column->alone )
        find_el2(n, symbols->kernel);
    n->qemu = symbols->qemu;
    n->places = xcalloc(record->context_count + 1, sizeof(*n->places));
    if ( symbols->xen )
        symbols_add_text(&n->xen, symbols->xen, names_are_arm64(n) ? XEN_ARM64 : XEN_X86);
    if ( symbols->kernel )
        symbols_add_text(&n->kernel, symbols->kernel, names_are_arm64(n) ? KERNEL_ARM64 : KERNEL_X86);
    symbols_sort(&n->xen);
    symbols_sort(&n->kernel);
    add_guest(n, image);
    collect_pages(n);
    if ( n->page_count || sentry_is_guest(n) )
    {
        /* Before the root: what the job brings along. */
        for ( size_t i = 0; i < 2; i++ )
        {
            self = symbols->programs[i].path ? read_whole_file(symbols->programs[i].path, &size) : NULL;
            if ( self )
                add_file(n, symbols->programs[i].name, self, size);
        }
        if ( symbols->root )
            add_root(n, symbols->root);
    }
    name_processes(n);
    return n;
}

void names_free(struct names *n)
{
    if ( !n )
        return;
    for ( size_t i = 0; i < n->binary_count; i++ )
    {
        free(n->binaries[i].name);
        free(n->binaries[i].data);
        symbols_free(&n->binaries[i].symbols);
    }
    for ( size_t i = 0; i < n->text_count; i++ )
        free(n->texts[i]);
    symbols_free(&n->xen);
    symbols_free(&n->kernel);
    symbols_free(&n->guest);
    free(n->texts);
    free(n->layers);
    free(n->places);
    free(n->pages);
    free(n->binaries);
    free(n);
}

const char *names_place(struct names *n, uint32_t context)
{
    /* What programs are to what runs in them. */
    static const struct { const char *program, *name; } parts[] = {
        { SENTRY, "Sentry" }, { KVM_MONITOR, "VMM" }, { KVM_QEMU_PROGRAM, "VMM" },
        { WIRE_PROGRAM, "reflector" },
    };
    const struct record_context *c = &n->record->contexts[context];
    const char *program = n->places[context];

    switch ( names_layer(n, context) )
    {
    case LAYER_GUEST:        return n->column->program ? "application" : "guest";
    case LAYER_GUEST_KERNEL: return sentry_is_guest(n) ? "Sentry" : "guest kernel";
    case LAYER_XEN:          return "Xen";
    case LAYER_KVM:          return "KVM at EL2";
    case LAYER_KERNEL:       return n->column->alone ? "host kernel" : "dom0 kernel";
    default:                 break;
    }
    if ( !program && in_gvisor(n) && is_application(n, c->cr3) )
        return "gVisor's stub";
    for ( size_t i = 0; program && i < sizeof(parts) / sizeof(parts[0]); i++ )
        if ( !strcmp(program, parts[i].program) )
            return parts[i].name;
    return program ? program : "unknown process";
}

/* A symbol's name, or the function's or instruction's address. */
static const char *name_or_address(struct names *n, const char *prefix,
                                   const struct symbol *symbol, uint64_t address)
{
    char *text;
    const char *kept;

    if ( symbol && symbol->name )
        return intern(n, symbol->name);
    text = xasprintf("%s0x%llx", prefix,
                     (unsigned long long)(symbol ? symbol->start : address));
    kept = intern(n, text);
    free(text);
    return kept;
}

static const char *user_function(struct names *n, uint32_t block, uint64_t address)
{
    uint64_t base, linked, within = address & (PAGE - 1);
    const struct binary *b = binary_of(n, block, &base);
    const struct symbol *symbol;
    const char *name;
    char *prefix;

    if ( !b )
        /* The kernel's own page in every process: no file has it as it runs. */
        return intern(n, address < 0x700000000000ull ? "[unknown page]"
                      : in_gvisor(n) ? "[stub]" : "[vdso]");
    /* A block that runs over its page's end goes on in the file's next. */
    if ( (address ^ n->record->blocks[block]->address) & ~(uint64_t)(PAGE - 1) )
        within += PAGE;
    linked = elf_address_of(b->data, b->size, base + within);
    symbol = symbols_find(&b->symbols, linked);
    prefix = xasprintf("%s+", b->library ? b->name : "");   /* a program is the place itself */
    name = name_or_address(n, prefix, symbol, linked);
    free(prefix);
    return name;
}

/* In its guest the Sentry's entries are mapped a second time, behind the hole in the addresses. */
#define SENTRY_AGAIN 0xffff800000000000ull

static const char *sentry_function(struct names *n, uint64_t address)
{
    const struct symbol *symbol = NULL;

    if ( address >= SENTRY_AGAIN )
        address -= SENTRY_AGAIN;
    for ( size_t i = 0; i < n->binary_count && !symbol; i++ )
        if ( !strcmp(n->binaries[i].name, SENTRY) )
            symbol = symbols_find(&n->binaries[i].symbols, address);
    return name_or_address(n, SENTRY "+", symbol, address);
}

/* As the kernel's own copies of these functions are called, which are compiled a second time for EL2. */
#define FOR_EL2 "__kvm_nvhe_"

static const char *kvm_function(struct names *n, uint64_t address)
{
    const struct symbol *symbol = n->el2 ? symbols_find(&n->kernel, address - n->el2) : NULL;

    if ( symbol && symbol->name && !strncmp(symbol->name, FOR_EL2, strlen(FOR_EL2)) )
        return intern(n, symbol->name + strlen(FOR_EL2));
    return name_or_address(n, "kvm+", NULL, address & ~0xfull);
}

const char *names_function(struct names *n, uint32_t context, uint32_t block, uint64_t address)
{
    const struct symbol *symbol;

    if ( sentry_is_guest(n) && names_layer(n, context) == LAYER_GUEST_KERNEL )
        return sentry_function(n, address);
    switch ( n->record->contexts[context].layer )
    {
    case LAYER_GUEST:
        if ( names_are_arm64(n) && address >= GUEST_ALIAS_FROM )
            address -= GUEST_ALIAS;
        return name_or_address(n, "guest+", symbols_find(&n->guest, address), address);
    case LAYER_XEN:
        if ( n->column->alone )
            return kvm_function(n, address);
        /* Outside its image Xen runs one page of entry stubs per CPU. */
        symbol = symbols_find(&n->xen, address);
        if ( n->xen.count && !names_are_arm64(n) && (!symbol || address > 0xffff82d04fffffffull) )
            return intern(n, "syscall_stub");
        return name_or_address(n, "xen+", symbol, address & ~0xfull);
    case LAYER_KERNEL:
    case LAYER_GUEST_KERNEL:   /* the same kernel, where it is linked */
        symbol = symbols_find(&n->kernel, address);
        if ( names_are_arm64(n) && symbol && address - symbol->start > TRAMPOLINE_FAR )
            return intern(n, "tramp_vectors");
        return name_or_address(n, "vmlinux+", symbol, address & ~0xfull);
    }
    return user_function(n, block, address);
}
