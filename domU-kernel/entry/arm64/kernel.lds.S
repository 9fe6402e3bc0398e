/*
 * The image: one ELF64, from which the dom0 program reads the rows, and the same as a flat file
 * with a header (image.S), which libxl loads: objcopy makes it of everything up to .bss.
 *
 * Linked where Xen's memory map has RAM (xen/arch-arm.h, GUEST_RAM0_BASE), virtual address =
 * physical address.
 */
OUTPUT_FORMAT("elf64-littleaarch64")
ENTRY(image_start)

PHDRS
{
    text PT_LOAD FLAGS(5);
    data PT_LOAD FLAGS(6);
    note PT_NOTE FLAGS(4);
}

SECTIONS
{
    . = 0x40000000;

    .text : {
        *(.text.entry)
        *(.text .text.*)
        text_end = .;
    } :text

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

    /* Pairs (faulting address, continuation), arch/arm64/traps.c. */
    fixups : ALIGN(16) {
        fixups_start = .;
        KEEP(*(fixups))
        fixups_end = .;
    } :text

    . = ALIGN(4096);
    .data : { *(.data .data.*) } :data
    . = ALIGN(4096);
    .bss : {
        bss_start = .;
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
ASSERT(image_end < 0x40800000, "the image needs more than 8 MiB: it must fit small domains")
