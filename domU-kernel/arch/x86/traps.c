#include "traps.h"
#include "../cpu.h"
#include "../mode.h"
#include "../smp.h"
#include "../../drivers/x86/lapic.h"
#include "../../harness/harness.h"
#include "../../lib/format.h"
#include "../../lib/string.h"
#include "../../xen/console.h"
#include "../../xen/hvm_param.h"
#include "../../xen/hypercall.h"
#include "../../xen/shared_info.h"
#include "../../xen/shutdown.h"
#include "../../xen/x86/pv_callbacks.h"

#define STUB_SIZE   16
#define TRAP_STUBS  32

extern u8 hardware_stubs[], pv_stubs[];
extern u8 hardware_upcall[], hardware_lapic[], hardware_x2apic[], hardware_device[], hardware_ignored[];
extern u8 hardware_upcall_stamped[], hardware_lapic_stamped[];
extern u8 pv_upcall[], pv_upcall_stamped[], pv_failsafe[];
extern u8 hardware_upcall_secondary[], hardware_lapic_secondary[], hardware_x2apic_secondary[],
    pv_upcall_secondary[];

volatile u64 trap_stamp;

/* Where a faulting instruction continues; section filled by assembly below. */
struct fixup { u64 fault, resume; };
extern const struct fixup fixups_start[], fixups_end[];

/* ---- hardware modes: GDT and IDT (SDM vol. 3, 3.4.5 and 6.14.1) ---- */

static u64 gdt[7] = {
    0,
    0x00af9b000000ffff,   /* 0x08: 64-bit code */
    0x00cf93000000ffff,   /* 0x10: data */
    0x00cff3000000ffff,   /* 0x18: ring 3 data, where SYSRET expects it */
    0x00affb000000ffff,   /* 0x20: ring 3 64-bit code */
};
#define TSS_SELECTOR 0x28

/* SDM vol. 3, 8.7: the stack an exception in ring 3 is handled on. */
struct tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1, ist[7], reserved2;
    u16 reserved3, io_map;
} __attribute__((packed));
static struct tss tss;
static u8 exception_stack[4096] __attribute__((aligned(16)));

struct gate {
    u16 offset_low, selector;
    u8 ist, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};
static struct gate idt[256];
static struct gate idt_secondary[ARRAY_SIZE(idt)];

struct pointer { u16 limit; u64 base; } __attribute__((packed));

#define GATE_INTERRUPT 0x8e   /* present, DPL 0, 64-bit interrupt gate */

static struct gate gate(const void *handler)
{
    u64 a = (u64)handler;

    return (struct gate){
        .offset_low = (u16)a, .selector = 0x08, .type = GATE_INTERRUPT,
        .offset_middle = (u16)(a >> 16), .offset_high = (u32)(a >> 32),
    };
}

COLD static void init_hardware(void)
{
    struct pointer g = { sizeof(gdt) - 1, (u64)gdt };
    struct pointer i = { sizeof(idt) - 1, (u64)idt };

    u64 t = (u64)&tss;

    tss.rsp[0] = (u64)(exception_stack + sizeof(exception_stack));
    tss.io_map = sizeof(tss);
    /* SDM vol. 3, figure 8-4: present, available 64-bit TSS, base split up. */
    gdt[5] = (sizeof(tss) - 1) | (t & 0xffffff) << 16 | 0x89ul << 40 | (t >> 24 & 0xff) << 56;
    gdt[6] = t >> 32;

    for ( u32 v = 0; v < TRAP_STUBS; v++ )
        idt[v] = gate(hardware_stubs + v * STUB_SIZE);
    idt[VECTOR_UPCALL] = gate(hardware_upcall);
    idt[VECTOR_LAPIC] = gate(hardware_lapic);
    idt[VECTOR_X2APIC] = gate(hardware_x2apic);
    idt[VECTOR_DEVICE] = gate(hardware_device);
    idt[VECTOR_SPURIOUS] = gate(hardware_ignored);
    __asm__ volatile ("lgdt %0\n\tlidt %1\n\tltr %w2"
                      :: "m"(g), "m"(i), "r"(TSS_SELECTOR) : "memory");
}

/*
 * Its own table, so that the handlers of vCPU 0 need not ask where they run.
 * No TSS: it never leaves ring 0, and no gate changes stacks.
 */
COLD void traps_init_secondary(void)
{
    struct pointer g = { sizeof(gdt) - 1, (u64)gdt };
    struct pointer i = { sizeof(idt_secondary) - 1, (u64)idt_secondary };

    memcpy(idt_secondary, idt, sizeof(idt));
    idt_secondary[VECTOR_UPCALL] = gate(hardware_upcall_secondary);
    idt_secondary[VECTOR_LAPIC] = gate(hardware_lapic_secondary);
    idt_secondary[VECTOR_X2APIC] = gate(hardware_x2apic_secondary);
    /* Xen starts it with null selectors, which IRET would not take for CS. */
    __asm__ volatile ("lgdt %0\n\tlidt %1\n\t"
                      "pushq $0x08\n\t"
                      "leaq 1f(%%rip), %%rax\n\t"
                      "pushq %%rax\n\t"
                      "lretq\n"
                      "1:\tmovl $0x10, %%eax\n\t"
                      "movl %%eax, %%ss\n\t"
                      "movl %%eax, %%ds\n\t"
                      "movl %%eax, %%es"
                      :: "m"(g), "m"(i) : "rax", "memory");
}

/* ---- PV: the virtual trap table (xen/arch-x86/xen.h) ---- */

#define PV_TRAPS 20u

