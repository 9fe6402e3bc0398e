/*
 * What QEMU's emulated AMD CPU lacks, and every real one has: a plugin for QEMU's TCG that
 * adds it, so that Xen finds in the lab what it finds on hardware.
 *
 *   nrip-save   A VM exit by an instruction leaves the address of the next one in the VMCB
 *               (AMD64 APM vol. 2, 15.7.1; every AMD CPU since 2007).  Without it Xen fetches
 *               and decodes the guest's instruction at each CPUID, VMMCALL and MSR exit.
 *
 * The plugin makes QEMU accept the feature's name in -cpu, which CPUID then shows the guest,
 * and does what the feature promises: it notes each instruction that may be intercepted
 * before it is executed, and in the first block behind Xen's VMRUN, which is where a VM exit
 * ends, writes the next address into the VMCB.  QEMU's clock does not count what it does.
 *
 * Loaded as -plugin cpu-plugin.so,FEATURE=on…
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin_api.h"

PLUGIN_VERSION

/* ---- making QEMU accept a feature ---- */

/*
 * QEMU's table of CPUID words (target/i386/cpu.h, FeatureWordInfo, the same in 7.2 and 10.0):
 * which bits there are, and which of them TCG has.
 */
struct feature_word {
    int type;                   /* 0: CPUID */
    const char *names[64];      /* of the bits */
    uint32_t eax;
    bool needs_ecx;
    uint32_t ecx;
    int reg;
    uint64_t tcg_features;
    uint64_t unmigratable, migratable, no_autoenable;
};
extern WEAK struct feature_word feature_word_info[];

#define FEATURE_WORDS 64u           /* more than any QEMU has; the search ends before */
#define LEAF_SVM      0x8000000au   /* CPUID: APM vol. 3, appendix E.4.9; features in EDX */
#define BIT_NRIPS     3u

/* True when QEMU's table has the feature where we expect it; it is TCG's from then on. */
static bool accept(const char *name, uint32_t leaf, unsigned bit)
{
    for ( unsigned i = 0; i < FEATURE_WORDS; i++ )
    {
        struct feature_word *word = &feature_word_info[i];

        /* The first word is CPUID's leaf 1: else the table is another than we know. */
        if ( i == 0 && (word->type != 0 || word->eax != 1) )
            return false;
        if ( word->type != 0 || word->eax != leaf )
            continue;
        if ( !word->names[bit] || strcmp(word->names[bit], name) )
            return false;
        word->tcg_features |= 1ull << bit;
        return true;
    }
    return false;
}

/* ---- instructions that may be intercepted ---- */

#define MAX_CPUS 8u   /* the lab has two */

/* The last one that each vCPU was about to execute: address << 4 | length in bytes.  The
 * four bits shifted out are copies of bit 59, since addresses are canonical. */
static uintptr_t last[MAX_CPUS];

static bool copies_code;
static uint64_t behind_vmrun;   /* address behind Xen's VMRUN, once seen; it has but one */

/*
 * For which the CPU saves the next RIP when they are intercepted (APM vol. 2, 15.7.1; exit
 * codes in appendix C): moves to and from control and debug registers, descriptor tables,
 * and what is listed from RDTSC to RDPRU.
 */
static bool may_be_intercepted(const uint8_t *code, size_t length)
{
    static const uint8_t one[] = {
        0x6c, 0x6d, 0x6e, 0x6f,                           /* INS, OUTS */
        0x9c, 0x9d, 0xcd, 0xcf,                           /* PUSHF, POPF, INT n, IRET */
        0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef,   /* IN, OUT */
        0xf1, 0xf4,                                       /* ICEBP, HLT */
    };
    static const uint8_t two[] = {
        0x00, 0x01,               /* SLDT … LTR; SGDT … INVLPG, VMRUN … RDTSCP */
        0x06, 0x08, 0x09,         /* CLTS, INVD, WBINVD */
        0x20, 0x21, 0x22, 0x23,   /* MOV of CR and DR */
        0x30, 0x31, 0x32, 0x33,   /* WRMSR, RDTSC, RDMSR, RDPMC */
        0xa2, 0xaa,               /* CPUID, RSM */
    };
    bool repeat = false;
    size_t i = 0;

    /* Prefixes, REX last: APM vol. 3, 1.2.  In 32-bit code the latter are INC and DEC, whose
     * length is 1. */
    for ( ; i < length; i++ )
        if ( code[i] == 0xf2 || code[i] == 0xf3 )
            repeat = true;
        else if ( code[i] != 0x66 && code[i] != 0x67 && code[i] != 0x2e && code[i] != 0x36 &&
                  code[i] != 0x3e && code[i] != 0x26 && code[i] != 0x64 && code[i] != 0x65 &&
                  code[i] != 0xf0 && (code[i] & 0xf0) != 0x40 )
            break;
    if ( i >= length )
        return false;
    if ( code[i] == 0x90 )
        return repeat;   /* PAUSE */
    if ( code[i] != 0x0f )
        return memchr(one, code[i], sizeof(one));
    return i + 1 < length && memchr(two, code[i + 1], sizeof(two));
}

