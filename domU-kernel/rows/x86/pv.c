/* What de-privileging costs: what a PV kernel must ask Xen for. */
#include "../../arch/memory.h"
#include "../../arch/x86/traps.h"
#include "../../harness/row.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/pv_callbacks.h"
#include "../../xen/x86/pv_paging.h"

#include <xen/physdev.h>

#define ONLY_PV "only a PV guest needs Xen for this"
#define BATCH 32u

/* ---- mappings ---- */

static u8 *page;
static u64 entry_machine;
static u64 *entry;

COLD static const char *setup_page(struct row_run *r)
{
    (void)r;
    page = pages_alloc(1);
    entry = pv_leaf_entry(page, &entry_machine);
    return NULL;
}

COLD static void teardown_page(struct row_run *r)
{
    if ( hypercall_update_va_mapping(page, (page_frame(page) << PAGE_SHIFT) | PTE_DATA,
                                     UVMF_INVLPG) )
        r->failure = "the page could not be mapped again";
    pages_free(page, 1);
}

/* Writable and read-only in turn, so that every call changes something. */
static u64 entry_value(u32 i)
{
    return (page_frame(page) << PAGE_SHIFT) | (i & 1 ? PTE_DATA : PTE_DATA & ~PTE_WRITABLE);
}

static void run_update_va(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 value = entry_value(i);
        long error;

        sample_keep(r, i, TIMED(error = hypercall_update_va_mapping(page, value, UVMF_INVLPG)));
        if ( error )
            r->failure = "Xen refused the mapping";
    }
}

EXPLANATION(pv_update_va) =
    "Changes the entry that maps one page between writable and read-only, with "
    "INVLPG, by update_va_mapping: Xen finds the entry through the linear page table, checks "
    "the new value and the page's type count, writes it and invalidates the translation "
    "(do_update_va_mapping, mod_l1_entry).  Compare with exit/invlpg: a "
    "hardware guest writes the entry itself.  Two figures alternate: taking away the right to write gives the page's "
    "writable type back (_put_page_type), which costs more than getting it (_get_page_type).";
