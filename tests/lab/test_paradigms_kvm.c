/*
 * The unikernel under KVM, by each monitor, beside the same image under Xen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* The unikernel under KVM, beside the same image under Xen. */
static void test_kvm(void)
{
    static const char path[] = "build/test-kvm.json";
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "hvm,kvm", "-o", path,
                                  "exit/cpuid-basic", "exit/vmcall", "exit/msr-read", "port/xen-pit",
                                  "port/ioreq", "mmio/ioreq", "mmio/xen-lapic",
                                  "interrupt/timer-pit", "hypercall/null", "port/eventfd",
                                  "port/eventfd-datamatch", "mmio/eventfd", "interrupt/irqfd",
                                  "sched/vm-switch-irqfd", NULL);
    json_t *results = json_load_file(path, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "beside it, without Xen, Linux "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "hypercall/null in KVM: it is Xen's own"));
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
#define KVM(row) figure(results, row, "kvm", "median")
    /* An answer in the kernel is cheaper than one by a process, by port cheaper than by memory. */
    CU_ASSERT(KVM("port/xen-pit") > 500);
    CU_ASSERT(KVM("port/ioreq") > KVM("port/xen-pit"));
    CU_ASSERT(KVM("mmio/xen-lapic") > KVM("port/xen-pit"));
    CU_ASSERT(KVM("mmio/ioreq") > KVM("port/ioreq"));
    CU_ASSERT(KVM("port/ioreq") <= 3600);
    /* A doorbell that KVM takes spares the way to the process; by memory it is decoded. */
    CU_ASSERT(2 * KVM("port/eventfd") < KVM("port/ioreq"));
    CU_ASSERT(KVM("port/eventfd-datamatch") >= KVM("port/eventfd"));
    CU_ASSERT(KVM("mmio/eventfd") > KVM("port/eventfd"));
    CU_ASSERT(KVM("mmio/eventfd") < KVM("mmio/ioreq"));
    /* A halted guest has to be switched to; another guest has to be left, too, and told by memory. */
    CU_ASSERT(KVM("interrupt/irqfd") > 2 * KVM("exit/vmcall"));
    CU_ASSERT(KVM("sched/vm-switch-irqfd") > KVM("interrupt/irqfd") + KVM("mmio/eventfd") / 2);
    CU_ASSERT(KVM("sched/vm-switch-irqfd") < 3 * KVM("interrupt/irqfd"));
    CU_ASSERT(KVM("exit/vmcall") > 0 && KVM("exit/msr-read") > 0 && KVM("interrupt/timer-pit") > 0);
    /* Xen's exits are shorter; but its processes are in another domain, and have to be woken. */
    CU_ASSERT(KVM("exit/cpuid-basic") > figure(results, "exit/cpuid-basic", "hvm", "median"));
    CU_ASSERT(5 * KVM("port/ioreq") < figure(results, "port/ioreq", "hvm", "median"));
#undef KVM
    json_decref(results);

    /* KVM, too, decodes what the CPU does not tell. */
    r = program("run", "--host=lab", "--boots=1", "-m", "kvm", "--without=nrip-save", "-o", path,
                "exit/cpuid-basic", NULL);
    results = json_load_file(path, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(path);
    CU_ASSERT(results && figure(results, "exit/cpuid-basic", "kvm", "median") > 2500);
    json_decref(results);
}

/*
 * Two vCPUs of a guest: threads of its monitor, and the lab's Linux has two CPUs then.  To send an interrupt and to end it
 * are an exit each, by memory one that is decoded; who sleeps has to be woken.
 */
static void test_second_vcpu(void)
{
    static const char path[] = "build/test-kvm-ipi.json";
    static const char *const steady[] = {
        "interrupt/ipi-busy", "interrupt/ipi-broadcast", "interrupt/x2apic-ipi-busy",
    };
    json_t *results[2];

    for ( size_t i = 0; i < 2; i++ )
    {
        struct outcome_of r = program("run", "--host=lab", "-m", "kvm", "-o", path, "interrupt/ipi-*",
                                      "interrupt/x2apic-ipi-*", "exit/vmcall", NULL);

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "rows with two vCPUs have two"));
        program_free(&r);
        results[i] = json_load_file(path, 0, NULL);
        unlink(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(results[i]);
    }
