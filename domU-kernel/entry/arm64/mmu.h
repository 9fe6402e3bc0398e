/*
 * Turning on translation, for the two entries: the boot CPU's (image.S) and the second vCPU's
 * (arch/arm64/smp_entry.S).  Registers by the Arm Architecture Reference Manual (DDI 0487),
 * D17 "AArch64 System Register Descriptions"; 39 bits of virtual addresses, so that a walk
 * begins at level 1, whose entries are GiB.
 *
 * The tables are constants in the image: they come into memory as the code does, so that no
 * cache holds anything older, as one would if they were written here with the caches off.
 */
#define MAIR_NORMAL  0xff              /* index 0: write-back, allocating */
#define MAIR_DEVICE  0x04              /* index 1: nGnRE */
#define MAIR_VALUE   (MAIR_DEVICE << 8 | MAIR_NORMAL)

/* T0SZ 25; walks cacheable, inner shareable; 4 KiB; no TTBR1; 40 bits out. */
#define TCR_VALUE    (25 | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | 2 << 32)

/* Bits that are one, stack alignment checked, caches and MMU. */
#define SCTLR_VALUE  (0x30d00800 | 1 << 12 | 1 << 3 | 1 << 2 | 1 << 0)

/* Changes x9. */
.macro mmu_on
    ldr x9, =MAIR_VALUE
    msr mair_el1, x9
    ldr x9, =TCR_VALUE
    msr tcr_el1, x9
    adrp x9, page_table
    msr ttbr0_el1, x9
    tlbi vmalle1
    ic iallu
    dsb nsh
    isb
    ldr x9, =SCTLR_VALUE
    msr sctlr_el1, x9
    isb
.endm
