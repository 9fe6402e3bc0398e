#include "catalogue/glossary.h"

#include <string.h>
#include <strings.h>

/* In alphabetical order, whatever the case. */
static const struct term terms[] = {
    { .name = "APIC virtualization", .others = "APICv; AVIC", .row = "mmio/xen-lapic",
      .text = "The CPU itself answers a guest's reads, and many writes, of its local APIC out of a page, and "
        "delivers interrupts to it (Intel SDM vol. 3, 30; AMD APM vol. 2, 15.29).  Where a CPU has it, the "
        "access is no VM exit." },
    { .name = "backend", .others = "back end", .row = "ring/echo-64b", .column = "pv", .report = true,
      .text = "The half of a split driver that has the device, in dom0 or a driver domain: it maps or copies "
        "what the frontend has granted, serves the requests on the ring and answers.  It must believe nothing "
        "that the frontend writes." },
    { .name = "balloon", .others = "memory/target; mem-set", .row = "memory/decrease-increase-reservation",
      .text = "A driver that gives pages back to the hypervisor and takes them again, so that a domain's "
        "memory follows what the toolstack sets." },
    { .name = "bare", .row = "baseline/empty", .report = true,
      .text = "The same image with no hypervisor below it: the floor of each path, in no ratio with the "
        "others." },
    { .name = "barrier", .others = "memory barrier; smp_wmb; smp_mb", .row = "ring/push-pop",
      .text = "An instruction or a compiler's rule that keeps memory accesses in order.  A ring needs them "
        "where one side publishes an index after the entry it stands for, and between publishing and the look "
        "at whether the other side sleeps." },
    { .name = "block device", .others = "blkif; vbd", .row = "block/blkif-own", .column = "pv",
      .text = "A disk by a shared ring: requests name sectors and grants of pages, answers an outcome "
        "(Xen's public/io/blkif.h)." },
    { .name = "bounce", .others = "bounced system call", .row = "syscall/guest-getpid", .column = "pv",
      .text = "In a 64-bit PV guest kernel and applications both run in ring 3.  A system call enters the "
        "hypervisor, which switches page tables and jumps back into the guest's kernel; the return is a "
        "hypercall.  PVH and HVM guests have ring 0 and need neither.",
      .picture =
        "  PV    application --syscall--> Xen --other page table--> kernel\n"
        "        application <--sysret--- Xen <--iret hypercall---- kernel\n"
        "\n"
        "  PVH,  application --syscall--> kernel\n"
        "  HVM   application <--sysret--- kernel\n" },
    { .name = "column", .row = NULL, .report = true,
      .text = "By what, on what or in what a row is run: PV, PVH, HVM, bare, dom0, a container, a sandbox.  "
        "The same work stands in one line." },
    { .name = "confidence interval", .others = "95 % interval; bootstrap", .report = true,
      .text = "How well a median is known: the samples are drawn again with replacement, many times, and of "
        "the medians of these 95 % lie within it.  A point means that all samples that matter were equal." },
    { .name = "container", .others = "namespace; cgroup; crun", .row = "app/getppid",
      .text = "Processes of one kernel that see their own names for its things (namespaces), have limits "
        "(cgroups) and may use some of its calls only (seccomp).  Nothing stands between them and the "
        "kernel." },
    { .name = "decode assists", .others = "decodeassists", .row = "mmio/xen-lapic", .column = "hvm",
      .text = "The CPU leaves the bytes of the instruction that faulted in the VMCB (AMD APM vol. 2, "
        "15.8.4).  Without them the hypervisor walks the guest's page tables to fetch them, with each access "
        "to emulated memory." },
    { .name = "device model", .others = "QEMU", .row = "port/qemu-ide", .column = "hvm",
      .text = "The process that emulates a PC's devices for an HVM guest: QEMU in dom0.  Xen hands it what the "
        "guest reads and writes (ioreq), and waits for the answer." },
    { .name = "dom0", .report = true, .row = "hypercall/from-dom0-process",
      .text = "The domain that Xen starts first and trusts most: it has the machine's drivers and the "
        "toolstack.  As a column: what a process there pays itself." },
    { .name = "domain", .others = "domU; guest", .row = "lifecycle/create",
      .text = "A virtual machine of Xen's.  dom0 is the privileged one, domU all the others." },
    { .name = "doorbell", .others = "kick", .row = "virtio/notify-mmio",
      .text = "The register of a device to which a driver writes that there is something on the queue.  In a "
        "guest the write is a VM exit; a paravirtual ring has an event channel in its place." },
    { .name = "double fetch", .others = "TOCTOU",
      .text = "To read shared memory twice, once to check it and once to use it: the peer changes it between.  "
        "A backend copies a request before it looks at it.  `xenometer attack F6` shows one." },
    { .name = "emulation", .row = "mmio/xen-lapic", .column = "hvm",
      .text = "To do in software what a device or an instruction would: the hypervisor fetches the "
        "instruction, decodes it, finds the operand, does the work, and moves the guest's instruction pointer "
        "on." },
    { .name = "event channel", .others = "evtchn; port; notification", .row = "event/roundtrip-idle",
      .column = "pv", .report = true,
      .text = "Xen's interrupt between domains: sending sets a bit in the receiver's memory and, where that "
        "is neither masked nor pending already, makes an upcall.  It says that, not what: what stands on a "
        "ring.",
      .picture =
        "  sender                 Xen                     receiver\n"
        "    | EVTCHNOP_send(port) |                          |\n"
        "    |-------------------->| pending bit, selector,   |\n"
        "    |                     | upcall_pending           |\n"
        "    |                     |------------------------->| upcall: scan,\n"
        "    |<--------------------|                          | clear, handle\n" },
    { .name = "event index", .others = "req_event; rsp_event; notification suppression; avail_event",
      .row = "ring/notify-suppressed",
      .text = "A number in the ring by which its reader says after which entry it wants to be woken.  A "
        "writer that does not pass it makes no hypercall: in a stream one event carries many requests.",
      .picture =
        "  req_prod before 40, after 44; the reader has set req_event = 50\n"
        "    40 .. 44 does not pass 50: no event\n"
        "  req_prod before 48, after 52\n"
        "    48 .. 52 passes 50: send one\n" },
    { .name = "exact clock", .others = "instruction clock; icount; lab-exact", .row = "baseline/memcpy-4k",
      .text = "In the lab virtual time is the number of executed instructions, of guest, Xen and dom0 alike, "
        "and the TSC counts them one by one.  Runs repeat to the digit.  It is not time." },
    { .name = "FIFO event channels", .others = "FIFO ABI", .row = "event/fifo-send",
      .text = "The second form of event channels: a word for each port in a linked list by priority, more "
        "ports and no scan of a bitmap (Xen's public/event_channel.h)." },
    { .name = "frontend", .others = "front end", .row = "block/blkif-linux", .column = "pv",
      .text = "The half of a split driver in the guest: it grants pages, puts requests on the ring, sends "
        "an event and waits for the answer." },
    { .name = "grant", .others = "grant table; grant reference; gnttab", .row = "grant/map-1", .column = "pv",
      .report = true,
      .text = "A page that a domain lets another map or copy.  The guest writes an entry of its grant table, "
        "which needs no hypercall; the other side shows Xen the entry's number.",
      .picture =
        "  guest                          Xen                     dom0\n"
        "  table[ref] = {domid, frame,    |                         |\n"
        "                flags}           |   map or copy(ref)      |\n"
        "                                 |<------------------------|\n"
        "                                 | checks the entry,       |\n"
        "                                 | marks it in use ------->| page\n" },
    { .name = "grant copy", .row = "grant/copy-4k",
      .text = "Xen copies between pages of two domains by a hypercall, so that none has to be mapped and, "
        "which is dearer, unmapped everywhere again." },
    { .name = "gVisor", .others = "Sentry; runsc; sandbox", .row = "app/getppid",
      .text = "A kernel for applications that is a process itself (the Sentry): system calls are caught and "
        "served there, and few of them reach the host." },
    { .name = "HVM", .report = true, .row = "port/qemu-ide",
      .text = "A guest on the CPU's virtualization with an emulated PC: firmware, disks and cards come from "
        "a device model, QEMU." },
    { .name = "hypercall", .others = "VMCALL; VMMCALL", .row = "hypercall/null", .column = "pv",
      .report = true,
      .text = "A call of the hypervisor.  In a PV guest the SYSCALL instruction enters Xen and is no VM exit; "
        "in PVH and HVM it is VMMCALL (AMD) or VMCALL (Intel), which is one; on ARM HVC.",
      .picture =
        "  PV        guest --SYSCALL--> Xen: entry, table of hypercalls, SYSRET\n"
        "  PVH, HVM  guest --VMMCALL--> exit: state saved, the reason,\n"
        "                               table of hypercalls, state loaded, VMRUN\n" },
    { .name = "hypercall page", .row = "hypercall/direct",
      .text = "A page that Xen fills with one small function for each hypercall, in the instruction that "
        "this guest and this CPU want." },
    { .name = "hypervisor", .others = "Xen; VMM",
      .text = "What runs below guest kernels, and has the machine: it schedules vCPUs, keeps memories apart, "
        "and answers hypercalls and VM exits." },
    { .name = "instructions", .report = true, .row = "baseline/rdtsc",
      .text = "The lab's clock: everything that guest, Xen and dom0 execute meanwhile.  Exact, and not time: "
        "entering and leaving a guest, TLB and cache misses are free in it." },
    { .name = "ioreq", .others = "ioreq server", .row = "port/ioreq", .column = "hvm", .report = true,
      .text = "What Xen hands to an emulator in dom0 when a guest touches a port or a page that is none: a "
        "slot of a shared page for each vCPU, and an event channel each way (Xen's "
        "public/hvm/ioreq.h)." },
    { .name = "IPI", .others = "inter-processor interrupt", .row = "event/ipi",
      .text = "An interrupt from one CPU to another.  A paravirtual guest sends an event to its other vCPU, "
        "others write their local APIC." },
    { .name = "KVM", .others = "microVM", .row = "port/ioreq",
      .text = "Linux as a hypervisor: a process (QEMU, or a thin one) opens /dev/kvm, and what it does not "
        "answer in the kernel comes back to that process." },
    { .name = "layer", .report = true, .row = "ring/echo-64b", .column = "pv",
      .text = "Who executed an instruction of a path: the guest, Xen, dom0's kernel, a process there; or "
        "nobody, where all waited for a timer.  `xenometer run --layers` shows the shares." },
    { .name = "lost wake-up", .others = "lost event",
      .text = "A reader finds the ring empty and goes to sleep, while the writer, who still saw it awake, "
        "sends no event: both wait for ever.  The order publish, barrier, look, and look once more before "
        "sleeping, is what prevents it; `make model` searches all orders." },
    { .name = "mask", .others = "unmask; evtchn_mask", .row = "event/unmask",
      .text = "A bit of each event channel by which a guest says that it does not want an upcall for it now.  "
        "The event stays pending." },
    { .name = "median", .others = "p50", .report = true,
      .text = "Half of the samples lie below it.  The empty timed region is subtracted." },
    { .name = "MMIO", .others = "memory-mapped I/O", .row = "mmio/ioreq", .column = "hvm",
      .text = "Registers of a device as memory.  Where that is emulated, the page is not mapped for the guest: "
        "the access faults in the nested page table, and the instruction must be fetched and decoded." },
    { .name = "multicall", .row = "hypercall/multicall-8",
      .text = "Several hypercalls by one entry into Xen.  It pays where the entry is dear and the calls' "
        "arguments are cheap to fetch." },
    { .name = "nested paging", .others = "EPT; NPT; HAP", .row = "memory/tlb-miss-4k",
      .text = "The CPU walks two page tables: the guest's, and the hypervisor's for each address in it.  Xen "
        "need not know when a guest changes its own, and pays with longer walks." },
    { .name = "NRIP-save", .others = "nrip; next RIP", .row = "exit/cpuid-basic", .column = "pvh",
      .text = "The CPU says where the instruction behind the one that left the guest begins (AMD APM vol. 2, "
        "15.7.1).  Without it the hypervisor fetches and decodes that instruction, with each CPUID, MSR and "
        "hypercall.  QEMU's CPU lacks it; the lab adds it." },
    { .name = "overhead", .others = "empty region", .row = "baseline/empty",
      .text = "What the two readings of the clock take with nothing between them.  It is measured as a row and "
        "subtracted from all others." },
    { .name = "p2m", .others = "physical to machine; gfn; mfn; pfn",
      .row = "memory/populate-page",
      .text = "The table from a guest's page numbers to the machine's.  A PV guest keeps it and writes machine "
        "numbers into its page tables; for others it is the nested page table." },
    { .name = "p99", .others = "tail latency; percentile", .report = true,
      .text = "99 of 100 samples lie at or below it." },
    { .name = "persistent grant", .row = "block/blkif-linux",
      .text = "A page that stays granted and mapped from one request to the next, so that mapping and "
        "unmapping are paid once; the price is a copy in the frontend." },
    { .name = "PIO", .others = "port I/O; IN; OUT", .row = "port/xen-pit", .column = "hvm",
      .text = "IN and OUT: the exit itself says which port, how many bytes and where the next instruction "
        "is, so nothing need be decoded." },
    { .name = "posted interrupt", .row = "interrupt/vector-lapic",
      .text = "An interrupt that the CPU delivers to a running guest without an exit (Intel SDM vol. 3, "
        "30.6)." },
    { .name = "PV", .others = "paravirtualization", .report = true, .row = "hypercall/null",
      .text = "A guest whose kernel knows that it is one: it calls Xen where a computer has privileged "
        "instructions, and needs no virtualization of the CPU's." },
    { .name = "pvclock", .others = "TSC; RDTSC", .row = "exit/rdtsc-trapped",
      .text = "A guest reads the CPU's time stamp counter itself and scales it by numbers in its vcpu_info; "
        "with tsc_mode=always_emulate each reading is an exit." },
    { .name = "PVH", .report = true, .row = "hypercall/null",
      .text = "A guest on the CPU's virtualization that is started at once in its kernel, with paravirtual "
        "devices and no emulated PC." },
    { .name = "reaches dom0", .others = "waits", .report = true, .row = "ring/echo-64b",
      .text = "The path ends in a process in dom0; the vCPU may be descheduled until the answer is there." },
    { .name = "ring", .others = "shared ring; I/O ring; producer; consumer; req_prod; rsp_prod",
      .row = "ring/echo-64b", .column = "pv", .report = true,
      .text = "Requests and answers in one shared page, a power of two of slots.  Four indices that only "
        "grow: what the frontend has put and taken, what the backend has put and taken; two of them are "
        "shared, and two event indices.",
      .picture =
        "  slot     0    1    2    3    4    5    6    7    (indices modulo 8)\n"
        "         [ A ][ A ][   ][   ][ R ][ R ][ r ][ r ]\n"
        "            ^rsp_cons  ^rsp_prod  ^req_cons      ^req_prod\n"
        "         A answered   free         R being served   r to be taken\n"
        "  the frontend writes req_prod and reads rsp_prod, the backend the\n"
        "  other way round\n" },
    { .name = "row", .report = true, .row = "hypercall/null",
      .text = "One path out of a guest, as group/name.  `xenometer explain ROW` tells what it isolates." },
    { .name = "sample", .row = "baseline/empty",
      .text = "One measurement: the difference of two readings of the clock around the operation, or around "
        "a batch of them." },
    { .name = "scheduler", .others = "credit2; yield; two-level scheduling; context switch",
      .row = "sched/vm-switch", .column = "pv",
      .text = "Xen chooses which vCPU has the CPU, and within it the guest which process: a wake-up across "
        "domains goes through both.",
      .picture =
        "  process A wakes process B in another domain:\n"
        "  A -> guest's kernel -> Xen: event, wake vCPU, credit2 picks it, switch\n"
        "                      -> upcall -> the other kernel: wake B, switch -> B\n" },
    { .name = "seccomp", .others = "seccomp-BPF", .row = "app/getppid",
      .text = "A filter that the kernel runs before each system call of a process: numbers and arguments are "
        "allowed, refused, or handed to somebody else." },
    { .name = "shadow paging", .row = "memory/remap-shadow",
      .text = "Without nested paging the hypervisor keeps a second page table, of machine addresses, and has "
        "to learn of each change of the guest's." },
    { .name = "shared_info", .others = "vcpu_info; start_info", .row = "event/scan-64",
      .text = "A page that Xen and a guest share: pending and mask bits of two-level event channels, the "
        "clock, and of each vCPU whether it wants upcalls." },
    { .name = "snapshot", .others = "savevm",
      .text = "The whole lab, booted, in a file: a run starts from it in seconds, and always in the same "
        "state.  `xenometer lab status` lists them." },
    { .name = "split driver", .others = "XenBus", .row = "block/blkif-own", .column = "pv",
      .text = "A driver in two halves: the frontend in the guest, the backend where the device is; they find "
        "each other by XenStore and talk by a ring, grants and event channels." },
    { .name = "steal time", .others = "runstate; stolen", .row = "sched/runstate-read",
      .text = "Time in which a vCPU wanted to run and others had its CPU.  Samples in which it happened are "
        "counted and named, not dropped." },
    { .name = "SVM", .others = "VMX; VT-x; AMD-V; VMCB; VMCS; VMRUN", .row = "exit/vmcall", .column = "pvh",
      .text = "The CPU's virtualization: AMD's SVM, Intel's VMX.  A structure in memory (VMCB, VMCS) has the "
        "guest's state and says what leaves it." },
    { .name = "tail", .report = true, .row = "event/roundtrip-idle", .column = "pv",
      .text = "In a trace: what runs after the answer was ready.  On one CPU it is in the figure, though "
        "nobody waited for it." },
    { .name = "trace", .row = "hypercall/null", .column = "pv",
      .text = "One sample taken apart: every instruction, by who executed it, in which function, in order." },
    { .name = "two-level event channels", .others = "2-level ABI", .row = "event/scan-1024",
      .text = "The first form of event channels: a selector word says which words of the pending bitmap to "
        "look at.",
      .picture =
        "  vcpu_info.evtchn_pending_sel   0 0 1 0 ...        one bit a word\n"
        "                                     |\n"
        "  shared_info.evtchn_pending[2]  0 1 0 0 1 0 ...    one bit a port\n"
        "  shared_info.evtchn_mask[2]     0 0 0 0 1 0 ...    not wanted now\n" },
    { .name = "unikernel", .row = "lifecycle/first-instruction",
      .text = "A kernel and one application as one image, without processes.  Ours measures, and nothing "
        "else." },
    { .name = "upcall", .others = "vector callback; evtchn_upcall", .row = "event/upcall-entry",
      .column = "pv",
      .text = "Xen enters the guest at the address it has registered, or injects the vector it has asked "
        "for, because an event is pending: the guest's interrupt." },
    { .name = "vchan", .others = "libxenvchan", .row = "vchan/echo-64b", .column = "pv",
      .text = "A stream of bytes between two domains, by two rings and an event channel each way "
        "(libxenvchan)." },
    { .name = "virtio", .others = "virtqueue", .row = "block/virtio", .column = "hvm",
      .text = "Paravirtual devices as PCI cards: descriptors, an available and a used ring in the guest's "
        "memory, doorbells and interrupts (OASIS virtio 1.2).  The device model reads all of the guest's "
        "memory; nothing is granted." },
    { .name = "VM exit", .others = "VM entry; trap; #VMEXIT", .row = "exit/cpuid-basic", .column = "pvh",
      .report = true,
      .text = "The CPU leaves the guest for the hypervisor, because of what the guest executed or of an "
        "interrupt.  The way back is the entry.",
      .picture =
        "  guest  ... CPUID | exit: state to the VMCB, reason\n"
        "  Xen              | save registers, look at the reason, do it,\n"
        "                   | look for work before going back, load registers\n"
        "  guest            | entry (VMRUN, VMRESUME) ... next instruction\n" },
    { .name = "watch", .row = "xenstore/watch-fire",
      .text = "A wish to be told when a key of XenStore, or one below it, changes." },
    { .name = "work", .report = true,
      .text = "What a row gets done.  Only rows of the same work are compared." },
    { .name = "XenStore", .others = "xenstored; transaction; oxenstored", .row = "xenstore/read",
      .column = "pv",
      .text = "A small tree of keys in a daemon, by which toolstack, frontends and backends find each "
        "other.  Guests reach it by a ring of their own; it is for settings, not for data." },
    { .name = "\u00d7", .others = "ratio", .report = true,
      .text = "How many times the cheapest figure of the same work; one operation alone is compared with one "
        "alone, several in flight with several." },
};

