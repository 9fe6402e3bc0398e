/*
 * A unikernel image made by hand: good as it comes, to be spoiled by tests.
 */
#ifndef TESTS_ELF_MAKER_H
#define TESTS_ELF_MAKER_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/row.h>

#define MAKER_BASE   0x100000u   /* where the text is linked */
#define MAKER_PAGE   0x101000u   /* the hypercall page, in zeroed memory */
#define MAKER_ROWS   2u

/* Every name is 4 bytes with its NUL ("Xen", "GNU"). */
struct maker_note {
    Elf64_Nhdr header;
    char name[4];
    uint8_t value[];
};

/* The file, byte for byte; linked at MAKER_BASE from its first byte on. */
struct maker {
    Elf64_Ehdr header;
    Elf64_Phdr program[3];         /* text, zeroed page, notes */
    Elf64_Shdr section[3];         /* none, rows, names */
    struct row rows[MAKER_ROWS];
    _Alignas(8) uint8_t notes[5 * 24 + 36];   /* one behind the other */
    char text[512];                /* strings of the rows */
    char names[32];                /* of the sections */
    char last[4];                  /* end of the file: no NUL here */
};

/* A good image; rows "group/one" and "group/two". */
void maker_fill(struct maker *);
/* Store a string in the text, return its linked address. */
const char *maker_text(struct maker *, const char *text);
/* The note of that type. */
struct maker_note *maker_note(struct maker *, uint32_t type);

/* Write `size` bytes of it to a temporary file; the path is static. */
const char *maker_write(const struct maker *, size_t size);

#endif
