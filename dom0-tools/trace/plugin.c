/*
 * The path microscope's plugin for QEMU's TCG: counts by the instruction clock
 * what each layer executes between the readings of the TSC in the unikernel,
 * and records one timed region block by block.
 *
 * The guest is not changed: its markers are the instructions that read the clock, RDTSC and
 * RDTSCP, or MRS of the cycle counter.  Nor is the figure: a block's instructions are counted by
 * what QEMU's own counter says at the beginning of the next, which is what the
 * guest's clock is made of.  So an instruction that faults or is intercepted
 * counts as the clock counts it.
 *
 * What depends on the CPU is plugin_x86.c and plugin_arm64.c (plugin_cpu.h).
 *
 * Loaded as -plugin trace-plugin.so,fd=N; record.h says what stands in N.  One vCPU only.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/plugin_cpu.h"

PLUGIN_VERSION

/* ---- what else QEMU's program exports ---- */

WEAK void icount_update(void *cpu);
WEAK int64_t icount_get_raw(void);
WEAK int64_t icount_get(void);

/* ---- state ---- */

/* A translated block, until QEMU throws its translations away. */
struct block {
    struct block *next;      /* of all translated since then */
    struct record_block record;
    const uint8_t *host;     /* its first instruction in QEMU's memory */
    uint32_t index;          /* in the record, plus 1; 0: not in it */
    uint8_t lengths[];
};

struct marker_site {
    struct block *block;
    uint32_t position;       /* of the instruction in the block */
    uint32_t marker;
};

struct list {
    char *data;
    size_t used, room;
};

static int record_fd = -1;
static struct record_request request;
static struct record_marker *markers;
static struct record_answer answer = { .magic = RECORD_MAGIC };
static struct list events, contexts, segments, blocks;

static void *cpu;                  /* the one vCPU */
static const struct plugin_cpu *target;
static bool found;                 /* the state of `cpu`, in QEMU's memory */

static bool armed;                 /* since the first event */
static bool recording;
static struct block *translated;   /* a list */
static struct block *current;      /* the block being executed; in no list once QEMU forgot it */
static uint32_t attributed;        /* its instructions already counted */
static struct record_context now;  /* where it runs */
static uint64_t now_stack;
static uint64_t counted;           /* executed instructions already counted */
static int64_t bias;               /* virtual time minus executed instructions */
static uint64_t totals[LAYERS];
static bool copies_code;           /* qemu_plugin_insn_data() does, from version 3 on */

#define MAX_SEGMENTS (4u << 20)

static void complain(const char *text)
{
    if ( !*answer.error )
        snprintf(answer.error, sizeof(answer.error), "%s", text);
    armed = recording = false;
}

static void *append(struct list *list, const void *data, size_t size)
{
    if ( list->used + size > list->room )
    {
        list->room = (list->used + size) * 2;
        list->data = realloc(list->data, list->room);
        if ( !list->data )
            abort();
    }
    memcpy(list->data + list->used, data, size);
    list->used += size;
    return list->data + list->used - size;
}

/* ---- counting ---- */

/*
 * QEMU's clocks, with the whole of the current block in them: QEMU takes a
 * block off its budget at the block's beginning, and gives back what was not
 * executed.  The functions that read them refuse to within a block; without a
 * current CPU they return what icount_update() has just brought up to date.
 */
static uint64_t read_clock(void)
{
    void *saved = current_cpu;
    int64_t executed;

    icount_update(cpu);
    current_cpu = NULL;
    executed = icount_get_raw();
    bias = icount_get() - executed;
    current_cpu = saved;
    return (uint64_t)executed;
}

static uint32_t context_index(const struct record_context *context)
{
    const struct record_context *known = (const void *)contexts.data;
    size_t count = contexts.used / sizeof(*known);

    for ( size_t i = count; i-- > 0; )
        if ( known[i].cr3 == context->cr3 && known[i].layer == context->layer )
            return (uint32_t)i;
    append(&contexts, context, sizeof(*context));
    return (uint32_t)count;
}