const struct term *term_at(size_t i)
{
    return i < sizeof(terms) / sizeof(terms[0]) ? &terms[i] : NULL;
}

/* Is it one of the words, which have "; " between them? */
static bool is_among(const char *words, const char *name)
{
    size_t length = strlen(name);

    while ( words && *words )
    {
        size_t word = strcspn(words, ";");

        if ( word == length && !strncasecmp(words, name, length) )
            return true;
        words += word;
        words += strspn(words, "; ");
    }
    return false;
}

const struct term *term_find(const char *name)
{
    for ( size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++ )
        if ( !strcasecmp(terms[i].name, name) || is_among(terms[i].others, name) )
            return &terms[i];
    return NULL;
}

static const struct {
    const char *name, *text;
} groups[] = {
    { "app", "Applications: the same requests of a kernel by a native process, in containers, in "
      "sandboxes and in Linux guests." },
    { "baseline", "What measuring itself costs, and instructions that stay in the guest: the same in every "
      "mode." },
    { "block", "One disk, by every block path there is: paravirtual rings with Linux's, QEMU's and our own "
      "backend, and emulated controllers." },
    { "console", "A character to the outside, by Xen's console ring, by an emulated UART, by the debug "
      "port." },
    { "event", "Event channels: to send, to be woken, to scan what is pending; alone, in both directions and "
      "in a stream." },
    { "exit", "Instructions that leave a PVH or HVM guest, by reason, and some that do not." },
    { "grant", "Pages shared with another domain: granted, mapped, copied, withdrawn." },
    { "hypercall", "The way into Xen and back, with nothing or little done there." },
    { "interrupt", "Interrupts from the guest to itself, from another vCPU and from timers, by each "
      "controller there is." },
    { "lifecycle", "A domain's birth and death, step by step, from the toolstack's first hypercall to the "
      "guest's first instruction and its destruction." },
    { "mechanism", "What containers and sandboxes are made of, one by one: filters of system calls, "
      "supervisors, tracers, Landlock, namespaces." },
    { "memory", "Page tables, TLB misses, pages that are given and taken." },
    { "mmio", "Registers as memory: answered inside Xen, by a process of ours, by QEMU." },
    { "neighbours", "The same request from several domains at once, as each of them sees it." },
    { "net", "One frame there and back, by paravirtual rings and emulated cards." },
    { "port", "IN and OUT: answered inside Xen, by a process of ours, by QEMU, by nobody." },
    { "pv", "What a PV kernel asks Xen for where a computer has privileged instructions." },
    { "ring", "64 bytes or a page to a process in dom0 by a shared ring: alone, in a stream, and the ring's "
      "code without a peer." },
    { "sched", "Xen's scheduler as a guest sees it: to yield, to block and be woken, timers." },
    { "syscall", "An application within the guest and its kernel: a PV guest's go through Xen, the others' "
      "do not." },
    { "timer-load", "What a periodic timer takes of a guest that computes." },
    { "vchan", "A stream between domains by libxenvchan." },
    { "virtio", "What a virtio device's notifications and interrupts cost, without the work." },
    { "xenstore", "Keys of XenStore, read and written by a guest." },
};

const char *group_text(const char *group)
{
    for ( size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++ )
        if ( !strcmp(groups[i].name, group) )
            return groups[i].text;
    return NULL;
}
