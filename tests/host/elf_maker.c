/*
 * A unikernel image made by hand (elf_maker.h).
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xen/elfnote.h>

#include "elf_maker.h"

/* What a linked pointer to this member would be. */
#define LINKED(member) (MAKER_BASE + offsetof(struct maker, member))

const char *maker_text(struct maker *m, const char *text)
{
    size_t at = 1;

    while ( m->text[at] != '\0' || m->text[at - 1] != '\0' )
        at++;
    if ( at + strlen(text) + 1 >= sizeof(m->text) )
        CU_FAIL_FATAL("the image has no room for another string");
    strcpy(m->text + at, text);
    return (const char *)(uintptr_t)(LINKED(text) + at);
}

static void fill_row(struct maker *m, unsigned n, const char *name)
{
    struct row *row = &m->rows[n];

    strcpy(row->name, name);
    strcpy(row->work, "the same work");
    strcpy(row->path, "a path");
    strcpy(row->help, "a line of help");
    row->explanation = maker_text(m, "a paragraph");
    strcpy(row->columns, "xen");
    row->needs = SERVICE_DATA_RING;
    row->flags = ROW_HEADLINE | ROW_DOM0;
    row->operations = 32;
    row->bytes = 4096;
    row->samples = 1000;
    row->warmup = 16;
}

/* Append a note at `at`; where the next one goes. */
static size_t put_note(struct maker *m, size_t at, const char *name,
                       uint32_t type, const void *value, uint32_t size)
{
    struct maker_note *note = (struct maker_note *)(m->notes + at);

    note->header.n_namesz = 4;
    note->header.n_descsz = size;
    note->header.n_type = type;
    memcpy(note->name, name, 4);
    memcpy(note->value, value, size);
    return at + sizeof(*note) + size;
}

static void fill_notes(struct maker *m)
{
    static const uint8_t id[20] = { 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7,
                                    8, 9, 10, 11, 12, 13, 14, 15, 16, 0x17 };
    uint64_t entry = LINKED(text), page = MAKER_PAGE;
    size_t at = 0;

    at = put_note(m, at, "Xen", XEN_ELFNOTE_ENTRY, &entry, 8);
    at = put_note(m, at, "Xen", XEN_ELFNOTE_HYPERCALL_PAGE, &page, 8);
    at = put_note(m, at, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, &entry, 8);
    at = put_note(m, at, "Xen", XEN_ELFNOTE_XEN_VERSION, "xen-3.0", 8);
    at = put_note(m, at, "Xen", XEN_ELFNOTE_LOADER, "generic", 8);
    at = put_note(m, at, "GNU", NT_GNU_BUILD_ID, id, sizeof(id));
    CU_ASSERT_EQUAL_FATAL(at, sizeof(m->notes));
}

static void fill_headers(struct maker *m)
{
    Elf64_Ehdr *h = &m->header;

    memcpy(h->e_ident, ELFMAG, SELFMAG);
    h->e_ident[EI_CLASS] = ELFCLASS64;
    h->e_ident[EI_DATA] = ELFDATA2LSB;
    h->e_ident[EI_VERSION] = EV_CURRENT;
    h->e_type = ET_EXEC;
    h->e_machine = EM_X86_64;
    h->e_version = EV_CURRENT;
    h->e_entry = LINKED(text);
    h->e_ehsize = sizeof(Elf64_Ehdr);
    h->e_phoff = offsetof(struct maker, program);
    h->e_phentsize = sizeof(Elf64_Phdr);
    h->e_phnum = 3;
    h->e_shoff = offsetof(struct maker, section);
    h->e_shentsize = sizeof(Elf64_Shdr);
    h->e_shnum = 3;
    h->e_shstrndx = 2;

    m->program[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0,
        .p_vaddr = MAKER_BASE, .p_paddr = MAKER_BASE,
        .p_filesz = sizeof(*m), .p_memsz = sizeof(*m), .p_align = 4096,
    };
    m->program[1] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0,
        .p_vaddr = MAKER_PAGE, .p_paddr = MAKER_PAGE,
        .p_filesz = 0, .p_memsz = 4096, .p_align = 4096,
    };
    m->program[2] = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_flags = PF_R,
        .p_offset = offsetof(struct maker, notes), .p_vaddr = LINKED(notes),
        .p_filesz = sizeof(m->notes), .p_memsz = sizeof(m->notes),
        .p_align = 4,
    };
    m->section[1] = (Elf64_Shdr){
        .sh_name = 1, .sh_type = SHT_PROGBITS,
        .sh_offset = offsetof(struct maker, rows), .sh_addr = LINKED(rows),
        .sh_size = sizeof(m->rows),
    };
    m->section[2] = (Elf64_Shdr){
        .sh_name = 6, .sh_type = SHT_STRTAB,
        .sh_offset = offsetof(struct maker, names),
        .sh_size = sizeof(m->names),
    };
    memcpy(m->names, "\0rows\0names", 12);
    memset(m->last, 'x', sizeof(m->last));
}

void maker_fill(struct maker *m)
{
    memset(m, 0, sizeof(*m));
    fill_headers(m);
    fill_row(m, 0, "group/one");
    fill_row(m, 1, "group/two");
    fill_notes(m);
}

struct maker_note *maker_note(struct maker *m, uint32_t type)
{
    for ( size_t at = 0; at < sizeof(m->notes); )
    {
        struct maker_note *note = (struct maker_note *)(m->notes + at);

        if ( note->header.n_type == type )
            return note;
        at += sizeof(*note) + note->header.n_descsz;
    }
    CU_FAIL_FATAL("the image has no such note");
    return NULL;
}

const char *maker_write(const struct maker *m, size_t size)
{
    static char path[64];
    FILE *out;

    snprintf(path, sizeof(path), "/tmp/xenometer-test-%d.elf", (int)getpid());
    out = fopen(path, "wb");
    if ( out == NULL || fwrite(m, 1, size, out) != size || fclose(out) != 0 )
        CU_FAIL_FATAL("cannot write a file in /tmp");
    return path;
}
