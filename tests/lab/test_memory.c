/* Memory, device memory and virtio: what the rows of one run must mean. */
#include <stdio.h>
#include <string.h>

#include <CUnit/CUnit.h>

#include "catalogue.h"
#include "program.h"

static const char *const modes[] = { "pv", "pvh", "hvm", "bare" };
#define MODES (sizeof(modes) / sizeof(modes[0]))

static void is_skip(const char *row, const char *mode, const char *reason)
{
    CU_ASSERT_STRING_EQUAL(text_of(catalogue(), row, mode, "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(catalogue(), row, mode, "reason"), reason));
}

/*
 * The instruction clock sees a read as one instruction, whatever it misses, in
 * every mode.  A row that visited too few elements would be an error.
 */
static void test_reads(void)
{
    static const char *const rows[] = {
        "memory/tlb-hit", "memory/tlb-miss-4k", "memory/tlb-miss-2m", "memory/random-walk-1mib",
        "memory/random-walk-16mib", "memory/random-walk-256mib",
    };

    for ( size_t i = 0; i < (tests_take_long ? sizeof(rows) / sizeof(rows[0]) : 4); i++ )
        for ( size_t m = strcmp(rows[i], "memory/tlb-miss-2m") ? 0 : 1; m < MODES; m++ )
            CU_ASSERT_EQUAL(median(rows[i], modes[m]), 1);
    is_skip("memory/tlb-miss-2m", "pv", "4 KiB");
}

/* The largest median of a boot. */
static long long slowest(json_t *results, const char *row, const char *mode)
{
    json_t *medians = json_object_get(result_of(results, row, mode), "boot_medians"), *m;
    long long most = -1;
    size_t i;

    json_array_foreach(medians, i, m)
        most = json_integer_value(m) > most ? json_integer_value(m) : most;
    return most;
}

/* In real time, as far as QEMU's own TLB has any, misses are dear: in a boot at least, as QEMU
 * now and then makes its TLB large enough for all. */
static void test_misses(void)
{
    static const char path[] = "build/test-memory.json";
    struct outcome_of r = program("run", "--host=lab", "--clock=fast", "--modes=pv,pvh",
                                  "--boots=6", "--output", path, "memory/tlb-*", NULL);
    json_t *fast = json_load_file(path, 0, NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    program_free(&r);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fast);
    for ( size_t m = 0; m < 2; m++ )
        LESS(4 * figure(fast, "memory/tlb-hit", modes[m], "median"),
             slowest(fast, "memory/tlb-miss-4k", modes[m]));
    LESS(4 * figure(fast, "memory/tlb-hit", "pvh", "median"),
         slowest(fast, "memory/tlb-miss-2m", "pvh"));
    json_decref(fast);
    remove(path);
}

static void test_balloon(void)
{
    for ( size_t m = 0; m < 3; m++ )
    {
        LESS(median("hypercall/null", modes[m]), median("memory/populate-page", modes[m]));
        LESS(median("memory/populate-page", modes[m]),
             median("memory/decrease-increase-reservation", modes[m]));
    }
    /* A nested page table to keep; and then QEMU, which has the page mapped. */
    LESS(median("memory/populate-page", "pv"), median("memory/populate-page", "pvh"));
    LESS(5 * median("memory/decrease-increase-reservation", "pvh"),
         median("memory/decrease-increase-reservation", "hvm"));
    is_skip("memory/populate-page", "bare", "without a hypervisor");
}

static void test_faults(void)
{
    static const char *const hardware[] = { "pvh", "hvm" };

    for ( size_t m = 0; m < 2; m++ )
    {
        /* Nested paging: the guest's own tables are its own. */
        CU_ASSERT_EQUAL(median("memory/remap-hap", hardware[m]), median("memory/remap-hap", "bare"));
        if ( m + 1 >= MODES_WITH_ALL_DOMAINS )
            break;
        /* Resolved without decoding the instruction, and with. */
        LESS(median("memory/demand-fault", hardware[m]), median("mmio/npt-fault", hardware[m]));
        LESS(1000, median("memory/demand-fault", hardware[m]));
        /* Debian's Xen 4.17.7 has no shadow paging, 4.17.5 has. */
        if ( median("memory/remap-shadow", hardware[m]) < 0 )
            is_skip("memory/remap-shadow", hardware[m], "without shadow paging");
        else
            LESS(100 * median("memory/remap-hap", hardware[m]),
                 median("memory/remap-shadow", hardware[m]));
    }
    LESS(median("memory/remap-hap", "pvh"), median("pv/update-va", "pv"));
    /* By memory is dearer than by port, where nobody answers. */
    LESS(median("port/unclaimed", "hvm"), median("mmio/npt-fault", "hvm"));
    is_skip("memory/demand-fault", "pv", "nested");
}

static void test_devices(void)
{
    /* One exit for 64 bytes. */
    LESS(10 * median("port/ioreq-batched", "hvm"), median("port/ioreq", "hvm"));
    /* QEMU asked and waited for; or told, without waiting. */
    LESS(median("mmio/xen-lapic", "hvm"), median("mmio/qemu-register", "hvm"));
    LESS(median("mmio/ioreq", "hvm"), median("mmio/qemu-register", "hvm"));
    LESS(2 * median("mmio/qemu-vga-buffered", "hvm"), median("mmio/qemu-register", "hvm"));
    LESS(median("mmio/npt-fault", "hvm"), median("mmio/qemu-vga-buffered", "hvm"));
}

static void test_virtio(void)
{
    long long pio = median("virtio/notify-pio", "hvm");
    long long mmio = median("virtio/notify-mmio", "hvm");

    /* The same work behind the bell: the difference is decoding, as between
     * the two ways to our own process. */
    LESS(pio, mmio);
    LESS(10000, mmio - pio);
    LESS(median("port/qemu-ide", "hvm"), pio);
    LESS(mmio, median("virtio/completion-interrupt", "hvm"));
    LESS(median("ring/echo-64b", "hvm"), median("virtio/completion-interrupt", "hvm"));
    /* No exit: not a tenth, not once, and always the same. */
    LESS(10 * catalogue_figure("virtio/notify-suppressed", "hvm", "max"), pio);
    LESS(catalogue_figure("virtio/notify-suppressed", "hvm", "max"), 100);
    CU_ASSERT_EQUAL(catalogue_figure("virtio/notify-suppressed", "hvm", "max"),
                    catalogue_figure("virtio/notify-suppressed", "hvm", "min"));
    is_skip("virtio/notify-pio", "pvh", "only HVM");
}

void suite_memory(void)
{
    CU_pSuite s = CU_add_suite("memory and devices", NULL, NULL);

    add_both(s, "reads are one instruction each", test_reads);
    add_long(s, "misses are dear in real time", test_misses);
    add_both(s, "the balloon", test_balloon);
    add_both(s, "faults", test_faults);
    add_both(s, "device memory and strings", test_devices);
    add_both(s, "virtio", test_virtio);
}
