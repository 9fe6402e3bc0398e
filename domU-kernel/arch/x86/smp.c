#include "../smp.h"
#include "../cpu.h"
#include "../memory.h"
#include "../mode.h"
#include "../traps.h"
#include "../../drivers/x86/lapic.h"
#include "../../lib/string.h"
#include "../../xen/events.h"
#include "../../xen/hypercall.h"
#include "../../xen/x86/pv_paging.h"
#include "../../xen/xenstore.h"

#include <xen/errno.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SECONDARY 1u
/* Turns of smp_let_run() until a CPU that was started must have answered. */
#define PATIENCE  1000000u

struct secondary secondary;
volatile u64 secondary_upcalls;
volatile u32 secondary_interrupts;

extern u8 smp_stack[], smp_stack_top[];   /* smp_entry.S */
extern const u8 smp_trampoline[], smp_trampoline_end[];
extern u8 page_map[];                     /* entry/x86/pvh.S: the level 4 table */

/*
 * Written by vCPU 0 only: `function` and `argument`, then `given`.  Written by
 * the secondary only: `up` and `asleep`, and `done` after a function's return.
 */
static void (*function)(void *);
static void *argument;
static volatile u32 given, done, up, asleep;
static bool taken_down;   /* vCPU 0's: by smp_follow() */

u32 smp_vcpu(const void *place)
{
    return (const u8 *)place >= smp_stack && (const u8 *)place < smp_stack_top;
}

/* ---- on the secondary ---- */

/* Called by traps_entry.S with interrupts off. */
void smp_interrupt(void);
void smp_interrupt(void)
{
    /* EOI first: who waits for the count sees the interrupt completed. */
    lapic_write(LAPIC_EOI, 0);
    secondary_interrupts++;
}

static inline struct vcpu_info *own_info(void)
{
    return &shared_info->vcpu_info[SECONDARY];
}

static void allow_events(void)
{
    if ( boot_mode != MODE_PV )
        interrupts_enable();
    else
    {
        own_info()->evtchn_upcall_mask = 0;
        barrier();
        if ( own_info()->evtchn_upcall_pending )
            hypercall_xen_version(0, NULL);
    }
}

void smp_sleep_while(const volatile u32 *word, u32 value)
{
    while ( *word == value )
    {
        /* Events off, look again, then sleep and allow them in one step, as
         * in event_wait(). */
        if ( boot_mode == MODE_PV )
        {
            own_info()->evtchn_upcall_mask = 1;
            barrier();
        }
        else
            interrupts_disable();
        if ( *word == value )
        {
            asleep = 1;
            if ( boot_mode == MODE_PV )
                hypercall_sched_op(SCHEDOP_block, NULL);
            else
                interrupts_enable_and_halt();
            asleep = 0;
        }
        else
            allow_events();
    }
}

/* The first and only thing the secondary runs; on its own stack. */
void smp_main(void) __attribute__((noreturn));
void smp_main(void)
{
    if ( boot_mode != MODE_PV )
    {
        traps_init_secondary();
        secondary.apic_id = lapic_read(LAPIC_ID) >> 24;
        lapic_enable_secondary();
    }
    allow_events();
    up = 1;
    for ( u32 n = 0;; n++ )
    {
        smp_sleep_while(&given, n);
        function(argument);
        /* Release: what the function wrote before its end. */
        __atomic_store_n(&done, n + 1, __ATOMIC_RELEASE);
    }
}

/* ---- on vCPU 0 ---- */

void smp_let_run(void)
{
    /* The secondary may be waiting for our physical CPU... */
    if ( boot_mode != MODE_BARE )
        hypercall_sched_op(SCHEDOP_yield, NULL);
    /* ...or for QEMU's one thread. */
    cpu_relax();
}

static bool comes_up(void)
{
    for ( u32 i = 0; !up && i < PATIENCE; i++ )
        smp_let_run();
    return up;
}

/*
 * Both upcalls look through whole words of pending bits, and clear what they
 * find: the secondary's port must stand in a word where none of vCPU 0's does.
 * Xen hands out the lowest free number, so take the first word's first.
 */
static u32 own_port(void)
{
    u32 low[64], count = 0, port;

    while ( (port = event_bind_ipi(SECONDARY)) < ARRAY_SIZE(low) )
        low[count++] = port;
    while ( count )
        event_close(low[--count]);
    event_unmask(port);
    return port;
}

/* Where a function's frame begins: RSP + 8 divisible by 16 (SysV ABI, 3.2.2). */
#define STACK_START ((u64)smp_stack_top - 8)

static long initialise_pv(void)
{
    u32 pages = (sizeof(struct vcpu_guest_context) + PAGE_SIZE - 1) / PAGE_SIZE;
    struct vcpu_guest_context *c = pages_alloc(pages);
    long error;

    /* Same page tables, same flat segments, its own callbacks. */
    c->flags = VGCF_in_kernel;
    c->user_regs.rip = (u64)smp_main;
    c->user_regs.rsp = STACK_START;
    c->user_regs.cs = FLAT_KERNEL_CS;
    c->user_regs.ss = FLAT_KERNEL_SS;
    c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_DS;
    c->kernel_ss = FLAT_KERNEL_SS;
    c->kernel_sp = STACK_START;
    c->ctrlreg[3] = pv_base_frame() << PAGE_SHIFT;
    traps_of_secondary(c);
    own_info()->evtchn_upcall_mask = 1;
    error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, SECONDARY, (u64)c);
    pages_free(c, pages);
    return error;
}

