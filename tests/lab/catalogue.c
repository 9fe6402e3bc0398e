#include "catalogue.h"

#include <unistd.h>

#include "program.h"

static const char path[] = "build/test-all.json";

void catalogue_forget(void)
{
    unlink(path);
}

/* The rows of the second document go behind those of the first. */
static void append_rows(json_t *to, json_t *from)
{
    CU_ASSERT_EQUAL(json_array_extend(json_object_get(to, "rows"), json_object_get(from, "rows")), 0);
    json_decref(from);
}

/* One boot: how boots compare is the method's suite. */
static json_t *run(const char *samples, const char *const *rows)
{
    struct outcome_of r = program("run", "--host=lab", "--boots=1", "--output", path, samples,
                                  rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6],
                                  rows[7], rows[8], rows[9], rows[10], rows[11], rows[12], rows[13],
                                  rows[14], rows[15], rows[16], rows[17], rows[18], rows[19], NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    return json_load_file(path, 0, NULL);
}

json_t *catalogue(void)
{
    static const char *const most[20] = {
        "baseline/*", "block/*", "console/*", "event/*", "exit/*", "grant/*", "hypercall/*",
        "interrupt/*", "memory/*", "mmio/*", "net/*", "port/*", "pv/*", "ring/*", "sched/*",
        "syscall/*", "timer-load/*", "virtio/*", "xenstore/*",
    };
    /* A domain's life takes thousands of millions of instructions, and so does its sample. */
    static const char *const lives[20] = { "lifecycle/*" }, *const every[20] = { "*" };
    static json_t *all;

    if ( !all )
        all = json_load_file(path, 0, NULL);
    if ( !all && tests_take_long )
        all = run("--verbose", every);
    else if ( !all )
    {
        all = run("--verbose", most);
        CU_ASSERT_PTR_NOT_NULL_FATAL(all);
        append_rows(all, run("--samples=1", lives));
        CU_ASSERT_EQUAL(json_dump_file(all, path, 0), 0);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    return all;
}

long long catalogue_figure(const char *row, const char *mode, const char *field)
{
    return figure(catalogue(), row, mode, field);
}
