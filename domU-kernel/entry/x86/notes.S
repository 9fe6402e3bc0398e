/*
 * Xen ELF notes (xen/elfnote.h): how each loader finds its entry.
 *
 *   PV          ENTRY, HYPERCALL_PAGE, VIRT_BASE
 *   PVH, HVM    PHYS32_ENTRY (HVM through firmware_override=)
 *   QEMU bare   PHYS32_ENTRY; QEMU reads it as 8 bytes in an ELF64 file
 */
#include <xen/elfnote.h>

.macro note_string type, value
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  .asciz "\value"
2:  .balign 4
    .popsection
.endm

.macro note_quad type, value
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long 4, 8, \type
    .asciz "Xen"
    .quad \value
    .popsection
.endm

    note_string XEN_ELFNOTE_GUEST_OS, "xenometer"
    note_string XEN_ELFNOTE_GUEST_VERSION, "1"
    note_string XEN_ELFNOTE_XEN_VERSION, "xen-3.0"
    note_string XEN_ELFNOTE_LOADER, "generic"
    note_string XEN_ELFNOTE_PAE_MODE, "yes"
    note_quad   XEN_ELFNOTE_VIRT_BASE, 0
    note_quad   XEN_ELFNOTE_PADDR_OFFSET, 0
    note_quad   XEN_ELFNOTE_ENTRY, pv_start
    note_quad   XEN_ELFNOTE_HYPERCALL_PAGE, hypercall_page
    note_quad   XEN_ELFNOTE_PHYS32_ENTRY, pvh_start

    .section .note.GNU-stack, "", @progbits
