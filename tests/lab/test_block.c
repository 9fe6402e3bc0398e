/* The same disk by every path: what the block rows' figures must mean. */
#include <string.h>

#include "catalogue.h"
#include "program.h"

/* Of pv, pvh, hvm, where the paravirtual paths ran (catalogue.c). */
#define RING_MODES (tests_take_long ? 3u : 1u)

static void test_depth(void)
{
    static const char *const modes[] = { "pv", "pvh", "hvm" };

    for ( size_t m = 0; m < RING_MODES; m++ )
    {
        LESS(median("block/blkif-linux-depth-32", modes[m]) * 4, median("block/blkif-linux", modes[m]));
        LESS(median("block/blkif-own-depth-32", modes[m]) * 4, median("block/blkif-own", modes[m]));
        /* At most one wake-up for 16 requests: 21 runs of 256. */
        LESS(catalogue_figure("block/blkif-linux-depth-32", modes[m], "upcalls"), 21 * 256 / 16 + 1);
        LESS(catalogue_figure("block/blkif-own-depth-32", modes[m], "upcalls"), 21 * 256 / 16 + 1);
    }
    if ( !tests_take_long )
        return;
    LESS(median("block/blkif-linux", "pv"), median("block/blkif-linux", "pvh"));
    for ( size_t m = 0; m < 3; m++ )
    {
        LESS(median("block/blkif-linux-depth-4", modes[m]), median("block/blkif-linux", modes[m]));
        LESS(median("block/blkif-linux-depth-32", modes[m]) * 2,
             median("block/blkif-linux-depth-4", modes[m]));
        LESS(median("block/blkif-own-depth-32", modes[m]) * 2,
             median("block/blkif-own-depth-4", modes[m]));
        LESS(median("block/blkif-qemu-depth-32", modes[m]), median("block/blkif-qemu-depth-4", modes[m]));
        LESS(median("block/blkif-qemu-depth-4", modes[m]), median("block/blkif-qemu", modes[m]));
    }
}

/* Linux's block layer and blkfront are more than the unikernel's driver, on every way. */
static void test_linux(void)
{
    static const char *const modes[] = { "pv", "pvh" };
    static const struct { const char *own, *blkfront; } pairs[] = {
        { "block/blkif-linux", "block/linux-blkfront" },
        { "block/blkif-linux-depth-32", "block/linux-blkfront-depth-32" },
        { "block/blkif-own", "block/linux-blkfront-own" },
        { "block/blkif-own-depth-32", "block/linux-blkfront-own-depth-32" },
    };

    for ( size_t m = 0; m < 2; m++ )
        for ( size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++ )
        {
            LESS(median(pairs[i].own, modes[m]), median(pairs[i].blkfront, modes[m]));
            LESS(median(pairs[i].blkfront, modes[m]), 10 * median(pairs[i].own, modes[m]));
        }
    /* Many open share wake-ups there, too. */
    LESS(2 * median("block/linux-blkfront-depth-32", "pv"), median("block/linux-blkfront", "pv"));
}

/* At most one notification for 16 requests with 32 open, whoever the backend is. */
static void test_notifications(void)
{
    static const char *const rows[] = {
        "block/blkif-linux-depth-32", "block/blkif-own-depth-32", "block/virtio-depth-32",
        "block/nvme-depth-32", "block/ahci-depth-32", "block/blkif-qemu-depth-32",
        "block/blkif-linux-merged-depth-32", "block/blkif-own-merged-depth-32",
    };

    for ( size_t i = 0; i < (tests_take_long ? sizeof(rows) / sizeof(*rows) : 3); i++ )
    {
        const char *mode = tests_take_long || i == 2 ? "hvm" : "pv";

        LESS(0, catalogue_figure(rows[i], mode, "notifications"));
        LESS(catalogue_figure(rows[i], mode, "notifications") * 16,
             catalogue_figure(rows[i], mode, "total_operations") + 1);
        /* Of what QEMU emulates, interrupts. */
        if ( i == 3 || i == 4 )
            LESS(0, catalogue_figure(rows[i], "hvm", "upcalls"));
    }
}

