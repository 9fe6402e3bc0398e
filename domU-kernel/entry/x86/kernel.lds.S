/*
 * The image: one ELF64 that Xen's PV builder, Xen's PVH and HVM loaders and
 * QEMU's PVH loader all accept.
 *
 * Linked at 1 MiB (below that a PC has its BIOS area) with virtual address =
 * physical address: the PV builder maps pseudo-physical memory at VIRT_BASE 0,
 * the other modes set up an identity mapping themselves.
 *
 * The Xen notes have their own PT_NOTE and stand inside the text segment: a
 * LOAD segment far from the text would make libxl take the gap for kernel.
 */
OUTPUT_FORMAT("elf64-x86-64")
ENTRY(pv_start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = 0x100000;
    image_start = .;

    .text : {
        *(.text.entry)
        *(.text .text.*)
    } :text

    .note.Xen : { KEEP(*(.note.Xen)) } :text :note
    .note.gnu.build-id : {
        build_id_note = .;
        KEEP(*(.note.gnu.build-id))
        build_id_note_end = .;
    } :text :note

    .rodata : { *(.rodata .rodata.*) } :text

    /* The functions of each row, in the order of the descriptors. */
    row_code : ALIGN(8) {
        row_code_start = .;
        KEEP(*(row_code))
        row_code_end = .;
    } :text

    /* Pairs (faulting address, continuation), arch/x86/traps.c. */
    fixups : ALIGN(16) {
        fixups_start = .;
        KEEP(*(fixups))
        fixups_end = .;
    } :text

    . = ALIGN(4096);
    .data : { *(.data .data.*) } :data
    .bss : {
        *(.bss.pages)
        *(.bss .bss.* COMMON)
        . = ALIGN(4096);
    } :data
    image_end = .;

    /* In no segment: read out of the file by the dom0 program, never loaded. */
    rows (INFO) : { KEEP(*(rows)) }
    explanations (INFO) : { *(explanations) }

    /DISCARD/ : { *(.eh_frame*) *(.comment) *(.note.GNU-stack) *(.note.gnu.property) }
}

ASSERT(SIZEOF(rows) > 0, "the row table is empty: rows must be linked as objects, not out of an archive")
ASSERT(SIZEOF(rows) % 560 == 0, "the row table is not a whole number of descriptors")
ASSERT(SIZEOF(rows) / 560 == SIZEOF(row_code) / 24, "not every row has its functions")
ASSERT(image_end < 0x800000, "the image needs more than 8 MiB: it must fit small domains")
