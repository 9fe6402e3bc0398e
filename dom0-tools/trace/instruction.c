#include "trace/instruction.h"

/* What follows an opcode. */
enum { MODRM = 1, IMM8 = 2, IMM32 = 4, REL = 8, BAD = 16 };

/* One-byte opcodes: SDM vol. 2D, table A-2. */
static unsigned one_byte(uint8_t op)
{
    if ( op < 0x40 )
        return (op & 7) < 4 ? MODRM : (op & 7) == 4 ? IMM8 : (op & 7) == 5 ? IMM32 : BAD;
    if ( op >= 0x50 && op < 0x60 )
        return 0;
    if ( op >= 0x70 && op < 0x80 )
        return IMM8 | REL;
    if ( op >= 0x84 && op < 0x90 )
        return MODRM;
    if ( op >= 0x90 && op < 0xa0 )
        return op == 0x9a ? BAD : 0;
    if ( op >= 0xb0 && op < 0xb8 )
        return IMM8;
    if ( op >= 0xb8 && op < 0xc0 )
        return IMM32;
    if ( op >= 0xd8 && op < 0xe0 )
        return MODRM;
    switch ( op )
    {
    case 0x63: case 0xd0: case 0xd1: case 0xd2: case 0xd3: case 0xf6: case 0xf7: case 0xfe:
    case 0xff:
        return MODRM;
    case 0x68: case 0xa9:
        return IMM32;
    case 0x69: case 0x81: case 0xc7:
        return MODRM | IMM32;
    case 0x6a: case 0xa8: case 0xcd: case 0xe4: case 0xe5: case 0xe6: case 0xe7:
        return IMM8;
    case 0x6b: case 0x80: case 0x83: case 0xc0: case 0xc1: case 0xc6:
        return MODRM | IMM8;
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xeb:
        return IMM8 | REL;
    case 0xe8: case 0xe9:
        return IMM32 | REL;
    case 0x6c: case 0x6d: case 0x6e: case 0x6f: case 0xc3: case 0xc9: case 0xcc: case 0xcf:
    case 0xd7: case 0xec: case 0xed: case 0xee: case 0xef: case 0xf1: case 0xf4: case 0xf5:
    case 0xf8: case 0xf9: case 0xfa: case 0xfb: case 0xfc: case 0xfd:
    case 0xa4: case 0xa5: case 0xa6: case 0xa7: case 0xaa: case 0xab: case 0xac: case 0xad:
    case 0xae: case 0xaf:
        return 0;
    }
    return BAD;
}

/* Behind 0F: table A-3. */
static unsigned two_byte(uint8_t op)
{
    if ( op >= 0x80 && op < 0x90 )
        return IMM32 | REL;
    if ( (op >= 0x30 && op < 0x38) || (op >= 0xc8 && op < 0xd0) || op == 0x77 || op == 0xa0 ||
         op == 0xa1 || op == 0xa2 || op == 0xa8 || op == 0xa9 || op == 0xaa ||
         (op >= 0x05 && op <= 0x0b && op != 0x0a) )
        return 0;
    if ( (op >= 0x70 && op <= 0x73) || op == 0xa4 || op == 0xac || op == 0xba || op == 0xc2 ||
         (op >= 0xc4 && op <= 0xc6) )
        return MODRM | IMM8;
    return MODRM;
}

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 ||
           byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 ||
           byte == 0x65;
}

struct opcode {
    uint8_t op;         /* its last byte */
    bool one_byte;      /* of the first map, no escape before it */
    bool wide;          /* REX.W */
    unsigned follows;   /* MODRM, IMM8, … */
};

/* VEX: one byte or two, the second form naming the map (SDM vol. 2, 2.3.5).  *at is on its first. */
static bool read_vex(const uint8_t *code, size_t *at, struct opcode *o)
{
    bool two = code[*at] == 0xc5;
    unsigned map = two ? 1 : code[*at + 1] & 0x1f;

    if ( map < 1 || map > 3 )
        return false;
    *at += two ? 2 : 3;
    o->op = code[(*at)++];
    o->follows = map == 1 ? two_byte(o->op) : map == 2 ? MODRM : MODRM | IMM8;
    return true;
}

static bool read_legacy(const uint8_t *code, size_t size, size_t *at, struct opcode *o)
{
    if ( *at < size && (code[*at] & 0xf0) == 0x40 )
        o->wide = code[(*at)++] & 8;
    if ( *at >= size )
        return false;
    o->op = code[(*at)++];
    /* RET with a number, ENTER: no compiler emits them here. */
    if ( o->op == 0xc2 || o->op == 0xc8 )
        return false;
    o->one_byte = o->op != 0x0f;
    if ( o->one_byte )
    {
        o->follows = one_byte(o->op);
        return true;
    }
    if ( *at >= size )
        return false;
    o->op = code[(*at)++];
    if ( o->op == 0x38 || o->op == 0x3a )
    {
        o->follows = o->op == 0x38 ? MODRM : MODRM | IMM8;
        (*at)++;
    }
    else
        o->follows = two_byte(o->op);
    return true;
}

/* ModRM, and SIB where there is one (SDM vol. 2, 2.1.3 and 2.2.1.6). */
static bool read_modrm(const uint8_t *code, size_t size, size_t *at, struct opcode *o,
                       struct instruction *in)
{
    uint8_t modrm;

    if ( *at >= size )
        return false;
    modrm = code[(*at)++];
    if ( modrm < 0xc0 && (modrm & 7) == 4 )
    {
        if ( *at >= size )
            return false;
        if ( modrm < 0x40 && (code[*at] & 7) == 5 )
            in->displacement_size = 4;
        (*at)++;
    }
    if ( modrm >= 0x40 && modrm < 0xc0 )
        in->displacement_size = modrm < 0x80 ? 1 : 4;
    else if ( modrm < 0x40 && (modrm & 7) == 5 )
    {
        in->displacement_size = 4;
        in->rip_relative = true;
    }
    /* Group 3: TEST has an immediate, the others none. */
    if ( o->one_byte && (o->op == 0xf6 || o->op == 0xf7) && (modrm & 0x30) == 0 )
        o->follows |= o->op == 0xf6 ? IMM8 : IMM32;
    return true;
}

bool instruction_decode(const uint8_t *code, size_t size, struct instruction *in)
{
    struct opcode o = { 0 };
    size_t at = 0;
    bool small = false, read;

    *in = (struct instruction){ 0 };
    while ( at < size && at < 14 && is_prefix(code[at]) )
        small |= code[at++] == 0x66;
    if ( at + 3 < size && (code[at] == 0xc5 || code[at] == 0xc4) )
        read = read_vex(code, &at, &o);
    else
        read = read_legacy(code, size, &at, &o);
    if ( !read || (o.follows & BAD) ||
         ((o.follows & MODRM) && !read_modrm(code, size, &at, &o, in)) )
        return false;
    in->call = o.one_byte && (o.op == 0xe8 || o.op == 0xe9);
    in->displacement = (uint8_t)at;
    at += in->displacement_size;
    in->immediate = (uint8_t)at;
    if ( o.one_byte && o.op >= 0xb8 && o.op < 0xc0 && o.wide )
        in->immediate_size = 8;
    else if ( o.follows & (IMM8 | IMM32) )
        in->immediate_size = o.follows & IMM8 ? 1 : small && !(o.follows & REL) ? 2 : 4;
    in->relative = o.follows & REL;
    at += in->immediate_size;
    in->length = (uint8_t)at;
    return at <= size && at <= 15;
}
