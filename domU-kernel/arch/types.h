/* Short names for fixed-width integers, and the few macros used everywhere. */
#ifndef ARCH_TYPES_H
#define ARCH_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef int16_t s16;
typedef uint32_t u32;
typedef uint64_t u64;

#define PAGE_SIZE  4096ul
#define PAGE_SHIFT 12
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A page-aligned page (or array of pages) that starts out zeroed. */
#define PAGE_BSS __attribute__((section(".bss.pages"), aligned(4096)))

/*
 * A function that no row has in its timed region, such as its set-up: compiled for size.  Not
 * one that a timed function calls, if only in trouble: the compiler arranges its callers, too.
 */
#define COLD __attribute__((cold))

#define barrier() __asm__ volatile ("" ::: "memory")

#endif
