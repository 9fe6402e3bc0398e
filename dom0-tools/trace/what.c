/*
 * What a stage does, in a few words: the functions in which most of it is
 * spent, callees included, in the order in which they are entered.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"
#include "xenometer.h"

#define WORDS 4u

/* On the way of nearly every crossing, so that they tell nothing of this one. */
static const char *const glue[] = {
    /* Xen: exits of guests, entries of PV kernels */
    "svm_asm_do_resume", "svm_vmexit_handler", "svm_stgi_label", "lstar_enter", "pv_hypercall",
    "restore_all_guest", "iret_exit_to_guest", "test_all_events", "process_softirqs",
    "syscall_stub", "switch_to_kernel", "hvm_hypercall", "hvm_vmexit_cpuid", "handle_exception",
    "continue_pv_domain", "common_interrupt", "ret_from_intr", "restore_all_xen",
    /* the same on ARM64 */
    "guest_sync", "guest_sync_slowpath", "guest_irq", "guest_irq_slowpath", "do_trap_guest_sync", "do_trap_hypercall",
    "enter_hypervisor_from_guest", "enter_hypervisor_from_guest_preirq", "leave_hypervisor_to_guest",
    "return_from_trap", "return_to_new_vcpu64", "check_pending_guest_serror", "abort_guest_exit_end",
    "wa2_end", "hyp_traps_vector",
    /* Linux */
    "entry_SYSCALL_64", "entry_SYSCALL_64_after_hwframe", "do_syscall_64", "xen_syscall_target",
    "syscall_return_via_sysret", "xen_sysret64", "xen_iret", "hypercall_page", "x64_sys_call",
    "syscall_exit_to_user_mode", "exit_to_user_mode_prepare", "asm_exc_xen_hypervisor_callback",
    "exc_xen_hypervisor_callback", "xen_asm_exc_xen_hypervisor_callback",
    "srso_return_thunk", "srso_safe_ret", "__x86_return_thunk", "xen_hypercall_iret",
    "exit_to_user_mode_loop", "xen_entry_SYSCALL_64", "fpregs_restore_userregs", "start_thread",
    "entry_SYSCALL_64_safe_stack", "xenpv_restore_regs_and_return_to_usermode",
    "fpregs_assert_state_consistent", "error_entry", "error_return", "ret_from_fork",
    "arch_exit_to_user_mode_prepare", "syscall_exit_to_user_mode_prepare", "native_irq_return_iret",
    "__x64_sys_ioctl", "kvm_vcpu_ioctl",
    /* on ARM64 */
    "vectors", "tramp_vectors", "el0t_64_sync", "el0t_64_sync_handler", "el0_svc", "do_el0_svc",
    "invoke_syscall", "ret_to_user", "__arm64_sys_ioctl", "el1h_64_irq", "el1h_64_irq_handler", "el1_interrupt",
    "el0t_64_irq", "el0t_64_irq_handler", "el0_interrupt", "el0_svc_common",
};

struct word {
    const char *name;
    uint64_t count;          /* with callees, in the stage */
    size_t order;            /* first seen as */
    size_t depth;
};

static bool is_glue(const char *name)
{
    for ( size_t i = 0; i < sizeof(glue) / sizeof(glue[0]); i++ )
        if ( !strcmp(name, glue[i]) )
            return true;
    return strstr(name, "indirect_thunk") != NULL;
}

static int by_count(const void *a, const void *b)
{
    const struct word *x = a, *y = b;

    if ( x->count != y->count )
        return x->count > y->count ? -1 : 1;
    /* Of a caller that only passes on, the callee says more. */
    if ( x->depth != y->depth )
        return x->depth > y->depth ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_order(const void *a, const void *b)
{
    const struct word *x = a, *y = b;

    return x->order < y->order ? -1 : x->order > y->order;
}

static size_t count_words(const struct trace *t, const struct stage *g, struct word *words,
                          size_t room)
{
    size_t count = 0;

    for ( size_t i = g->first; i < g->first + g->steps; i++ )
        for ( size_t k = 0; k < t->steps[i].depth; k++ )
        {
            const char *name = t->steps[i].frames[k];
            size_t w = 0;

            while ( w < count && words[w].name != name )
                w++;
            if ( w == count && count < room && !is_glue(name) )
            {
                words[count] = (struct word){ name, 0, count, k };
                count++;
            }
            if ( w < count )
                words[w].count += t->steps[i].count;
        }
    return count;
}

char *stage_words(const struct trace *t, const struct stage *g)
{
    struct word words[512];
    size_t count = count_words(t, g, words, sizeof(words) / sizeof(words[0])), kept = 0;
    char *text = xstrdup(""), *longer;

    qsort(words, count, sizeof(words[0]), by_count);
    for ( size_t i = 0; i < count && kept < WORDS; i++ )
    {
        bool passes_on = false;

        /* Not two that stand for the same instructions. */
        for ( size_t k = 0; k < kept; k++ )
            passes_on = passes_on || words[i].count * 10 >= words[k].count * 9;
        if ( !passes_on && words[i].count * 20 >= g->count )
            words[kept++] = words[i];
    }
    qsort(words, kept, sizeof(words[0]), by_order);
    for ( size_t i = 0; i < kept; i++ )
    {
        longer = xasprintf("%s%s%s", text, i ? " " : "", words[i].name);
        free(text);
        text = longer;
    }
    return text;
}
