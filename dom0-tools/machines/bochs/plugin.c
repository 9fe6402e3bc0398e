/*
 * Loaded into Bochs (LD_PRELOAD) whenever the lab starts it: has it count as QEMU counts, puts its
 * XSAVEC right, saves and loads its machine, and takes out its debugger.  Debian's Bochs exports what
 * that takes (program.c: which).
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WEAK __attribute__((weak))

/* cpu/cpu.h: BX_CPU_C, of which the lab has one, and functions of it, `this` first. */
extern void **bx_cpu_array WEAK;
extern struct __jmp_buf_tag jump_target[1] __asm__("_ZN8BX_CPU_C11jmp_buf_envE") WEAK;
extern uint64_t get_tsc(void *cpu) __asm__("_ZN8BX_CPU_C7get_TSCEv") WEAK;
extern int set_tsc(void *cpu, uint64_t ticks) __asm__("_ZN8BX_CPU_C7set_TSCEm") WEAK;
extern char repeat[] __asm__("_ZN8BX_CPU_C6repeatEP15bxInstruction_cMS_FvS1_E") WEAK;
extern char repeat_zf[] __asm__("_ZN8BX_CPU_C9repeat_ZFEP15bxInstruction_cMS_FvS1_E") WEAK;

/* gui/siminterface.h: bx_simulator_interface_c *SIM, and what it points to. */
extern void *SIM WEAK;
extern char save_state(void *self, const char *directory)
    __asm__("_ZN13bx_real_sim_c10save_stateEPKc") WEAK;
extern void *get_number(void *self, const char *name, void *base)
    __asm__("_ZN13bx_real_sim_c13get_param_numEPKcP10bx_param_c") WEAK;
extern int64_t value_of(void *number) __asm__("_ZN15bx_shadow_num_c5get64Ev") WEAK;

/* instrument/stubs: they do nothing, and are called behind each iteration of a REP, before an
 * exception is delivered, and once the CPU is made, before it executes anything or is loaded from a
 * snapshot. */
extern char repeat_iteration[] __asm__("_Z25bx_instr_repeat_iterationjP15bxInstruction_c") WEAK;
extern char cpu_made[] __asm__("_Z19bx_instr_initializej") WEAK;
extern char exception[] __asm__("_Z18bx_instr_exceptionjjj") WEAK;

/* cpu/crregs.h: where XSAVE puts what, by number of the state. */
extern struct {
    unsigned length, offset;
    void *methods[4][2];
} xsave_restore[] WEAK;

/* cpu/cpu.cc and bx_debug/dbg_main.cc: what the debugger looks for after each instruction and at
 * each access to memory. */
extern char epilog[] __asm__("_ZN8BX_CPU_C22dbg_instruction_epilogEv") WEAK;
extern char linear_access[] __asm__("_Z24bx_dbg_lin_memory_accessjmmjjjPh") WEAK;
extern char physical_access[] __asm__("_Z24bx_dbg_phy_memory_accessjmjjjjPh") WEAK;

/* ---- the clock ---- */

/*
 * The TSC counts a tick an instruction, and Bochs and QEMU differ in two, of which QEMU excepts one:
 *
 *   One that causes a VM exit or a fault is not executed: no CPU's counter of retired
 *   instructions counts it (Intel SDM vol. 3, 20.2, "fault-like"; KVM, which counts it for the
 *   guest where it emulates it).  Nor does QEMU.  Bochs does, on its way out of the
 *   instruction: a jump to the CPU's loop, which counts one (cpu/cpu.cc).  An exit by an
 *   interrupt takes that way, too, and counts one that there was none of.  QEMU counts one that it
 *   finds invalid while it translates (#UD: helper_raise_exception, without an address to go back
 *   to), and as its figures are the first, so does this.
 *
 *   REP looks at RCX before each iteration, and a last time when it is 0.  QEMU's clock counts
 *   the looks (target/i386/tcg/translate.c: "an additional step for ecx=0 when icount is
 *   enabled"), Bochs the iterations, but one when there is none.
 *
 * We correct the TSC, not the ticks that Bochs's devices go by.
 */
