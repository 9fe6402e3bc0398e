/*
 * The contract between the unikernel (frontend) and the dom0 backend.
 *
 * A split driver found through XenStore, class "xenometer", one device "0":
 *
 *   frontend  /local/domain/<domid>/device/xenometer/0
 *   backend   /local/domain/<dom0>/backend/xenometer/<domid>/0
 *
 * The toolstack part of `xenometer` writes both directories (xl knows nothing
 * of this class).  The states are XenbusState of xen/io/xenbus.h:
 *
 *   backend   Initialising -> InitWait (its keys are readable)
 *   frontend  writes its keys, Initialised
 *   backend   reads the keys once, maps and binds, Connected
 *   frontend  Connected; then asks for work on the control ring
 *   either    Closing, Closed; a domain that ends simply disappears
 *
 * Three event channels and two rings:
 *
 *   control ring   the frontend asks for work: each request carries the result
 *                  of the command before it, each response the next command.
 *                  No request outstanding means the guest is measuring.
 *   data ring      the services that rows measure: enum data_operation.
 *   echo channel   the backend answers each event by an event, nothing else.
 *
 * Samples: raw TSC differences (uint64_t) in pages the guest grants; the
 * grant references stand in one granted index page.  dom0 does all arithmetic.
 *
 * Rings have the layout of xen/io/ring.h (shared/ring.h has the code).
 */
#ifndef XENOMETER_PROTOCOL_H
#define XENOMETER_PROTOCOL_H

#include <stdint.h>

#include <xenometer/row.h>

#define DEVICE_CLASS      "xenometer"
#define PROTOCOL_VERSION  "xenometer-1"

/* Keys the backend writes into its directory before InitWait. */
#define KEY_VERSION         "version"          /* PROTOCOL_VERSION */
#define KEY_IOREQ_PORT      "ioreq-port"       /* decimal, first of IOREQ_PORTS; absent: no service */
#define KEY_IOREQ_MMIO      "ioreq-mmio"       /* decimal guest-physical address of one page */
#define KEY_IOREQ_SERVER    "ioreq-server"     /* decimal, Xen's number of it: for the next backend */
#define KEY_MAX_RING_ORDER  "max-ring-page-order"
#define KEY_EVENT_ABI       "event-channel-abi"   /* EVENT_ABI_FIFO; absent: two levels */
#define KEY_GRANT_VERSION   "grant-version"       /* "2"; absent: 1 */
#define KEY_CPU_EMULATOR    "cpu-emulator"        /* CPU_EMULATOR_TCG; absent: the CPU is a real one */
#define KEY_PAGING          "paging"           /* PAGING_SHADOW; absent: nested, if any */
#define PAGING_SHADOW       "shadow"
#define EVENT_ABI_FIFO      "fifo"
#define CPU_EMULATOR_TCG    "tcg"

/* Keys the frontend writes into its directory before Initialised. */
#define KEY_PROTOCOL        "protocol"         /* PROTOCOL_VERSION */
#define KEY_MODE            "mode"             /* "pv", "pvh", "hvm" */
#define KEY_IMAGE           "image"            /* build id, lower-case hex */
#define KEY_RING_ORDER      "ring-page-order"  /* log2 of the data ring's pages */
#define KEY_RING_REF        "ring-ref"         /* data ring: ring-ref0, ring-ref1, … */
#define KEY_EVENT_CHANNEL   "event-channel"    /* data ring's channel */
#define KEY_CONTROL_REF     "control-ring-ref"
#define KEY_CONTROL_CHANNEL "control-event-channel"
#define KEY_ECHO_CHANNEL    "echo-event-channel"
#define KEY_SAMPLES_REF     "samples-ref"      /* index page: samples-pages grant references, uint32_t each */
#define KEY_SAMPLES_PAGES   "samples-pages"

/*
 * Below the domain's own directory: why it ends, or leaves its device, in words for people.
 * Written before Closing, and before a crash.
 */
#define KEY_LAST_WORDS      "data/xenometer"

#define DATA_RING_ORDER     1u                 /* two pages: 64 slots */
#define MAX_RING_ORDER      4u
#define SAMPLES_PAGES       16u                /* 8,192 samples */
#define MAX_SAMPLES_PAGES   1024u              /* one index page full */
#define SAMPLES_PER_PAGE    (4096u / sizeof(uint64_t))

#define IOREQ_PORTS         16u                /* ports claimed from ioreq-port on */
#define IOREQ_PORT_DEFAULT  0x0e00u            /* claimed by nothing in a PC */
#define IOREQ_MMIO_DEFAULT  0xf8000000u        /* below the LAPIC, above RAM and QEMU's VGA */

/* ---- control ring: one page, 128-byte slots, 16 of them ---- */

#define CONTROL_SLOT_SIZE   128u
#define REASON_SIZE         80u

/*
 * Behind the slots stands a uint32_t: the id of the command that took too long.  The
 * backend writes it, then sends events on the control ring's channel; the guest's waits
 * for somebody's answer end with that, and the command's result says whose.
 */
