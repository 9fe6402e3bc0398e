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

/* What a C function may change (System V ABI, AMD64, figure 3.4): enough for a handler that
 * looks at no frame. */
.macro save_volatile
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
.endm

.macro restore_volatile
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
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
 * evtchn_upcall_mask set (PV).
 */
    .balign 16
    .globl hardware_upcall, hardware_upcall_secondary
.macro hardware_interrupt function
    save_volatile
    cld
    call \function
    restore_volatile
    iretq
.endm

hardware_upcall:
    hardware_interrupt *event_upcall(%rip)
    .balign 16
hardware_upcall_secondary:
    hardware_interrupt event_upcall_secondary

/* VECTOR_LAPIC and VECTOR_X2APIC: counted and acknowledged in drivers/x86/lapic.c,
 * on the second vCPU in arch/x86/smp.c. */
    .balign 16
    .globl hardware_lapic, hardware_x2apic, hardware_device
    .globl hardware_lapic_secondary, hardware_x2apic_secondary
hardware_lapic:
    hardware_interrupt lapic_interrupt
    .balign 16
hardware_x2apic:
    hardware_interrupt x2apic_interrupt
    .balign 16
hardware_device:
    hardware_interrupt device_interrupt
    .balign 16
hardware_lapic_secondary:
    hardware_interrupt smp_interrupt
    .balign 16
hardware_x2apic_secondary:
    hardware_interrupt smp_interrupt_x2apic

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

/*
 * PV.  An upcall interrupts only what has events on, so that the way out is always to allow
 * them and to go on where it was.  HYPERVISOR_iret does both in one step; but code of our
 * kernel, which runs in ring 3 as well, IRET reaches by itself, as in Mini-OS, with 280
 * instructions of Xen's less.  Xen cleared the privilege level in the frame's CS and SS; the
 * CPU wants the real one.
 *
 * Then there is a moment when events are on and the frame is still in use.  An upcall in it
 * would put its own frame below this one; under a storm one below the other, until the stack is
 * full.  So it is recognized by its RIP: all registers have their values again, so that the
 * frame in use takes the place of the new one.
 *
 * What was raised while events were off Xen does not deliver by itself: hence the look at
 * upcall_pending, after they are on, for what comes later Xen does deliver.
 *
 * `vcpu`: its struct vcpu_info in the shared info page (xen.h: pending at 0, mask at 1).
 */
#define VCPU_INFO_SIZE 64
#define PENDING(vcpu) shared_info_page + vcpu * VCPU_INFO_SIZE(%rip)
#define MASK(vcpu)    shared_info_page + vcpu * VCPU_INFO_SIZE + 1(%rip)

.macro pv_interrupt vcpu, function
    movq 16(%rsp), %rcx             /* RIP; Xen pushed RCX and R11 last */
    subq $.Lallowed_\vcpu, %rcx
    cmpq $.Lheld_\vcpu - .Lallowed_\vcpu, %rcx
    jb .Lagain_\vcpu
    popq %rcx
    popq %r11
.Lhandle_\vcpu:
    save_volatile
    cld
    call \function
    restore_volatile
    testb $3, 8(%rsp)               /* CS: user mode has page tables of its own */
    jnz pv_return
    orb $3, 8(%rsp)
    orb $3, 32(%rsp)
    movb $0, MASK(\vcpu)
.Lallowed_\vcpu:                    /* events are on, and the frame is in use */
    testb $0xff, PENDING(\vcpu)
    jnz .Lhold_\vcpu
    iretq
.Lhold_\vcpu:
    movb $1, MASK(\vcpu)
.Lheld_\vcpu:
    andb $~3, 8(%rsp)
    andb $~3, 32(%rsp)
    jmp .Lhandle_\vcpu
.Lagain_\vcpu:
    popq %rcx
    popq %r11
    movq 24(%rsp), %rsp             /* to the frame that was in use; events are off */
    jmp .Lheld_\vcpu
.endm

    .globl pv_upcall, pv_upcall_secondary, pv_failsafe
pv_upcall_secondary:
    pv_interrupt 1, event_upcall_secondary
pv_upcall:
    pv_interrupt 0, *event_upcall(%rip)
    .globl pv_upcall_allowed        /* for tests/image/rows/events.c */
    .set pv_upcall_allowed, .Lallowed_0

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