/* Every path ran, which means that every byte was the one that was written. */
static void test_paths(void)
{
    static const char *const rings[] = { "linux", "own", "qemu" };
    static const char *const emulated[] = {
        "virtio", "nvme", "ahci", "ide-dma", "ide-pio", "virtio-depth-32", "virtio-depth-4",
        "nvme-depth-32", "ahci-depth-32",
    };
    static const char *const hvm[2] = { "hvm", "hvm" };
    const char *some[2] = { tests_take_long ? "pv" : "pvh", "pvh" };
    const char *ring[2] = { "pv", tests_take_long ? "hvm" : "pv" };
    char row[64];

    for ( size_t i = 0; i < 3; i++ )
    {
        snprintf(row, sizeof(row), "block/blkif-%s", rings[i]);
        expect_row(catalogue(), ring, row, "success", "");
        snprintf(row, sizeof(row), "block/blkif-%s-write", rings[i]);
        expect_row(catalogue(), ring, row, "success", "");
    }
    for ( size_t i = 0; i < (tests_take_long ? sizeof(emulated) / sizeof(*emulated) : 6); i++ )
    {
        snprintf(row, sizeof(row), "block/%s", emulated[i]);
        expect_row(catalogue(), hvm, row, "success", "");
        expect_row(catalogue(), some, row, "skip", "device model");
        if ( tests_take_long && !strstr(emulated[i], "depth") )
        {
            snprintf(row, sizeof(row), "block/%s-write", emulated[i]);
            expect_row(catalogue(), hvm, row, "success", "");
        }
    }
}

/* The more a path asks of the device model, the more it costs. */
static void test_emulation(void)
{
    const char *ring = tests_take_long ? "hvm" : "pv";

    LESS(median("block/blkif-linux", ring), median("block/blkif-qemu", ring));
    LESS(median("block/blkif-qemu", ring), median("block/virtio", "hvm"));
    LESS(median("block/virtio", "hvm"), median("block/nvme", "hvm"));
    LESS(median("block/nvme", "hvm"), median("block/ahci", "hvm"));
    LESS(median("block/ahci", "hvm"), median("block/ide-dma", "hvm"));
    LESS(median("block/ide-dma", "hvm") * 3, median("block/ide-pio", "hvm"));
    /* And each of them less when several are open. */
    LESS(median("block/virtio-depth-32", "hvm") * 3, median("block/virtio", "hvm"));
    if ( !tests_take_long )
        return;
    LESS(median("block/virtio-write", "hvm"), median("block/ide-dma-write", "hvm"));
    LESS(median("block/ide-dma-write", "hvm"), median("block/ide-pio-write", "hvm"));
    LESS(median("block/virtio-depth-4", "hvm") * 2, median("block/virtio", "hvm"));
    LESS(median("block/virtio-depth-32", "hvm"), median("block/virtio-depth-4", "hvm"));
    LESS(median("block/nvme-depth-32", "hvm") * 2, median("block/nvme", "hvm"));
    LESS(median("block/ahci-depth-32", "hvm") * 2, median("block/ahci", "hvm"));
}

