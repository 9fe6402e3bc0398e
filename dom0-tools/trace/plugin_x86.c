/* An x86-64 CPU (plugin_cpu.h). */
#include <string.h>

#include "trace/plugin_cpu.h"

static const uint8_t *state;       /* its CPUX86State, once found */
static const uint64_t *cr3;        /* in it */

static bool available(void)
{
    return x86_cpu_gdb_read_register != NULL;
}

/* Offsets in CPUX86State (QEMU 7.2, target/i386/cpu.h): 16 registers, eip, eflags,
 * cc_dst, cc_src, cc_src2, cc_op and df, hflags. */
#define STATE_RSP      (4 * 8)
#define STATE_HFLAGS   176
#define HFLAGS_CPL     3u
#define HFLAGS_GUEST   (1u << 21)

/* The registers in QEMU's order, by gdb's numbers. */
static const int gdb_order[16] = { 0, 2, 3, 1, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool find(void *cpu, const struct record_request *request)
{
    uint64_t registers[16], control[5] = { 0 };
    const uint8_t *object = cpu;

    (void)request;
    for ( int i = 0; i < 16; i++ )
        registers[i] = gdb_register(cpu, gdb_order[i]);
    /* CR0, CR2, CR3, CR4 follow each other in gdb; QEMU has a CR1 as well. */
    control[0] = gdb_register(cpu, GDB_CR0);
    for ( int i = 2; i < 5; i++ )
        control[i] = gdb_register(cpu, GDB_CR0 + i - 1);

    for ( size_t at = 0; at < 0x20000 && !state; at += 8 )
        if ( !memcmp(object + at, registers, sizeof(registers)) )
            state = object + at;
    for ( size_t at = 0; state && at < 0x4000 && !cr3; at += 8 )
    {
        const uint64_t *found = (const uint64_t *)(state + at);

        if ( found[0] == control[0] && found[2] == control[2] && found[3] == control[3] &&
             found[4] == control[4] )
            cr3 = found + 3;
    }
    return state && cr3 &&
           (*(const uint32_t *)(state + STATE_HFLAGS) & HFLAGS_CPL) == (gdb_register(cpu, GDB_CS) & 3);
}

static uint64_t state_word(unsigned offset)
{
    uint64_t word;

    memcpy(&word, state + offset, sizeof(word));
    return word;
}

static uint64_t stack(void)
{
    return state_word(STATE_RSP);
}

static uint64_t tables(void)
{
    return *cr3;
}

static enum layer layer(const struct record_request *request, uint64_t address)
{
    uint32_t hflags = (uint32_t)state_word(STATE_HFLAGS);

    /* Xen lies from 0xffff8000… to 0xffff87ff… (xen/include/asm-x86/config.h);
     * what is above belongs to PV kernels, and to a Linux without Xen. */
    if ( address >= request->image_start && address < request->image_end )
        return LAYER_GUEST;
    if ( hflags & HFLAGS_GUEST )
        return address >= 0xffff800000000000ull ? LAYER_GUEST_KERNEL : LAYER_GUEST;
    if ( address >= 0xffff880000000000ull )
        return LAYER_KERNEL;
    return address >= 0xffff800000000000ull ? LAYER_XEN : LAYER_USER;
}

static bool reads_clock(const uint8_t *code, size_t length)
{
    static const uint8_t rdtsc[] = { 0x0f, 0x31 }, rdtscp[] = { 0x0f, 0x01, 0xf9 };

    return (length == 3 && !memcmp(code, rdtscp, 3)) || (length == 2 && !memcmp(code, rdtsc, 2));
}

static uint32_t end_of(const uint8_t *code, size_t length)
{
    size_t i = 0;

    /* Prefixes and REX. */
    while ( i < length && (code[i] == 0x66 || code[i] == 0x67 || code[i] == 0x2e ||
                           code[i] == 0x3e || code[i] == 0x65 || code[i] == 0xf2 ||
                           code[i] == 0xf3 || (code[i] & 0xf0) == 0x40) )
        i++;
    if ( i >= length )
        return BLOCK_OTHER;
    if ( code[i] == 0xe8 ||
         (code[i] == 0xff && i + 1 < length && ((code[i + 1] >> 3) & 7) == 2) )
        return BLOCK_CALL;
    if ( code[i] == 0xc3 || code[i] == 0xc2 || code[i] == 0xcf ||
         (code[i] == 0x0f && i + 1 < length && code[i + 1] == 0x07) )
        return BLOCK_RETURN;
    return BLOCK_OTHER;
}

const struct plugin_cpu plugin_x86 = {
    .name = "x86_64", .available = available, .find = find, .stack = stack, .tables = tables,
    .layer = layer, .reads_clock = reads_clock, .end_of = end_of,
};
