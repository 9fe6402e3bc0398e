/*
 * From a record to a trace.
 *
 * Call stacks are followed by the stack pointer: a function's frame is gone
 * once the stack pointer is above where it was entered (or there again by a return, on a CPU
 * whose calls push nothing).  Each stack has frames
 * of its own: the guest's, Xen's, one per kernel stack, one per process and
 * thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/trace.h"
#include "xenometer.h"

#define MAX_DEPTH 64u
#define MAX_STACK (8u << 20)   /* bytes: larger differences are other stacks */

struct frame {
    uint64_t stack;          /* stack pointer at its beginning */
    const char *function;
    bool kvm;                /* of KVM, or called from there */
};

/* One stack and the functions on it. */
struct thread {
    enum layer layer;
    uint64_t key;
    size_t depth;
    struct frame frames[MAX_DEPTH];
};

struct walk {
    const struct record *record;
    struct names *names;
    struct trace *trace;
    struct thread *threads;
    size_t thread_count;
    size_t last;             /* thread of the segment before; NO_THREAD */
    bool called, returned;   /* how that segment ended */
    uint64_t at;
    uint64_t counted[LAYERS];   /* as the plugin has them, who knows no names */
    size_t step_room, place_room;
    size_t *place_of;        /* per context */
};
#define NO_THREAD SIZE_MAX

static const char *const keys[LAYERS] = {
    [LAYER_GUEST] = "guest", [LAYER_GUEST_KERNEL] = "guest_kernel", [LAYER_XEN] = "xen",
    [LAYER_KVM] = "kvm", [LAYER_KERNEL] = "dom0_kernel", [LAYER_USER] = "dom0_user",
    [LAYER_IDLE] = "idle",
};

const enum layer layers_outwards[LAYERS] = {
    LAYER_GUEST, LAYER_GUEST_KERNEL, LAYER_XEN, LAYER_KVM, LAYER_KERNEL, LAYER_USER, LAYER_IDLE,
};

const char *layer_key(enum layer layer)
{
    return keys[layer];
}

/* ---------------------------------------------------------------- stacks -- */

/*
 * Linux's kernel stacks are 16 KiB and aligned (arch/x86/include/asm/
 * page_64_types.h); a program's stack has 8 MiB.  The unikernel has one, and it lies low.
 */
static uint64_t stack_key(const struct record_context *context, uint64_t stack)
{
    switch ( context->layer )
    {
    case LAYER_KERNEL:
    case LAYER_GUEST_KERNEL: return (stack - 1) >> 14;   /* empty, it points behind its stack */
    case LAYER_GUEST:        return stack >> 40 ? context->cr3 ^ (stack >> 23) : 0;
    case LAYER_USER:         return context->cr3 ^ (stack >> 23);
    }
    return 0;
}

static size_t find_thread(struct walk *w, const struct record_context *context, uint64_t stack)
{
    uint64_t key = stack_key(context, stack);
    enum layer layer = names_layer(w->names, (uint32_t)(context - w->record->contexts));

    for ( size_t i = 0; i < w->thread_count; i++ )
        if ( w->threads[i].layer == layer && w->threads[i].key == key )
            return i;
    w->threads = xrealloc(w->threads, (w->thread_count + 1) * sizeof(*w->threads));
    w->threads[w->thread_count] = (struct thread){ .layer = layer, .key = key };
    return w->thread_count++;
}

static void push(struct thread *t, uint64_t stack, const char *function, bool kvm)
{
    kvm = kvm || (t->depth && t->frames[t->depth - 1].kvm);
    if ( t->depth < MAX_DEPTH )
        t->frames[t->depth++] = (struct frame){ stack, function, kvm };
    else
        t->frames[MAX_DEPTH - 1].function = function;
}

