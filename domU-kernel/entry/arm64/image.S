/*
 * The image of an ARM64 domain, which libxl takes in the format of Linux's (Linux,
 * Documentation/arch/arm64/booting.rst): 64 bytes of header, then everything up to .bss.
 * Contract:
 *
 *   mode       EL1h, MMU and data cache off, all interrupts masked
 *   X0         physical address of the device tree, 8-byte aligned
 *   memory     the image at the beginning of RAM, which with Xen is where it is linked; what
 *              is behind it has any content
 *   hypercall  HVC #0xEA1 works at once, and so does the console ring
 *
 * Sets up an identity mapping of the first 4 GiB: below RAM 2 MiB blocks, of devices and, from
 * GUEST_GNTTAB_BASE of Xen's memory map on, of the pages that Xen and its tools give us; RAM in
 * blocks of 1 GiB.  Then calls start(device tree).
 */
#include "mmu.h"

#define SCHEDOP_shutdown 2
#define SHUTDOWN_crash   3

    .section .text.entry, "ax", @progbits
    .globl image_start
image_start:
    b 1f
    .long 0
    .quad 0                         /* offset from the beginning of RAM */
    .quad image_end - image_start
    .quad 0xa                       /* little-endian, 4 KiB pages, anywhere in memory */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .long 0

1:  adr x9, image_start
    ldr x10, =image_start
    cmp x9, x10
    b.ne misplaced
    mmu_on

    adrp x9, bss_start
    adrp x10, image_end
2:  stp xzr, xzr, [x9]
    stp xzr, xzr, [x9, #16]
    stp xzr, xzr, [x9, #32]
    stp xzr, xzr, [x9, #48]
    add x9, x9, #64
    cmp x9, x10
    b.lo 2b

    adrp x9, boot_stack_top
    mov sp, x9
    mov x29, #0
    bl start
3:  b 3b

/* Not where Xen's memory map has RAM: nothing here would work, and nobody could be told why. */
misplaced:
    mov x0, #SCHEDOP_shutdown
    adr x1, reason
    mov x16, #29                    /* __HYPERVISOR_sched_op */
    hvc #0xea1
4:  b 4b
    .balign 4
reason:
    .long SHUTDOWN_crash
    .ltorg

/* DDI 0487, D8.3 "Translation table descriptor formats". */
#define BLOCK        0x1
#define TABLE        0x3
#define NORMAL       (0 << 2 | 3 << 8 | 1 << 10)          /* inner shareable, accessed */
#define EL0          (1 << 6)                             /* may read, write and execute: AP[1] */
#define DEVICE       (1 << 2 | 1 << 10 | 3 << 53)         /* never executed */

    .section .rodata, "a", @progbits
    .balign 4096
    .globl page_table
page_table:                         /* level 1 */
    .quad below_ram + TABLE
    .quad 0x40000000 + NORMAL + BLOCK
    .quad 0x80000000 + NORMAL + BLOCK
    .quad 0xc0000000 + NORMAL + BLOCK
    .quad 0x40000000 + NORMAL + BLOCK      /* the image's once more, for both to have */
    .skip 4096 - 5 * 8
    .globl user_page_table
user_page_table:                    /* while an application runs (arch/arm64/user_entry.S) */
    .quad below_ram + TABLE
    .quad 0x40000000 + NORMAL + BLOCK + EL0
    .quad 0x80000000 + NORMAL + BLOCK + EL0
    .quad 0xc0000000 + NORMAL + BLOCK + EL0
    .quad 0x40000000 + NORMAL + BLOCK
    .skip 4096 - 5 * 8
below_ram:                          /* level 2 */
    .set address, 0
    .rept 0x38000000 / 0x200000
    .quad address + DEVICE + BLOCK
    .set address, address + 0x200000
    .endr
    .rept 0x08000000 / 0x200000
    .quad address + NORMAL + BLOCK + EL0      /* Xen's pages, which a row looks at from EL0, too */
    .set address, address + 0x200000
    .endr

    .bss
    .balign 4096
    .globl boot_stack, boot_stack_top
boot_stack:
    .skip 16384
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