/* What grows with the size is the copying, not the request. */
static void test_sizes(void)
{
    static const char *const paths[] = { "blkif-linux", "blkif-own", "virtio", "nvme", "ahci",
                                         "ide-dma" };
    static const char *const sizes[] = { "512", "16k", "64k", "256k", "1m" };
    char row[64], larger[64];

    for ( size_t p = 0; p < sizeof(paths) / sizeof(*paths); p++ )
    {
        for ( size_t i = 0; i < 4; i++ )
        {
            snprintf(row, sizeof(row), "block/%s-size-%s", paths[p], sizes[i]);
            snprintf(larger, sizeof(larger), "block/%s-size-%s", paths[p], sizes[i + 1]);
            LESS(median(row, "hvm"), median(larger, "hvm"));
        }
        /* Sixteen times as much for less than five times the instructions. */
        snprintf(row, sizeof(row), "block/%s-size-16k", paths[p]);
        snprintf(larger, sizeof(larger), "block/%s-size-256k", paths[p]);
        LESS(median(larger, "hvm"), 5 * median(row, "hvm"));
        CU_ASSERT_EQUAL(catalogue_figure(row, "hvm", "bytes"), 16384);
        CU_ASSERT_EQUAL(catalogue_figure(larger, "hvm", "bytes"), 262144);
    }
    /* QEMU copies each page by itself. */
    LESS(median("block/blkif-qemu-size-512", "hvm"), median("block/blkif-qemu-size-16k", "hvm"));
    LESS(median("block/blkif-qemu-size-16k", "hvm") * 4, median("block/blkif-qemu-size-256k", "hvm"));
    LESS(median("block/ide-pio-size-16k", "hvm") * 3, median("block/ide-pio-size-64k", "hvm"));
    /* One request, wherever the list of its pages stands: not one for 44 KiB each. */
    LESS(catalogue_figure("block/blkif-linux-size-1m", "pv", "notifications"), 23);
    LESS(catalogue_figure("block/blkif-own-size-1m", "pv", "notifications"), 23);
}

/* Grants that are not kept: mapped or copied anew for each request. */
static void test_unkept(void)
{
    static const char *const modes[] = { "pv", "pvh", "hvm" };

    for ( size_t m = 0; m < 3; m++ )
    {
        LESS(median("block/blkif-linux-depth-32", modes[m]),
             median("block/blkif-linux-map-depth-32", modes[m]));
        LESS(median("block/blkif-own-depth-32", modes[m]),
             median("block/blkif-own-copy-depth-32", modes[m]));
        LESS(median("block/blkif-linux", modes[m]), median("block/blkif-linux-map", modes[m]));
        LESS(median("block/blkif-own", modes[m]), median("block/blkif-own-copy", modes[m]));
    }
}

/*
 * Neighbours in one request: a third of what Mini-OS's blkfront spends on blkback at depth
 * 16 (9.25k, 11.5k).
 */
static void test_merged(void)
{
    static const char *const modes[] = { "pv", "pvh", "hvm" };
    static const char *const rows[] = { "block/blkif-linux-merged-depth-32",
                                        "block/blkif-own-merged-depth-32" };

    for ( size_t m = 0; m < 3; m++ )
        for ( size_t i = 0; i < 2; i++ )
            LESS(median(rows[i], modes[m]), m == 0 ? 9250 / 3 : 11500 / 3);
    LESS(median(rows[0], "pv"), median("block/blkif-linux-depth-32", "pv"));
    LESS(median(rows[0], "hvm"), median("block/blkif-linux-depth-32", "hvm"));
}

/* Flushed where the backend offers it; discarded where the disk behind it can be. */
static void test_offers(void)
{
    const char *modes[2] = { "pv", tests_take_long ? "hvm" : "pv" };

    expect_row(catalogue(), modes, "block/blkif-own-flush", "success", "");
    expect_row(catalogue(), modes, "block/blkif-linux-flush", "skip", "feature-flush-cache");
    expect_row(catalogue(), modes, "block/blkif-linux-discard", "success", "");
    expect_row(catalogue(), modes, "block/blkif-own-discard", "skip", "the disk behind it cannot");
}

/*
 * Our own part of a streamed request, at either end: at most 60 instructions.  The
 * frontend's is with what its hypercalls and wake-ups take in the guest, the backend's with
 * the C library's part of its system calls.
 */
