#include "traps.h"
#include "../cpu.h"
#include "../mode.h"
#include "../smp.h"
#include "../../drivers/arm64/gic.h"
#include "../../harness/harness.h"
#include "../../lib/format.h"
#include "../../xen/console.h"
#include "../../xen/shutdown.h"

extern const u8 vectors[], vectors_stamped[];   /* traps_entry.S */
extern u32 image_start[], text_end[];           /* kernel.lds.S */

/* Where a faulting instruction continues; section filled by assembly below. */
struct fixup { u64 fault, resume; };
extern const struct fixup fixups_start[], fixups_end[];

volatile u64 trap_stamp;
static const char *coarse;   /* traps_clock_coarse() */

/* DDI 0487, D13 "The Performance Monitors Extension". */
#define PMCCFILTR_NSH (1ul << 27)   /* at EL2, too */
#define PMCNTEN_C     (1ul << 31)
#define PMCR_LC_C_E   0x45ul        /* 64 bits wide, from zero, enabled */

/*
 * A guest of KVM has that counter only as KVM emulates it by its own perf, an exit at each reading; a domain without
 * vpmu=1 has none.  The virtual counter each guest reads itself: it is taken in the other's place, by each instruction
 * that reads it, and times exits where it counts nanoseconds (ARMv8.6, D11.1.2).  No literal of ours looks like one.
 */
#define READ_CYCLES  0xd53b9d00u    /* MRS X0, PMCCNTR_EL0 */
#define READ_VIRTUAL 0xd53be040u    /* MRS X0, CNTVCT_EL0 */
#define REGISTER     0x1fu          /* Rt */
#define FINE_ENOUGH  900000000u     /* Hz */
#define GHZ          1000000000u

/* Changes nothing that was changed before, by the other vCPU. */
static void start_virtual_clock(void)
{
    static char reason[REASON_SIZE];
    u64 hz = register_read(cntfrq_el0);
    bool xen = boot_mode != MODE_BARE;

    for ( u32 *at = image_start; at < text_end; at++ )
        if ( (*at & ~REGISTER) == READ_CYCLES )
        {
            *at = READ_VIRTUAL | (*at & REGISTER);
            __asm__ volatile ("dc cvau, %0\n\tdsb ish\n\tic ivau, %0" :: "r"(at) : "memory");
        }
    __asm__ volatile ("dsb ish\n\tisb" ::: "memory");
    if ( hz >= FINE_ENOUGH && !xen )
        return;
    format(reason, sizeof(reason), xen ? "vpmu=1 gives the cycle counter; the virtual one's ticks are of %lu ns"
                                       : "no clock is fine enough: the virtual counter's ticks are of %lu ns",
           GHZ / (hz ? hz : 1));
    coarse = reason;
}

void traps_start_clock(void)
{
    u32 ok = 0;

    if ( boot_mode == MODE_BARE )
    {
        start_virtual_clock();
        return;
    }
    __asm__ volatile ("1: msr pmccfiltr_el0, %1\n\t"
                      "mov %w0, #1\n"
                      "2:\n\t"
                      ".pushsection fixups, \"a\"\n\t"
                      ".quad 1b, 2b\n\t"
                      ".popsection"
                      : "+r"(ok) : "r"(PMCCFILTR_NSH) : "memory");
    if ( !ok )
    {
        start_virtual_clock();
        return;
    }
    register_write(pmcntenset_el0, PMCNTEN_C);
    register_write(pmcr_el0, PMCR_LC_C_E);
    isb();
}

void traps_init(void)
{
    register_write(vbar_el1, vectors);
    traps_set_interrupt(gic_interrupt);
    isb();
    traps_start_clock();
}

void traps_init_secondary(void)
{
    register_write(vbar_el1, vectors);
    traps_set_interrupt(gic_interrupt_secondary);
    isb();
    traps_start_clock();
}

const char *traps_clock_trouble(void)
{
    return NULL;
}

const char *traps_clock_coarse(void)
{
    return coarse;
}

void traps_allow_events(void)
{
    interrupts_enable();
}

void traps_stamp(bool on)
{
    register_write(vbar_el1, on ? vectors_stamped : vectors);
    isb();
}

/* ---- what happened ---- */

/* ESR_EL1.EC (DDI 0487, D17.2.37): those that can come of code of ours. */
static const char *class_name(u32 class)
{
    switch ( class )
    {
    case 0x00: return "undefined instruction";
    case 0x07: return "floating point";
    case 0x0e: return "illegal execution state";
    case 0x15: return "system call";
    case 0x18: return "trapped system register";
    case 0x20:
    case 0x21: return "instruction abort";
    case 0x22: return "unaligned PC";
    case 0x24:
    case 0x25: return "data abort";
    case 0x26: return "unaligned SP";
    case 0x2f: return "SError";
    case 0x3c: return "breakpoint instruction";
    }
    return "exception";
}

static void print_frame(const struct trap_frame *f)
{
    print("pc %016lx spsr %08lx sp %016lx esr %08lx far %016lx\n", f->elr, f->spsr, f->sp, f->esr,
          f->far);
    for ( u32 i = 0; i < 30; i += 3 )
        print("x%u %016lx %016lx %016lx\n", i, f->x[i], f->x[i + 1], f->x[i + 2]);
    print("x30 %016lx\n", f->x[30]);
}

/* Called by traps_entry.S. */
void trap_handler(struct trap_frame *f);
void trap_handler(struct trap_frame *f)
{
    u32 class = (u32)(f->esr >> 26) & 0x3f;

    for ( const struct fixup *x = fixups_start; x < fixups_end; x++ )
        if ( x->fault == f->elr )
        {
            f->elr = x->resume;
            return;
        }

    last_words("%s (class 0x%x) in %s, vCPU %u, row %s", class_name(class), class, mode_name(),
               smp_vcpu(f), harness_current_row());
    print_frame(f);
    shutdown_crash();
}
