/*
 * What the fuzzers share: the bytes that libFuzzer makes up, taken piece by piece, and what must
 * hold.  `make fuzz` builds each file of this folder as a program of its own, with
 * the address and undefined behaviour sanitizers.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *data;
    size_t size;
};

/* The next `size` bytes; zeros where there are no more. */
static inline void input_take(struct input *in, void *to, size_t size)
{
    size_t there = size < in->size ? size : in->size;

    memset(to, 0, size);
    memcpy(to, in->data, there);
    in->data += there;
    in->size -= there;
}

static inline uint8_t input_byte(struct input *in)
{
    uint8_t byte;

    input_take(in, &byte, 1);
    return byte;
}

static inline uint32_t input_word(struct input *in)
{
    uint32_t word;

    input_take(in, &word, sizeof(word));
    return word;
}

/* libFuzzer keeps the input that led here. */
#define MUST(condition) do { if ( !(condition) ) __builtin_trap(); } while ( 0 )

#endif
