/*
 * The row descriptor: what one measured path is called, where it runs and how.
 *
 * ROW(identifier, .run = …) = { .name = …, … } makes two objects: the descriptor,
 * and the functions, each in a table of its own and both in the same order.
 * The image's descriptors are for dom0, which reads them out of the ELF file
 * (`xenometer list` needs no Xen): they stand in section "rows" and are never
 * loaded; the functions are what a guest has of a row.  Both sides are 64-bit and
 * little-endian, so numbers and pointers are in the file as in memory.
 */
#ifndef XENOMETER_ROW_H
#define XENOMETER_ROW_H

#include <stdint.h>

/*
 * What the image finds itself started as: it behaves by that, and says it in its
 * KEY_MODE.  A set of modes is the union of these bits.  Not to be mixed up with the
 * columns of a table (dom0-tools/catalogue/column.h): several columns can start the image
 * alike, and others do not start it at all.
 */
enum mode {
    MODE_PV   = 1u << 0,   /* paravirtualized, 64-bit, ring 3 under Xen */
    MODE_PVH  = 1u << 1,   /* hardware container without device model */
    MODE_HVM  = 1u << 2,   /* hardware container with QEMU's device model */
    MODE_BARE = 1u << 3,   /* the same image with no hypervisor below it */
    MODE_ARM64 = 1u << 4,  /* a domain of Xen on ARM64, which has one kind */
};
#define MODES_XEN       (MODE_PV | MODE_PVH | MODE_HVM | MODE_ARM64)
#define MODES_HARDWARE  (MODE_PVH | MODE_HVM | MODE_BARE)

/* What a row needs: enum service and enum domain_need bits.  It is in no structure that
 * a guest shares, so it grows here. */
typedef uint64_t row_needs;

/* From the dom0 side.  One that can be absent is looked for by the row's set-up, which
 * makes the row a skip then. */
enum service {
    SERVICE_DATA_RING = 1u << 0,   /* protocol.h, enum data_operation */
    SERVICE_ECHO      = 1u << 1,   /* an event channel that answers itself */
    SERVICE_IOREQ     = 1u << 2,   /* our ioreq server: port range and page */
};

/*
 * What the row's domain must be started with: bits from 16 on, above the services.
 * Rows of one column that need the same share a domain; a plain one has one vCPU,
 * two-level event channels, grant table version 1 and 32 MiB.
 */
enum domain_need {
    DOMAIN_SMP      = 1u << 16,   /* a second vCPU, down until the row starts it; they are
                                     on different physical CPUs */
    DOMAIN_FIFO     = 1u << 17,   /* FIFO event channels; no way back to two levels */
    DOMAIN_GRANT_V2 = 1u << 18,   /* grant table version 2 before the first grant */
    DOMAIN_LARGE    = 1u << 19,   /* more memory than the configs give */
    DOMAIN_TSC_EMULATED = 1u << 20,   /* tsc_mode "always_emulate": Xen traps RDTSC */
    DOMAIN_SMP_SHARED = 1u << 21, /* a second vCPU; both have one physical CPU */
    DOMAIN_PEER     = 1u << 22,   /* a second domain, which runs the row's other half */
    DOMAIN_QDISK    = 1u << 23,   /* the session's disk by a QEMU that is its blkif backend */
    DOMAIN_DISK     = 1u << 24,   /* the session's disk, by every block path it has */
    DOMAIN_NICS     = 1u << 25,   /* HVM: network cards in QEMU, on the session's bridge */
    DOMAIN_DEVICES  = 1u << 26,   /* HVM: a VGA and two virtio devices in QEMU */
    DOMAIN_ON_DEMAND = 1u << 27,  /* memory that Xen populates at the first touch */
    DOMAIN_SHADOW   = 1u << 28,   /* shadow paging in the place of nested paging */
    DOMAIN_NETWORK  = 1u << 29,   /* interfaces on the session's bridge, by every netif backend */
    DOMAIN_CONTROLLERS = 1u << 30,   /* HVM: the session's disk behind QEMU's controllers */
    DOMAIN_LINUX    = 1u << 31,   /* dom0's own row: a domain of dom0's kernel */
    /* The next is 1ull << 32; dom0-tools/catalogue/needs.c says in words what each is. */
};
/* All that decides how a domain of the image is started. */
#define DOMAIN_NEEDS (~(row_needs)0xffff & ~(row_needs)DOMAIN_LINUX)
/* Those for which the session has a bridge, and those for which it has a disk. */
#define DOMAIN_NETWORKS (DOMAIN_NETWORK | DOMAIN_NICS)
#define DOMAIN_DISKS (DOMAIN_DISK | DOMAIN_QDISK | DOMAIN_CONTROLLERS)

enum row_flags {
    ROW_HEADLINE = 1u << 0,   /* part of `make bench` */
    ROW_DOM0     = 1u << 1,   /* the path leaves Xen and reaches dom0 */
    ROW_BLOCKS   = 1u << 2,   /* the vCPU may block inside the timed region */
    ROW_BASELINE = 1u << 3,   /* the empty timed region: subtracted from others */
    ROW_BATCHES  = 1u << 4,   /* operations share events: how many is shown */
    ROW_APIC     = 1u << 5,   /* a register of the local APIC: where the CPU virtualizes those, no
                                 exit (Intel SDM vol. 3, 30.1) */
    ROW_TIMER    = 1u << 6,   /* how many ticks a second has is in the figure */
    ROW_START    = 1u << 7,   /* its sample is a point of time: the figure is since CONTROL_STARTED */
};

#define ROW_NAME_SIZE 48u

struct row_run;   /* domU-kernel/harness/row.h; dom0-tools/measure/row.h for dom0's own */

/* Each text ends with NUL; one that is too long does not compile, or load. */
struct row {
    char name[ROW_NAME_SIZE];   /* "group/name", e.g. "hypercall/null" */
    char work[56];           /* rows with the same work are set side by side */
    char path[64];           /* how the work is done, a few words */
    char help[112];          /* one line for `xenometer list` */
    char columns[48];        /* where it runs: names of columns and of classes of them, with
                                spaces between: "pv", "xen", "hvm bare" (column.h) */
    char elsewhere[144];     /* why the other columns cannot run it */
    char against[ROW_NAME_SIZE];   /* the row beside which it is told how many times as much
                                it costs; empty: none */
    const char *explanation; /* paragraph for `xenometer explain` */
    row_needs needs;
    uint32_t flags;          /* enum row_flags */
    uint32_t operations;     /* operations in one sample, at least 1 */
    uint32_t samples;        /* samples taken unless the user asks otherwise */
    uint32_t warmup;         /* iterations before the first kept sample */
    uint32_t bytes;          /* that one operation moves; 0: not what it is about */
    uint32_t reserved;       /* 0 */
};
_Static_assert(sizeof(struct row) == 2 * ROW_NAME_SIZE + 464, "also in entry/x86/kernel.lds.S");

struct row_code {
    /* Returns NULL, or why this machine cannot run the row (then a skip). */
    const char *(*setup)(struct row_run *);   /* may be NULL */
    /* Takes run->count samples; reports trouble through run->failure. */
    void (*run)(struct row_run *);
    void (*teardown)(struct row_run *);       /* may be NULL */
};

/* Outcome of a row, the worst last; it decides the exit status. */
enum outcome {
    OUTCOME_SUCCESS = 0,
    OUTCOME_SKIP    = 1,   /* cannot run here; the reason says why */
    OUTCOME_ERROR   = 2,   /* the testbed's own fault */
    OUTCOME_FAILURE = 3,   /* Xen or the device did something wrong */
};

#endif