static void test_own_parts(void)
{
    struct outcome_of r = program("run", "--host=lab", "--layers", "--json", "-m", "pvh",
                                  "block/blkif-linux-depth-32", "block/blkif-own-depth-32", NULL);
    json_t *results = json_loads(r.out, 0, NULL);

    for ( int own = 0; own < 2; own++ )
    {
        json_t *row = result_of(results, own ? "block/blkif-own-depth-32"
                                             : "block/blkif-linux-depth-32", "pvh");
        const json_t *layers = json_object_get(row, "layers");
        long long guest = json_integer_value(json_object_get(layers, "guest"));
        long long process = json_integer_value(json_object_get(layers, "dom0_user"));

        LESS(0, guest);
        LESS(guest, 60 * 256 + 1);
        if ( own )
            LESS(0, process);
        else
            CU_ASSERT_EQUAL(process, 0);   /* xen-blkback is no process */
        LESS(process, 60 * 256 + 1);
    }
    json_decref(results);
    program_free(&r);
}

static void test_backends(void)
{
    /* A process that is awake need not be woken, and gathers what Linux does one by one. */
    LESS(median("block/blkif-own", "pv"), 27000);
    LESS(median("block/blkif-own", "pv"), median("block/blkif-linux", "pv"));
    LESS(median("block/blkif-own-depth-32", "pv"), 2000);
    LESS(median("block/blkif-own-depth-32", "pv"), median("block/blkif-linux-depth-32", "pv"));
    /* Mini-OS's blkfront on blkback, at depth 1, and a third of it at 16. */
    LESS(median("block/blkif-linux", "pv"), 35600);
    LESS(median("block/blkif-own-depth-32", "pv"), 9250 / 3);
    if ( !tests_take_long )
        return;
    LESS(median("block/blkif-own-depth-32", "pvh"), median("block/blkif-linux-depth-32", "pvh"));
    LESS(median("block/blkif-linux", "pvh"), 66600);
    LESS(median("block/blkif-own-depth-32", "pvh"), 11500 / 3);
}

/* What a run with disks leaves in dom0: nothing. */
static void test_clean(void)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer",
        "--push", "build/xenometer.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "./xenometer run --host=xen --configs=. --modes=pv block/blkif-own >/dev/null 2>&1; echo $?;"
        "ls -d /sys/module/brd /sys/module/xen_blkback 2>/dev/null;"
        "xenstore-ls /local/domain/0/backend 2>/dev/null; xl list | tail -n +3", NULL);

    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "0\n");
    program_free(&r);
}

/* A RAM disk that is somebody's is not taken; the rows say so. */
static void test_taken(void)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer",
        "--push", "build/xenometer.elf", "--push", "configs/pv.cfg", "--", "sh", "-c",
        "modprobe brd rd_nr=1 rd_size=1024;"
        "./xenometer run --host=xen --configs=. --modes=pv --json block/blkif-own 2>/dev/null", NULL);
    json_t *results = json_loads(r.out, 0, NULL);

    CU_ASSERT_STRING_EQUAL(text_of(results, "block/blkif-own", "pv", "status"), "skip");
    CU_ASSERT_PTR_NOT_NULL(strstr(text_of(results, "block/blkif-own", "pv", "reason"), "brd"));
    json_decref(results);
    program_free(&r);
}

/* A QEMU without NVMe: its rows say so, and the others run. */
static void test_lacking(void)
{
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer",
        "--push", "build/xenometer.elf", "--push", "configs/hvm.cfg", "--", "sh", "-c",
        "here=$PWD; cd /usr/libexec; mv xen-qemu-system-i386 qemu;"
        "printf '#!/usr/bin/sh\n[ \"$*\" != \"-device help\" ] || exec /usr/libexec/without\n"
        "exec /usr/libexec/qemu \"$@\"\n' > xen-qemu-system-i386;"
        "printf '#!/usr/bin/sh\n/usr/libexec/qemu -device help | grep -v nvme\n' > without;"
        "chmod 755 xen-qemu-system-i386 without; cd $here;"
        "./xenometer run --host=xen --configs=. --modes=hvm --json block/nvme block/ahci 2>/dev/null", NULL);
    json_t *results = json_loads(r.out, 0, NULL);

    CU_ASSERT_STRING_EQUAL(text_of(results, "block/nvme", "hvm", "status"), "skip");
    CU_ASSERT_STRING_EQUAL(text_of(results, "block/nvme", "hvm", "reason"),
                           "the domain has no NVMe controller");
    CU_ASSERT_STRING_EQUAL(text_of(results, "block/ahci", "hvm", "status"), "success");
    json_decref(results);
    program_free(&r);
}

