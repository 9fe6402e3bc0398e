/*
 * PV entry.  Contract (xen/arch-x86/xen.h "start-of-day", xen/xen.h struct
 * start_info):
 *
 *   mode    64-bit, ring 3, paging on; Xen's flat selectors are loaded
 *   RSI     virtual address of the start info page
 *   RSP     a boot stack of the builder; we change to our own
 *   memory  pseudo-physical page n at virtual n * 4096, as far as the builder
 *           mapped it: image, modules, p2m list, start info, page tables,
 *           boot stack, at least 512 KiB beyond
 *   events  masked (vcpu_info[0].evtchn_upcall_mask = 1), no trap table
 *   hypercall page  filled in by the builder at the HYPERCALL_PAGE note
 */
    .section .text.entry, "ax", @progbits
    .code64
    .globl pv_start
pv_start:
    lfence
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, entry_tsc(%rip)
    cld
    leaq boot_stack_top(%rip), %rsp
    xorl %ebp, %ebp
    movq %rsi, %rdi
    call start_pv
1:  jmp 1b

/*
 * The hypercall page, which Xen fills: nothing of it stands in the file, and zeroes
 * tell hypercall_init() that it was not filled.
 */
    .section .bss.pages, "aw", @nobits
    .balign 4096
    .globl hypercall_page
hypercall_page:
    .skip 4096

    .bss
    .balign 16
    .globl boot_stack, boot_stack_top
boot_stack:
    .skip 16384
boot_stack_top:

    .data
    .balign 8
    .globl entry_tsc
entry_tsc:
    .quad 0

    .section .note.GNU-stack, "", @progbits