/* A block begins in `function`, which may be one of KVM's; its stack pointer is `stack`. */
static void enter(struct walk *w, size_t thread, uint64_t stack, const char *function, bool kvm)
{
    struct thread *t = &w->threads[thread];
    const struct thread *from = w->last == NO_THREAD ? NULL : &w->threads[w->last];
    const struct frame *top = t->depth ? &t->frames[t->depth - 1] : NULL;

    /* A function whose beginning was not seen jumps on, maybe to its return thunk. */
    if ( top && top->kvm && w->last == thread && !w->called && !w->returned )
        kvm = true;
    /* The kernel calls on to another stack for interrupts: what called stays
     * the caller.  But in __switch_to_asm a call that only fills the return
     * stack buffer follows the change to another process's stack. */
    if ( w->called && from && from != t && t->layer == from->layer &&
         (t->layer == LAYER_KERNEL || t->layer == LAYER_GUEST_KERNEL) && from->depth &&
         strcmp(from->frames[from->depth - 1].function, "__switch_to_asm") )
    {

        memcpy(t->frames, from->frames, sizeof(t->frames));
        t->depth = from->depth;
        for ( size_t i = 0; i < t->depth; i++ )
            t->frames[i].stack = UINT64_MAX;
        push(t, stack, function, kvm);
        return;
    }
    /* Whoever enters Xen finds its stack empty. */
    if ( t->layer == LAYER_XEN && from && from->layer != LAYER_XEN )
        t->depth = 0;
    while ( t->depth && t->frames[t->depth - 1].stack < stack )
        t->depth--;
    /* With a link register a function returns with the stack pointer that it began with. */
    if ( w->record->link_register && w->returned && w->last == thread && t->depth &&
         t->frames[t->depth - 1].stack == stack )
        t->depth--;
    top = t->depth ? &t->frames[t->depth - 1] : NULL;
    if ( !top || (w->called && w->last == thread) )
        push(t, stack, function, kvm);
    else if ( top->function != function )
    {
        if ( w->last == thread || top->stack == stack )
        {
            t->frames[t->depth - 1].function = function;   /* a jump: a tail call */
            t->frames[t->depth - 1].kvm |= kvm;
            /* SYSCALL enters Xen on the caller's stack, which it then leaves. */
            if ( top->stack - stack > MAX_STACK )
                t->frames[t->depth - 1].stack = stack;
        }
        else
            push(t, stack, function, kvm);                 /* an interrupt, a fault */
    }
}

/* ----------------------------------------------------------------- steps -- */

static size_t add_place(struct walk *w, const char *name, enum layer layer)
{
    struct trace *t = w->trace;

    for ( size_t i = 0; i < t->place_count; i++ )
        if ( t->places[i].layer == layer && !strcmp(t->places[i].name, name) )
            return i;
    t->places = xrealloc(t->places, (t->place_count + 1) * sizeof(*t->places));
    t->places[t->place_count] = (struct place){ .name = name, .layer = layer };
    return t->place_count++;
}

static bool same_frames(const struct step *s, const struct thread *t)
{
    if ( s->depth != t->depth )
        return false;
    for ( size_t i = 0; i < s->depth; i++ )
        if ( s->frames[i] != t->frames[i].function )
            return false;
    return true;
}

static void add_step(struct walk *w, size_t place, const struct thread *thread, uint64_t count)
{
    struct trace *t = w->trace;
    struct step *last = t->step_count ? &t->steps[t->step_count - 1] : NULL, *s;

    t->places[place].count += count;
    if ( last && last->place == place && thread && same_frames(last, thread) )
        last->count += count;
    else
    {
        if ( t->step_count == w->step_room )
        {
            w->step_room = w->step_room ? w->step_room * 2 : 1024;
            t->steps = xrealloc(t->steps, w->step_room * sizeof(*t->steps));
        }
        s = &t->steps[t->step_count++];
        *s = (struct step){ .place = place, .count = count, .at = w->at,
                            .depth = thread ? thread->depth : 0 };
        s->frames = xcalloc(s->depth + 1, sizeof(*s->frames));
        for ( size_t i = 0; i < s->depth; i++ )
            s->frames[i] = thread->frames[i].function;
    }
    w->at += count;
}

static void walk_idle(struct walk *w, const struct record_segment *s)
{
    w->counted[LAYER_IDLE] += s->stack;
    add_step(w, add_place(w, "idle", LAYER_IDLE), NULL, s->stack);
    w->last = NO_THREAD;
    w->called = w->returned = false;
}

/* KVM is a part of the kernel, and what it calls there is its work; else it is the context's. */
static size_t place_now(struct walk *w, const struct thread *t, size_t place)
{
    return t->layer == LAYER_KERNEL && t->depth && t->frames[t->depth - 1].kvm
        ? add_place(w, "KVM", LAYER_KVM) : place;
}