static uint32_t block_index(struct block *block)
{
    static const uint8_t padding[8];
    size_t count = block->record.count;

    if ( !block->index )
    {
        if ( now.layer == LAYER_USER && block->host )
            block->record.page = record_page_hash(
                (const void *)((uintptr_t)block->host & ~(uintptr_t)4095));
        append(&blocks, &block->record, sizeof(block->record));
        append(&blocks, block->lengths, count);
        append(&blocks, padding, -count & 7);
        block->index = (uint32_t)++answer.blocks;
    }
    return block->index - 1;
}

static void record(struct record_segment segment)
{
    struct record_segment *last = segments.used
        ? (void *)(segments.data + segments.used - sizeof(*last)) : NULL;

    if ( last && last->block == segment.block && last->first == segment.first &&
         last->count == segment.count && last->context == segment.context &&
         last->stack == segment.stack && segment.block != RECORD_IDLE )
        last->repeat++;
    else if ( segments.used / sizeof(segment) < MAX_SEGMENTS )
        append(&segments, &segment, sizeof(segment));
    else
        answer.truncated = 1;
}

/* The current block has gone as far as `executed`. */
static void count_to(uint64_t executed)
{
    uint64_t count = executed - counted;

    /* A marker's instruction is counted before it is executed. */
    if ( (int64_t)count < 0 && events.used )
        ((struct record_event *)(void *)(events.data + events.used))[-1].trapped = 1;
    totals[now.layer] += count;
    if ( recording && count )
        record((struct record_segment){
            .block = block_index(current), .first = (uint16_t)attributed,
            .count = (uint16_t)count, .repeat = 1, .context = context_index(&now),
            .stack = now_stack });
    attributed += (uint32_t)count;
    counted = executed;
}

static void count_idle(int64_t before)
{
    uint64_t ticks = (uint64_t)(bias - before);

    totals[LAYER_IDLE] += ticks;
    if ( recording && ticks )
        record((struct record_segment){ .block = RECORD_IDLE, .repeat = 1,
               .context = context_index(&now), .stack = ticks });
}

/* ---- callbacks ---- */

static void on_block(unsigned vcpu, void *argument)
{
    struct block *block = argument;
    int64_t bias_before = bias;
    uint64_t executed;

    (void)vcpu;
    if ( !armed )
        return;
    executed = read_clock() - block->record.count;
    count_to(executed);
    if ( bias != bias_before )
        count_idle(bias_before);
    current = block;
    attributed = 0;
    now.layer = target->layer(&request, block->record.address);
    now.cr3 = target->tables();
    now_stack = target->stack();
}

/* The marker's instruction is about to be executed; its block has begun. */
static void on_marker(unsigned vcpu, void *argument)
{
    const struct marker_site *site = argument;
    uint64_t number = events.used / sizeof(struct record_event);
    struct record_event event = { .marker = site->marker };

    (void)vcpu;
    if ( *answer.error )
        return;
    cpu = current_cpu;
    if ( !armed )
    {
        /* The first: nothing before it counts. */
        found = found || target->find(cpu, &request);
        if ( !found )
            return complain("this QEMU keeps its CPU's state in a way the plugin does not know");
        armed = true;
        counted = read_clock() - site->block->record.count + site->position + 1;
        now.layer = target->layer(&request, site->block->record.address);
        now.cr3 = target->tables();
        now_stack = target->stack();
        current = site->block;
        attributed = site->position + 1;
    }
    count_to(read_clock() - site->block->record.count + site->position + 1);
    memcpy(event.count, totals, sizeof(totals));
    append(&events, &event, sizeof(event));
    if ( number == request.first_event )
        recording = true;
    if ( number == request.last_event )
        recording = false;
}

static bool marker_at(uint64_t address, const uint8_t *code, size_t length, uint32_t *marker)
{
    for ( uint32_t i = 0; i < request.marker_count; i++ )
        if ( markers[i].address == address )
        {
            *marker = i;
            return target->reads_clock(code, length);
        }
    return false;
}

static void mark(struct qemu_plugin_insn *instruction, struct block *block,
                 uint32_t position, uint32_t marker)
{
    struct marker_site *site = malloc(sizeof(*site));

    if ( !site )
        abort();
    *site = (struct marker_site){ .block = block, .position = position, .marker = marker };
    qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_marker, CALLBACK_READS_REGISTERS, site);
}

