/* Entering the hypervisor without the hypercall page. */
#include "../../arch/mode.h"
#include "../../harness/row.h"
#include "../../xen/hypercall.h"

#include <xen/version.h>

#define NO_HYPERVISOR "bare mode has no hypervisor to call"

/*
 * The three instructions the page may use.  PV: SYSCALL, which destroys RCX
 * and R11; the number in RAX (xen/arch-x86/xen-x86_64.h).
 */
static inline __attribute__((always_inline)) long direct_syscall(u64 number)
{
    long result;
    u64 a = XENVER_version, b = 0;

    __asm__ volatile ("syscall" : "=a"(result), "+D"(a), "+S"(b)
                      : "0"(number) : "rcx", "r11", "memory");
    return result;
}

static inline __attribute__((always_inline)) long direct_vmmcall(u64 number)
{
    long result;
    u64 a = XENVER_version, b = 0;

    __asm__ volatile ("vmmcall" : "=a"(result), "+D"(a), "+S"(b)
                      : "0"(number) : "memory");
    return result;
}

static inline __attribute__((always_inline)) long direct_vmcall(u64 number)
{
    long result;
    u64 a = XENVER_version, b = 0;

    __asm__ volatile ("vmcall" : "=a"(result), "+D"(a), "+S"(b)
                      : "0"(number) : "memory");
    return result;
}

/* The page's own choice: VMMCALL is 0f 01 d9, VMCALL 0f 01 c1, after the
 * five bytes of MOV $number, %eax. */
static bool page_uses_vmmcall(void)
{
    const u8 *entry = hypercall_page + __HYPERVISOR_xen_version * 32;

    return entry[7] == 0xd9;
}

static void run_direct(struct row_run *r)
{
    if ( boot_mode == MODE_PV )
        SAMPLES(r, direct_syscall(__HYPERVISOR_xen_version));
    else if ( page_uses_vmmcall() )
        SAMPLES(r, direct_vmmcall(__HYPERVISOR_xen_version));
    else
        SAMPLES(r, direct_vmcall(__HYPERVISOR_xen_version));
}

EXPLANATION(hypercall_direct) =
    "The instruction that the hypercall page contains, written in line: SYSCALL "
    "in PV, VMMCALL or VMCALL in PVH and HVM.  The difference to hypercall/null is the "
    "page's CALL, its register saving and RET.";
ROW(hypercall_direct, .run = run_direct) = {
    .name = "hypercall/direct",
    .work = "enter the hypervisor and return",
    .path = "SYSCALL, VMMCALL or VMCALL in line",
    .help = "xen_version without the hypercall page",
    .explanation = explanation_hypercall_direct,
    .elsewhere = NO_HYPERVISOR,
    .columns = "xen",
    .operations = 1, .samples = 1000, .warmup = 16,
};
