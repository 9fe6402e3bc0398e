/*
 * What QEMU's emulated AMD CPU lacks, and every real one has: a plugin for QEMU's TCG that
 * adds it, so that Xen finds in the lab what it finds on hardware.
 *
 *   nrip-save   A VM exit by an instruction leaves the address of the next one in the VMCB
 *               (AMD64 APM vol. 2, 15.7.1; every AMD CPU since 2007).  Without it Xen fetches
 *               and decodes the guest's instruction at each CPUID, VMMCALL and MSR exit.
 *   decodeassists  A VM exit by a nested page fault leaves the instruction's bytes in the VMCB,
 *               one by a move to or from a control register the number of the general one, one by
 *               INVLPG the address (15.8.4; since 2011).  Without it Xen walks the guest's page
 *               tables to fetch the instruction of each access to emulated memory.
 *
 *   XSETBV      Intercepted, as Xen and KVM ask for (15.9).  QEMU 7.2 lets a guest set XCR0 behind their
 *               back: they load what they think it is at the next entry, and the guest's XRSTOR raises
 *               #GP, or its processes lose vector registers.  Comes with either of the two.
 *
 * The plugin makes QEMU accept the feature's name in -cpu, which CPUID then shows the guest,
 * and does what the feature promises: behind QEMU's own function for a VM exit it reads the guest's
 * instruction and writes into the VMCB what the CPU would have.  QEMU's clock does not count what it
 * does, and where no domain exits it costs nothing.  In a QEMU whose function it cannot get behind, it
 * does so in the first block behind Xen's VMRUN, for which it has to see each block's translation.
 *
 * Loaded as -plugin cpu-plugin.so[,domains=off],FEATURE=on…; with domains=off the features are
 * shown and nothing else is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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
#define BIT_DECODES   7u

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

/* ---- the VMCB ---- */

/* APM vol. 2, appendix B: offsets. */
#define VMCB_EXITCODE   0x70
#define VMCB_EXITINFO1  0x78
#define VMCB_NESTED_CR3 0xb0
#define VMCB_NEXT_RIP   0xc8
#define VMCB_BYTES      0xd0    /* how many, and behind it 15 bytes */
#define VMCB_CS         0x410   /* selector, attributes, limit */
#define VMCB_CS_BASE    0x418
#define VMCB_EFER       0x4d0
#define VMCB_CR3        0x550
#define VMCB_CR0        0x558
#define VMCB_RIP        0x578
#define VMCB_RSP        0x5d8
#define VMCB_RAX        0x5f8

/* Exit codes: APM vol. 2, appendix C. */
#define EXIT_CR0_READ      0x00    /* that of CR1 is the next, to CR15 */
#define EXIT_CR_WRITE_LAST 0x1f
#define EXIT_INVLPG        0x79
#define EXIT_NPF           0x400

static uint64_t physical_word(uint64_t address)
{
    uint64_t word;

    physical_memory(address, &word, sizeof(word), false);
    return word;
}

/* ---- an instruction of the guest ---- */

/* Page tables of four levels: APM vol. 2, 5.3. */
#define PRESENT     1ull
#define LARGE       (1ull << 7)
#define ADDRESS     0x000ffffffffff000ull
#define PAGE        4096u

/* Where `address` is by the tables at `root`; the tables' own addresses go through the nested
 * ones at `nested` first, 0: they are physical.  False: not mapped. */
static bool translate(uint64_t root, uint64_t nested, uint64_t address, uint64_t *found)
{
    uint64_t table = root & ADDRESS;

    for ( unsigned shift = 39; ; shift -= 9 )
    {
        uint64_t at = table + (address >> shift & 511) * 8, entry, in_page;

        if ( nested && !translate(nested, 0, at, &at) )
            return false;
        entry = physical_word(at);
        if ( !(entry & PRESENT) )
            return false;
        in_page = (1ull << shift) - 1;
        if ( shift == 12 || (shift < 39 && (entry & LARGE)) )
        {
            *found = (entry & ADDRESS & ~in_page) | (address & in_page);
            return !nested || translate(nested, 0, *found, found);
        }
        table = entry & ADDRESS;
    }
}

#define EFER_LMA (1ull << 10)
#define CR0_PG   (1ull << 31)
#define CS_L     (1ull << (16 + 9))   /* 64-bit code: of the attributes, bit 9 */

/* Is the guest in 64-bit mode? */
static bool in_long_mode(uint64_t vmcb)
{
    return (physical_word(vmcb + VMCB_EFER) & EFER_LMA) &&
           (physical_word(vmcb + VMCB_CS) & CS_L);
}

