/*
 * Into ring 3 and back.
 *
 * user_enter(stack top, function, argument) saves the kernel's place and goes
 * down; the system call USER_EXIT comes back to that place.
 */
#include <xen/xen.h>

#define USER_EXIT 1
#define USER_CS 0x23            /* arch/x86/traps.c: GDT entry 4, RPL 3 */
#define USER_SS 0x1b            /* entry 3, RPL 3 */
#define RFLAGS_RESERVED 0x2     /* IF clear: nothing interrupts ring 3 */

.macro save_place
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, user_kernel_rsp(%rip)
.endm

.macro return_to_place
    movq user_kernel_rsp(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
.endm

    .text
    .globl user_enter_hardware, user_enter_pv
    .globl user_syscall_hardware, user_syscall_pv, user_kernel_rsp

/* RDI stack, RSI function, RDX argument */
user_enter_hardware:
    save_place
    leaq user_start(%rip), %rcx
    pushq $USER_SS
    pushq %rdi
    pushq $RFLAGS_RESERVED
    pushq $USER_CS
    pushq %rcx
    iretq

user_enter_pv:
    save_place
    leaq user_start(%rip), %rcx
    pushq $FLAT_USER_SS
    pushq %rdi
    pushq $RFLAGS_RESERVED      /* IF clear: the event mask stays set */
    pushq $FLAT_USER_CS
    pushq %rcx
    pushq $0
    jmp hypercall_page + __HYPERVISOR_iret * 32

/* Ring 3: call the function, then leave. */
user_start:
    movq %rdx, %rdi
    call *%rsi
    movl $USER_EXIT, %eax
    syscall
    ud2

/* SYSCALL from ring 3, hardware: RCX is its RIP, R11 its RFLAGS, RSP its own. */
    .balign 16
user_syscall_hardware:
    movq %rsp, user_rsp(%rip)
    movq user_kernel_rsp(%rip), %rsp
    cmpl $USER_EXIT, %eax
    je 1f
    pushq %rcx
    pushq %r11
    movq %rax, %rdi
    call user_dispatch
    popq %r11
    popq %rcx
    movq user_rsp(%rip), %rsp
    sysretq
1:  return_to_place

/*
 * The same in PV: Xen has pushed RCX, R11 and an IRET frame on the stack that
 * stack_switch named.  VGCF_in_syscall lets Xen return by SYSRET.
 */
    .balign 16
user_syscall_pv:
    popq %rcx
    popq %r11
    cmpl $USER_EXIT, %eax
    je 1f
    movq %rax, %rdi
    call user_dispatch
    pushq $VGCF_in_syscall
    jmp hypercall_page + __HYPERVISOR_iret * 32
1:  return_to_place

    .bss
    .balign 8
user_kernel_rsp:
    .skip 8
user_rsp:
    .skip 8

    .section .note.GNU-stack, "", @progbits
