#include "../string.h"

#include <stdint.h>

/*
 * Words by REP, the rest by bytes: under the instruction clock each iteration
 * counts, so eight bytes at a time are eight times cheaper.
 */
void *memcpy(void *to, const void *from, size_t n)
{
    void *d = to;
    size_t words = n / 8, rest = n % 8;

    __asm__ volatile ("rep movsq" : "+D"(d), "+S"(from), "+c"(words) :: "memory");
    __asm__ volatile ("rep movsb" : "+D"(d), "+S"(from), "+c"(rest) :: "memory");
    return to;
}

void *memset(void *to, int c, size_t n)
{
    void *d = to;
    size_t words = n / 8, rest = n % 8;
    uint64_t pattern = (unsigned char)c * 0x0101010101010101ul;

    __asm__ volatile ("rep stosq" : "+D"(d), "+c"(words) : "a"(pattern) : "memory");
    __asm__ volatile ("rep stosb" : "+D"(d), "+c"(rest) : "a"(pattern) : "memory");
    return to;
}
