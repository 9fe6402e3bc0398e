/*
 * What a crossing of KVM, a container, gVisor or a Linux guest consists of, by layer.
 */
#include <stdbool.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "program.h"

/* The sum, by layer, of a trace's stages that are called so; and how many stages it has in all. */
static long long executed(const json_t *trace, const char *process)
{
    const json_t *stage;
    long long sum = 0;
    size_t i;

    json_array_foreach(json_object_get(trace, "stages"), i, stage)
    {
        const char *name = json_string_value(json_object_get(stage, "process"));

        if ( !name )
            name = json_string_value(json_object_get(stage, "layer"));
        if ( !strcmp(name, process) )
            sum += json_integer_value(json_object_get(stage, "instructions"));
    }
    return sum;
}

static json_t *trace_of(const char *row, const char *column)
{
    struct outcome_of r = program("trace", "--json", "-m", column, row, NULL);
    json_t *trace = json_loads(r.out, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(trace);
    program_free(&r);
    return trace;
}

static bool has_function(const json_t *trace, const char *name)
{
    const json_t *function;
    size_t i;

    json_array_foreach(json_object_get(trace, "functions"), i, function)
        if ( strstr(json_string_value(json_object_get(function, "function")), name) )
            return true;
    return false;
}

/* Guest, KVM, kernel, monitor, and back the same way: nobody else, and nobody has to be woken. */
static void test_trace_kvm(void)
{
    static const char *const way[] = { "guest", "kvm", "host kernel", "VMM", "host kernel", "kvm",
                                       "guest" };
    json_t *trace = trace_of("port/ioreq", "kvm"), *stages = json_object_get(trace, "stages");

    CU_ASSERT_EQUAL_FATAL(json_array_size(stages), sizeof(way) / sizeof(way[0]));
    for ( size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++ )
    {
        const json_t *stage = json_array_get(stages, i);
        const char *name = json_string_value(json_object_get(stage, "process"));

        CU_ASSERT_STRING_EQUAL(name ? name : json_string_value(json_object_get(stage, "layer")), way[i]);
    }
    CU_ASSERT(executed(trace, "kvm") > executed(trace, "host kernel"));
    CU_ASSERT(executed(trace, "host kernel") > executed(trace, "VMM"));
    CU_ASSERT(has_function(trace, "svm_vcpu_run") && !has_function(trace, "schedule"));
    json_decref(trace);
    trace = trace_of("port/ioreq", "microvm");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(trace, "stages")), sizeof(way) / sizeof(way[0]));
    CU_ASSERT(executed(trace, "VMM") > 1000 && has_function(trace, "kvm_cpu_exec"));
    json_decref(trace);
    trace = trace_of("port/xen-pit", "kvm");
    CU_ASSERT_EQUAL(executed(trace, "VMM"), 0);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(trace, "stages")), 3);
    json_decref(trace);
}

/* Whose kernel answers an application's system call. */
static void test_trace_app(void)
{
    json_t *trace = trace_of("app/getppid", "container");

    CU_ASSERT_EQUAL(json_array_size(json_object_get(trace, "stages")), 3);
    CU_ASSERT(has_function(trace, "__seccomp_filter"));
    json_decref(trace);
    trace = trace_of("app/getppid", "linuxkvm");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(trace, "stages")), 3);
    CU_ASSERT(executed(trace, "guest_kernel") > 0 || executed(trace, "guest kernel") > 0);
    CU_ASSERT_EQUAL(executed(trace, "host kernel"), 0);
    json_decref(trace);
    trace = trace_of("app/getppid", "linuxpv");
    CU_ASSERT_EQUAL(json_array_size(json_object_get(trace, "stages")), 5);
    CU_ASSERT(executed(trace, "xen") > executed(trace, "guest_kernel"));
    json_decref(trace);
    trace = trace_of("app/getppid", "gvisor");
    CU_ASSERT(executed(trace, "Sentry") > executed(trace, "application"));
    CU_ASSERT(executed(trace, "host kernel") > executed(trace, "Sentry"));
    CU_ASSERT(has_function(trace, "systrap.") && has_function(trace, "futex_wait"));
    json_decref(trace);
    trace = trace_of("app/getppid", "gvisorkvm");
    CU_ASSERT(executed(trace, "Sentry") > 10 * executed(trace, "application"));
    CU_ASSERT_EQUAL(executed(trace, "host kernel"), 0);
    CU_ASSERT(has_function(trace, "Getppid"));
    json_decref(trace);
}

void suite_paradigms_trace(void)
{
    CU_pSuite suite = CU_add_suite("traces of paradigms", NULL, NULL);

    CU_add_test(suite, "a trace of KVM", test_trace_kvm);
    CU_add_test(suite, "a trace of an application", test_trace_app);
}
