#include "trace/likeness.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "trace/instruction.h"
#include "xenometer.h"

#define SHORTEST_EXACT  6u    /* instructions: below, too many functions are alike */
#define SHORTEST_MASKED 10u
#define MAX_FUNCTION    (64u << 10)   /* bytes */

/* A function of one of the two programs. */
struct body {
    uint64_t exact, masked;  /* hashes of its code: without what depends on its
                                place; without any number */
    uint32_t instructions;
    uint32_t first_call, calls;   /* into program.calls */
    size_t twin;             /* of the other program; NO_TWIN */
};
#define NO_TWIN SIZE_MAX

struct program {
    const struct symbols *symbols;
    const void *data;
    size_t size;
    struct body *bodies;     /* one for each symbol */
    uint64_t *calls;         /* where calls and tail jumps lead, function by function */
    size_t call_count, call_room;
};

/* The file's bytes at a linked address, and how many follow in their segment. */
static const uint8_t *code_at(const struct program *p, uint64_t address, size_t *left)
{
    const Elf64_Ehdr *h = p->data;

    for ( unsigned i = 0; i < h->e_phnum; i++ )
    {
        Elf64_Phdr s;

        memcpy(&s, (const char *)p->data + h->e_phoff + i * sizeof(s), sizeof(s));
        if ( s.p_type == PT_LOAD && (s.p_flags & PF_X) && address >= s.p_vaddr &&
             address < s.p_vaddr + s.p_filesz && s.p_offset <= p->size &&
             s.p_filesz <= p->size - s.p_offset )
        {
            *left = (size_t)(s.p_vaddr + s.p_filesz - address);
            return (const uint8_t *)p->data + s.p_offset + (address - s.p_vaddr);
        }
    }
    return NULL;
}

static void add_call(struct program *p, struct body *b, uint64_t to)
{
    if ( p->call_count == p->call_room )
    {
        p->call_room = p->call_room ? p->call_room * 2 : 4096;
        p->calls = xrealloc(p->calls, p->call_room * sizeof(*p->calls));
    }
    p->calls[p->call_count++] = to;
    b->calls++;
}

/* Hash an instruction; the bytes [from, from + size) of it are left out. */
static uint64_t hash_without(uint64_t hash, const uint8_t *code, const struct instruction *in,
                             bool displacement, bool immediate)
{
    for ( unsigned i = 0; i < in->length; i++ )
        if ( !(displacement && i >= in->displacement &&
               i < in->displacement + in->displacement_size) &&
             !(immediate && i >= in->immediate && i < in->immediate + in->immediate_size) )
            hash = hash_bytes(hash, code + i, 1);
    return hash;
}

/* Padding between functions, which only one of two tables counts to the function. */
static bool is_padding(const uint8_t *code, const struct instruction *in)
{
    size_t at = 0;

    while ( at < in->length && (code[at] == 0x66 || code[at] == 0x2e) )
        at++;
    return code[at] == 0x90 || code[at] == 0xcc ||
           (at + 1 < in->length && code[at] == 0x0f && code[at + 1] == 0x1f);
}

static void read_body(struct program *p, size_t index)
{
    const struct symbol *s = &p->symbols->list[index];
    uint64_t end = index + 1 < p->symbols->count ? s[1].start : s->start + MAX_FUNCTION;
    struct body *b = &p->bodies[index];
    size_t left = 0, at = 0, size;
    const uint8_t *code = code_at(p, s->start, &left);
    struct instruction in;

    *b = (struct body){ .exact = HASH_START, .masked = HASH_START, .twin = NO_TWIN,
                        .first_call = (uint32_t)p->call_count };
    if ( !code )
        return;
    if ( s->size )
        end = s->start + s->size;
    size = end - s->start < left ? (size_t)(end - s->start) : left;
    if ( size > MAX_FUNCTION )
        size = MAX_FUNCTION;
    while ( at < size && instruction_decode(code + at, size - at, &in) )
    {
        int32_t distance;

        if ( is_padding(code + at, &in) )
        {
            at += in.length;
            continue;
        }
        b->exact = hash_without(b->exact, code + at, &in, in.rip_relative,
                                in.relative && in.immediate_size == 4);
        b->masked = hash_without(b->masked, code + at, &in, in.displacement_size == 4,
                                 in.immediate_size == 4);
        b->instructions++;
        if ( in.call )
        {
            uint64_t to;

            memcpy(&distance, code + at + in.immediate, sizeof(distance));
            to = s->start + at + in.length + (uint64_t)(int64_t)distance;
            if ( to < s->start || to >= s->start + size )
                add_call(p, b, to);
        }
        at += in.length;
    }
}