#define CONTROL_GIVE_UP     2112u   /* bytes from the page's beginning: 64 + 16 slots */

enum control_kind {
    CONTROL_READY  = 1,   /* no result yet: just connected */
    CONTROL_RESULT = 2,   /* result of the command named by `id` */
    CONTROL_STARTED = 3,  /* before READY, by who starts an application: times.entry is the TSC then */
};

/* When the guest got where: its own TSC.  Each later than the one before. */
struct boot_times {
    uint64_t entry;          /* the image's first instructions */
    uint64_t hypercall;      /* the first hypercall has returned */
    uint64_t event;          /* XenStore's first answer has come, by event */
    uint64_t ready;          /* connected: READY goes out */
};

/* guest -> dom0 */
struct control_request {
    uint32_t kind;           /* enum control_kind */
    uint32_t id;             /* id of the command answered; 0 with READY */
    uint32_t outcome;        /* enum outcome */
    uint32_t samples;        /* stored in the sample buffer */
    uint64_t first;          /* ticks of the first iteration, warm-up included */
    union {
        uint64_t boot;       /* READY: ticks from entry to work, XenStore aside */
        uint64_t batch;      /* RESULT: ticks from the first stored sample to the end of
                                the last; 0: the row does other things between them */
    };
    union {
        uint32_t suspends;   /* READY: how often the domain was suspended so far: saved and
                                restored, migrated, or gone on with */
        uint32_t upcalls;    /* RESULT: event upcalls taken while the row ran, by all vCPUs,
                                and interrupts of emulated devices */
    };
    union {
        uint32_t interrupted;    /* READY: number of the row under way, from 1, when the
                                    backend before this one went; 0: none */
        uint32_t notifications;  /* RESULT: events sent to the backend while the row ran */
    };
    uint32_t stolen;         /* ns in which others ran in its place meanwhile; UINT32_MAX:
                                that or more */
    uint32_t reserved;
    union {
        char reason[REASON_SIZE];      /* NUL-terminated; empty with success */
        struct boot_times times;       /* READY */
    };
};
_Static_assert(sizeof(struct control_request) == CONTROL_SLOT_SIZE, "control slot");

enum control_operation {
    CONTROL_RUN  = 1,
    CONTROL_STOP = 2,        /* close the device, shut the domain down */
    CONTROL_SUSPEND = 3,     /* close the device, suspend when the toolstack asks for it
                                (control/shutdown), and connect anew once resumed */
};

/* Which half of a row that two domains run together. */
enum peer_half {
    PEER_NONE   = 0,
    PEER_FIRST  = 1,         /* takes the samples */
    PEER_SECOND = 2,         /* answers */
};

/* dom0 -> guest; bare mode gets an array of these as its boot module */
struct control_response {
    uint32_t operation;      /* enum control_operation */
    uint32_t id;             /* chosen by dom0, echoed in the result */
    uint32_t row;            /* index into the image's row table */
    uint32_t samples;
    uint32_t warmup;
    uint32_t half;           /* enum peer_half: rows with DOMAIN_PEER */
    uint32_t peer_domain;    /* with either half: the other's number, */
    uint32_t peer_port;      /* and PEER_FIRST's port, meant for PEER_SECOND to bind */
    uint32_t modes;          /* the row's, enum mode bits: any other refuses */
    char name[ROW_NAME_SIZE];   /* the row's, for what the guest prints; ends with NUL */
    uint32_t reserved[11];   /* zero: fills the slot */
};
_Static_assert(sizeof(struct control_response) == CONTROL_SLOT_SIZE, "control slot");

/*
 * Bare mode: what arrives on BARE_RESULT_PORT is READY and then, for each command
 * in turn, a struct control_request followed by `samples` uint64_t.  The end is
 * an OUT to BARE_EXIT_PORT (QEMU's isa-debug-exit).
 */
#define BARE_RESULT_PORT    0x0500u   /* not 0x402: SeaBIOS logs there */
#define BARE_EXIT_PORT      0x0f4u
/* Where it is a guest of KVM: a register by port and by memory that keeps what is written, in the place
 * of dom0's ioreq server.  Where QEMU's pc-testdev has them; our own monitor (dom0-tools/guests/kvm)
 * has them there as well. */
#define VMM_PORT            0x00e0u
#ifdef __aarch64__
#define VMM_MEMORY          0x0a001000u
#else
#define VMM_MEMORY          0xff000000u
#endif
/*
 * ARM64 has no ports: registers of 8 bytes in a page of our monitor's, which takes what is sent out of the guest's
 * memory.  The commands are where the device tree's node that is compatible to this says.
 */
#define BARE_MEMORY         0x0a000000u
#define BARE_LOG            0x00u     /* a character */
#define BARE_FROM           0x08u     /* where what is sent next is */
#define BARE_SEND           0x10u     /* how many bytes: it is sent */
#define BARE_EXIT           0x18u
#define BARE_COMMANDS       "xenometer,commands"
/* What its command line says where the CPU below is an emulated one and CPUID does not say so. */
#define BARE_ON_TCG         "tcg"
/* Doorbells of 4 bytes, which our monitor's eventfds take: a port, one for one value, and the same in VMM_MEMORY's page.
 * What is read there is how often they have rung. */
