/*
 * The secondary's first instructions in bare mode; Xen starts it in 64-bit
 * mode at smp_main() itself.
 *
 * smp_trampoline is copied to SMP_TRAMPOLINE, a page below 1 MiB.  Contract
 * (SDM vol. 3, 9.4.4 "MP initialization protocol", and table 9-1 for INIT):
 *
 *   mode    real, CS = page number << 8, IP = 0, interrupts off
 *   CR0     caches disabled (CD and NW set)
 *
 * It goes to long mode in one step, with the page tables and the GDT of
 * entry/x86/pvh.S: setting PE and PG together is allowed once CR4.PAE, CR3 and
 * EFER.LME are set (SDM vol. 3, 9.8.5; AMD APM vol. 2, 14.6).
 */
#include "../smp.h"
#include "smp.h"

#define MSR_EFER        0xc0000080
#define EFER_LME        0x00000100

    .section .rodata
    .globl smp_trampoline, smp_trampoline_end
    .code16
smp_trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movl $SMP_CR4, %eax
    movl %eax, %cr4
    movl $page_map, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    lgdtl gdt_pointer - smp_trampoline
    movl $SMP_CR0, %eax      /* clears CD and NW as well */
    movl %eax, %cr0
    ljmpl $0x08, $smp_long_mode
gdt_pointer:
    .word 3 * 8 - 1
    .long boot_gdt
smp_trampoline_end:

    .text
    .code64
smp_long_mode:
    movl $0x10, %eax
    movl %eax, %ss
    leaq smp_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    call smp_main
1:  jmp 1b

    .bss
    .balign 16
    .globl smp_stack, smp_stack_top
smp_stack:
    .skip SMP_STACK
smp_stack_top:

    .section .note.GNU-stack, "", @progbits