/* The bytes at the guest's RIP, as many as there are on mapped pages: in 64-bit mode, and before
 * paging.  Elsewhere none, so that Xen fetches them. */
static uint8_t fetch(uint64_t vmcb, uint64_t rip, uint8_t code[MAX_INSTRUCTION])
{
    uint64_t nested = physical_word(vmcb + VMCB_NESTED_CR3), cr3 = physical_word(vmcb + VMCB_CR3);
    bool paged = physical_word(vmcb + VMCB_CR0) & CR0_PG;
    uint8_t count = 0;

    if ( paged && !in_long_mode(vmcb) )
        return 0;
    if ( !paged )
        rip = (uint32_t)(rip + physical_word(vmcb + VMCB_CS_BASE));
    while ( count < MAX_INSTRUCTION )
    {
        uint64_t room = PAGE - ((rip + count) & (PAGE - 1)), from;

        if ( room > (uint64_t)(MAX_INSTRUCTION - count) )
            room = MAX_INSTRUCTION - count;
        if ( paged ? !translate(cr3, nested, rip + count, &from)
                   : !translate(nested, 0, rip + count, &from) )
            break;
        physical_memory(from, code + count, room, false);
        count = (uint8_t)(count + room);
    }
    return count;
}

/* Bytes of ModRM and what follows it, in 64-bit mode (APM vol. 3, 1.4). */
static size_t operand_length(const uint8_t *code)
{
    unsigned mode = code[0] >> 6, rm = code[0] & 7;
    size_t length = 1;

    if ( mode == 3 )
        return length;
    if ( rm == 4 )   /* SIB */
    {
        length++;
        if ( mode == 0 && (code[1] & 7) == 5 )
            length += 4;
    }
    return length + (mode == 1 ? 1 : mode == 2 || (mode == 0 && rm == 5) ? 4 : 0);
}

/*
 * The length of an instruction for which the CPU saves the next RIP when it is intercepted (APM vol.
 * 2, 15.7.1; exit codes in appendix C): moves of control and debug registers, descriptor tables,
 * and what is listed from RDTSC to RDPRU.  0: another, and Xen decodes it as without the feature.
 */
static size_t intercepted_length(const uint8_t *code, size_t count, bool long_mode)
{
    static const uint8_t one[] = {
        0x6c, 0x6d, 0x6e, 0x6f,                           /* INS, OUTS */
        0x90, 0x9c, 0x9d, 0xcf,                           /* PAUSE, PUSHF, POPF, IRET */
        0xec, 0xed, 0xee, 0xef,                           /* IN, OUT by DX */
        0xf1, 0xf4,                                       /* ICEBP, HLT */
    };
    static const uint8_t with_byte[] = { 0xcd, 0xe4, 0xe5, 0xe6, 0xe7 };   /* INT n, IN, OUT */
    static const uint8_t two[] = {
        0x06, 0x08, 0x09,         /* CLTS, INVD, WBINVD */
        0x30, 0x31, 0x32, 0x33,   /* WRMSR, RDTSC, RDMSR, RDPMC */
        0xa2, 0xaa,               /* CPUID, RSM */
    };
    size_t i = 0, length = 0;

    /* Prefixes, REX last: APM vol. 3, 1.2. */
    while ( i < count && (code[i] == 0xf2 || code[i] == 0xf3 || code[i] == 0x66 || code[i] == 0x67 ||
                          code[i] == 0x2e || code[i] == 0x36 || code[i] == 0x3e || code[i] == 0x26 ||
                          code[i] == 0x64 || code[i] == 0x65 || code[i] == 0xf0 ||
                          (long_mode && (code[i] & 0xf0) == 0x40)) )
        i++;
    if ( i < count && memchr(one, code[i], sizeof(one)) )
        length = i + 1;
    else if ( i < count && memchr(with_byte, code[i], sizeof(with_byte)) )
        length = i + 2;
    else if ( i + 2 < count && code[i] == 0x0f )
    {
        uint8_t opcode = code[i + 1];

        if ( memchr(two, opcode, sizeof(two)) )
            length = i + 2;
        else if ( (opcode >= 0x20 && opcode <= 0x23) ||         /* MOV of CR and DR */
                  (opcode == 0x01 && code[i + 2] >= 0xc0) )     /* VMMCALL, RDTSCP, XSETBV, … */
            length = i + 3;
        else if ( opcode <= 0x01 && long_mode )                 /* SLDT … LTR; SGDT … INVLPG */
            length = i + 2 + operand_length(code + i + 2);
    }
    else if ( i + 1 < count && code[i] == 0x0f && memchr(two, code[i + 1], sizeof(two)) )
        length = i + 2;
    return length <= count ? length : 0;
}

