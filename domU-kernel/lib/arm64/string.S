/*
 * memcpy(to, from, n) and memset(to, c, n) (string.h): sixteen bytes by each pair of
 * instructions, the rest by bytes.  In assembly, since the compiler makes calls of them out of
 * loops that do the same.
 */
    .text
    .globl memcpy, memset
memcpy:
    mov x3, x0
    subs x2, x2, #16
    b.lo 2f
1:  ldp x4, x5, [x1], #16
    stp x4, x5, [x3], #16
    subs x2, x2, #16
    b.hs 1b
2:  adds x2, x2, #16
    b.eq 4f
3:  ldrb w4, [x1], #1
    strb w4, [x3], #1
    subs x2, x2, #1
    b.ne 3b
4:  ret

memset:
    mov x3, x0
    and x1, x1, #0xff
    orr x1, x1, x1, lsl #8
    orr x1, x1, x1, lsl #16
    orr x1, x1, x1, lsl #32
    subs x2, x2, #16
    b.lo 6f
5:  stp x1, x1, [x3], #16
    subs x2, x2, #16
    b.hs 5b
6:  adds x2, x2, #16
    b.eq 8f
7:  strb w1, [x3], #1
    subs x2, x2, #1
    b.ne 7b
8:  ret

    .section .note.GNU-stack, "", @progbits