#define VMM_EVENT_PORT      0x0514u
#define VMM_MATCH_PORT      0x0518u
#define VMM_MATCH           7u
#define VMM_EVENT_OFFSET    0x800u
#define VMM_MATCH_OFFSET    0x900u
/*
 * And in the same page, registers of 4 bytes: who else signals the guest, by an irqfd whose interrupt is VMM_VECTOR, or
 * VMM_INTERRUPT of ARM64's GIC.
 */
#define VMM_ANSWER_OFFSET   0xa00u    /* a doorbell: a thread of the monitor answers by the interrupt */
#define VMM_ANSWERS_OFFSET  0xa10u    /* written: 1, there is that thread from now on; 0, no longer */
#define VMM_ANSWERED_OFFSET 0xa20u    /* read: the host's clock when it last did, the low half; 4 further the high one */
#define VMM_SIGNAL_OFFSET   0xb00u    /* a doorbell: the other guest's interrupt */
#define VMM_PEER_OFFSET     0xb10u    /* written: the id of the command of which another guest runs the second half;
                                         read: 0, that has ended well */
#define VMM_VECTOR          0x41u
#define VMM_INTERRUPT       40u

/* ---- data ring: 2^DATA_RING_ORDER pages, 80-byte slots ---- */

/* Records fill their slot: a copy of one slot is a copy of one record. */
#define DATA_SLOT_SIZE      80u
#define DATA_PAYLOAD        64u

enum data_operation {
    DATA_ECHO   = 0,   /* payload comes back */
    DATA_SINK   = 1,   /* payload is consumed, answer has none */
    DATA_SOURCE = 2,   /* answer carries a payload: byte i is (id + i) & 0xff */
    /* Of `pages` pages granted as `gref`, `gref` + 1, …: */
    DATA_MAP    = 3,   /* map all at once, read a word of each, unmap */
    DATA_COPY   = 4,   /* grant-copy `length` bytes of each at once, read their words */
    DATA_KEEP   = 5,   /* map for writing until DATA_DROP or the end; one set at a time */
    DATA_DROP   = 6,   /* unmap the kept set; needs no fields */
    DATA_KEPT   = 7,   /* as COPY, by plain copies from pages of the kept set */
    /* `length` bytes at `offset` of page `gref` come back in page `gref` + 1: */
    DATA_ECHO_COPY = 8,    /* by two grant copies */
    DATA_ECHO_MAP  = 9,    /* by mapping both */
    DATA_ECHO_KEPT = 10,   /* through pages of the kept set */
    /* How the backend treats events; `gref` is no grant reference here. */
    DATA_EVENTS = 16,  /* count the events on port `gref`, 0: no more; one port at a time.
                          Not counted is the one that Xen raises at binding; an event sent
                          before dom0 has taken that is one with it */
    DATA_AWAKE  = 17,  /* `gref` 1: poll for events rather than sleep, until none has
                          come for AWAKE_MS; 0: sleep again */
    DATA_LINGER = 18,  /* `gref` 1: after a request look for the next one for a while, with the
                          port masked, before sleeping; 0: sleep at once, as at first */
    DATA_VCHAN  = 19,  /* `gref` 1: libxenvchan's server, in directory "vchan" of the backend's,
                          that sends back what it gets, DATA_PAYLOAD bytes at a time; 0: no more */
};

#define AWAKE_MS            10u
#define DATA_PAGES          32u   /* at most that many in one request */

enum data_status {
    DATA_OKAY          = 0,
    DATA_ERROR         = -1,   /* bad reference, offset or length */
    DATA_NOT_SUPPORTED = -2,   /* unknown operation */
};

struct data_request {
    uint32_t id;             /* echoed; never used as an index by the backend */
    uint16_t operation;      /* enum data_operation */
    uint16_t length;         /* bytes: payload, or of each page (not MAP, KEEP) */
    uint32_t gref;           /* from MAP on: the first page's grant reference;
                                EVENTS to VCHAN: see there */
    uint16_t offset;         /* bytes into each page (not KEEP) */
    uint16_t pages;          /* MAP to KEEP, KEPT: 1 to DATA_PAGES */
    uint8_t payload[DATA_PAYLOAD];
};
_Static_assert(sizeof(struct data_request) == DATA_SLOT_SIZE, "data slot");

struct data_response {
    uint32_t id;
    uint16_t operation;
    int16_t status;          /* enum data_status */
    uint64_t value;          /* MAP, COPY, KEPT: sum over the pages of the 8 bytes at
                                `offset` (fewer with a shorter `length`); SINK: sum of
                                the payload's bytes; EVENTS: events so far, 0 when
                                counting begins */
    uint8_t payload[DATA_PAYLOAD];
};
_Static_assert(sizeof(struct data_response) == DATA_SLOT_SIZE, "data slot");

#endif
