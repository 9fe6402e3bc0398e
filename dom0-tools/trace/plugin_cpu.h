/*
 * What the trace plugin (plugin.c) must know of the CPU that QEMU emulates.
 *
 * The plugin interface of QEMU 7.2 (version 1) reads no registers: stack pointer, page tables and
 * privilege are looked up in QEMU's memory, at a place found by comparing it with what QEMU shows a
 * debugger.  Debian's QEMU exports the functions needed; another one gets an error in the record.
 */
#ifndef TRACE_PLUGIN_CPU_H
#define TRACE_PLUGIN_CPU_H

#include "machines/qemu/plugin_api.h"
#include "trace/record.h"

struct plugin_cpu {
    const char *name;                /* as QEMU calls the target */
    uint32_t link_register;          /* for struct record_answer */

    bool (*available)(void);         /* are its functions exported? */
    /* Find the state of QEMU's `cpu`, which executes the unikernel.  False: not as it is known. */
    bool (*find)(void *cpu, const struct record_request *);

    /* Once found; before a block, or an instruction that may be looked at. */
    uint64_t (*stack)(void);         /* the stack pointer */
    uint64_t (*tables)(void);        /* what tells address spaces apart */
    enum layer (*layer)(const struct record_request *, uint64_t address);

    bool (*reads_clock)(const uint8_t *code, size_t length);
    uint32_t (*end_of)(const uint8_t *code, size_t length);   /* enum block_end, of a last instruction */
};

extern const struct plugin_cpu plugin_x86, plugin_arm64;

#endif
