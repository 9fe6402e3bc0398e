/*
 * PVH entry, also used for HVM (firmware_override=) and bare (QEMU -kernel).
 * Contract (xen/arch-x86/hvm/start_info.h; docs/misc/pvh):
 *
 *   mode    32-bit protected, paging off, flat 4 GiB segments, A20 on
 *   EBX     physical address of struct hvm_start_info
 *   EFLAGS  IF, TF, VM clear; other registers undefined
 *   GDT     none that we may rely on; the cached selectors are valid
 *
 * Sets up an identity mapping of the first 4 GiB with 2 MiB pages, the last
 * GiB uncached (device memory: LAPIC, IO-APIC, BARs), enters long mode and
 * calls start_hardware(start info).
 */
#define CR0_PG          0x80000000
#define CR0_WP          0x00010000
#define CR4_PAE         0x00000020
#define MSR_EFER        0xc0000080
#define EFER_LME        0x00000100
#define PTE_P           0x001
#define PTE_RW          0x002
#define PTE_US          0x004           /* rows run code in ring 3 */
#define PTE_PWT         0x008
#define PTE_PCD         0x010
#define PTE_PS          0x080

    .section .text.entry, "ax", @progbits
    .code32
    .globl pvh_start
pvh_start:
    lfence
    rdtsc
    movl %eax, entry_tsc
    movl %edx, entry_tsc + 4
    cld
    movl $boot_stack_top, %esp
    movl %ebx, %ebp

    /* Page directories: 4 x 512 entries of 2 MiB, one after the other. */
    movl $page_directories, %edi
    movl $(PTE_PS | PTE_US | PTE_RW | PTE_P), %eax
    movl $2048, %ecx
1:  cmpl $512, %ecx                 /* the last 512 entries: uncached */
    jne 2f
    orl $(PTE_PCD | PTE_PWT), %eax
2:  movl %eax, (%edi)               /* upper halves stay zero (.bss) */
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $page_directories + PTE_US + PTE_RW + PTE_P, %eax
    movl $page_directory_pointers, %edi
    movl $4, %ecx
3:  movl %eax, (%edi)
    addl $4096, %eax
    addl $8, %edi
    decl %ecx
    jnz 3b
    movl $page_directory_pointers + PTE_US + PTE_RW + PTE_P, page_map

    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $page_map, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $(CR0_PG | CR0_WP), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $1f

    .code64
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    leaq boot_stack_top(%rip), %rsp
    movl %ebp, %edi
    xorl %ebp, %ebp
    call start_hardware
2:  jmp 2b

    .section .rodata
    .balign 8
    .globl boot_gdt             /* also for arch/x86/smp_entry.S */
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        /* 0x08: 64-bit code, ring 0 */
    .quad 0x00cf93000000ffff        /* 0x10: data, ring 0 */
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt

    .section .bss.pages, "aw", @nobits
    .balign 4096
    .globl page_map
page_map:
    .skip 4096
    .globl page_directory_pointers  /* entries 4 to 511: arch/x86/window.c */
page_directory_pointers:
    .skip 4096
page_directories:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
