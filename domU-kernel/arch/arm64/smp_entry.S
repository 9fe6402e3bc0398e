/*
 * The second vCPU's first instructions.  Contract (Arm DEN 0022, PSCI, 6.4 "CPU_ON"): EL1h, MMU
 * and data cache off, all interrupts masked, X0 as CPU_ON was given it.
 */
#include "../../entry/arm64/mmu.h"
#include "../smp.h"

    .text
    .globl smp_entry
smp_entry:
    mmu_on
    adrp x9, smp_stack_top
    mov sp, x9
    mov x29, #0
    b smp_main
    .ltorg

    .section .bss.pages, "aw", @nobits
    .balign 4096
    .globl smp_stack, smp_stack_top
smp_stack:
    .skip SMP_STACK
smp_stack_top:

    .section .note.GNU-stack, "", @progbits
