/* The rows that start a Linux domain, where there is none to be had: each says why. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* What a row leaves in dom0: no domain, device, module or file. */
#define LEFT "; xl list | tail -n +3; ls -d /sys/module/brd /sys/module/xen_blkback 2>/dev/null;" \
             "xenstore-ls /local/domain/0/backend 2>/dev/null; ls /tmp | grep xenometer"
#define RUN "./xenometer run --host=xen --configs=. --boots=1 --modes=pv "

/* A script, and its one line: how it begins, and what it says. */
struct ending {
    const char *script, *begins, *says;
};

/* One after the other in one lab; nothing is left of any. */
static void end(const struct ending *list, size_t count)
{
    char *script = NULL, *rest;
    size_t size;
    FILE *f = open_memstream(&script, &size);
    struct outcome_of r;

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for ( size_t i = 0; i < count; i++ )
        fprintf(f, "%s\n", list[i].script);
    fclose(f);
    r = program("lab", "run", "--push", "build/xenometer", "--push", "build/xenometer.elf",
                "--push", "build/linux-init", "--push", "configs/pv.cfg", "--", "sh", "-c", script, NULL);
    rest = r.out;
    for ( size_t i = 0; i < count; i++ )
    {
        const char *line = strsep(&rest, "\n");

        if ( !line || !strstr(line, list[i].says) )
            fprintf(stderr, "expected \"%s\", got: %s\n", list[i].says, line ? line : "nothing");
        CU_ASSERT(line && !strncmp(line, list[i].begins, strlen(list[i].begins)));
        CU_ASSERT(line && strstr(line, list[i].says));
    }
    CU_ASSERT(rest && !*rest);
    program_free(&r);
    free(script);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* The reason of the one row that runs, behind the exit status. */
#define REASON(options) \
    RUN "--json " options " >out 2>/dev/null; " \
    "echo $? $(grep '\"reason\"' out | head -n 1)" LEFT

static void test_missing(void)
{
    static const struct ending list[] = {
        { REASON("block/linux-blkfront"), "0 ", "cannot read dom0's kernel /boot/vmlinuz-" },
        { REASON("--kernel=nowhere block/linux-blkfront"), "0 ", "nowhere: No such file" },
        { "xl create -p -q pv.cfg 'kernel=\"xenometer.elf\"' 'name=\"big\"' memory=248; "
          RUN "--json --kernel=xenometer.elf block/linux-blkfront >out 2>/dev/null; s=$?;"
          "xl destroy big; echo $s $(grep '\"reason\"' out | head -n 1)" LEFT,
          "0 ", "a Linux domain needs 136 MiB of free memory" },
        { "rm linux-init; " REASON("--kernel=xenometer.elf block/linux-blkfront"), "0 ",
          "linux-init is missing" },
    };

    end(list, sizeof(list) / sizeof(list[0]));
}

/* Something else than a kernel; a kernel that never is done; one given up. */
static void test_not_linux(void)
{
    static const struct ending list[] = {
        { REASON("--kernel=pv.cfg block/linux-blkfront"), "1 ", "`xl create` failed" },
        { REASON("--kernel=xenometer.elf block/linux-blkfront"), "1 ",
          "the Linux domain was not done within " },
        { "(trap - INT; exec " RUN "--kernel=xenometer.elf block/linux-blkfront >/dev/null 2>&1) & "
          "while ! xl list | grep -q 'xenometer-run.*-b----'; do sleep 0.1; done; sleep 1; "
          "kill -INT $!; wait $!; echo ended with $?" LEFT, "ended with 130", "" },
    };

    end(list, sizeof(list) / sizeof(list[0]));
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

    CU_add_test(s, "no kernel, no process 1, no memory", test_missing);
    CU_add_test(s, "no Linux", test_not_linux);
    CU_add_test(s, "usage", test_usage);
}