ROW(pv_update_va, .setup = setup_page, .run = run_update_va, .teardown = teardown_page) = {
    .name = "pv/update-va",
    .work = "change a mapping",
    .path = "update_va_mapping",
    .help = "change one page table entry by virtual address",
    .explanation = explanation_pv_update_va,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_update_va_batch(struct row_run *r)
{
    static struct multicall_entry calls[BATCH];

    FOR_EACH_SAMPLE(r, i)
    {
        long error;

        for ( u32 j = 0; j < BATCH; j++ )
            calls[j] = (struct multicall_entry){
                .op = __HYPERVISOR_update_va_mapping,
                .args = { (u64)page, entry_value(j), UVMF_INVLPG },
            };
        sample_keep(r, i, TIMED(error = hypercall2(__HYPERVISOR_multicall, (u64)calls, BATCH)));
        for ( u32 j = 0; j < BATCH; j++ )
            error |= (long)calls[j].result;
        if ( error )
            r->failure = "Xen refused a mapping of the batch";
    }
}

EXPLANATION(pv_update_va_x32) =
    "32 update_va_mapping calls in one multicall; the figure is per entry.  The difference "
    "to pv/update-va is one entry into Xen, less what copying an entry takes: see hypercall/multicall-32.";
ROW(pv_update_va_x32,
    .setup = setup_page, .run = run_update_va_batch, .teardown = teardown_page) = {
    .name = "pv/update-va-x32",
    .work = "change a mapping",
    .path = "32 update_va_mapping in a multicall, per call",
    .help = "change 32 page table entries in one multicall; per entry",
    .explanation = explanation_pv_update_va_x32,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = BATCH, .samples = 200, .warmup = 8,
};

/* xen/xen.h: the low bits of ptr are a command. */
static long mmu_update(struct mmu_update *updates, u32 count)
{
    return hypercall4(__HYPERVISOR_mmu_update, (u64)updates, count, 0, DOMID_SELF);
}

static void run_mmu_update_n(struct row_run *r, u32 count)
{
    static struct mmu_update updates[BATCH];

    FOR_EACH_SAMPLE(r, i)
    {
        long error;

        for ( u32 j = 0; j < count; j++ )
            updates[j] = (struct mmu_update){
                .ptr = entry_machine | MMU_NORMAL_PT_UPDATE, .val = entry_value(i + j),
            };
        sample_keep(r, i, TIMED(error = mmu_update(updates, count)));
        if ( error )
            r->failure = "Xen refused the update";
    }
}

static void run_mmu_update(struct row_run *r)
{
    run_mmu_update_n(r, 1);
}

static void run_mmu_update_batch(struct row_run *r)
{
    run_mmu_update_n(r, BATCH);
}

EXPLANATION(pv_mmu_update) =
    "Changes the same entry by its machine address through mmu_update: Xen has to find and map the "
    "page table's page itself (do_mmu_update), which pv/update-va need not.  Alternates as that row "
    "does, for the same reason.";
ROW(pv_mmu_update, .setup = setup_page, .run = run_mmu_update, .teardown = teardown_page) = {
    .name = "pv/mmu-update",
    .work = "change a mapping",
    .path = "mmu_update",
    .help = "change one page table entry by machine address",
    .explanation = explanation_pv_mmu_update,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

EXPLANATION(pv_mmu_update_x32) =
    "32 updates in one mmu_update; the figure is per entry.  Consecutive updates "
    "of the same table share its look-up.";
ROW(pv_mmu_update_x32,
    .setup = setup_page, .run = run_mmu_update_batch, .teardown = teardown_page) = {
    .name = "pv/mmu-update-x32",
    .work = "change a mapping",
    .path = "mmu_update of 32, per entry",
    .help = "change 32 page table entries in one mmu_update; per entry",
    .explanation = explanation_pv_mmu_update_x32,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = BATCH, .samples = 200, .warmup = 8,
};

/* Xen emulates such writes only for a guest that asked for it (xen/xen.h). */
static long assist_writable_pt(unsigned command)
{
    return hypercall2(__HYPERVISOR_vm_assist, command, VMASST_TYPE_writable_pagetables);
}

COLD static const char *setup_writable_pt(struct row_run *r)
{
    return assist_writable_pt(VMASST_CMD_enable) ? "this Xen emulates no page table writes"
                                                 : setup_page(r);
}

COLD static void teardown_writable_pt(struct row_run *r)
{
    assist_writable_pt(VMASST_CMD_disable);
    teardown_page(r);
}

static void run_writable_pt(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        u64 value = entry_value(i);

        sample_keep(r, i, TIMED(*(volatile u64 *)entry = value));
        /* Xen adds bits of its own (global, available). */
        if ( (*entry ^ value) & (PTE_PRESENT | PTE_WRITABLE) )
            r->failure = "the entry did not take the value";
    }
}

EXPLANATION(pv_writable_pt_fault) =
    "A plain MOV to a page table entry.  Page tables are mapped read-only in PV, so the write "
    "faults into Xen, which decodes the instruction, checks the value and writes it "
    "(pv_ro_page_fault, ptwr_emulated_update), then resumes.  The dearest way to do what pv/update-va does; it alternates for the same "
    "reason.";
ROW(pv_writable_pt_fault,
    .setup = setup_writable_pt, .run = run_writable_pt, .teardown = teardown_writable_pt) = {
    .name = "pv/writable-pt-fault",
    .work = "change a mapping",
    .path = "plain write, emulated by Xen",
    .help = "write a page table entry directly; Xen emulates it",
    .explanation = explanation_pv_writable_pt_fault,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 500, .warmup = 16,
};

/* ---- address spaces, stacks, traps ---- */

static void run_cr3(struct row_run *r)
{
    struct mmuext_op op = { .cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = pv_base_frame() };

    FOR_EACH_SAMPLE(r, i)
    {
        long error;

        sample_keep(r, i, TIMED(error = pv_mmuext(&op)));
        if ( error )
            r->failure = "Xen refused the base pointer";
    }
}

EXPLANATION(pv_cr3_switch) =
    "Loads the page table base with the value it has, by mmuext_op: Xen checks and counts the "
    "table's type, loads CR3 and flushes (new_guest_cr3).  Compare with exit/cr3: one "
    "instruction in a hardware guest.";
ROW(pv_cr3_switch, .run = run_cr3) = {
    .name = "pv/cr3-switch",
    .work = "change a mapping",
    .path = "MMUEXT_NEW_BASEPTR",
    .help = "load the page table base: a change of address space",
    .explanation = explanation_pv_cr3_switch,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 500, .warmup = 16,
};

extern u8 boot_stack_top[], pv_stubs[];

static void run_stack_switch(struct row_run *r)
{
    SAMPLES(r, hypercall2(__HYPERVISOR_stack_switch, FLAT_KERNEL_SS, (u64)boot_stack_top));
}

EXPLANATION(pv_stack_switch) =
    "Tells Xen which stack to enter the guest kernel on: a PV kernel does that at each task "
    "switch, where a native one writes to its own TSS.";
ROW(pv_stack_switch, .run = run_stack_switch) = {
    .name = "pv/stack-switch",
    .work = "change the kernel's stack",
    .path = "stack_switch",
    .help = "tell Xen the kernel's stack, as each task switch does",
    .explanation = explanation_pv_stack_switch,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

static void run_set_trap_table(struct row_run *r)
{
    /* Vector 3 as it is; a zero address ends the list (xen/arch-x86/xen.h). */
    struct trap_info table[2] = {
        { .vector = 3, .cs = FLAT_KERNEL_CS, .address = (u64)(pv_stubs + 3 * 16) },
    };

    SAMPLES(r, hypercall_set_trap_table(table));
}

EXPLANATION(pv_set_trap_table) =
    "Registers the handler of one vector with Xen, which copies and checks it.";
ROW(pv_set_trap_table, .run = run_set_trap_table) = {
    .name = "pv/set-trap-table",
    .work = "install a trap handler",
    .path = "set_trap_table",
    .help = "register one trap handler with Xen",
    .explanation = explanation_pv_set_trap_table,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 500, .warmup = 16,
};

static inline __attribute__((always_inline)) void iret_to_next(void)
{
    /* The frame of struct iret_context (xen/arch-x86/xen-x86_64.h): the page's
     * entry pushes RCX, R11 and RAX on top of ours. */
    __asm__ volatile (
        "movq %%rsp, %%rax\n\t"
        "pushq %[ss]\n\t"
        "pushq %%rax\n\t"
        "pushfq\n\t"
        "pushq %[cs]\n\t"
        "leaq 1f(%%rip), %%rax\n\t"
        "pushq %%rax\n\t"
        "pushq $0\n\t"
        "jmp hypercall_page + %c[offset]\n"
        "1:"
        :: [ss] "r"((u64)FLAT_KERNEL_SS), [cs] "r"(FLAT_KERNEL_CS & ~3ul) /* RPL 0: back to the kernel */,
           HYPERCALL_OFFSET(__HYPERVISOR_iret)
        : "rax", "rcx", "r11", "memory", "cc");
}

static void run_iret(struct row_run *r)
{
    SAMPLES(r, iret_to_next());
}

EXPLANATION(pv_iret) =
    "Builds a frame and returns through it by the iret hypercall: a PV kernel cannot use "
    "IRET to restore its virtual interrupt flag, so each exception and each upcall ends "
    "in one of these.";
ROW(pv_iret, .run = run_iret) = {
    .name = "pv/iret",
    .work = "return from an exception",
    .path = "iret hypercall",
    .help = "return to the next instruction by the iret hypercall",
    .explanation = explanation_pv_iret,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

/* ---- instructions that Xen emulates ---- */

/* UD2 and the letters "xen" before CPUID: "please emulate this one"
 * (xen/arch-x86/xen.h, XEN_EMULATE_PREFIX). */
static inline __attribute__((always_inline)) void forced_cpuid(void)
{
    u32 a = 0, b, c = 0, d;

    __asm__ volatile ("ud2a\n\t.byte 0x78, 0x65, 0x6e\n\tcpuid"
                      : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static void run_cpuid(struct row_run *r)
{
    SAMPLES(r, forced_cpuid());
}

EXPLANATION(pv_cpuid_emulated) =
    "CPUID behind the prefix UD2 \"xen\": #UD enters Xen, which recognizes the signature "
    "and answers from the domain's policy (pv_emulate_invalid_op).  Compare with exit/cpuid-basic.";
ROW(pv_cpuid_emulated, .run = run_cpuid) = {
    .name = "pv/cpuid-emulated",
    .work = "enter the hypervisor and return",
    .path = "#UD, CPUID emulated",
    .help = "CPUID by Xen's forced-emulation prefix",
    .explanation = explanation_pv_cpuid_emulated,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

#define MSR_EFER 0xc0000080u   /* AMD APM vol. 2, 3.1.7 */

COLD static const char *setup_msr(struct row_run *r)
{
    u64 value;

    (void)r;
    return msr_read_safe(MSR_EFER, &value) ? NULL : "Xen does not emulate EFER here";
}

static void run_msr(struct row_run *r)
{
    SAMPLES(r, msr_read(MSR_EFER));
}

EXPLANATION(pv_msr_emulated) =
    "RDMSR of EFER by the de-privileged kernel: #GP enters Xen, which fetches and decodes "
    "the instruction and emulates it (pv_emulate_privileged_op, read_msr).  Compare with exit/msr-read.";
ROW(pv_msr_emulated, .setup = setup_msr, .run = run_msr) = {
    .name = "pv/msr-emulated",
    .work = "read a model specific register",
    .path = "#GP, RDMSR emulated",
    .help = "RDMSR in ring 3, emulated by Xen",
    .explanation = explanation_pv_msr_emulated,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};

COLD static const char *setup_io(struct row_run *r)
{
    struct physdev_set_iopl op = { .iopl = 1 };

    (void)r;
    /* Without it a port access comes back as #GP. */
    return hypercall2(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, (u64)&op)
        ? "Xen refused the I/O privilege level" : NULL;
}

static void run_io(struct row_run *r)
{
    SAMPLES(r, port_in8(0x61));
}

EXPLANATION(pv_io_emulated) =
    "IN from port 0x61 by the de-privileged kernel: #GP enters Xen, which decodes the "
    "instruction and asks its own PIT (guest_io_read).  Compare with port/xen-pit.";
ROW(pv_io_emulated, .setup = setup_io, .run = run_io) = {
    .name = "pv/io-emulated",
    .work = "enter the hypervisor and return",
    .path = "#GP, IN emulated",
    .help = "IN from the PIT's port in ring 3, emulated by Xen",
    .explanation = explanation_pv_io_emulated,
    .elsewhere = ONLY_PV,
    .columns = "pv", .operations = 1, .samples = 1000, .warmup = 16,
};
