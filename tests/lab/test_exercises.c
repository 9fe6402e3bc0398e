/*
 * Exercises that are code: right and wrong solutions of each told apart, in words; and what code of a student's
 * may try: nothing of it leaves its folder, or the lab.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CUnit/CUnit.h>

#include "program.h"

static char folder[64];    /* the student's */
static char before[65];    /* of the checkout */

/* A hash of all that is in the checkout, and that the exercises are built with; what stands in /tmp. */
static void fingerprint(char hash[65])
{
    FILE *in = popen("{ git status --porcelain; git diff; cat build/xenometer.elf build/exercise-parts.o "
                     "build/exercise.flags; ls -d /tmp/xenometer-lesson-* 2>/dev/null; } | sha256sum", "r");

    CU_ASSERT_FATAL(in != NULL && fgets(hash, 65, in) != NULL);
    pclose(in);
}

static void shell(const char *format, const char *a, const char *b)
{
    char command[2048];

    snprintf(command, sizeof(command), format, a, b);
    CU_ASSERT_EQUAL(system(command), 0);
}

static struct outcome_of start(const char *lesson)
{
    struct outcome_of r;

    strcpy(folder, "/tmp/xenometer-exercise-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    rmdir(folder);
    fingerprint(before);
    r = program("lesson", lesson, "--start", folder, NULL);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    return r;
}

/* `make` there says so, and with 0 only when all is right.  Nothing but that folder has changed. */
static void expect(bool right, const char *says)
{
    struct outcome_of r = program_named("/usr/bin/make", "-C", folder, NULL);
    char after[65];
    bool said = strstr(r.out, says) || strstr(r.err, says);

    CU_ASSERT_EQUAL(r.status, right ? 0 : 2);
    CU_ASSERT(said);
    if ( !said )
        fprintf(stderr, "expected \"%s\" of:\n%s%s", says, r.out, r.err);
    program_free(&r);
    fingerprint(after);
    CU_ASSERT_STRING_EQUAL(before, after);
    CU_ASSERT_EQUAL(qemu_count(), 0);
}

/* Variants of a solution: sed's command, and what the check says. */
struct variant {
    const char *edit, *says;
};

static void variants(const char *lesson, const char *name, const struct variant *wrong, size_t count)
{
    struct outcome_of r = start(lesson);
    char solution[128];

    program_free(&r);
    expect(false, "Not yet.");   /* as it is given */
    snprintf(solution, sizeof(solution), "configs/lessons/exercises/%s/solution.c", name);
    shell("cp %s %s/", solution, folder);
    shell("cd %s && mv solution.c %s.c", folder, name);
    expect(true, "All is right.");
    for ( size_t i = 0; i < count; i++ )
    {
        char file[128], command[1024];

        snprintf(file, sizeof(file), "%s/%s.c", folder, name);
        /* Each changes something. */
        snprintf(command, sizeof(command), "sed -e '%s' %s >%s && ! cmp -s %s %s", wrong[i].edit, solution, file,
                 solution, file);
        CU_ASSERT_EQUAL(system(command), 0);
        expect(false, wrong[i].says);
    }
    shell("rm %s/Makefile %s/*.c", folder, folder);
    shell("rm -r %s/build && rmdir %s", folder, folder);   /* nothing else was there */
}

static void test_row(void)
{
    static const struct variant wrong[] = {
        { "s/SAMPLES(r, /SAMPLES(r, memset(buffer, 0, 16); /", "something else is timed with it" },
        { "s/XENVER_extraversion, buffer/XENVER_version, NULL/;s/if ( buffer.*/if ( false )/", "it is another one, or Xen copies nothing" },
        { "s/SAMPLES(r, .*;/(void)r;/;s/if ( buffer.*/if ( false )/", "it takes no samples" },
        { "s/\"your.version\"/\"my\\/version\"/", "there is no row your/version" },
        { "s/Xen enters its/To do: its/", "still is \"to do\"" },
        { "s/if ( buffer.*/if ( true )/", "Xen answers without an extra version" },
    };

    variants("13", "row", wrong, sizeof(wrong) / sizeof(wrong[0]));
}

static void test_consumer(void)
{
    static const struct variant wrong[] = {
        /* The second look left out; events counted behind the look; never asleep; any index believed. */
        { "/^        r = look/,/^            return r/d", "a lost wake-up" },
        { "s/^        u32 seen = events();/        u32 seen;/;s/^        sleep_until_event/        seen = events(); &/",
          "a lost wake-up" },
        { "/sleep_until_event/d", "never sleeps" },
        { "s/if ( there - .*/if ( false )/", "believed" },
        { "s/WRITE_ONCE(ring->shared->rsp_event, .*/;/", "a lost wake-up" },
        { "s/there == ring->rsp_cons ?/there <= ring->rsp_cons ?/", "sleeps for ever" },
    };

    variants("12", "consumer", wrong, sizeof(wrong) / sizeof(wrong[0]));
}

static void test_frontend(void)
{
    static const struct variant wrong[] = {
        { "s/if ( f->req_prod - f->rsp_cons == f->count )/if ( false )/", "a request is overwritten" },
        { "s/ - f->rsp_cons == f->count/ - f->rsp_cons == f->count - 1/", "full before it is" },
        { "s/(index . (f->count - 1))/(index % 7)/", "not in the slot of its index" },
        { "s/return now - READ_ONCE.*/return true;/", "did not ask for" },
        { "s/return now - READ_ONCE.*/return false;/", "gets no event" },
        { "s/return now - READ_ONCE.*/return READ_ONCE(f->shared->req_event) == now;/", "passed within a batch" },
        { "s/return now - READ_ONCE.*/return READ_ONCE(f->shared->req_event) <= now;/", "passed before" },
        { "s/return now - \\(READ_ONCE(.*)\\) <.*/return \\1 > old \\&\\& \\1 <= now;/", "over the wrap of the indices" },
        { "s/    WRITE_ONCE(f->shared->req_prod, now);/    f->shared->req_prod = f->req_published;/", "req_prod in the shared page" },
        { "s/f->rsp_cons > f->req_published/f->rsp_cons > f->req_prod/", "is believed" },
        { "s/    f->rsp_cons++;/    f->rsp_cons += 2;/", "take: " },
        { "s/memcpy(response, slot(f, f->rsp_cons)/memcpy(response, slot(f, f->rsp_cons + 1)/", "in order" },
    };

    variants("4", "frontend", wrong, sizeof(wrong) / sizeof(wrong[0]));
}

/* Code that does harm, in the place of a row's run(). */
static void test_contained(void)
{
    static const struct variant harm[] = {
        { "for ( ;; ) barrier();", "it hangs" },
        { "*(volatile u32 *)0x7ffffffff000ul = 1;", "the domain crashed" },
        /* All of its memory, itself included. */
        { "memset((void *)0x100000, 0xff, 64ul << 20);", "wrong  your/version" },
        /* A ring of nonsense and a storm of events, for dom0's process. */
        { "memset(device.data_ring.shared, 0xa5, 8192); memset(device.control_ring.shared, 0x5a, 2048);"
          "for ( u32 i = 0; i < 100000; i++ ) { event_send(device.data_port); event_send(device.control_port); }",
          "wrong  your/version" },
        /* A console without an end. */
        { "for ( ;; ) print(\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\n\");",
          "wrong  your/version" },
        /* Hypercalls that are dom0's, or about memory, with nonsense; Xen's own panic would end the machine. */
        { "for ( u64 i = 0; i < 64; i++ ) { hypercall3(__HYPERVISOR_domctl, i << 12, i, 0);"
          " hypercall3(__HYPERVISOR_sysctl, i << 12, i, 0); hypercall3(__HYPERVISOR_platform_op, i << 12, i, 0);"
          " hypercall3(__HYPERVISOR_memory_op, i, i << 12, 0); hypercall3(__HYPERVISOR_mmu_update, i << 12, i, 0);"
          " hypercall3(__HYPERVISOR_grant_table_op, i, i << 12, i * 0x1001);"
          " hypercall3(__HYPERVISOR_physdev_op, i, i << 12, 0); }",
          "wrong  your/version" },
        { "struct sched_shutdown s = { .reason = SHUTDOWN_reboot }; hypercall_sched_op(SCHEDOP_shutdown, &s);",
          "wrong  your/version" },
        /* For the compiler: none of these is run. */
        { "this is no C", "row.c does not compile" },
        { "__asm__ volatile (\".fill 100000000000, 1, 0\");", "row.c does not compile" },
        { "static char big[1ul << 36] = { 1 }; r->failure = big;", "row.c does not compile" },
        { "\n#include \"row.c\"\n", "row.c does not compile" },
        { "extern void nowhere(void); nowhere();", "it cannot be linked" },
    };
    struct outcome_of r = start("13");

    program_free(&r);
    for ( size_t i = 0; i < sizeof(harm) / sizeof(harm[0]); i++ )
    {
        char path[128];
        FILE *out;

        snprintf(path, sizeof(path), "%s/row.c", folder);
        out = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        fprintf(out, "#include \"exercise.h\"\n#include <xen/console.h>\nstatic void run(struct row_run *r)\n{\n"
                "    (void)r;\n    %s\n}\nEXPLANATION(your) = \"Harm.\";\nROW(your, .run = run) = {\n"
                "    .name = \"your/version\", .work = \"harm\", .path = \"harm\", .help = \"harm\",\n"
                "    .explanation = explanation_your, .elsewhere = \"bare\", .columns = \"xen\",\n"
                "    .operations = 1, .samples = 1,\n};\n", harm[i].edit);
        fclose(out);
        expect(false, harm[i].says);
        /* What a compiler was stopped at is not kept, and small. */
        shell("test $(du -sm %s | cut -f1) -lt 70 && test \"$(ls %s)\" = \"$(printf 'Makefile\\nbuild\\nrow.c')\"", folder,
              folder);
    }
    shell("rm -r %s && ! test -e %s", folder, folder);
}

/* Folders that cannot be, and lessons without code. */
static void test_folders(void)
{
    struct outcome_of r;

    strcpy(folder, "/tmp/xenometer-exercise-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    r = program("lesson", "12", "--start", folder, NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "is there already"));
    program_free(&r);
    r = program("lesson", "12", "--check", folder, NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "--start DIR` makes it"));
    program_free(&r);
    rmdir(folder);
    r = program("lesson", "12", "--start", "/proc/nothing", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "/proc/nothing"));
    program_free(&r);
    r = program("lesson", "12", "--start", "/nonexistent/a/b", NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    program_free(&r);
    r = program("lesson", "2", "--start", folder, NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT(is_one_line_error(&r, "is no code"));
    CU_ASSERT(access(folder, F_OK) != 0);
    program_free(&r);
    r = program("lesson", "--start", folder, NULL);
    CU_ASSERT_EQUAL(r.status, 2);
    program_free(&r);
}

void suite_exercises(void)
{
    CU_pSuite s = CU_add_suite("exercises", NULL, NULL);

    CU_add_test(s, "folders", test_folders);
    CU_add_test(s, "row", test_row);
    CU_add_test(s, "consumer", test_consumer);
    CU_add_test(s, "frontend", test_frontend);
    CU_add_test(s, "what is contained", test_contained);
}