/* A segment's instructions, function by function: code falls through labels. */
static void walk_segment(struct walk *w, const struct record_segment *s)
{
    const struct record_block *block = w->record->blocks[s->block];
    const struct record_context *context = &w->record->contexts[s->context];
    size_t thread = find_thread(w, context, s->stack), place = w->place_of[s->context];
    const uint8_t *lengths = record_lengths(block);
    uint64_t address = block->address, run = 0;
    uint32_t end = (uint32_t)s->first + s->count;
    const char *function = NULL, *next;

    w->counted[context->layer] += (uint64_t)s->count * s->repeat;
    for ( uint32_t i = 0; i < end; i++ )
    {
        if ( i >= s->first )
        {
            next = names_function(w->names, s->context, s->block, address);
            if ( next != function )
            {
                if ( run )
                    add_step(w, place_now(w, &w->threads[thread], place), &w->threads[thread],
                             run * s->repeat);
                enter(w, thread, s->stack, next, names_is_kvm(w->names, address));
                w->last = thread;
                w->called = w->returned = false;
                function = next;
                run = 0;
            }
            run++;
        }
        if ( i < block->count )
            address += lengths[i];
    }
    if ( run )
        add_step(w, place_now(w, &w->threads[thread], place), &w->threads[thread],
                 run * s->repeat);
    w->last = thread;
    w->called = end == block->count && block->end == BLOCK_CALL;
    w->returned = end == block->count && block->end == BLOCK_RETURN;
}

/* ------------------------------------------------------ stages, functions -- */