/* With a domain `t` there. */
#define IN_DOMAIN "xl create -p pv.cfg kernel=\\\"$PWD/xenometer.elf\\\" name=\\\"t\\\" >/dev/null 2>&1;"

static void test_bad_images(void)
{
    static const struct refusal list[] = {
        { "./xenometer disk nobody disk.img", "there is no domain nobody", 3 },
        { "./xenometer disk t", "the image is missing", 2 },
        { "./xenometer disk --device=hda t disk.img", "must be xvda to xvdp", 2 },
        { "./xenometer disk t disk.img", "disk.img: No such file", 3 },
    };

    expect_refusals(IN_DOMAIN, list, sizeof(list) / sizeof(list[0]));
}

/* Each image that cannot be served, one line and status 3 for each; the domain has no
 * disk afterwards. */
static void test_bad_files(void)
{
    static const char *const expected[] = {
        "empty.img: it is empty: make it as large as the disk shall be, for example with "
            "`truncate -s 1G`",
        "odd.img: its size is not a multiple of 512 bytes",
        "/tmp: Is a directory",
        "/dev/null: neither a file nor a block device",
        "ro/disk.img: it cannot be written; give it as read-only",
        "/dev/ram0: it cannot be written; give it as read-only",
    };
    struct outcome_of r = program("lab", "run", "--push", "build/xenometer", "--push",
        "build/xenometer.elf", "--push", "configs/pv.cfg", "--", "sh", "-c", IN_DOMAIN
        "touch empty.img; truncate -s 513 odd.img;"
        "mkdir ro; mount -t tmpfs ro ro; truncate -s 1M ro/disk.img; mount -o remount,ro ro;"
        "modprobe brd rd_nr=1 rd_size=1024; blockdev --setro /dev/ram0;"
        "for image in empty.img odd.img /tmp /dev/null ro/disk.img /dev/ram0; do"
        " ./xenometer disk t $image 2>&1; echo $?; done;"
        "xenstore-ls /local/domain/0/backend/xenometer-vbd 2>/dev/null;"
        "xenstore-ls /local/domain/1/device/vbd 2>/dev/null; xl destroy t", NULL);
    char *line = strtok(r.out, "\n");

    CU_ASSERT_EQUAL(r.status, 0);
    for ( size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++ )
    {
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_EQUAL(strncmp(line, "xenometer: ", 11), 0);
        CU_ASSERT_STRING_EQUAL(line + 11, expected[i]);
        line = strtok(NULL, "\n");
        CU_ASSERT_PTR_NOT_NULL_FATAL(line);
        CU_ASSERT_STRING_EQUAL(line, "3");
        line = strtok(NULL, "\n");
    }
    CU_ASSERT_PTR_NULL(line);
    program_free(&r);
}

void suite_block(void)
{
    CU_pSuite s = CU_add_suite("block", NULL, NULL);

    add_both(s, "depth and wake-ups", test_depth);
    add_both(s, "backends", test_backends);
    add_long(s, "Linux's blkfront", test_linux);
    add_both(s, "every path, every byte", test_paths);
    add_both(s, "notifications", test_notifications);
    add_both(s, "rings, queues and registers", test_emulation);
    CU_add_test(s, "our own instructions at either end", test_own_parts);
    add_long(s, "sizes", test_sizes);
    add_both(s, "flush and discard", test_offers);
    add_long(s, "grants that are not kept", test_unkept);
    add_long(s, "neighbours in one request", test_merged);
    add_long(s, "nothing is left behind", test_clean);
    CU_add_test(s, "a RAM disk that is somebody's", test_taken);
    CU_add_test(s, "disks that cannot be served", test_bad_images);
    add_long(s, "a QEMU without NVMe", test_lacking);
    CU_add_test(s, "images that cannot be served", test_bad_files);
}
