/* Where an x86-64 instruction ends, and what of it depends on where it lies. */
#ifndef TRACE_INSTRUCTION_H
#define TRACE_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instruction {
    uint8_t length;
    uint8_t displacement, displacement_size;   /* offset of the address part; bytes */
    uint8_t immediate, immediate_size;
    bool rip_relative;       /* the displacement counts from the instruction pointer */
    bool relative;           /* the immediate does: a jump or call */
    bool call;               /* CALL or JMP with a 32-bit distance */
};

/*
 * Decode 64-bit code (Intel SDM vol. 2, chapter 2 and appendix A; no EVEX).  False
 * where it is no instruction or goes beyond `size`.
 */
bool instruction_decode(const uint8_t *code, size_t size, struct instruction *);

#endif
