/*
 * A bounded reader for ELF files of x86-64 and ARM64: everything the file says about
 * offsets, sizes and addresses is checked against its true length.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf;

/* A piece of the file, inside its bounds; valid until elf_close(). */
struct elf_part {
    const uint8_t *data;
    size_t size;        /* bytes */
    uint64_t address;   /* where it is linked */
    uint64_t memory;    /* bytes it takes there: at least size in a LOAD segment */
    uint64_t offset;    /* in the file */
};

struct elf_note {
    const char *name;   /* NUL-terminated */
    uint32_t type;
    const uint8_t *data;
    size_t size;
    uint64_t offset;    /* of the note's header in the file */
};

/* NULL with *error (the caller's to free) saying what is wrong. */
struct elf *elf_open(const char *path, char **error);
void elf_close(struct elf *);

/* Of which of the two architectures it is. */
bool elf_is_arm64(const struct elf *);

/* The entry address of the ELF header. */
uint64_t elf_entry(const struct elf *);

/* Section by name.  False: there is none, or it does not lie in the file. */
bool elf_section(const struct elf *, const char *name, struct elf_part *);

/* LOAD segment number `n`, counted from 0: its part in the file. */
bool elf_load_segment(const struct elf *, unsigned n, struct elf_part *);

/*
 * NUL-terminated string at a linked address, looked up in the LOAD segments and in
 * the section "explanations", which is in none.  NULL when it does not lie, whole,
 * in one of them.
 */
const char *elf_string(const struct elf *, uint64_t address);

/*
 * Note number `n`, counted from 0 through all PT_NOTE segments.  A note that
 * does not fit its segment ends that segment.
 */
bool elf_note(const struct elf *, unsigned n, struct elf_note *);

#endif