#define COST(row) figure(results[0], row, "kvm", "median")
    CU_ASSERT(COST("interrupt/x2apic-ipi-busy") > 2 * COST("exit/vmcall"));
    CU_ASSERT(COST("interrupt/ipi-busy") > COST("interrupt/x2apic-ipi-busy") + 1000);
    CU_ASSERT(COST("interrupt/ipi-broadcast") > COST("interrupt/ipi-busy"));
    CU_ASSERT(2 * COST("interrupt/ipi-halted") > 3 * COST("interrupt/ipi-busy"));
    CU_ASSERT(2 * COST("interrupt/x2apic-ipi-halted") > 3 * COST("interrupt/x2apic-ipi-busy"));
    /* The same twice, and between boots. */
    for ( size_t i = 0; i < sizeof(steady) / sizeof(steady[0]); i++ )
    {
        CU_ASSERT_EQUAL(COST(steady[i]), figure(results[1], steady[i], "kvm", "median"));
        CU_ASSERT_EQUAL(COST(steady[i]), figure(results[0], steady[i], "kvm", "p90"));
    }
#undef COST
    json_decref(results[0]);
    json_decref(results[1]);
}

/* Who panics there is heard of: on the second vCPU, and in a second guest, for which the first one halts. */
static void test_crash_elsewhere(void)
{
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "kvm", "--json",
                                  "--image=build/xenometer-test.elf", "test/crash-secondary", "test/crash-peer",
                                  "exit/vmcall", NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(j);
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "test/crash-secondary", "kvm", "reason"), "vCPU 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(j, "test/crash-peer", "kvm", "reason"), "the second guest has ended"));
    CU_ASSERT_STRING_EQUAL(text_of(j, "exit/vmcall", "kvm", "status"), "success");
    json_decref(j);
    program_free(&r);
}

/*
 * Each exit of kvm-unit-tests' x86/vmexit.c that there is on an AMD CPU, and the row that has it here.  Not here:
 * wr_tsx_ctrl_msr (Intel's).  ple_round_robin is a pause loop that the other CPUs end in turn: QEMU's TCG has no pause
 * filter, without which KVM lets a guest's PAUSE be, so that several of them would measure nothing but their turns.
 */
static const struct { const char *vmexit, *row, *column; } exits[] = {
    { "ipi", "interrupt/ipi-busy", "kvm" },
    { "ipi_halt", "interrupt/ipi-halted", "kvm" },
    { "cpuid", "exit/cpuid-basic", "kvm" },
    { "vmcall", "exit/vmcall", "kvm" },
    { "wbinvd", "exit/wbinvd", "kvm" },
    { "invd", "exit/invd", "kvm" },
    { "inl_from_pmtimer", "port/xen-pmtimer", "kvmpc" },
    { "inl_from_qemu", "port/unclaimed", "kvm" },
    { "inl_from_kernel", "port/xen-pic", "kvm" },
    { "outl_to_kernel", "port/xen-elcr", "kvm" },
    { "mov_dr", "exit/debug-register", "kvm" },
    { "tscdeadline_immed", "interrupt/tsc-deadline-past", "kvm" },
    { "tscdeadline", "interrupt/timer-tsc-deadline", "kvm" },
    { "self_ipi_sti_nop", "interrupt/self-ipi-sti", "kvm" },
    { "self_ipi_sti_hlt", "exit/hlt-wake", "kvm" },
    { "self_ipi_tpr", "interrupt/self-ipi-tpr", "kvm" },
    { "self_ipi_tpr_sti_nop", "interrupt/self-ipi-tpr-sti", "kvm" },
    { "self_ipi_tpr_sti_hlt", "interrupt/self-ipi-tpr-hlt", "kvm" },
    { "x2apic_self_ipi_sti_nop", "interrupt/x2apic-sti", "kvm" },
    { "x2apic_self_ipi_sti_hlt", "interrupt/x2apic-hlt", "kvm" },
    { "x2apic_self_ipi_tpr", "interrupt/x2apic-tpr", "kvm" },
    { "x2apic_self_ipi_tpr_sti_nop", "interrupt/x2apic-tpr-sti", "kvm" },
    { "x2apic_self_ipi_tpr_sti_hlt", "interrupt/x2apic-tpr-hlt", "kvm" },
    { "ple_round_robin", "exit/pause-loop", "kvm" },
    { "wr_kernel_gs_base", "exit/kernel-gs-base", "kvm" },
    { "wr_tsc_adjust_msr", "exit/tsc-adjust", "kvm" },
    { "rd_tsc_adjust_msr", "exit/tsc-adjust-read", "kvm" },
    { "toggle_cr0_wp", "exit/cr0-wp", "kvm" },
    { "toggle_cr4_pge", "exit/cr4-pge", "kvm" },
    { "pci-mem, no eventfd", "mmio/ioreq", "kvm" },
    { "pci-mem, wildcard-eventfd", "mmio/eventfd", "kvm" },
    { "pci-mem, datamatch-eventfd", "mmio/eventfd-datamatch", "kvm" },
    { "pci-io, no eventfd", "port/ioreq", "kvm" },
    { "pci-io, wildcard-eventfd", "port/eventfd", "kvm" },
    { "pci-io, datamatch-eventfd", "port/eventfd-datamatch", "kvm" },
    /* QEMU's TCG has no IBRS and no IBPB, and does not run a CR8 that is the guest's: the reason says so. */
    { "wr_ibrs_msr", "exit/ibrs", NULL },
    { "wr_ibpb_msr", "exit/ibpb", NULL },
    { "mov_from_cr8", "exit/cr8-read", NULL },
    { "mov_to_cr8", "exit/cr8-write", NULL },
};

