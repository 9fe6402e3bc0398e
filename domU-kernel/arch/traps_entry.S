/*
 * Entry stubs.
 *
 * Hardware modes: the CPU pushed SS, RSP, RFLAGS, CS, RIP and, for some
 * vectors, an error code.  PV: Xen pushed the same and then R11 and RCX on top
 * (xen/arch-x86/xen.h, "set_trap_table"), since it enters by SYSRET, which
 * destroys them.
 */
#include <xen/xen.h>

.macro save_registers
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rbx
    pushq %rbp
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
.endm

.macro restore_registers
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rbp
    popq %rbx
    popq %rdx
    popq %rcx
    popq %rax
.endm

/* Vectors 8, 10-14, 17 and 21 push an error code (SDM vol. 3, table 6-1). */
.macro stub prefix, vector
    .balign 16
\prefix\()_stub_\vector:
    .ifc \prefix, pv
    popq %rcx
    popq %r11
    .endif
    .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21)
    .else
    pushq $0
    .endif
    pushq $\vector
    jmp \prefix\()_common
.endm

    .text
    .altmacro
.macro stubs prefix
    .set vector, 0
    .rept 32
    stub_at \prefix, %vector
    .set vector, vector + 1
    .endr
.endm
.macro stub_at prefix, vector
    stub \prefix, \vector
.endm

    .balign 16
    .globl hardware_stubs, pv_stubs
hardware_stubs:
    stubs hw
    .balign 16          /* stub n stands at n * 16 from the label */
pv_stubs:
    stubs pv

hw_common:
    save_registers
    cld
    movq %rsp, %rdi
    call trap_handler
    restore_registers
    addq $16, %rsp              /* vector, error */
    iretq

pv_common:
    save_registers
    cld
    movq %rsp, %rdi
    call trap_handler
    restore_registers
    addq $16, %rsp
    jmp pv_return

/*
 * The event upcall.  Entered with events off: IF clear (hardware modes) or
 * evtchn_upcall_mask set (PV).  Both ways out restore that state from the
 * frame's RFLAGS together with the return, in one step.
 */
    .balign 16
    .globl hardware_upcall, hardware_upcall_secondary
.macro hardware_interrupt vector, function
    pushq $0
    pushq $\vector
    save_registers
    cld
    call \function
    restore_registers
    addq $16, %rsp
    iretq
.endm

hardware_upcall:
    hardware_interrupt 0x40, *event_upcall(%rip)
    .balign 16
hardware_upcall_secondary:
    hardware_interrupt 0x40, event_upcall_secondary

/* VECTOR_LAPIC and VECTOR_X2APIC: counted and acknowledged in drivers/lapic.c,
 * on the second vCPU in arch/smp.c. */
    .balign 16
    .globl hardware_lapic, hardware_x2apic, hardware_device, hardware_lapic_secondary
hardware_lapic:
    hardware_interrupt 0x41, lapic_interrupt
    .balign 16
hardware_x2apic:
    hardware_interrupt 0x42, x2apic_interrupt
    .balign 16
hardware_device:
    hardware_interrupt 0x43, device_interrupt
    .balign 16
hardware_lapic_secondary:
    hardware_interrupt 0x41, smp_interrupt

    .globl hardware_ignored
hardware_ignored:               /* the spurious vector gets no EOI */
    iretq

/* The same entries, the time noted first: traps_stamp() puts them in. */
.macro stamped name, entry
    .balign 16
    .globl \name
\name:
    pushq %rax
    pushq %rdx
    rdtsc
    movl %eax, trap_stamp(%rip)
    movl %edx, trap_stamp + 4(%rip)
    popq %rdx
    popq %rax
    jmp \entry
.endm

    stamped hardware_upcall_stamped, hardware_upcall
    stamped hardware_lapic_stamped, hardware_lapic
    stamped pv_upcall_stamped, pv_upcall

.macro pv_interrupt function
    popq %rcx
    popq %r11
    pushq $0
    pushq $0x40
    save_registers
    cld
    call \function
    restore_registers
    addq $16, %rsp
.endm

    .globl pv_upcall, pv_upcall_secondary, pv_failsafe
pv_upcall_secondary:
    pv_interrupt event_upcall_secondary
    jmp pv_return
pv_upcall:
    pv_interrupt *event_upcall(%rip)
    /* fall through */

/*
 * HYPERVISOR_iret: takes RAX, R11, RCX, flags, then the IRET frame
 * (xen/arch-x86/xen-x86_64.h, struct iret_context).  The hypercall page's
 * entry pushes RCX, R11 and RAX itself.
 */
pv_return:
    pushq $0
    jmp hypercall_page + __HYPERVISOR_iret * 32

/* Xen could not reload our segments: a bug here, nothing to save. */
pv_failsafe:
    movq %rsp, %rdi
    call failsafe_handler

    .section .note.GNU-stack, "", @progbits
