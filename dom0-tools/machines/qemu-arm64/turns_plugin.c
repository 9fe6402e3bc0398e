/*
 * Two CPUs whose instructions are counted run one after the other in QEMU: one goes on until it
 * halts, says that it waits (WFE, YIELD), or a timer is due, which to QEMU 7.2 may be two thousand million
 * instructions away.  Xen on ARM waits for another CPU, at its start and in stop_machine, by reading memory and saying
 * nothing (its cpu_relax() is a compiler's barrier): it would read for as long.  On x86 it executes PAUSE, at
 * which QEMU turns to the other CPU.
 *
 * So each CPU's turn ends here after so many instructions.  They are counted as they were translated,
 * the same in every run: what one measures repeats.
 *
 * Loaded as -plugin turns-plugin.so, into a machine with two CPUs only.
 */
#include <stdint.h>
#include <stdio.h>

#include "machines/qemu/plugin_api.h"

PLUGIN_VERSION

/*
 * Instructions.  A path between two CPUs must not meet the end of a turn for the other's sake alone: those
 * of the rows take 1,000 to 10,000, and whoever waits in them says so.  What waits silently costs a turn.
 */
#define TURN 50000u

WEAK void cpu_exit(void *cpu);       /* hw/core/cpu-common.c: it ends its turn at the next block */

static uint32_t executed;

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

    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CALLBACK_NO_REGISTERS,
                                         (void *)(uintptr_t)qemu_plugin_tb_n_insns(tb));
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    (void)argc;
    (void)argv;
    if ( !&current_cpu || !cpu_exit )
    {
        fprintf(stderr, "turns-plugin: this QEMU does not export what two CPUs take\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
    return 0;
}
