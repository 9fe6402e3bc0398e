/*
 * To EL0 and back.
 *
 * Memory that EL0 may write, EL1 does not execute (DDI 0487, D8.4.3).  So while an application runs, the image is
 * EL0's where it is linked, and the kernel runs where the same memory is mapped once more, at ALIAS behind
 * (entry/arm64/image.S, user_page_table): all of its code finds its data relative to itself.
 *
 * user_enter(stack top, function, argument) saves the kernel's place and goes down; the system call USER_EXIT comes
 * back to that place.
 */
#define ALIAS      0xc0000000
#define USER_EXIT  1
#define ESR_SVC    0x15            /* exception class: SVC of AArch64 */
#define SPSR_EL0   0x3c0           /* EL0t, everything masked */

/* Other tables, from then on nothing of the old ones; and other vectors. */
.macro change_tables table, vectors
    msr ttbr0_el1, \table
    tlbi vmalle1
    dsb nsh
    msr vbar_el1, \vectors
    isb
.endm

    .text
    .globl user_enter
user_enter:
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    mov x3, #ALIAS
    adrp x4, user_page_table
    adrp x5, vectors_user
    add x5, x5, #:lo12:vectors_user
    add x5, x5, x3
    adr x30, user_exit
    adr x6, 1f
    add x6, x6, x3
    br x6
1:  change_tables x4, x5
    msr sp_el0, x0
    msr elr_el1, x1
    mov x3, #SPSR_EL0
    msr spsr_el1, x3
    mov x0, x2
    eret

/* At EL0: where the function returns to. */
user_exit:
    mov x8, #USER_EXIT
    svc #0

/* In the alias: of a system call that is not the last, X19 to X30 are kept. */
system_call:
    stp x29, x30, [sp, #-16]!
    mrs x9, esr_el1
    lsr x9, x9, #26
    cmp x9, #ESR_SVC
    b.ne 2f
    cmp x8, #USER_EXIT
    b.eq 3f
    mov x0, x8
    bl user_dispatch
    ldp x29, x30, [sp], #16
    eret
2:  ldp x29, x30, [sp], #16
    b exception                     /* traps_entry.S, which says what it was */
3:  mov x3, #ALIAS
    adrp x4, page_table
    sub x4, x4, x3
    adrp x5, vectors
    add x5, x5, #:lo12:vectors
    sub x5, x5, x3
    adr x6, 4f
    sub x6, x6, x3
    change_tables x4, x5
    br x6
4:  ldp x19, x20, [sp, #32]
    ldp x21, x22, [sp, #48]
    ldp x23, x24, [sp, #64]
    ldp x25, x26, [sp, #80]
    ldp x27, x28, [sp, #96]
    ldp x29, x30, [sp, #16]
    add sp, sp, #112
    ret

    .balign 2048
vectors_user:
    .rept 8
    .balign 128
    b exception
    .endr
    .balign 128
    b system_call                   /* from a lower level, synchronous */
    .rept 7
    .balign 128
    b exception
    .endr

    .section .note.GNU-stack, "", @progbits