static void set_pv_upcall(const u8 *entry)
{
    if ( hypercall_set_callbacks((unsigned long)entry, (unsigned long)pv_failsafe, 0) )
        panic("set_callbacks refused");
}


static void fill_pv(struct trap_info *table)
{
    for ( u32 v = 0; v < PV_TRAPS; v++ )
        table[v] = (struct trap_info){
            .vector = (u8)v, .flags = 0, .cs = FLAT_KERNEL_CS,
            .address = (unsigned long)(pv_stubs + v * STUB_SIZE),
        };
}

void traps_of_secondary(struct vcpu_guest_context *c)
{
    fill_pv(c->trap_ctxt);
    c->event_callback_eip = (unsigned long)pv_upcall_secondary;
    c->failsafe_callback_eip = (unsigned long)pv_failsafe;
}

COLD static void init_pv(void)
{
    static struct trap_info table[PV_TRAPS + 1];   /* zero address ends it */

    fill_pv(table);
    if ( hypercall_set_trap_table(table) )
        panic("set_trap_table refused");
    set_pv_upcall(pv_upcall);
}

void traps_init(void)
{
    if ( boot_mode == MODE_PV )
        init_pv();
    else
        init_hardware();
}

/* xen/hvm/params.h: HVM_PARAM_CALLBACK_IRQ. */
COLD void traps_allow_events(void)
{
    long error;

    if ( boot_mode == MODE_PV )
    {
        /* init_pv() has named the callback. */
        this_vcpu_info()->evtchn_upcall_mask = 0;
        barrier();
        return;
    }
    error = hvm_param_set(HVM_PARAM_CALLBACK_IRQ,
                          (u64)HVM_PARAM_CALLBACK_TYPE_VECTOR << 56 | VECTOR_UPCALL);
    if ( error )
        panic("cannot set the event callback vector: error %ld", error);
    interrupts_enable();
}

void traps_stamp(bool on)
{
    if ( boot_mode == MODE_PV )
        set_pv_upcall(on ? pv_upcall_stamped : pv_upcall);
    else
    {
        idt[VECTOR_UPCALL] = gate(on ? hardware_upcall_stamped : hardware_upcall);
        idt[VECTOR_LAPIC] = gate(on ? hardware_lapic_stamped : hardware_lapic);
    }
}

/* ---- what happened ---- */

static const char *const names[] = {
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bound range",
    "invalid opcode", "device not available", "double fault", "coprocessor",
    "invalid TSS", "segment not present", "stack fault", "general protection",
    "page fault", "spurious", "x87 error", "alignment check", "machine check",
    "SIMD error",
};

static void print_frame(const struct trap_frame *f)
{
    print("rip %016lx cs %04lx rflags %08lx rsp %016lx ss %04lx error %lx\n",
          f->rip, f->cs, f->rflags, f->rsp, f->ss, f->error);
    print("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", f->rax, f->rbx, f->rcx, f->rdx);
    print("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", f->rsi, f->rdi, f->rbp, f->r8);
    print("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", f->r9, f->r10, f->r11, f->r12);
    print("r13 %016lx r14 %016lx r15 %016lx\n", f->r13, f->r14, f->r15);
}

static u64 fault_address(void)
{
    u64 v;

    /* Xen hands PV guests CR2 through an emulated read as well. */
    __asm__ volatile ("movq %%cr2, %0" : "=r"(v));
    return v;
}

/* Called by traps_entry.S. */
void trap_handler(struct trap_frame *f);
void trap_handler(struct trap_frame *f)
{
    for ( const struct fixup *x = fixups_start; x < fixups_end; x++ )
        if ( x->fault == f->rip )
        {
            f->rip = x->resume;
            return;
        }

    last_words("%s (vector %lu) in %s, vCPU %u, row %s",
               f->vector < ARRAY_SIZE(names) ? names[f->vector] : "exception",
               f->vector, mode_name(), smp_vcpu(f), harness_current_row());
    if ( f->vector == 14 )
        print("address %016lx\n", fault_address());
    print_frame(f);
    shutdown_crash();
}

void failsafe_handler(const u64 *stack);
void failsafe_handler(const u64 *stack)
{
    panic("failsafe callback: Xen could not load our segments (stack %p)",
          (const void *)stack);
}

bool msr_read_safe(u32 msr, u64 *value)
{
    u32 low = 0, high = 0, ok = 0;

    __asm__ volatile ("1: rdmsr\n\t"
                      "movl $1, %2\n"
                      "2:\n\t"
                      ".pushsection fixups, \"a\"\n\t"
                      ".quad 1b, 2b\n\t"
                      ".popsection"
                      : "+a"(low), "+d"(high), "+r"(ok) : "c"(msr));
    *value = ((u64)high << 32) | low;
    return ok != 0;
}

static bool rdtscp_works(void)
{
    u32 ok = 0;

    __asm__ volatile ("1: rdtscp\n\t"
                      "movl $1, %0\n"
                      "2:\n\t"
                      ".pushsection fixups, \"a\"\n\t"
                      ".quad 1b, 2b\n\t"
                      ".popsection"
                      : "+r"(ok) :: "rax", "rcx", "rdx");
    return ok != 0;
}

/* Where Xen has the TSC trapped and cannot tell the instruction, it ends in #GP. */
const char *traps_clock_trouble(void)
{
    return rdtscp_works() ? NULL
           : "RDTSCP, which ends each timed region, does not work here: tsc_mode=\"native\" in "
             "the domain's config lets it";
}

const char *traps_clock_coarse(void)
{
    return NULL;
}
