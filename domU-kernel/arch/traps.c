#include "traps.h"
#include "cpu.h"
#include "mode.h"
#include "../drivers/lapic.h"
#include "../harness/harness.h"
#include "../lib/format.h"
#include "../xen/console.h"
#include "../xen/hypercall.h"
#include "../xen/shutdown.h"

#define STUB_SIZE   16
#define TRAP_STUBS  32

extern u8 hardware_stubs[], pv_stubs[];
extern u8 hardware_upcall[], hardware_lapic[], hardware_ignored[];
extern u8 pv_upcall[], pv_failsafe[];
extern u8 hardware_upcall_stamped[], pv_upcall_stamped[];

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

struct pointer { u16 limit; u64 base; } __attribute__((packed));

#define GATE_INTERRUPT 0x8e   /* present, DPL 0, 64-bit interrupt gate */

static void set_gate(u32 vector, const void *handler)
{
    u64 a = (u64)handler;

    idt[vector] = (struct gate){
        .offset_low = (u16)a, .selector = 0x08, .type = GATE_INTERRUPT,
        .offset_middle = (u16)(a >> 16), .offset_high = (u32)(a >> 32),
    };
}

static void init_hardware(void)
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
        set_gate(v, hardware_stubs + v * STUB_SIZE);
    set_gate(VECTOR_UPCALL, hardware_upcall);
    set_gate(VECTOR_LAPIC, hardware_lapic);
    set_gate(VECTOR_SPURIOUS, hardware_ignored);
    __asm__ volatile ("lgdt %0\n\tlidt %1\n\tltr %w2"
                      :: "m"(g), "m"(i), "r"(TSS_SELECTOR) : "memory");
}

/* ---- PV: the virtual trap table (xen/arch-x86/xen.h) ---- */

static void init_pv(void)
{
    static struct trap_info table[20 + 1];   /* zero address ends it */

    for ( u32 v = 0; v < 20; v++ )
        table[v] = (struct trap_info){
            .vector = (u8)v, .flags = 0, .cs = FLAT_KERNEL_CS,
            .address = (unsigned long)(pv_stubs + v * STUB_SIZE),
        };
    if ( hypercall_set_trap_table(table) )
        panic("set_trap_table refused");
    if ( hypercall_set_callbacks((unsigned long)pv_upcall,
                                 (unsigned long)pv_failsafe, 0) )
        panic("set_callbacks refused");
}

void traps_init(void)
{
    if ( boot_mode == MODE_PV )
        init_pv();
    else
        init_hardware();
}

volatile u64 upcall_tsc;

void traps_stamp_upcall(bool on)
{
    if ( boot_mode != MODE_PV )
        set_gate(VECTOR_UPCALL, on ? hardware_upcall_stamped : hardware_upcall);
    else if ( hypercall_set_callbacks((unsigned long)(on ? pv_upcall_stamped : pv_upcall),
                                      (unsigned long)pv_failsafe, 0) )
        panic("set_callbacks refused");
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

    print("panic: %s (vector %lu) in %s, row %s\n",
          f->vector < ARRAY_SIZE(names) ? names[f->vector] : "exception",
          f->vector, mode_name(), harness_current_row());
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

void panic(const char *format, ...)
{
    va_list arguments;
    u64 rsp, rbp;

    __asm__ volatile ("movq %%rsp, %0\n\tmovq %%rbp, %1" : "=r"(rsp), "=r"(rbp));
    print("panic: ");
    va_start(arguments, format);
    print_arguments(format, arguments);
    va_end(arguments);
    print(" (in %s, row %s)\ncalled from %p, rsp %016lx rbp %016lx\n",
          mode_name(), harness_current_row(), __builtin_return_address(0), rsp, rbp);
    shutdown_crash();
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