/* By gdb's order of the CPU's numbers. */
static uint64_t guest_register(uint64_t vmcb, unsigned number)
{
    static const int order[16] = { 0, 2, 3, 1, 7, 6, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15 };

    if ( number == 0 )
        return physical_word(vmcb + VMCB_RAX);
    if ( number == 4 )
        return physical_word(vmcb + VMCB_RSP);
    return gdb_register(current_cpu, order[number]);   /* Xen has not saved them yet */
}

/* What a 0x0f opcode's ModRM operand is: a register, or a linear address in 64-bit mode
 * without segment bases (APM vol. 3, 1.4 and 1.7). */
struct operand {
    uint8_t opcode;       /* behind 0x0f */
    unsigned reg;         /* what ModRM.reg names: of a move of a control register, which */
    unsigned number;      /* of the register that ModRM.rm names, when it is one */
    uint64_t address;
};

#define PADDING 8u   /* bytes, so that no instruction that is cut short is read beyond */

static bool decode(uint64_t vmcb, const uint8_t code[MAX_INSTRUCTION + PADDING], uint64_t next,
                   struct operand *o)
{
    unsigned i = 0, rex = 0, mode, rm;
    int32_t displacement = 0;
    uint64_t address = 0;

    while ( i < MAX_INSTRUCTION - 3 && (code[i] == 0x66 || code[i] == 0x67 || code[i] == 0xf2 || code[i] == 0xf3 ||
                          code[i] == 0xf0 || code[i] == 0x2e || code[i] == 0x36 || code[i] == 0x3e ||
                          code[i] == 0x26) )
        i++;
    if ( (code[i] & 0xf0) == 0x40 )
        rex = code[i++];
    if ( code[i] != 0x0f )
        return false;
    o->opcode = code[i + 1];
    i += 2;
    mode = code[i] >> 6;
    rm = code[i] & 7;
    o->number = rm | (rex & 1) << 3;
    o->reg = (code[i] >> 3 & 7) | (rex & 4) << 1;
    i++;
    if ( mode != 3 && rm == 4 )   /* SIB */
    {
        unsigned sib = code[i++], index = (sib >> 3 & 7) | (rex & 2) << 2;

        rm = sib & 7;
        if ( index != 4 )
            address += guest_register(vmcb, index) << (sib >> 6);
        if ( rm != 5 || mode != 0 )
            address += guest_register(vmcb, rm | (rex & 1) << 3);
    }
    else if ( mode == 0 && rm == 5 )
        address += next;
    else if ( mode != 3 )
        address += guest_register(vmcb, o->number);
    if ( mode == 1 )
        displacement = (int8_t)code[i];
    else if ( mode == 2 || (mode == 0 && rm == 5) )
        memcpy(&displacement, code + i, sizeof(displacement));
    o->address = address + (uint64_t)(int64_t)displacement;
    return true;
}

/* ---- the VM exit ---- */

static bool saves_next, assists;   /* the features asked for */

/* Intercepts of an instruction (APM vol. 2, appendix C): control and debug registers, and
 * from the descriptor tables to RDPRU without those of task switches and FERR. */
static bool by_instruction(uint64_t code)
{
    return code <= 0x3f || (code >= 0x65 && code <= 0x7c) || (code >= 0x80 && code <= 0x8e);
}

#define FETCH_FAULT (1ull << 4)    /* EXITINFO1 of a nested page fault: no data access */
#define BY_MOVE     (1ull << 63)   /* of a control register's: by MOV, not by LMSW, CLTS, SMSW */

/* APM vol. 2, 15.8.4.  `next`: the address behind the instruction, 0 where it is not known. */
static void assist(uint64_t vmcb, uint64_t code, uint64_t rip, uint64_t next)
{
    uint64_t info = physical_word(vmcb + VMCB_EXITINFO1);
    uint8_t bytes[1 + MAX_INSTRUCTION] = { 0 }, instruction[MAX_INSTRUCTION + PADDING] = { 0 };
    struct operand operand;

    if ( code == EXIT_NPF && !(info & FETCH_FAULT) )
        bytes[0] = fetch(vmcb, rip, bytes + 1);
    physical_memory(vmcb + VMCB_BYTES, bytes, sizeof(bytes), true);
    if ( code > EXIT_CR_WRITE_LAST && code != EXIT_INVLPG )
        return;
    info = 0;
    if ( next && fetch(vmcb, rip, instruction) && decode(vmcb, instruction, next, &operand) )
    {
        info = code == EXIT_INVLPG ? operand.address
             : operand.opcode == 0x20 || operand.opcode == 0x22 ? BY_MOVE | operand.number : 0;
        /* QEMU 10 has every read of a control register leave as one of CR0. */
        if ( code == EXIT_CR0_READ && operand.opcode == 0x20 && operand.reg )
        {
            code = EXIT_CR0_READ + operand.reg;
            physical_memory(vmcb + VMCB_EXITCODE, &code, sizeof(code), true);
        }
    }
    physical_memory(vmcb + VMCB_EXITINFO1, &info, sizeof(info), true);
}