static int compare_functions(const void *a, const void *b)
{
    const struct function *x = a, *y = b;

    if ( x->own != y->own )
        return x->own > y->own ? -1 : 1;
    if ( x->place != y->place )
        return x->place < y->place ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Functions by place and name (the same name is the same pointer), hashed:
 * indices plus 1, 0 for none.  A long sample asks a million times. */
struct function_index {
    size_t *slots;
    size_t size;             /* a power of 2, more than twice the functions */
};

/* Where it is, or would be. */
static size_t find_slot(const struct trace *t, const struct function_index *index,
                        size_t place, const char *name)
{
    size_t slot = ((uintptr_t)name >> 4) * 0x9e3779b1u + place;

    for ( ; ; slot++ )
    {
        size_t found = index->slots[slot &= index->size - 1];

        if ( !found || (t->functions[found - 1].place == place &&
                        t->functions[found - 1].name == name) )
            return slot;
    }
}

static void grow_index(const struct trace *t, struct function_index *index)
{
    index->size = index->size ? index->size * 2 : 1024;
    free(index->slots);
    index->slots = xcalloc(index->size, sizeof(*index->slots));
    for ( size_t i = 0; i < t->function_count; i++ )
        index->slots[find_slot(t, index, t->functions[i].place, t->functions[i].name)] = i + 1;
}

static struct function *find_function(struct trace *t, struct function_index *index,
                                      size_t place, const char *name)
{
    size_t slot;

    if ( t->function_count * 2 >= index->size )
        grow_index(t, index);
    slot = find_slot(t, index, place, name);
    if ( !index->slots[slot] )
    {
        t->functions = xrealloc(t->functions, (t->function_count + 1) * sizeof(*t->functions));
        t->functions[t->function_count++] = (struct function){ .place = place, .name = name };
        index->slots[slot] = t->function_count;
    }
    return &t->functions[index->slots[slot] - 1];
}

static bool on_stack(const struct step *s, size_t depth, const char *name)
{
    for ( size_t i = 0; i < depth; i++ )
        if ( s->frames[i] == name )
            return true;
    return false;
}

static void count_functions(struct trace *t)
{
    struct function_index index = { 0 };
    const struct step *before = NULL;

    for ( size_t i = 0; i < t->step_count; i++ )
    {
        const struct step *s = &t->steps[i];
        size_t same = 0;

        /* Frames that were there before were not entered anew. */
        while ( before && before->place == s->place && same < s->depth && same < before->depth &&
                before->frames[same] == s->frames[same] )
            same++;
        for ( size_t k = 0; k < s->depth; k++ )
        {
            struct function *f = find_function(t, &index, s->place, s->frames[k]);

            if ( !on_stack(s, k, f->name) )
                f->with_callees += s->count;
            if ( k >= same )
                f->calls++;
            if ( k + 1 == s->depth )
                f->own += s->count;
        }
        before = s;
    }
    free(index.slots);
    if ( t->function_count )
        qsort(t->functions, t->function_count, sizeof(*t->functions), compare_functions);
}

static bool stage_has(const struct trace *t, const struct stage *g, const char *function)
{
    for ( size_t i = g->first; i < g->first + g->steps; i++ )
        for ( size_t k = 0; k < t->steps[i].depth; k++ )
            if ( !strcmp(t->steps[i].frames[k], function) )
                return true;
    return false;
}

static void make_stages(struct trace *t)
{
    for ( size_t i = 0; i < t->step_count; i++ )
    {
        const struct step *s = &t->steps[i];
        struct stage *g = t->stage_count ? &t->stages[t->stage_count - 1] : NULL;

        if ( !g || g->place != s->place )
        {
            t->stages = xrealloc(t->stages, (t->stage_count + 1) * sizeof(*t->stages));
            g = &t->stages[t->stage_count++];
            *g = (struct stage){ .place = s->place, .at = s->at, .first = i };
        }
        g->count += s->count;
        g->steps++;
    }
}

static enum layer layer_at(const struct trace *t, size_t stage)
{
    return t->places[t->stages[stage].place].layer;
}

/*
 * The tail: between two stages of the guest, what dom0 goes on doing after Xen
 * has woken the guest's vCPU on dom0's behalf (vcpu_wake, from evtchn_send), up
 * to Xen's switch back.  On one CPU the guest waits for that; with a CPU of its own
 * it would not.
 */
static void find_tail(struct trace *t)
{
    for ( size_t start = 0, end; start < t->stage_count; start = end )
    {
        size_t wake = 0;
        bool dom0 = false;

        for ( end = start + 1; end < t->stage_count && layer_at(t, end) != LAYER_GUEST; end++ )
            ;
        for ( size_t i = start; i < end; i++ )
        {
            if ( layer_at(t, i) == LAYER_KERNEL || layer_at(t, i) == LAYER_USER )
                dom0 = true;
            if ( dom0 && layer_at(t, i) == LAYER_XEN && stage_has(t, &t->stages[i], "vcpu_wake") &&
                 stage_has(t, &t->stages[i], "evtchn_send") )
                wake = i;
        }
        /* The last stage is the switch, unless the sample ends elsewhere. */
        for ( size_t i = wake + 1; wake && i + 1 < end; i++ )
        {
            t->stages[i].tail = true;
            t->tail += t->stages[i].count;
        }
    }
}

bool trace_make(const struct capture *c, struct names *names, struct trace *t)
{
    struct walk w = { .record = &c->record, .names = names, .trace = t, .last = NO_THREAD };

    *t = (struct trace){ .total = c->ticks, .overhead = c->overhead, .region = c->region,
                         .raw = c->raw, .sample = c->sample,
                         .samples = c->samples };
    w.place_of = xcalloc(c->record.context_count + 1, sizeof(*w.place_of));
    for ( uint32_t i = 0; i < c->record.context_count; i++ )
        w.place_of[i] = add_place(&w, names_place(names, i), names_layer(names, i));
    for ( size_t i = 0; i < c->record.segment_count; i++ )
        if ( c->record.segments[i].block == RECORD_IDLE )
            walk_idle(&w, &c->record.segments[i]);
        else
            walk_segment(&w, &c->record.segments[i]);
    free(w.place_of);
    free(w.threads);

    for ( int i = 0; i < LAYERS; i++ )
        if ( w.counted[i] != c->count[i] )
        {
            message("the record has %llu instructions of layer %s, the clock %llu",
                    (unsigned long long)w.counted[i], keys[i], (unsigned long long)c->count[i]);
            return false;
        }
    for ( size_t i = 0; i < t->place_count; i++ )
        t->layers[t->places[i].layer] += t->places[i].count;
    if ( w.at != t->total )
    {
        message("the record has %llu instructions, the guest's clock %llu",
                (unsigned long long)w.at, (unsigned long long)t->total);
        return false;
    }
    make_stages(t);
    for ( size_t i = 0; i < t->stage_count; i++ )
        t->stages[i].what = stage_words(t, &t->stages[i]);
    find_tail(t);
    count_functions(t);
    return true;
}

void trace_free(struct trace *t)
{
    for ( size_t i = 0; i < t->step_count; i++ )
        free(t->steps[i].frames);
    for ( size_t i = 0; i < t->stage_count; i++ )
        free(t->stages[i].what);
    json_decref(t->document);
    free(t->row);
    free(t->cpu_features);
    free(t->places);
    free(t->steps);
    free(t->stages);
    free(t->functions);
    *t = (struct trace){ 0 };
}
