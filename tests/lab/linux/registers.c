/*
 * A process in dom0 that fills its vector registers, touches new pages or only waits, and looks
 * at them again.  `linux-registers SECONDS` prints how often, and what differed; exit status 1 if
 * any did.  For test_backend.c and test_bochs.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define REGISTERS 16
#define PAGE      4096
#define SHOWN     3u   /* failures told in full */

struct registers { uint64_t part[REGISTERS][4]; } __attribute__((aligned(32)));

#define EACH(do) do(0) do(1) do(2) do(3) do(4) do(5) do(6) do(7) do(8) do(9) do(10) do(11) \
    do(12) do(13) do(14) do(15)
#define FILL(n) "vmovdqa 32*" #n "(%[in]), %%ymm" #n "\n\t"
#define KEEP(n) "vmovdqa %%ymm" #n ", 32*" #n "(%[out])\n\t"

/* Two page faults, and 20,000 instructions, between. */
static void through(const struct registers *in, struct registers *out, char *pages)
{
    uint64_t count = 10000;

    __asm__ volatile(EACH(FILL)
                     "movb $1, (%[pages])\n\t"
                     "1: dec %[count]\n\t"
                     "jnz 1b\n\t"
                     "movb $1, 4096(%[pages])\n\t"
                     EACH(KEEP)
                     : [count] "+r"(count)
                     : [in] "r"(in), [out] "r"(out), [pages] "r"(pages)
                     : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                       "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15");
}

static void show(const struct registers *in, const struct registers *out)
{
    for ( size_t i = 0; i < REGISTERS; i++ )
        for ( size_t j = 0; j < 4; j++ )
            if ( in->part[i][j] != out->part[i][j] )
                printf("ymm%zu, part %zu: %#llx became %#llx\n", i, j,
                       (unsigned long long)in->part[i][j], (unsigned long long)out->part[i][j]);
}

int main(int argc, char **argv)
{
    time_t end = time(NULL) + (argc == 2 ? atoi(argv[1]) : 1);
    unsigned checks = 0, failed = 0;
    struct registers in, out;

    for ( ; time(NULL) < end; checks++ )
    {
        char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);

        if ( pages == MAP_FAILED )
            return 2;
        for ( size_t i = 0; i < REGISTERS * 4; i++ )
            in.part[i / 4][i % 4] = (uint64_t)checks << 32 | 1u << 16 | i;
        through(&in, &out, pages);
        munmap(pages, 2 * PAGE);
        if ( memcmp(&in, &out, sizeof(in)) && ++failed <= SHOWN )
            show(&in, &out);
    }
    printf("%u checks, %u failed\n", checks, failed);
    return failed != 0;
}