static void on_instruction(unsigned vcpu, void *address_and_length)
{
    if ( vcpu < MAX_CPUS )
        last[vcpu] = (uintptr_t)address_and_length;
}

/* ---- the VM exit ---- */

/* VMCB: APM vol. 2, appendix B. */
#define VMCB_EXITCODE  0x70
#define VMCB_NEXT_RIP  0xc8
#define VMCB_RIP       0x578

/* Intercepts of an instruction (APM vol. 2, appendix C): control and debug registers, and
 * from the descriptor tables to RDPRU without those of task switches and FERR. */
static bool by_instruction(uint64_t code)
{
    return code <= 0x3f || (code >= 0x65 && code <= 0x7c) || (code >= 0x80 && code <= 0x8e);
}

/* Xen goes on behind its VMRUN, whose operand, the VMCB's physical address, is in RAX again. */
static void on_exit_of_guest(unsigned vcpu, void *unused)
{
    uint64_t vmcb = gdb_register(current_cpu, GDB_RAX), code, rip, next = 0;

    (void)unused;
    cpu_physical_memory_rw(vmcb + VMCB_EXITCODE, &code, sizeof(code), false);
    cpu_physical_memory_rw(vmcb + VMCB_RIP, &rip, sizeof(rip), false);
    /* An address that is not the noted one: it left by what no translation has shown us, and
     * 0 has Xen decode as without the feature. */
    if ( by_instruction(code) && vcpu < MAX_CPUS && last[vcpu] >> 4 == rip << 4 >> 4 )
        next = rip + (last[vcpu] & 15);
    cpu_physical_memory_rw(vmcb + VMCB_NEXT_RIP, &next, sizeof(next), true);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };
    size_t count = qemu_plugin_tb_n_insns(tb);
    uint8_t buffer[MAX_INSTRUCTION];

    (void)id;
    for ( size_t i = 0; i < count; i++ )
    {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        const uint8_t *code = code_of(instruction, copies_code, buffer);
        size_t length = qemu_plugin_insn_size(instruction);

        if ( length == sizeof(vmrun) && !memcmp(code, vmrun, sizeof(vmrun)) )
            behind_vmrun = address + length;
        if ( i == 0 && behind_vmrun && address == behind_vmrun )
            qemu_plugin_register_vcpu_tb_exec_cb(tb, on_exit_of_guest, CALLBACK_READS_REGISTERS,
                                                 NULL);
        if ( may_be_intercepted(code, length) )
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_instruction,
                CALLBACK_NO_REGISTERS, (void *)(uintptr_t)(address << 4 | length));
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    copies_code = info->version.cur >= 3;
    if ( !&current_cpu || !x86_cpu_gdb_read_register || !cpu_physical_memory_rw ||
         !g_byte_array_new || !g_byte_array_free || !feature_word_info )
    {
        fprintf(stderr, "cpu-plugin: this QEMU does not export what emulating CPU features "
                        "needs; --without=nrip-save does without\n");
        return -1;
    }
    for ( int i = 0; i < argc; i++ )
        if ( strcmp(argv[i], "nrip-save=on") || !accept("nrip-save", LEAF_SVM, BIT_NRIPS) )
        {
            fprintf(stderr, "cpu-plugin: %s: this QEMU does not know the feature where it is "
                            "looked for; --without=nrip-save does without\n", argv[i]);
            return -1;
        }
    if ( argc )
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