/* Xen goes on behind its VMRUN, whose operand, the VMCB's physical address, is in RAX again. */
static void on_exit_of_guest(unsigned vcpu, void *unused)
{
    uint64_t vmcb = gdb_register(current_cpu, GDB_RAX), code, rip, next = 0;
    uint8_t instruction[MAX_INSTRUCTION + PADDING] = { 0 };

    (void)vcpu;
    (void)unused;
    code = physical_word(vmcb + VMCB_EXITCODE);
    rip = physical_word(vmcb + VMCB_RIP);
    if ( by_instruction(code) )
    {
        size_t length = intercepted_length(instruction, fetch(vmcb, rip, instruction),
                                           in_long_mode(vmcb));

        next = length ? rip + length : 0;
    }
    if ( saves_next )
        physical_memory(vmcb + VMCB_NEXT_RIP, &next, sizeof(next), true);
    if ( assists )
        assist(vmcb, code, rip, next);
}

/* ---- getting there ---- */

#define ANY  0x100   /* a byte of an offset in QEMU's structures */
#define JUMP 14u     /* bytes: jmp *0(%rip), and there the address */

/*
 * Jump from the beginning of one of QEMU's functions to one of ours, which gets at `*before` (a pointer to
 * a function) what the other did: what stood in the jump's place is executed elsewhere, which only code
 * may be that does not say where it is.  `begins`: as it is known to be compiled, at least a jump's bytes.
 * False: it begins otherwise, or there is none.
 */
static bool divert(void *function, const unsigned short *begins, size_t length, uintptr_t to, void *before)
{
    static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
    unsigned char jump[JUMP] = { 0xff, 0x25, 0, 0, 0, 0 };
    unsigned char *code = function, *moved;
    uintptr_t back;
    void *page;

    if ( !code )
        return false;
    if ( !memcmp(code, endbr64, sizeof(endbr64)) )
        code += sizeof(endbr64);
    for ( size_t i = 0; i < length; i++ )
        if ( begins[i] != ANY && code[i] != begins[i] )
            return false;
    moved = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( moved == MAP_FAILED )
        return false;
    memcpy(moved, code, length);
    back = (uintptr_t)code + length;
    memcpy(jump + 6, &back, sizeof(back));
    memcpy(moved + length, jump, JUMP);
    page = (void *)((uintptr_t)code & ~(uintptr_t)(PAGE - 1));
    if ( mprotect(moved, PAGE, PROT_READ | PROT_EXEC) ||
         mprotect(page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) )
    {
        munmap(moved, PAGE);
        return false;
    }
    memcpy(before, &moved, sizeof(moved));
    memcpy(jump + 6, &to, sizeof(to));
    memcpy(code, jump, JUMP);
    return mprotect(page, 2 * PAGE, PROT_READ | PROT_EXEC) == 0;
}

/*
 * QEMU's own function for a VM exit (target/i386/tcg/sysemu/svm_helper.c), called with the lock
 * that guest memory and devices take.
 */
extern WEAK char do_vmexit[];

static void (*leave)(void *env);   /* what it did before */

static void behind_vmexit(void *env)
{
    leave(env);
    on_exit_of_guest(0, NULL);
}

static bool get_behind_vmexit(void)
{
    /* In QEMU 7.2 and 10.0. */
    static const unsigned short begins[] = {
        0x41, 0x54, 0x55,                            /* push %r12; push %rbp */
        0x48, 0x8d, 0xaf, ANY, ANY, ANY, ANY,        /* lea OFFSET(%rdi), %rbp */
        0x53,                                        /* push %rbx */
        0x48, 0x8b, 0x87, ANY, ANY, ANY, ANY,        /* mov OFFSET(%rdi), %rax */
    };

    return divert(do_vmexit, begins, sizeof(begins) / sizeof(begins[0]), (uintptr_t)behind_vmexit, &leave);
}

