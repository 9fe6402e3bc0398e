/*
 * What QEMU's ARM64 CPU lacks.  Loaded as -plugin arm64-cpu-plugin.so.
 *
 * Always: a snapshot has of an ARM CPU's timers those of EL0 and EL1, not the hypervisor's (CNTHP, CNTHV: QEMU 7.2 to
 * 11.1, target/arm/machine.c), though it has their registers.  Xen, and Linux at EL2, wake an idle CPU by them: what was
 * due in a snapshot would never come, and who believes that it is due arms nothing later.  So each CPU's are armed anew
 * by their registers, after its first block.
 *
 * turns=on: two CPUs whose instructions are counted run one after the other in QEMU: one goes on until it
 * halts, says that it waits (WFE, YIELD), or a timer is due, which to QEMU 7.2 may be two thousand million
 * instructions away.  Xen on ARM waits for another CPU, at its start and in stop_machine, by reading memory and saying
 * nothing (its cpu_relax() is a compiler's barrier): it would read for as long.  On x86 it executes PAUSE, at
 * which QEMU turns to the other CPU.
 *
 * So each CPU's turn ends here after so many instructions.  They are counted as they were translated,
 * the same in every run: what one measures repeats.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "machines/qemu/plugin_api.h"

PLUGIN_VERSION

/*
 * Instructions.  A path between two CPUs must not meet the end of a turn for the other's sake alone: those
 * of the rows take 1,000 to 10,000, and whoever waits in them says so.  What waits silently costs a turn.
 */
#define TURN 50000u

WEAK void cpu_exit(void *cpu);       /* hw/core/cpu-common.c: it ends its turn at the next block */

/* target/arm/helper.c: what the timers' alarms call: each reads its registers, and sets alarm and line. */
WEAK void arm_gt_htimer_cb(void *cpu);
WEAK void arm_gt_hvtimer_cb(void *cpu);

/* cpus-common.c: has the CPU's thread call it between two blocks, where devices and the clock may be looked at.  The
 * third is a union of a word. */
WEAK void async_run_on_cpu(void *cpu, void (*function)(void *cpu, uintptr_t), uintptr_t);

static bool turns;
static uint32_t executed;
static uint64_t to_arm;      /* a bit for each CPU */

static void arm_timers(void *cpu, uintptr_t unused)
{
    (void)unused;
    arm_gt_htimer_cb(cpu);
    arm_gt_hvtimer_cb(cpu);
}

static void on_first_blocks(unsigned vcpu, void *unused)
{
    uint64_t bit = 1ull << vcpu % 64;

    (void)unused;
    if ( __atomic_fetch_and(&to_arm, ~bit, __ATOMIC_RELAXED) & bit )
        async_run_on_cpu(current_cpu, arm_timers, 0);
}

static void on_block(unsigned vcpu, void *count)
{
    (void)vcpu;
    executed += (uint32_t)(uintptr_t)count;
    if ( executed < TURN )
        return;
    executed = 0;
    cpu_exit(current_cpu);
}

static void on_translation(uintptr_t first, uintptr_t second)
{
    struct qemu_plugin_tb *tb = block_of(first, second);

    if ( __atomic_load_n(&to_arm, __ATOMIC_RELAXED) )
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_first_blocks, CALLBACK_NO_REGISTERS, NULL);
    if ( turns )
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CALLBACK_NO_REGISTERS,
                                             (void *)(uintptr_t)qemu_plugin_tb_n_insns(tb));
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    to_arm = info->system.smp_vcpus < 64 ? (1ull << info->system.smp_vcpus) - 1 : ~0ull;
    turns = argc > 0 && !strcmp(argv[0], "turns=on");
    if ( !&current_cpu || !cpu_exit || !arm_gt_htimer_cb || !arm_gt_hvtimer_cb || !async_run_on_cpu )
    {
        fprintf(stderr, "arm64-cpu-plugin: this QEMU does not export what it takes\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
    return 0;
}
