/*
 * The contract between the path microscope (trace/) and its plugin inside
 * QEMU (plugin.c): one memory file.  The program writes a request at its
 * start, markers included; the plugin reads it when QEMU starts and writes its
 * answer behind it when QEMU ends.  Both are the same machine: native integers.
 *
 * All counts are executed instructions, in QEMU's own instruction clock: what
 * the guest's TSC advances by, idle time apart.
 */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC    0x4345525458ull   /* "XTREC" */
#define RECORD_VERSION  4u
#define RECORD_NO_EVENT UINT64_MAX

/*
 * Who executes, by the address and by whether the CPU runs a guest.  The plugin tells all apart but
 * KVM, which is a part of its kernel (names.h), and a PV domain's kernel, which is one beside dom0's.
 */
enum layer {
    LAYER_GUEST,         /* the unikernel; the application, wherever it is shut in */
    LAYER_XEN,
    LAYER_KERNEL,        /* dom0's, or that of a Linux without Xen */
    LAYER_USER,          /* processes of that kernel: dom0's, a monitor, a Sentry */
    LAYER_IDLE,          /* nobody: the clock jumped to the next timer */
    LAYERS_OF_XEN,       /* these are all in the lab with Xen, and in results (measure/result.h) */
    LAYER_GUEST_KERNEL = LAYERS_OF_XEN,   /* a Linux below the application that is itself a guest */
    LAYER_KVM,
    LAYERS,
};

/* A reading of the clock in the image.  Each execution of one is an event. */
struct record_marker {
    uint64_t address;
    uint32_t is_end;         /* 1: it ends a timed region */
    uint32_t is_entry;       /* 1: a handler notes when it was entered */
};

struct record_request {
    uint64_t magic;
    uint32_t version;
    uint32_t marker_count;   /* struct record_marker behind this one */
    uint64_t image_start, image_end;   /* addresses that are the guest's */
    uint64_t first_event, last_event;  /* record what is executed between these
                                          two, counted from 0; RECORD_NO_EVENT */
};

/* The counts stand at 0 at the first event. */
struct record_event {
    uint32_t marker;         /* index */
    uint32_t trapped;        /* 1: its instruction was counted, but not executed then */
    uint64_t count[LAYERS];  /* up to and with the marker's instruction */
};

/* How a block's last instruction goes on. */
enum block_end {
    BLOCK_OTHER,
    BLOCK_CALL,
    BLOCK_RETURN,            /* RET, IRET, SYSRET, ERET */
};

/* A translated block: instructions that follow each other.  `count` bytes
 * with their lengths stand behind, padded to 8. */
struct record_block {
    uint64_t address;
    uint64_t page;           /* record_page_hash() of the page it begins in */
    uint32_t count;          /* instructions */
    uint32_t end;            /* enum block_end */
};

struct record_context {
    uint64_t cr3;
    uint32_t layer;          /* enum layer */
    uint32_t reserved;
};

/* A stretch of one block, or of idle time. */
struct record_segment {
    uint32_t block;          /* index; RECORD_IDLE: `stack` ticks nobody executed */
    uint16_t first, count;   /* instructions of the block */
    uint32_t repeat;         /* how often in a row */
    uint32_t context;        /* index */
    uint64_t stack;          /* stack pointer where the block begins */
};
#define RECORD_IDLE UINT32_MAX

/* Follows the request and its markers; behind it events, contexts, segments, blocks. */
struct record_answer {
    uint64_t magic;
    uint64_t events, contexts, segments, blocks;   /* how many of each */
    uint64_t block_bytes;
    uint32_t truncated;      /* 1: there were more segments than are kept */
    uint32_t link_register;  /* 1: a call does not move the stack pointer, and a return finds it where it
                                was when the function began */
    char error[128];         /* empty: none */
};

/* Tells the contents of code pages apart: 4,096 bytes. */
static inline uint64_t record_page_hash(const void *page)
{
    const unsigned char *bytes = page;
    uint64_t hash = 0xcbf29ce484222325ull;

    for ( unsigned i = 0; i < 4096; i += 8 )
    {
        uint64_t word;

        __builtin_memcpy(&word, bytes + i, 8);
        hash = (hash ^ word) * 0x100000001b3ull;
        hash ^= hash >> 29;
    }
    return hash;
}

#endif
