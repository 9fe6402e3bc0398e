/* What takes minutes: building the lab anew, many runs, the exact clock's hang. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "linux_domain.h"
#include "program.h"

#define RUNS 5

/* Five whole runs: each row between guest and Xen has one median. */
static void test_five_runs(void)
{
    static const char path[] = "build/test-long.json";
    json_t *first = NULL;

    for ( int i = 0; i < RUNS; i++ )
    {
        struct outcome_of r = program("run", "--host=lab", "--output", path, NULL);
        json_t *j = json_load_file(path, 0, NULL), *row;
        size_t n;

        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL_FATAL(j);
        program_free(&r);
        if ( !first )
        {
            first = j;
            continue;
        }
        json_array_foreach(json_object_get(j, "rows"), n, row)
        {
            const char *name = json_string_value(json_object_get(row, "row"));
            const char *mode = json_string_value(json_object_get(row, "mode"));

            CU_ASSERT_EQUAL(figure(j, name, mode, "median"),
                            figure(first, name, mode, "median"));
            CU_ASSERT_EQUAL(figure(j, name, mode, "max"), figure(first, name, mode, "max"));
        }
        json_decref(j);
    }
    json_decref(first);
    unlink(path);
}

/* A hang in the exact clock ends by itself, in the default deadline. */
static void test_hang_exact(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--modes=pv",
                                  "--image=build/xenometer-test.elf",
                                  "test/hang", "hypercall/null", NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_STRING_EQUAL(text_of(j, "test/hang", "pv", "status"), "error");
    CU_ASSERT_STRING_EQUAL(text_of(j, "hypercall/null", "pv", "status"), "success");
    json_decref(j);
    program_free(&r);
}

/*
 * A lab built anew in a cache of its own, interrupted by kill -9 in the
 * middle first; then it works, and its figures are those of the other lab.
 */
static void test_new_lab(void)
{
    char directory[] = "/tmp/xenometer-cache-XXXXXX", command[100];
    struct outcome_of r;
    pid_t pid;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(directory));
    setenv("XENOMETER_CACHE", directory, 1);
    pid = program_start("/dev/null", "/dev/null", "lab", "build", NULL);
    sleep(12);
    kill(pid, SIGKILL);
    program_wait(pid, 10);
    sleep(1);
    CU_ASSERT_EQUAL(qemu_count(), 0);

    r = program("run", "--host=lab", "hypercall/null", "--modes=pv,pvh", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    r = program("lab", "clean", NULL);
    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    unsetenv("XENOMETER_CACHE");
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    CU_ASSERT_EQUAL(system(command), 0);
}

/* A hundred domains, one after the other, leave nothing in dom0. */
static void test_many_domains(void)
{
    struct outcome_of r = program("lab", "run", "--clock=fast", "--deadline=900",
        "--push", "build/xenometer", "--push", "build/xenometer.elf",
        "--push", "configs/pvh.cfg", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "run() { ./xenometer run --host=xen --image=xenometer.elf --configs=. -m pv,pvh "
        "hypercall/null ring/echo-64b >/dev/null || echo failed; }; "
        "run; before=$(xl info | grep free_memory); "
        "for i in $(seq 50); do run; done; "
        "echo \"$before\"; xl info | grep free_memory; xl list", NULL);
    char *one = strstr(r.out, "free_memory"), *two = one ? strstr(one + 1, "free_memory") : NULL;

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NULL(strstr(r.out, "failed"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "xenometer-"));
    CU_ASSERT_PTR_NULL(strstr(r.out, "(null)"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(two);
    CU_ASSERT_EQUAL(strncmp(one, two, strcspn(one, "\n")), 0);
    program_free(&r);
}

/*
 * A million frames there and back: none lost, doubled or out of order (each has its
 * number at both ends), and none of those looked at whole damaged.
 */
static void test_million_frames(void)
{
    struct outcome_of r = program("run", "--host=lab", "--json", "--modes=pv", "--boots=1",
                                  "--samples=3907", "--row-deadline=1200",
                                  "net/netif-own-stream", NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(text_of(j, "net/netif-own-stream", "pv", "status"), "success");
    CU_ASSERT(figure(j, "net/netif-own-stream", "pv", "total_operations") > 1000000);
    json_decref(j);
    program_free(&r);
}

static struct outcome_of on_disk(const char *job)
{
    return linux_domain("run", "tests/lab/linux/guest-init", NULL, job);
}

/*
 * Linux's blkfront, partition table, ext4 and page cache on the own block backend:
 * 240 MiB written, compared, checked, mounted again and compared.
 */
static void test_linux(void)
{
    struct outcome_of r = on_disk("steady");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "round 3: 80 MiB written and compared"));
    program_free(&r);
}

/*
 * A million requests of numbered blocks with checksums, none lost, doubled or damaged, while the
 * backend is killed four times a second, the domain saved and restored, and destroyed for another,
 * which is saved, too.  Five minutes of a CPU: 25 thousand million instructions.
 */
static void million_blocks(const char *xenstored)
{
    struct outcome_of r = linux_domain("blocks-run", "build/linux-blocks", NULL, xenstored);
    const char *count = strstr(r.out, "\nkilled ");
    unsigned killed = 0, saved = 0, requests = 0;

    says(r.out, "none lost, doubled or damaged");
    CU_ASSERT_PTR_NOT_NULL_FATAL(count);
    CU_ASSERT_EQUAL(sscanf(count, "\nkilled %u times, saved %u times, %u requests", &killed, &saved, &requests), 3);
    printf("    %u requests, killed %u times\n", requests, killed);
    CU_ASSERT(requests >= 1000000);
    CU_ASSERT(killed >= 30);
    CU_ASSERT_EQUAL(saved, 2);
    program_free(&r);
}

static void test_million_blocks(void)       { million_blocks("xenstored"); }
static void test_million_oxenstored(void)   { million_blocks("oxenstored"); }

/* Half of that, while the backend is killed four times a second. */
static void test_linux_killed(void)
{
    struct outcome_of r = on_disk("kill");

    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "round 3: 40 MiB written and compared"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "the backend was killed"));
    program_free(&r);
}