static void read_program(struct program *p)
{
    p->bodies = xcalloc(p->symbols->count + 1, sizeof(*p->bodies));
    for ( size_t i = 0; i < p->symbols->count; i++ )
        read_body(p, i);
}

/* ----------------------------------------------------------------- pairs -- */

struct entry {
    uint64_t hash;
    size_t index;
};

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct entry *)a)->hash, y = ((const struct entry *)b)->hash;

    return x < y ? -1 : x > y;
}

static struct entry *sorted(const struct program *p, bool masked)
{
    struct entry *list = xcalloc(p->symbols->count + 1, sizeof(*list));

    for ( size_t i = 0; i < p->symbols->count; i++ )
        list[i] = (struct entry){ masked ? p->bodies[i].masked : p->bodies[i].exact, i };
    qsort(list, p->symbols->count, sizeof(*list), compare);
    return list;
}

static bool unique(const struct entry *list, size_t count, size_t i)
{
    return (i == 0 || list[i - 1].hash != list[i].hash) &&
           (i + 1 == count || list[i + 1].hash != list[i].hash);
}

static void pair(struct program *a, size_t i, struct program *b, size_t k)
{
    if ( a->bodies[i].twin == NO_TWIN && b->bodies[k].twin == NO_TWIN )
    {
        a->bodies[i].twin = k;
        b->bodies[k].twin = i;
    }
}

/* What occurs exactly once on either side. */
static void pair_by_code(struct program *a, struct program *b, bool masked)
{
    struct entry *x = sorted(a, masked), *y = sorted(b, masked);
    size_t i = 0, k = 0, shortest = masked ? SHORTEST_MASKED : SHORTEST_EXACT;

    while ( i < a->symbols->count && k < b->symbols->count )
        if ( x[i].hash < y[k].hash )
            i++;
        else if ( x[i].hash > y[k].hash )
            k++;
        else
        {
            if ( unique(x, a->symbols->count, i) && unique(y, b->symbols->count, k) &&
                 a->bodies[x[i].index].instructions >= shortest )
                pair(a, x[i].index, b, y[k].index);
            i++;
            k++;
        }
    free(x);
    free(y);
}

static size_t index_at(const struct program *p, uint64_t address)
{
    const struct symbol *s = symbols_find(p->symbols, address);

    return s && s->start == address ? (size_t)(s - p->symbols->list) : NO_TWIN;
}

/* Callees of twins at the same places, when they are as long. */
static void pair_callees(struct program *a, struct program *b)
{
    for ( size_t i = 0; i < a->symbols->count; i++ )
    {
        const struct body *x = &a->bodies[i], *y;

        if ( x->twin == NO_TWIN )
            continue;
        y = &b->bodies[x->twin];
        for ( uint32_t c = 0; x->calls == y->calls && c < x->calls; c++ )
        {
            size_t from = index_at(a, a->calls[x->first_call + c]);
            size_t to = index_at(b, b->calls[y->first_call + c]);

            if ( from != NO_TWIN && to != NO_TWIN &&
                 a->bodies[from].instructions == b->bodies[to].instructions )
                pair(a, from, b, to);
        }
    }
}

size_t likeness_name(struct symbols *symbols, const void *data, size_t size,
                     const void *other, size_t other_size)
{
    struct symbols named = { 0 };
    struct program a = { .symbols = symbols, .data = data, .size = size };
    struct program b = { .symbols = &named, .data = other, .size = other_size };
    size_t count = 0;

    symbols_add_elf(&named, other, other_size);
    symbols_sort(&named);
    if ( symbols->count && named.count )
    {
        read_program(&a);
        read_program(&b);
        pair_by_code(&a, &b, false);
        pair_by_code(&a, &b, true);
        for ( int round = 0; round < 3; round++ )
            pair_callees(&a, &b);
        for ( size_t i = 0; i < symbols->count; i++ )
        {
            size_t twin = a.bodies[i].twin;

            if ( symbols->list[i].name || twin == NO_TWIN || !named.list[twin].name )
                continue;
            symbols->list[i].name = xstrdup(named.list[twin].name);
            count++;
        }
    }
    free(a.bodies);
    free(a.calls);
    free(b.bodies);
    free(b.calls);
    symbols_free(&named);
    return count;
}
