/*
 * The smallest image whose instructions can be counted by hand: for the test of
 * trace/plugin.c.  QEMU's PVH loader starts it in 32-bit protected mode, flat,
 * without paging (the contract is told in domU-kernel/entry/pvh.S).
 *
 * Each region is timed as the unikernel times (arch/x86/machine/cpu.h), and its TSC
 * difference sent to port 0x500.  The clock counts what comes after RDTSC up
 * to and with RDTSCP: the body, one move, and RDTSCP.
 */
    .macro region_begin
    lfence
    rdtsc
    movl %eax, %esi
    .endm

    .macro region_end
    rdtscp
    lfence
    subl %esi, %eax
    movw $0x500, %dx
    .rept 4
    outb %al, %dx
    shrl $8, %eax
    .endr
    .endm

    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18                  /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .quad start

    .text
    .code32
    .globl start
start:
    movl $stack_top, %esp

    region_begin                    /* nothing: 2 */
    region_end

    region_begin                    /* 10 of one block: 12 */
    .rept 10
    nop
    .endr
    region_end

    region_begin                    /* a loop, 1 + 100 * 2: 203 */
    movl $100, %ecx
1:  decl %ecx
    jnz 1b
    region_end

    region_begin                    /* a call, 1 + 3 + 1: 7 */
    call leaf
    nop
    region_end

    movw %cs, gate + 2
    lidt idt
    region_begin                    /* a fault: the move into FS is not completed and not
                                       counted, its handler has 3: 1 + 3: 6 */
    movw $0xffff, %ax
    movw %ax, %fs
    region_end

    movl $buffer, %edi
    region_begin                    /* a string, an iteration each and one that
                                       finds it done, 1 + 65: 68 */
    movl $64, %ecx
    rep stosb
    region_end

    movb $0, %al
    outb %al, $0xf4                 /* isa-debug-exit */
2:  hlt
    jmp 2b

leaf:
    nop
    nop
    ret

    .globl general_protection
general_protection:
    addl $4, %esp                   /* the error code */
    addl $2, (%esp)                 /* the move has two bytes */
    iret

    .data
    .balign 8
gates:
    .rept 13
    .quad 0
    .endr
gate:
    /* Vector 13: a 32-bit interrupt gate (SDM vol. 3, 6.11). */
    .word general_protection_low, 0, 0x8e00, general_protection_high
gates_end:
idt:
    .word gates_end - gates - 1
    .long gates

    .bss
    .balign 16
buffer:
    .skip 64
    .skip 4096
stack_top:
    .section .note.GNU-stack, "", @progbits
