/*
 * Linux's netfront on the own netif backend (`xenometer net`), which it was not written
 * beside: what it sends and takes, tests/lab/linux/frames.c; minutes.
 */
#include <stdlib.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "linux_domain.h"

static struct outcome_of on_wire(const char *job)
{
    return linux_domain("net-run", "build/linux-frames", "build/linux-killer", job);
}

static void test_frames(void)
{
    struct outcome_of r = on_wire("frames");

    says(r.out, "100000 frames of up to 1514 bytes came back once, whole and in order");
    says(r.out, "5000 frames of up to 9014 bytes came back once, whole and in order");
    says(r.out, "2000 frames of up to 65535 bytes came back once, whole and in order");
    says(r.err, ", 0 dropped\n");
    program_free(&r);
}

static void test_checksums(void)
{
    struct outcome_of r = on_wire("checksums");

    says(r.out, "128 datagrams and 3 segments came back with right checksums");
    program_free(&r);
}

/* Each time nothing is left behind, in dom0 and in the domain's directory. */
static void test_hand(void)
{
    struct outcome_of r = on_wire("hand");
    const char *at = r.out;

    says(r.out, "twice: 3\n");
    says(r.err, "has network interface 0 already: another xenometer serves it");
    for ( char time = '1'; time <= '6' && at; time++ )
    {
        char expected[] = "time ?: detached with 0\nleft: 0\n";

        expected[strlen("time ")] = time;
        says(at, expected);
        at = strstr(at, expected);
    }
    program_free(&r);
}

static void test_kill(void)
{
    struct outcome_of r = on_wire("kill");
    const char *killed = strstr(r.out, "killed ");

    says(r.out, "150000 frames came back, in order and none twice");
    CU_ASSERT(killed && atoi(killed + strlen("killed ")) >= 5);
    program_free(&r);
}

/* The promise of test_promises.c, with frames under way: two seconds, in hundredths. */
static void test_destroy(void)
{
    struct outcome_of r = on_wire("destroy");
    const char *gone = strstr(r.out, "gone after ");

    CU_ASSERT(gone && atoi(gone + strlen("gone after ")) <= 200);
    says(r.out, "backend: 0, left: 0\n");
    program_free(&r);
}

void suite_netfront(void)
{
    CU_pSuite s = CU_add_suite("Linux's netfront", NULL, NULL);

    CU_add_test(s, "a hundred thousand frames", test_frames);
    CU_add_test(s, "checksums left to the backend", test_checksums);
    CU_add_test(s, "an interface that comes and goes", test_hand);
    CU_add_test(s, "a backend that is killed", test_kill);
    CU_add_test(s, "a domain that is destroyed", test_destroy);
}
