/*
 * An eBPF program on a tracepoint: what each system call pays for somebody who counts them, as tools
 * that observe containers do.  bpf(2); instructions by include/uapi/linux/bpf.h.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "app/apart.h"

static int map = -1, program = -1, attached = -1;

static long bpf(int command, union bpf_attr *attr)
{
    return system_call3(SYS_bpf, command, (long)attr, sizeof(*attr));
}

/* Counts in the one cell of the map: r1 = its address (two slots); r2 = 1; lock *r1 += r2; return 0. */
static int load(void)
{
    struct bpf_insn code[] = {
        { .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = BPF_REG_1, .src_reg = BPF_PSEUDO_MAP_VALUE, .imm = map },
        { .code = 0 },
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1 },
        { .code = BPF_STX | BPF_ATOMIC | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_2, .imm = BPF_ADD },
        { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
        { .code = BPF_JMP | BPF_EXIT },
    };
    union bpf_attr attr;

    memset(&attr, 0, sizeof(attr));
    attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
    attr.insns = (uint64_t)(uintptr_t)code;
    attr.insn_cnt = sizeof(code) / sizeof(code[0]);
    attr.license = (uint64_t)(uintptr_t)"GPL";
    return (int)bpf(BPF_PROG_LOAD, &attr);
}

static void unload(struct row_run *r)
{
    (void)r;
    if ( attached >= 0 )
        close(attached);
    if ( program >= 0 )
        close(program);
    if ( map >= 0 )
        close(map);
    map = program = attached = -1;
}

static const char *setup(struct row_run *r)
{
    union bpf_attr attr;
    const char *why = NULL;

    memset(&attr, 0, sizeof(attr));
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 8;
    attr.max_entries = 1;
    map = (int)bpf(BPF_MAP_CREATE, &attr);
    if ( map < 0 )
        why = refused("a BPF map", -map);
    else if ( (program = load()) < 0 )
        why = refused("a BPF program", -program);
    else
    {
        memset(&attr, 0, sizeof(attr));
        attr.raw_tracepoint.name = (uint64_t)(uintptr_t)"sys_enter";
        attr.raw_tracepoint.prog_fd = (uint32_t)program;
        attached = (int)bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
        if ( attached < 0 )
            why = refused("tracepoint sys_enter", -attached);
    }
    if ( why )
        unload(r);
    return why;
}

static uint64_t counted(void)
{
    union bpf_attr attr;
    uint64_t value = 0;
    uint32_t key = 0;

    memset(&attr, 0, sizeof(attr));
    attr.map_fd = (uint32_t)map;
    attr.key = (uint64_t)(uintptr_t)&key;
    attr.value = (uint64_t)(uintptr_t)&value;
    bpf(BPF_MAP_LOOKUP_ELEM, &attr);
    return value;
}

static void run(struct row_run *r)
{
    uint64_t before = counted();

    SAMPLES(r, system_call0(SYS_getppid));
    if ( counted() - before < r->count )
        r->failure = "the program did not count the system calls";
}

EXPLANATION(bpf_tracepoint) =
    "getppid while an eBPF program is attached to the tracepoint sys_enter, which counts in a map: every system "
    "call of every process then takes the long way into the kernel, calls the tracepoint's probes, and runs the "
    "program, compiled.  app/getppid is the same with the program not attached.";
ROW(bpf_tracepoint, .setup = setup, .run = run, .teardown = unload) = {
    .name = "mechanism/bpf-tracepoint", .work = "ask the kernel for the parent's number",
    .path = "SYSCALL, tracepoint sys_enter, eBPF", .help = "getppid while an eBPF program counts system calls",
    .explanation = explanation_bpf_tracepoint, .elsewhere = ALONE, .against = "app/getppid",
    .columns = "native", .operations = 1, .samples = 500, .warmup = 32,
};