static void on_translation(uintptr_t first, uintptr_t second)
{
    struct qemu_plugin_tb *tb = block_of(first, second);
    size_t count = qemu_plugin_tb_n_insns(tb), length = 0;
    struct block *block = calloc(1, sizeof(*block) + count);
    const uint8_t *code = NULL;
    uint8_t buffer[MAX_INSTRUCTION];
    uint32_t marker;

    if ( !block )
        abort();
    block->next = translated;
    translated = block;
    block->record.count = (uint32_t)count;
    /* Before the instructions' callbacks: those find the block begun. */
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CALLBACK_READS_REGISTERS, block);
    for ( size_t i = 0; i < count; i++ )
    {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);

        code = code_of(instruction, copies_code, buffer);
        length = qemu_plugin_insn_size(instruction);
        block->lengths[i] = (uint8_t)length;
        if ( i == 0 )
        {
            block->record.address = address;
            block->host = qemu_plugin_insn_haddr(instruction);
        }
        if ( address >= request.image_start && address < request.image_end &&
             marker_at(address, code, length, &marker) )
            mark(instruction, block, (uint32_t)i, marker);
    }
    if ( count )
        block->record.end = target->end_of(code, length);
}

/* All translations are gone: none of our callbacks with a block can come. */
static void on_flush(void)
{
    static struct block *kept;   /* current at an earlier flush */
    struct block *next, *forgotten = kept;

    kept = NULL;
    if ( forgotten == current )
        kept = forgotten;
    else
        free(forgotten);
    for ( ; translated; translated = next )
    {
        next = translated->next;
        if ( translated == current )
            kept = translated;   /* what it executes is yet to be counted */
        else
            free(translated);
    }
}

static void put(off_t *offset, const void *data, size_t size)
{
    while ( size )
    {
        ssize_t n = pwrite(record_fd, data, size, *offset);

        if ( n <= 0 )
            return;   /* the answer's magic, written last, will be missing */
        data = (const char *)data + n;
        size -= (size_t)n;
        *offset += n;
    }
}

static void on_exit_(void)
{
    off_t start = (off_t)(sizeof(request) + request.marker_count * sizeof(*markers));
    off_t offset = start + (off_t)sizeof(answer);

    answer.events = events.used / sizeof(struct record_event);
    answer.contexts = contexts.used / sizeof(struct record_context);
    answer.segments = segments.used / sizeof(struct record_segment);
    answer.block_bytes = blocks.used;
    put(&offset, events.data, events.used);
    put(&offset, contexts.data, contexts.used);
    put(&offset, segments.data, segments.used);
    put(&offset, blocks.data, blocks.used);
    put(&start, &answer, sizeof(answer));
}

static bool read_request(void)
{
    size_t size;

    if ( pread(record_fd, &request, sizeof(request), 0) != sizeof(request) ||
         request.magic != RECORD_MAGIC || request.version != RECORD_VERSION )
        return false;
    size = request.marker_count * sizeof(*markers);
    markers = malloc(size + 1);
    return markers && pread(record_fd, markers, size, sizeof(request)) == (ssize_t)size;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    copies_code = info->version.cur >= 3;
    for ( int i = 0; i < argc; i++ )
        if ( !strncmp(argv[i], "fd=", 3) )
            record_fd = atoi(argv[i] + 3);
    if ( record_fd < 0 || !read_request() )
    {
        fprintf(stderr, "trace-plugin: no request of this version\n");
        return -1;
    }
    target = !strcmp(info->target_name, plugin_arm64.name) ? &plugin_arm64 : &plugin_x86;
    answer.link_register = target->link_register;
    if ( !&current_cpu || !target->available() || !icount_update || !icount_get_raw || !icount_get ||
         !g_byte_array_new || !g_byte_array_free )
    {
        fprintf(stderr, "trace-plugin: this QEMU does not export what tracing needs\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation, NULL);
    qemu_plugin_register_flush_cb(id, on_flush, NULL);
    qemu_plugin_register_atexit_cb(id, on_exit_, NULL);
    return 0;
}