static void tick(int64_t ticks)
{
    void *cpu = bx_cpu_array[0];

    set_tsc(cpu, get_tsc(cpu) + (uint64_t)ticks);
}

#define INVALID_OPCODE 6u

static unsigned vector;   /* of the exception that is delivered */

static void on_exception(unsigned cpu, unsigned number, unsigned error)
{
    (void)cpu;
    (void)error;
    vector = number;
}

void __longjmp_chk(struct __jmp_buf_tag target[1], int value) __attribute__((noreturn));
void __longjmp_chk(struct __jmp_buf_tag target[1], int value)
{
    if ( target == jump_target && vector != INVALID_OPCODE )
        tick(-1);
    vector = 0;
    longjmp(target, value);
}

/* Before the iteration is taken off RCX.  REPE and REPNE, which may end before, are left as
 * they are: Xen and Linux have none. */
static void on_iteration(unsigned cpu, void *instruction)
{
    static void *rcx;
    const char *caller = __builtin_return_address(0);

    (void)cpu;
    (void)instruction;
    if ( caller < repeat || caller >= repeat_zf )
        return;
    if ( rcx == NULL )
        rcx = get_number(SIM, "bochs.cpu0.RCX", NULL);
    if ( rcx && value_of(rcx) == 1 )
        tick(1);
}

/* Other code at the start of a function of Bochs's: functions are 16 bytes apart at least. */
static int patch(char *function, const unsigned char *code, size_t length)
{
    void *page = (void *)((uintptr_t)function & ~(uintptr_t)4095);

    if ( mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) )
        return -1;
    memcpy(function, code, length);
    return mprotect(page, 8192, PROT_READ | PROT_EXEC);
}

/* In place of a function that only returns. */
static int replace(char *function, const void *by)
{
    /* movabs $by, %rax; jmp *%rax */
    unsigned char code[12] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0 };
    static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
    const char *first = function;

    if ( !memcmp(first, endbr64, sizeof(endbr64)) )
        first += sizeof(endbr64);
    if ( *first != (char)0xc3 )   /* RET */
        return -1;
    memcpy(code + 2, &by, sizeof(by));
    return patch(function, code, sizeof(code));
}

/* ---- XSAVEC ---- */

/*
 * It puts what follows SSE's state behind that, at 416, and not behind the header, at 576, where
 * XRSTOR looks for it (and Intel SDM vol. 1, 13.4.3): upper halves of YMM registers lay over the
 * header, which XRSTOR refuses, and Linux gives the process registers of zero.  glibc copies with
 * them.  Put right in Bochs 2.8 (2024-01-29: "don't allow 'compaction' of SSE state").  The length is
 * asked for nothing but where the next begins.
 */
#define STATE_SSE    1
#define SSE_OFFSET   160u   /* XSAVE_SSE_STATE_OFFSET … */
#define SSE_LENGTH   256u   /* … and _LEN */
#define BEHIND_HEADER 576u

static void on_cpu_made(unsigned cpu)
{
    (void)cpu;
    if ( xsave_restore[STATE_SSE].length == SSE_LENGTH &&
         xsave_restore[STATE_SSE].offset == SSE_OFFSET )
        xsave_restore[STATE_SSE].length = BEHIND_HEADER - SSE_OFFSET;
}

/* ---- the debugger ---- */

/*
 * Debian's Bochs is built with it, and looks after every instruction and at every access to memory
 * for breakpoints that nobody sets: a sixth of its time.  A Bochs built without has none of these
 * functions, and one where they cannot be changed is only slower.
 */
static void remove_debugger(void)
{
    static const unsigned char nothing_found[] = { 0x31, 0xc0, 0xc3 };   /* xor %eax, %eax; ret */
    char *const functions[] = { epilog, linear_access, physical_access };

    for ( size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++ )
        if ( functions[i] )
            patch(functions[i], nothing_found, sizeof(nothing_found));
}

/* ---- files ---- */

