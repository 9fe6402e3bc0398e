/*
 * Tables of functions by address, from the texts and files that have them.
 */
#ifndef TRACE_SYMBOLS_H
#define TRACE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
    uint64_t start, size;    /* size 0: up to the next */
    char *name;              /* NULL: a function's beginning, its name unknown */
};

struct symbols {
    struct symbol *list;     /* sorted by start once symbols_sort() was called */
    size_t count, room;
};

void symbols_free(struct symbols *);

/*
 * Xen's map or /proc/kallsyms: lines "address type name".  Adds those of type
 * t, T, w and W from `lowest` on.  A source file's prefix ("entry.S#") and a
 * compiler's suffix (".cold", ".isra.0", ".part.0", ".constprop.0") are left
 * off: a piece of a function counts as the function.
 */
void symbols_add_text(struct symbols *, const char *text, uint64_t lowest);

/*
 * Have the functions of modules in a table as above (/proc/kallsyms: "[name]" behind them) where the
 * modules are: `placed` has "name address" lines, and so has the table, each behind "# ", for where
 * they were.  In place; the table's lines are then those of `placed`.  A module that `placed`
 * has not keeps its address.
 */
void symbols_place_modules(char *table, const char *placed);

/*
 * The functions of an ELF file in memory, at their linked addresses: out of
 * .symtab, else Go's own table, .dynsym and, nameless, .eh_frame_hdr.  Never trusts an offset in
 * it; a damaged file has no functions.
 */
void symbols_add_elf(struct symbols *, const void *file, size_t size);

/* Where a module's functions lie in a table as above: `mark` is "[name]".  0 and 0: nowhere. */
void symbols_module(const char *text, const char *mark, uint64_t *start, uint64_t *end);

void symbols_sort(struct symbols *);

/* The function at an address; NULL: there is none.  Sorted tables only. */
const struct symbol *symbols_find(const struct symbols *, uint64_t address);
/* An object's or function's address by name in a text as above; 0: none. */
uint64_t symbols_address(const char *text, const char *name);

/*
 * The linked address of an offset in an ELF file (through its LOAD segments);
 * 0: the offset is in none.
 */
uint64_t elf_address_of(const void *file, size_t size, uint64_t offset);

#endif
