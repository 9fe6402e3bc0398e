/*
 * Loaded into Bochs (LD_PRELOAD) whenever the lab starts it: has it count as QEMU counts, puts its
 * XSAVEC right, saves its machine, and takes out its debugger.  Debian's Bochs exports what that
 * takes (program.c: which).
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
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

/* instrument/stubs: they do nothing, and are called behind each iteration of a REP, and once the
 * CPU is made, before it executes anything or is loaded from a snapshot. */
extern char repeat_iteration[] __asm__("_Z25bx_instr_repeat_iterationjP15bxInstruction_c") WEAK;
extern char cpu_made[] __asm__("_Z19bx_instr_initializej") WEAK;

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
 * The TSC counts a tick an instruction, and Bochs and QEMU differ in two:
 *
 *   One that causes a VM exit or a fault is not executed: no CPU's counter of retired
 *   instructions counts it (Intel SDM vol. 3, 20.2, "fault-like"; KVM, which counts it for the
 *   guest where it emulates it).  Nor does QEMU.  Bochs does, on its way out of the
 *   instruction: a jump to the CPU's loop, which counts one (cpu/cpu.cc).  An exit by an
 *   interrupt takes that way, too, and counts one that there was none of.
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

void __longjmp_chk(struct __jmp_buf_tag target[1], int value) __attribute__((noreturn));
void __longjmp_chk(struct __jmp_buf_tag target[1], int value)
{
    if ( target == jump_target )
        tick(-1);
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
    (void)window;
    if ( !asked )
        return NO_KEY;
    if ( *save_to() && SIM && save_state && save_state(SIM, save_to()) )
        _exit(0);
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
         replace(repeat_iteration, on_iteration) || replace(cpu_made, on_cpu_made) )
    {
        if ( write(STDERR_FILENO, complaint, sizeof(complaint) - 1) < 0 )
            _exit(2);
        _exit(1);
    }
    remove_debugger();
    if ( *save_to() )
        signal(SIGUSR1, on_signal);
}
