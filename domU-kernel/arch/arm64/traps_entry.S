/*
 * Entries (DDI 0487, D1.3.1 "Exception vectors"): sixteen slots of 128 bytes, four kinds for each
 * of four places to come from.  We run at EL1 with SP_EL1: the second group.  All else is
 * nothing that should happen, and goes to trap_handler(), which says so.
 *
 * The CPU masked interrupts, and kept PC and PSTATE in ELR_EL1 and SPSR_EL1: an interrupt's
 * handler causes no exception, so that they need no saving there.
 */
#define FRAME_SIZE 288              /* traps.h, struct trap_frame */

.macro slot label
    .balign 128
    b \label
.endm

.macro stamp_slot label
    .balign 128
    stp x0, x1, [sp, #-16]!
    mrs x0, pmccntr_el0
    adrp x1, trap_stamp
    str x0, [x1, #:lo12:trap_stamp]
    ldp x0, x1, [sp], #16
    b \label
.endm

.macro group synchronous, irq
    slot \synchronous
    \irq interrupt
    slot \synchronous
    slot \synchronous
.endm

    .text
    .balign 2048
    .globl vectors, vectors_stamped, exception
vectors:
    group exception, slot
    group exception, slot
    group exception, slot
    group exception, slot
    .balign 2048
vectors_stamped:
    group exception, slot
    group exception, stamp_slot
    group exception, slot
    group exception, slot

exception:
    sub sp, sp, #FRAME_SIZE
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    add x1, sp, #FRAME_SIZE
    stp x30, x1, [sp, #240]
    mrs x1, elr_el1
    mrs x2, spsr_el1
    stp x1, x2, [sp, #256]
    mrs x1, esr_el1
    mrs x2, far_el1
    stp x1, x2, [sp, #272]
    mov x0, sp
    bl trap_handler
    ldp x1, x2, [sp, #256]
    msr elr_el1, x1
    msr spsr_el1, x2
    ldp x2, x3, [sp, #16]
    ldp x4, x5, [sp, #32]
    ldp x6, x7, [sp, #48]
    ldp x8, x9, [sp, #64]
    ldp x10, x11, [sp, #80]
    ldp x12, x13, [sp, #96]
    ldp x14, x15, [sp, #112]
    ldp x16, x17, [sp, #128]
    ldp x18, x19, [sp, #144]
    ldp x20, x21, [sp, #160]
    ldp x22, x23, [sp, #176]
    ldp x24, x25, [sp, #192]
    ldp x26, x27, [sp, #208]
    ldp x28, x29, [sp, #224]
    ldr x30, [sp, #240]
    ldp x0, x1, [sp]
    add sp, sp, #FRAME_SIZE
    eret

/* What a C function may change (AAPCS64, 6.1.1), around the function this vCPU has for it. */
interrupt:
    sub sp, sp, #160
    stp x0, x1, [sp]
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x30, [sp, #144]
    mrs x16, tpidr_el1
    blr x16
    ldp x18, x30, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp]
    add sp, sp, #160
    eret

    .section .note.GNU-stack, "", @progbits
