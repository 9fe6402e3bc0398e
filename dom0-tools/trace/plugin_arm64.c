/*
 * An ARM64 CPU (plugin_cpu.h): Xen runs at EL2, kernels at EL1, processes at EL0; with the virtualization host
 * extensions Linux's kernel that has KVM runs at EL2, too, and there in the upper half, where no code of Xen's lies.
 * Encodings: Arm Architecture Reference Manual (DDI 0487), C4.1.
 */
#include <string.h>

#include "trace/plugin_cpu.h"

static const uint8_t *state;       /* X0 in its CPUARMState, once found */
static const uint64_t *ttbr0;      /* TTBR0_EL1 in it */

/* From X0 on (QEMU 7.2 to 11.1, target/arm/cpu.h): 31 registers, SP, PC, PSTATE. */
#define STATE_SP     (31 * 8)
#define STATE_PSTATE (33 * 8)

#define PSTATE_EL(p) (((p) >> 2) & 3)

/*
 * Where the walk of page tables begins: in cp15, TTBR0 by exception level, TTBR1 likewise, two of stage 2,
 * TCR by exception level.  At the first marker they are the unikernel's: a page of the image, and 25 for
 * T0SZ (domU-kernel/entry/arm64/mmu.h).
 */
#define TTBR0_TO_TCR 10
#define TTBR0_TO_EL2 1
#define TCR_T0SZ     25u

/* A kernel at EL2 was the last above EL0: the process is that kernel's, whose pages TTBR0_EL2 has (HCR_EL2.TGE). */
static bool of_host;

static bool available(void)
{
    return aarch64_cpu_gdb_read_register != NULL;
}

static uint32_t pstate(void)
{
    uint32_t word;

    memcpy(&word, state + STATE_PSTATE, sizeof(word));
    return word;
}

static bool find(void *cpu, const struct record_request *request)
{
    uint64_t registers[32];
    const uint8_t *object = cpu;

    for ( int i = 0; i < 32; i++ )
        registers[i] = gdb_register(cpu, i);
    for ( size_t at = 0; at < 0x20000 && !state; at += 8 )
        if ( !memcmp(object + at, registers, sizeof(registers)) )
            state = object + at;
    for ( size_t at = STATE_PSTATE; state && at < 0x2000 && !ttbr0; at += 8 )
    {
        const uint64_t *word = (const uint64_t *)(const void *)(state + at);

        if ( *word >= request->image_start && *word < request->image_end && !(*word & 4095) &&
             (word[TTBR0_TO_TCR] & 63) == TCR_T0SZ )
            ttbr0 = word;
    }
    return state && ttbr0 && PSTATE_EL(pstate()) == 1 &&
           PSTATE_EL(gdb_register(cpu, GDB_CPSR)) == 1;
}

static uint64_t stack(void)
{
    uint64_t word;

    memcpy(&word, state + STATE_SP, sizeof(word));
    return word;
}

static uint64_t tables(void)
{
    return of_host ? ttbr0[TTBR0_TO_EL2] : *ttbr0;
}

/* The image lies where neither Linux nor its processes have code; below the upper half no kernel but the image's
 * is executed. */
static enum layer layer(const struct record_request *request, uint64_t address)
{
    uint32_t level = PSTATE_EL(pstate());

    if ( level )
        of_host = level == 2 && address >> 63;
    if ( level >= 2 )
        return of_host ? LAYER_KERNEL : LAYER_XEN;
    if ( address >= request->image_start && address < request->image_end )
        return LAYER_GUEST;
    return !level ? LAYER_USER : address >> 63 ? LAYER_KERNEL : LAYER_GUEST;
}

static uint32_t word_of(const uint8_t *code, size_t length)
{
    uint32_t word = 0;

    if ( length == sizeof(word) )
        memcpy(&word, code, sizeof(word));
    return word;
}

/* MRS Xt, PMCCNTR_EL0; or, where the image has found no Xen and changed that (domU-kernel/arch/arm64/traps.c),
 * CNTVCT_EL0. */
static bool reads_clock(const uint8_t *code, size_t length)
{
    uint32_t word = word_of(code, length) & 0xffffffe0u;

    return word == 0xd53b9d00u || word == 0xd53be040u;
}

/* BL; BLR and RET with their forms that check a signature; ERET, likewise. */
static uint32_t end_of(const uint8_t *code, size_t length)
{
    uint32_t word = word_of(code, length);

    if ( (word & 0xfc000000u) == 0x94000000u || (word & 0xfefff000u) == 0xd63f0000u )
        return BLOCK_CALL;
    if ( (word & 0xfffff000u) == 0xd65f0000u || (word & 0xfffff000u) == 0xd69f0000u )
        return BLOCK_RETURN;
    return BLOCK_OTHER;
}

const struct plugin_cpu plugin_arm64 = {
    .name = "aarch64", .link_register = 1, .available = available, .find = find, .stack = stack,
    .tables = tables, .layer = layer, .reads_clock = reads_clock, .end_of = end_of,
};