static void check_exits(json_t *results)
{
    for ( size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++ )
    {
        const char *column = exits[i].column ? exits[i].column : "kvm";
        bool well = !strcmp(text_of(results, exits[i].row, column, "status"),
                            exits[i].column ? "success" : "skip");

        if ( !well )
            fprintf(stderr, "vmexit's %s, %s in %s: not as it should be\n", exits[i].vmexit, exits[i].row, column);
        CU_ASSERT_TRUE(well);
    }
}

/* What KVM answers by itself costs the same whoever its monitor is; what it asks the monitor for is dearer
 * by QEMU than by ours; and each exit of kvm-unit-tests' vmexit that this CPU has is there. */
static void test_monitors(void)
{
    static const char path[] = "build/test-monitors.json";
    static const char *const monitors[] = { "kvm", "microvm", "kvmpc" };
    static const char *const in_kvm[] = {
        "exit/cpuid-basic", "exit/vmcall", "exit/msr-read", "exit/kernel-gs-base", "exit/pause-loop",
        "exit/hlt-wake", "interrupt/self-ipi-lapic", "interrupt/self-ipi-x2apic", "interrupt/self-ipi-sti",
        "interrupt/ipi-busy", "interrupt/x2apic-ipi-busy",
    };
    static const char *const asked[] = {
        "port/unclaimed", "port/ioreq", "mmio/ioreq", "mmio/npt-fault", "port/debug-0xe9",
    };
    /* The time stamp counter's adjustment is one of those for which KVM looks through a list. */
    static const char *const others[] = {
        "exit/tsc-adjust", "interrupt/self-ipi-tpr", "interrupt/tpr", "port/xen-pic", "mmio/xen-ioapic",
        "interrupt/timer-pit", "timer-load/guest-250hz-lapic",
    };
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "-m", "kvm,microvm,kvmpc", "-o", path,
                                  "exit/*", "interrupt/*", "port/*", "mmio/*", "timer-load/guest-250hz-*", NULL);
    json_t *results = json_load_file(path, 0, NULL), *row;
    size_t i;

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
    json_array_foreach(json_object_get(results, "rows"), i, row)
    {
        const char *status = json_string_value(json_object_get(row, "status"));

        CU_ASSERT(!strcmp(status, "success") || !strcmp(status, "skip"));
    }