/*
 * QEMU's function for XSETBV asks first what may be set, by the one for CPUID's leaf 0xd.  Nobody else asks
 * for that while a guest runs: a hypervisor that leaves CPUID to its guest, and XSETBV not, there is none.
 */
extern WEAK char cpu_x86_cpuid[];
WEAK bool in_code_gen_buffer(const void *);
/* Leaves to the hypervisor, and does not return, where a guest runs and this is intercepted. */
WEAK void cpu_svm_check_intercept_param(void *env, uint32_t code, uint64_t info, uintptr_t from);

#define EXIT_XSETBV  0x8d
#define XSAVE_LEAF   0xd
#define CALLERS      64u   /* words of the stack that are looked through */

typedef void cpuid_function(void *env, uint32_t leaf, uint32_t subleaf, uint32_t *a, uint32_t *b, uint32_t *c,
                            uint32_t *d);
static cpuid_function *cpuid;

/* Where on the stack is what called, out of translated code?  0: nowhere. */
static uintptr_t called_from(const uintptr_t *stack)
{
    for ( unsigned i = 0; i < CALLERS; i++ )
        if ( in_code_gen_buffer((const void *)stack[i]) )
        {
            const uint8_t *code = (const uint8_t *)stack[i];

            if ( code[-5] == 0xe8 || (code[-6] == 0xff && code[-5] == 0x15) )   /* CALL, near or indirect */
                return stack[i];
        }
    return 0;
}

static void before_cpuid(void *env, uint32_t leaf, uint32_t subleaf, uint32_t *a, uint32_t *b, uint32_t *c,
                         uint32_t *d)
{
    uintptr_t from = leaf == XSAVE_LEAF && subleaf == 0 && current_cpu
                   ? called_from(__builtin_frame_address(0)) : 0;

    if ( from )
        cpu_svm_check_intercept_param(env, EXIT_XSETBV, 0, from - 2);   /* QEMU's GETPC(): within the call */
    cpuid(env, leaf, subleaf, a, b, c, d);
}

/* Newer QEMUs intercept it themselves, and begin as they please. */
static void intercept_xsetbv(void)
{
    /* In QEMU 7.2. */
    static const unsigned short begins[] = {
        0x41, 0x57, 0x89, 0xf0, 0x41, 0x89, 0xd7,    /* push %r15; mov %esi, %eax; mov %edx, %r15d */
        0x41, 0x56, 0x49, 0x89, 0xce, 0x41, 0x55,    /* push %r14; mov %rcx, %r14; push %r13 */
    };

    if ( in_code_gen_buffer && cpu_svm_check_intercept_param )
        divert(cpu_x86_cpuid, begins, sizeof(begins) / sizeof(begins[0]), (uintptr_t)before_cpuid, &cpuid);
}

static bool copies_code;
static uint64_t behind_vmrun;   /* address behind Xen's VMRUN, once seen; it has but one */

static void on_translation(uintptr_t first, uintptr_t second)
{
    struct qemu_plugin_tb *tb = block_of(first, second);
    static const uint8_t vmrun[] = { 0x0f, 0x01, 0xd8 };
    size_t count = qemu_plugin_tb_n_insns(tb);
    uint8_t buffer[MAX_INSTRUCTION];

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
    }
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    bool domains = true;

    copies_code = info->version.cur >= 3;
    if ( !&current_cpu || !x86_cpu_gdb_read_register || !address_space_rw || !&address_space_memory ||
         !g_byte_array_new || !g_byte_array_free || !feature_word_info )
    {
        fprintf(stderr, "cpu-plugin: this QEMU does not export what emulating CPU features "
                        "needs; --without=nrip-save does without\n");
        return -1;
    }
    for ( int i = 0; i < argc; i++ )
    {
        bool nrip = !strcmp(argv[i], "nrip-save=on"), decodes = !strcmp(argv[i], "decodeassists=on");

        if ( !strcmp(argv[i], "domains=off") )
        {
            domains = false;
            continue;
        }
        if ( !(nrip && accept("nrip-save", LEAF_SVM, BIT_NRIPS)) &&
             !(decodes && accept("decodeassists", LEAF_SVM, BIT_DECODES)) )
        {
            fprintf(stderr, "cpu-plugin: %s: this QEMU does not know the feature where it is "
                            "looked for; --without=%.*s does without\n", argv[i],
                    (int)strcspn(argv[i], "="), argv[i]);
            return -1;
        }
        saves_next |= nrip;
        assists |= decodes;
    }
    if ( !argc || !domains )
        return 0;
    if ( !get_behind_vmexit() )
        qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
    intercept_xsetbv();
    return 0;
}