/* libc's function, which ours of that name is in place of for Bochs. */
#define THEIRS(name) \
    static __typeof__(name) *theirs; \
    if ( !theirs ) \
        *(void **)&theirs = dlsym(RTLD_NEXT, #name)

/*
 * The guest's memory in a snapshot, 768 MiB and mostly holes: Bochs copies it into a temporary file,
 * 4 KiB at a time, and reads the blocks there were from that.  So we say that there is nothing to be
 * copied, give it the snapshot's own for the temporary file (it writes to that what has no room in the
 * host's memory: nothing, as it has as much as the guest), and map blocks instead of reading them.
 */
#define MEMORY_FILE "/memory.ram"
#define PAGE        4096u

static FILE *saved_memory, *instead;   /* as Bochs opened it, and in place of the temporary file */
static char saved_name[4096];

FILE *fopen64(const char *restrict name, const char *restrict mode);
FILE *tmpfile64(void);

FILE *fopen64(const char *restrict name, const char *restrict mode)
{
    size_t length = strlen(name), end = sizeof(MEMORY_FILE) - 1;
    FILE *file;

    THEIRS(fopen64);
    file = theirs(name, mode);
    if ( file && *mode == 'r' && length > end && length < sizeof(saved_name) &&
         !strcmp(name + length - end, MEMORY_FILE) && fseek(file, 0, SEEK_END) == 0 )
    {
        saved_memory = file;
        memcpy(saved_name, name, length + 1);
    }
    return file;
}

FILE *tmpfile64(void)
{
    THEIRS(tmpfile64);
    if ( saved_memory )
        instead = fopen(saved_name, "rb");
    return saved_memory ? instead : theirs();
}

size_t fread(void *restrict to, size_t size, size_t count, FILE *restrict file)
{
    THEIRS(fread);
    if ( instead && file == instead && count == 1 && size % PAGE == 0 && (uintptr_t)to % PAGE == 0 )
    {
        long at = ftell(file);

        if ( at >= 0 && mmap(to, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fileno(file),
                             at) == to )
            return 1;
    }
    return theirs(to, size, count, file);
}

/* Bochs does not look whether what it writes gets to the disk. */
static int lost;

int fclose(FILE *file)
{
    int failed;

    THEIRS(fclose);
    failed = ferror(file);
    failed |= theirs(file);
    lost |= failed;
    return failed ? EOF : 0;
}

/* ---- saving ---- */

/*
 * On SIGUSR1 Bochs saves its machine into the directory $XENOMETER_SAVE and ends, with status
 * 0 when that succeeded.  It can save itself, but asks for it with a button of its window, and
 * its text display has none.  That button calls this function of its (gui/gui.cc,
 * save_restore_handler), while the display looks for keys, which is between two instructions;
 * so do we, in place of curses' wgetch().  Nobody types at that display.
 */
#define NO_KEY (-1)   /* ERR of curses.h */

static volatile sig_atomic_t asked;

static const char *save_to(void)
{
    const char *directory = getenv("XENOMETER_SAVE");

    return directory ? directory : "";
}

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

int wgetch(void *window);
int wgetch(void *window)
{
    static const char full[] = "no room for the machine's state\n";

    (void)window;
    if ( !asked )
        return NO_KEY;
    lost = 0;
    if ( *save_to() && SIM && save_state && save_state(SIM, save_to()) && !lost )
        _exit(0);
    if ( lost && write(STDERR_FILENO, full, sizeof(full) - 1) < 0 )
        _exit(2);
    _exit(1);
}

/* ---- start ---- */

static void __attribute__((constructor)) begin(void)
{
    static const char complaint[] =
        "bochs-plugin: this Bochs does not export what counting as QEMU does takes; Debian "
        "12's 2.7 does\n";

    /* The script and the programs that start Bochs have us, too. */
    if ( !&bx_cpu_array && !&SIM )
        return;
    if ( !&bx_cpu_array || !jump_target || !get_tsc || !set_tsc || !repeat || !repeat_zf ||
         !get_number || !value_of || !repeat_iteration || !cpu_made || !xsave_restore ||
         !exception || replace(repeat_iteration, on_iteration) ||
         replace(cpu_made, on_cpu_made) || replace(exception, on_exception) )
    {
        if ( write(STDERR_FILENO, complaint, sizeof(complaint) - 1) < 0 )
            _exit(2);
        _exit(1);
    }
    remove_debugger();
    if ( *save_to() )
        signal(SIGUSR1, on_signal);
}