/* AMD APM vol. 2, 3.1.7: what 64-bit mode with paging has in EFER. */
#define EFER_LONG_MODE 0x500ul   /* LME, LMA */

static long initialise_hvm(void)
{
    struct vcpu_hvm_context c = { .mode = VCPU_HVM_MODE_64B };

    c.cpu_regs.x86_64.rip = (u64)smp_main;
    c.cpu_regs.x86_64.rsp = STACK_START;
    c.cpu_regs.x86_64.rflags = 2;   /* bit 1 is always set; IF clear */
    c.cpu_regs.x86_64.cr0 = SMP_CR0;
    c.cpu_regs.x86_64.cr3 = (u64)page_map;
    c.cpu_regs.x86_64.cr4 = SMP_CR4;
    c.cpu_regs.x86_64.efer = EFER_LONG_MODE;
    return hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_initialise, SECONDARY, (u64)&c);
}

static const char *start_xen(void)
{
    long error = boot_mode == MODE_PV ? initialise_pv() : initialise_hvm();

    if ( error == -XEN_ENOENT )
        return "this domain has one vCPU: give it vcpus=2";
    if ( error )
        panic("Xen does not take the second vCPU's state: error %ld", error);
    secondary.port = own_port();
    error = hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_up, SECONDARY, 0);
    if ( error )
        panic("the second vCPU does not start: error %ld", error);
    if ( !comes_up() )
        panic("the second vCPU was started and says nothing");
    return NULL;
}

#define SMP_TRAMPOLINE 0x8000ul   /* page number 8: the vector of the start-up IPI */

static const char *start_bare(void)
{
    memcpy((void *)SMP_TRAMPOLINE, smp_trampoline, (size_t)(smp_trampoline_end - smp_trampoline));
    lapic_enable();
    /* SDM vol. 3, 9.4.4.1; one start-up IPI is enough for CPUs with SVM or VMX. */
    lapic_write(LAPIC_ICR_LOW, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_INIT);
    for ( u32 i = 0; i < 1000; i++ )
        cpu_relax();
    lapic_write(LAPIC_ICR_LOW, ICR_ALL_BUT_SELF | ICR_ASSERT | ICR_STARTUP |
                               SMP_TRAMPOLINE >> PAGE_SHIFT);
    return comes_up() ? NULL : "this machine has one CPU";
}

/* The toolstack's word; without one, all vCPUs are the domain's. */
static bool wanted(void)
{
    char value[16];

    return xenstore_read("cpu/1/availability", value, sizeof(value)) ||
           strcmp(value, "offline");
}

/* On the secondary; returns when it is brought up again. */
static void go_down(void *unused)
{
    (void)unused;
    hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_down, SECONDARY, 0);
}

void smp_follow(void)
{
    if ( up && !taken_down && !wanted() )
    {
        taken_down = true;
        smp_run(go_down, NULL);
    }
}

void smp_resume(void)
{
    if ( up )
        secondary.port = own_port();
}

const char *smp_start(void)
{
    if ( boot_mode != MODE_BARE && !wanted() )
        return "the toolstack has taken the second vCPU offline: xl vcpu-set";
    if ( taken_down )
    {
        if ( hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_up, SECONDARY, 0) )
            panic("the second vCPU does not come up again");
        taken_down = false;
        smp_wait();
    }
    if ( up )
        return NULL;
    return boot_mode == MODE_BARE ? start_bare() : start_xen();
}

void smp_wake(void)
{
    u32 arrivals, interrupts = secondary_interrupts;

    if ( boot_mode == MODE_BARE )
    {
        lapic_write(LAPIC_ICR_HIGH, secondary.apic_id << 24);
        lapic_write(LAPIC_ICR_LOW, ICR_ASSERT | VECTOR_LAPIC);
        while ( secondary_interrupts == interrupts )
            smp_let_run();
    }
    else
    {
        arrivals = event_arrivals[secondary.port];
        event_send(secondary.port);
        while ( event_arrivals[secondary.port] == arrivals )
            smp_let_run();
    }
}

void smp_run(void (*f)(void *), void *a)
{
    function = f;
    argument = a;
    /* Release: function and argument before the number that announces them. */
    __atomic_store_n(&given, given + 1, __ATOMIC_RELEASE);
    smp_wake();
}

void smp_wait(void)
{
    while ( __atomic_load_n(&done, __ATOMIC_ACQUIRE) != given )
        smp_let_run();
}

void smp_wait_asleep(void)
{
    struct vcpu_runstate_info info = { .state = RUNSTATE_running };

    if ( boot_mode == MODE_BARE )
    {
        while ( !asleep )
            cpu_relax();
        /* It has said so just before its HLT. */
        for ( u32 i = 0; i < 100; i++ )
            cpu_relax();
        return;
    }
    while ( hypercall3(__HYPERVISOR_vcpu_op, VCPUOP_get_runstate_info, SECONDARY, (u64)&info) ||
            info.state != RUNSTATE_blocked )
        smp_let_run();
}