/* Disks that come and go while the domain runs, and images that fail: the domain gets an
 * error and keeps what it had written; what is asked wrongly is refused and harms nothing. */
static void test_linux_by_hand(void)
{
    struct outcome_of r = on_disk("hand");
    const char *left = strstr(r.out, "left:\n");

    says(r.out, "twice: 3\nimage twice: 3\nanother's: 3\n");
    says(r.err, "has xvdb already: another xenometer serves it");
    says(r.err, "it is in use");
    says(r.err, "from another backend");
    says(r.out, "\nother image: 3\n");
    says(r.err, "served from another image");
    says(r.out, "full: detached with 0\nxenometer: /tmp/room/small/full.img: cannot write for "
                "domain 1, which gets an error: No space left on device\n");
    says(r.out, "the image became shorter than the disk\n");
    says(r.out, "shrunk to 4194304\n");
    says(r.out, "readonly: detached with 0\n");
    says(r.out, "grows: detached with 0\n");
    says(r.out, "busy: detached with 0\n");
    CU_ASSERT(left && left[strlen("left:\n")] == '\0');
    program_free(&r);
}

/*
 * Each block is written with a sequence number and a checksum and read back: none lost,
 * duplicated or damaged.  By the fast clock from 10 s (xen-blkback) to seven minutes (qdisk), on a
 * machine that does nothing else.  NVMe and AHCI by the exact one: beside other work the fast one
 * took NVMe from 19 minutes to more than 30.  IDE, one at a time, gets no million in ten minutes.
 */
static void requests(const char *row, const char *mode, const char *clock, long long count)
{
    struct outcome_of r = program_patiently(2400, "run", "--host=lab", "--json", "--boots=1",
                                            "--modes", mode, "--clock", clock,
                                            "--row-deadline=1800",
                                            "--image=build/xenometer-test.elf", row, NULL);
    json_t *j = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(text_of(j, row, mode, "status"), "success");
    CU_ASSERT_EQUAL(figure(j, row, mode, "operations") * figure(j, row, mode, "samples"), count);
    json_decref(j);
    program_free(&r);
}

#define MILLION 1000000
static void test_million_own(void)    { requests("million/blkif-own", "pv", "fast", MILLION); }
static void test_million_linux(void)  { requests("million/blkif-linux", "pv", "fast", MILLION); }
static void test_million_qdisk(void)  { requests("million/blkif-qemu", "pv", "fast", MILLION); }
static void test_million_virtio(void) { requests("million/virtio", "hvm", "fast", MILLION); }
static void test_million_nvme(void)   { requests("million/nvme", "hvm", "exact", MILLION); }
static void test_million_ahci(void)   { requests("million/ahci", "hvm", "exact", MILLION); }
static void test_many_ide(void)       { requests("million/ide-dma", "hvm", "exact", 80000); }

void suite_long(void)
{
    CU_pSuite s = CU_add_suite("what takes minutes", NULL, NULL);

    CU_add_test(s, "five runs, the same figures", test_five_runs);
    CU_add_test(s, "a hang in the exact clock", test_hang_exact);
    CU_add_test(s, "a lab built anew after kill -9", test_new_lab);
    CU_add_test(s, "a million frames", test_million_frames);
    CU_add_test(s, "a Linux domain on our disk", test_linux);
    CU_add_test(s, "a Linux domain while the backend is killed", test_linux_killed);
    CU_add_test(s, "a million blocks: killed, saved, destroyed", test_million_blocks);
    CU_add_test(s, "a million blocks, with oxenstored", test_million_oxenstored);
    CU_add_test(s, "a Linux domain's disks by hand", test_linux_by_hand);
    CU_add_test(s, "a million requests: own backend", test_million_own);
    CU_add_test(s, "a million requests: Linux's xen-blkback", test_million_linux);
    CU_add_test(s, "a million requests: QEMU's qdisk", test_million_qdisk);
    CU_add_test(s, "a million requests: QEMU's virtio-blk", test_million_virtio);
    CU_add_test(s, "a million requests: QEMU's NVMe", test_million_nvme);
    CU_add_test(s, "a million requests: QEMU's AHCI", test_million_ahci);
    CU_add_test(s, "80,000 requests: QEMU's IDE", test_many_ide);
    CU_add_test(s, "a hundred domains leave nothing", test_many_domains);
}
