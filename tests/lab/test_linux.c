/* The rows that start a Linux domain, where there is none to be had: each says why. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* What a row leaves in dom0: no domain, device, module or file. */
#define LEFT "; xl list | tail -n +3; ls -d /sys/module/brd /sys/module/xen_blkback 2>/dev/null;" \
             "xenstore-ls /local/domain/0/backend 2>/dev/null; ls /tmp | grep xenometer"
#define RUN "./xenometer run --host=xen --configs=. --boots=1 --modes=pv "

/* The script's output has one line, which begins so; nothing is left. */
static void ends(const char *script, const char *begins, const char *says)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer", "--push",
        "build/xenometer.elf", "--push", "build/linux-init", "--push", "configs/pv.cfg",
        "--", "sh", "-c", script, NULL);

    CU_ASSERT_EQUAL(strncmp(r.out, begins, strlen(begins)), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, says));
    CU_ASSERT_EQUAL(strcspn(r.out, "\n") + 1, strlen(r.out));
    program_free(&r);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* The reason of the one row that runs, behind the exit status. */
#define REASON(options) \
    RUN "--json " options " >out 2>/dev/null; " \
    "echo $? $(grep '\"reason\"' out | head -n 1)" LEFT

static void test_no_kernel(void)
{
    ends(REASON("block/linux-blkfront"), "0 ", "cannot read dom0's kernel /boot/vmlinuz-");
    ends(REASON("--kernel=nowhere block/linux-blkfront"), "0 ", "nowhere: No such file");
}

static void test_no_init(void)
{
    ends("rm linux-init; " REASON("--kernel=xenometer.elf block/linux-blkfront"), "0 ",
         "linux-init is missing");
}

static void test_no_memory(void)
{
    ends("xl create -p -q pv.cfg 'kernel=\"xenometer.elf\"' 'name=\"big\"' memory=248; "
         RUN "--json --kernel=xenometer.elf block/linux-blkfront >out 2>/dev/null; s=$?;"
         "xl destroy big; echo $s $(grep '\"reason\"' out | head -n 1)" LEFT,
         "0 ", "a Linux domain needs 136 MiB of free memory");
}

/* Something else than a kernel; a kernel that never is done; one given up. */
static void test_not_linux(void)
{
    ends(REASON("--kernel=pv.cfg block/linux-blkfront"), "1 ", "`xl create` failed");
    ends(REASON("--kernel=xenometer.elf block/linux-blkfront"), "1 ",
         "the Linux domain was not done within ");
    ends("(trap - INT; exec " RUN "--kernel=xenometer.elf block/linux-blkfront >/dev/null 2>&1) & "
         "while ! xl list | grep -q 'xenometer-run.*-b----'; do sleep 0.1; done; sleep 1; "
         "kill -INT $!; wait $!; echo ended with $?" LEFT, "ended with 130", "");
}

static void test_usage(void)
{
    struct outcome_of r = program("run", "--host=lab", "--kernel=k", "block/linux-blkfront", NULL);

    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "--kernel is for a Xen host"));
    program_free(&r);
}

void suite_linux(void)
{
    CU_pSuite s = CU_add_suite("a Linux domain", NULL, NULL);

    CU_add_test(s, "no kernel", test_no_kernel);
    CU_add_test(s, "no process 1", test_no_init);
    CU_add_test(s, "no memory", test_no_memory);
    CU_add_test(s, "no Linux", test_not_linux);
    CU_add_test(s, "usage", test_usage);
}