#define COST(row, column) figure(results, row, column, "median")
    check_exits(results);
    /* Who reaches the LAPIC by MSR has no memory access decoded; to halt is dearer than to be let in. */
    CU_ASSERT(COST("interrupt/x2apic-sti", "kvm") < COST("interrupt/self-ipi-sti", "kvm"));
    CU_ASSERT(COST("interrupt/x2apic-hlt", "kvm") > COST("interrupt/x2apic-sti", "kvm"));
    CU_ASSERT(COST("interrupt/x2apic-tpr-sti", "kvm") > COST("interrupt/x2apic-sti", "kvm"));
    CU_ASSERT(COST("interrupt/x2apic-tpr-hlt", "kvm") < COST("interrupt/self-ipi-tpr-hlt", "kvm"));
    CU_ASSERT(COST("exit/tsc-adjust-read", "kvm") < COST("exit/tsc-adjust", "kvm"));
    /* A deadline that has passed needs no timer. */
    CU_ASSERT(COST("interrupt/tsc-deadline-past", "kvm") < COST("interrupt/timer-tsc-deadline", "kvm"));
    for ( i = 0; i < sizeof(in_kvm) / sizeof(in_kvm[0]); i++ )
        for ( size_t k = 1; k < 3; k++ )
            CU_ASSERT(llabs(COST(in_kvm[i], monitors[k]) - COST(in_kvm[i], "kvm")) <= 60);
    for ( i = 0; i < sizeof(asked) / sizeof(asked[0]); i++ )
        for ( size_t k = 1; k < 3; k++ )
            CU_ASSERT(COST(asked[i], monitors[k]) > COST(asked[i], "kvm") + 1000);
    for ( i = 0; i < sizeof(others) / sizeof(others[0]); i++ )
        for ( size_t k = 0; k < 3; k++ )
            CU_ASSERT_STRING_EQUAL(text_of(results, others[i], monitors[k], "status"), "success");
    /* Of microvm's interrupt controllers KVM has the LAPIC only. */
    CU_ASSERT(COST("port/xen-pic", "microvm") > 2 * COST("port/xen-pic", "kvmpc"));
    CU_ASSERT(COST("mmio/xen-ioapic", "microvm") > 2 * COST("mmio/xen-ioapic", "kvmpc"));
    CU_ASSERT(COST("interrupt/timer-pit", "microvm") > 2 * COST("interrupt/timer-pit", "kvmpc"));
    CU_ASSERT(COST("interrupt/tpr", "kvmpc") > 10 * COST("interrupt/tpr", "microvm"));
    CU_ASSERT(COST("port/qemu-ide", "kvmpc") > COST("port/qemu-serial", "kvmpc"));
#undef COST
    json_decref(results);
}

/* A device of QEMU's that shares the guest's memory, and has to map it under Xen; the bytes are checked. */
static void test_virtio(void)
{
    static const char path[] = "build/test-kvm-virtio.json";
    static const char *const rows[] = {
        "virtio/notify-pio", "virtio/notify-mmio", "virtio/completion-interrupt", "block/virtio",
        "block/virtio-depth-32", "block/virtio-write", "block/nvme", "block/ahci", "block/ide-dma",
        "net/virtio", "net/e1000", "net/rtl8139", "net/virtio-stream", "net/e1000-stream", "net/rtl8139-stream",
    };
    const char *arguments[9 + sizeof(rows) / sizeof(rows[0])] = {
        "run", "--host=lab", "--boots=1", "-m", "hvm,kvmpc", "-o", path,
    };
    struct outcome_of r;
    json_t *results;


    memcpy(arguments + 7, rows, sizeof(rows));
    arguments[7 + sizeof(rows) / sizeof(rows[0])] = "mmio/qemu-register";
    r = program_list(arguments);
    results = json_load_file(path, 0, NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unlink(path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(results);
#define COST(row) figure(results, row, "kvmpc", "median")
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        CU_ASSERT(COST(rows[i]) > 0 && COST(rows[i]) < figure(results, rows[i], "hvm", "median"));
    CU_ASSERT(COST("mmio/qemu-register") < COST("virtio/notify-mmio"));
    CU_ASSERT(COST("virtio/notify-pio") < COST("virtio/notify-mmio"));
    CU_ASSERT(COST("virtio/notify-mmio") < COST("virtio/completion-interrupt"));
    CU_ASSERT(COST("block/virtio-depth-32") < COST("block/virtio") / 4);
    /* Who has fewer registers is cheaper; several frames share the ways to QEMU and to who reflects them. */
    CU_ASSERT(COST("net/virtio") < COST("net/e1000") && COST("net/virtio") < COST("net/rtl8139"));
    CU_ASSERT(COST("net/virtio-stream") < COST("net/virtio") / 2);
    CU_ASSERT(COST("net/e1000-stream") < COST("net/e1000") / 2);
    CU_ASSERT(COST("block/virtio") < COST("block/nvme") && COST("block/nvme") < COST("block/ide-dma"));
#undef COST
    json_decref(results);

    /* The frame's way: by KVM to QEMU, by the kernel's bridge to who reflects it, and back; all of them with names. */
    r = program("trace", "net/virtio", "--mode=kvmpc", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "\nreflector  "));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "frame_reflect"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "br_"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "unknown process"));
    program_free(&r);
}

void suite_paradigms_kvm(void)
{
    CU_pSuite suite = CU_add_suite("KVM", NULL, NULL);

    CU_add_test(suite, "KVM", test_kvm);
    CU_add_test(suite, "KVM's monitors", test_monitors);
    CU_add_test(suite, "a second vCPU", test_second_vcpu);
    CU_add_test(suite, "a panic elsewhere", test_crash_elsewhere);
    CU_add_test(suite, "virtio under KVM", test_virtio);
}
