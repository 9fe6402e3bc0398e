/*
 * backend/blkif.c: block requests of honest and hostile frontends (catalogue of
 * hostile peers, F15 to F18, F20, F21, F24); backend/storage.c: images.
 */
#include <CUnit/CUnit.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/blkif.h"
#include "backend/storage.h"
#include "suites.h"

static const struct blkif_disk disk = { .sectors = 1000, .flush = true, .discard = true };
static struct blkif_operation o;

static union blkif_sring_entry one(uint8_t operation, uint64_t sector, uint8_t first,
                                   uint8_t last)
{
    union blkif_sring_entry e;

    memset(&e, 0x5a, sizeof(e));   /* what a request does not fill is the guest's */
    e.req.operation = operation;
    e.req.nr_segments = 1;
    e.req.id = 0xfeedfacecafebeefu;
    e.req.sector_number = sector;
    e.req.seg[0] = (struct blkif_request_segment){ 77, first, last };
    return e;
}

static int status_of(uint8_t operation, uint64_t sector, uint8_t first, uint8_t last)
{
    union blkif_sring_entry e = one(operation, sector, first, last);

    return blkif_read(&e, &disk, &o);
}

static void test_direct(void)
{
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 8, 2, 5), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.kind, BLKIF_READ);
    CU_ASSERT_EQUAL(o.id, 0xfeedfacecafebeefu);
    CU_ASSERT_EQUAL(o.code, BLKIF_OP_READ);
    CU_ASSERT_EQUAL(o.sector, 8);
    CU_ASSERT_EQUAL(o.sectors, 4);
    CU_ASSERT_EQUAL(o.segments, 1);
    CU_ASSERT_EQUAL(o.segment[0].gref, 77);
    CU_ASSERT_EQUAL(o.segment[0].offset, 1024);
    CU_ASSERT_EQUAL(o.segment[0].length, 2048);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_WRITE, 0, 0, 7), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.kind, BLKIF_WRITE);
}

static void test_range(void)
{
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 992, 0, 7), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 993, 0, 7), BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_WRITE, 1000, 0, 0), BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, UINT64_MAX, 0, 0), BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, UINT64_MAX - 6, 0, 7), BLKIF_RSP_ERROR);
}

static void test_segments(void)
{
    union blkif_sring_entry e = one(BLKIF_OP_READ, 0, 0, 0);

    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 0, 5, 4), BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 0, 0, 8), BLKIF_RSP_ERROR);
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_READ, 0, 255, 255), BLKIF_RSP_ERROR);
    e.req.nr_segments = 0;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_ERROR);
    e.req.nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST + 1;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_ERROR);
    e.req.nr_segments = BLKIF_MAX_SEGMENTS_PER_REQUEST;
    for ( int i = 0; i < BLKIF_MAX_SEGMENTS_PER_REQUEST; i++ )
        e.req.seg[i] = (struct blkif_request_segment){ (uint32_t)i, 0, 7 };
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.sectors, 88);
    e.req.sector_number = 1000 - 87;   /* each segment fits, their sum does not */
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_ERROR);
}

static void test_indirect(void)
{
    static struct blkif_request_segment s[BLKIF_MAX_SEGMENTS];
    static const struct blkif_disk large = { .sectors = 1u << 20 };
    union blkif_sring_entry e;
    struct blkif_request_indirect *r = (void *)&e;

    memset(&e, 0, sizeof(e));
    r->operation = BLKIF_OP_INDIRECT;
    r->indirect_op = BLKIF_OP_WRITE;
    r->id = 42;
    r->nr_segments = BLKIF_MAX_SEGMENTS;
    r->indirect_grefs[0] = 9;
    CU_ASSERT_EQUAL(blkif_read(&e, &large, &o), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.pages, 1);
    CU_ASSERT_EQUAL(o.page[0], 9);
    CU_ASSERT_EQUAL(o.id, 42);
    CU_ASSERT_EQUAL(o.code, BLKIF_OP_WRITE);   /* Linux disables a disk that says INDIRECT */
    for ( unsigned i = 0; i < BLKIF_MAX_SEGMENTS; i++ )
        s[i] = (struct blkif_request_segment){ i, 0, 7 };
    CU_ASSERT_EQUAL(blkif_segments(&o, s, &large), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.sectors, 8 * BLKIF_MAX_SEGMENTS);
    CU_ASSERT_EQUAL(o.segment[255].gref, 255);
    CU_ASSERT_EQUAL(blkif_segments(&o, s, &disk), BLKIF_RSP_ERROR);
    s[200].last_sect = 8;
    CU_ASSERT_EQUAL(blkif_segments(&o, s, &large), BLKIF_RSP_ERROR);

    r->nr_segments = BLKIF_MAX_SEGMENTS + 1;
    CU_ASSERT_EQUAL(blkif_read(&e, &large, &o), BLKIF_RSP_ERROR);
    r->nr_segments = 0;
    CU_ASSERT_EQUAL(blkif_read(&e, &large, &o), BLKIF_RSP_ERROR);
    r->nr_segments = 1;
    r->indirect_op = BLKIF_OP_INDIRECT;   /* indirect to the power of two */
    CU_ASSERT_EQUAL(blkif_read(&e, &large, &o), BLKIF_RSP_ERROR);
    r->indirect_op = BLKIF_OP_FLUSH_DISKCACHE;
    CU_ASSERT_EQUAL(blkif_read(&e, &large, &o), BLKIF_RSP_ERROR);
}

static void test_readonly(void)
{
    static const struct blkif_disk readonly = { .sectors = 1000, .readonly = true, .discard = true };
    union blkif_sring_entry e = one(BLKIF_OP_WRITE, 0, 0, 0);
    struct blkif_request_discard *d = (void *)&e;

    CU_ASSERT_EQUAL(blkif_read(&e, &readonly, &o), BLKIF_RSP_ERROR);
    e.req.operation = BLKIF_OP_READ;
    CU_ASSERT_EQUAL(blkif_read(&e, &readonly, &o), BLKIF_RSP_OKAY);
    d->operation = BLKIF_OP_DISCARD;
    d->flag = 0;
    d->sector_number = 0;
    d->nr_sectors = 1;
    CU_ASSERT_EQUAL(blkif_read(&e, &readonly, &o), BLKIF_RSP_ERROR);
}

static void test_other(void)
{
    static const struct blkif_disk plain = { .sectors = 1000 };
    union blkif_sring_entry e = one(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, 0);
    struct blkif_request_discard *d = (void *)&e;

    e.req.nr_segments = 0;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.kind, BLKIF_FLUSH);
    CU_ASSERT_EQUAL(blkif_read(&e, &plain, &o), BLKIF_RSP_EOPNOTSUPP);

    d->operation = BLKIF_OP_DISCARD;
    d->flag = 0;
    d->id = 7;
    d->sector_number = 10;
    d->nr_sectors = 990;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_OKAY);
    CU_ASSERT_EQUAL(o.id, 7);
    CU_ASSERT_EQUAL(o.sectors, 990);
    d->nr_sectors = UINT64_MAX;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_ERROR);
    d->nr_sectors = 1;
    d->flag = BLKIF_DISCARD_SECURE;
    CU_ASSERT_EQUAL(blkif_read(&e, &disk, &o), BLKIF_RSP_EOPNOTSUPP);

    for ( unsigned code = BLKIF_OP_INDIRECT + 1; code < 256; code++ )
    {
        CU_ASSERT_EQUAL(status_of((uint8_t)code, 0, 0, 0), BLKIF_RSP_EOPNOTSUPP);
        CU_ASSERT_EQUAL(o.code, code);
    }
    CU_ASSERT_EQUAL(status_of(BLKIF_OP_WRITE_BARRIER, 0, 0, 0), BLKIF_RSP_EOPNOTSUPP);
}

/* ------------------------------------------------------------- storage -- */

static char path[] = "build/test-image-XXXXXX";

static void make_image(off_t size)
{
    int fd;

    strcpy(path + sizeof(path) - 7, "XXXXXX");
    fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL_FATAL(ftruncate(fd, size), 0);
    close(fd);
}

static void refused(const char *file, const char *why)
{
    struct storage s;
    char *error = storage_open(&s, file, false);

    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, file));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, why));
    free(error);
}

static void test_images(void)
{
    struct storage s;

    refused("build/there-is-no-such-image", "No such file");
    refused("/dev/null", "neither a file nor a block device");
    make_image(0);
    refused(path, "truncate -s");
    CU_ASSERT_EQUAL(truncate(path, 1000), 0);
    refused(path, "multiple of 512");
    CU_ASSERT_EQUAL(truncate(path, 1024), 0);
    CU_ASSERT_PTR_NULL(storage_open(&s, path, false));
    CU_ASSERT_EQUAL(s.sectors, 2);
    /* An image that grows stays as it was for this frontend. */
    CU_ASSERT_EQUAL(truncate(path, 4096), 0);
    CU_ASSERT_EQUAL(s.sectors, 2);
    storage_close(&s);
    unlink(path);
}

static void test_transfer(void)
{
    char out[1024], in[1024];
    struct iovec v[3];
    struct storage s;

    make_image(8192);
    CU_ASSERT_PTR_NULL_FATAL(storage_open(&s, path, false));
    for ( size_t i = 0; i < sizeof(out); i++ )
        out[i] = (char)(i * 7);
    v[0] = (struct iovec){ out, 100 };
    v[1] = (struct iovec){ out + 100, 412 };
    v[2] = (struct iovec){ out + 512, 512 };
    CU_ASSERT(storage_write(&s, 3, 2, v, 3));
    v[0] = (struct iovec){ in, sizeof(in) };
    CU_ASSERT(storage_read(&s, 3, 2, v, 1));
    CU_ASSERT_EQUAL(memcmp(in, out, sizeof(in)), 0);

    CU_ASSERT(storage_flush(&s));
    if ( storage_discard(&s, 3, 1) )
    {
        v[0] = (struct iovec){ in, 512 };
        CU_ASSERT(storage_read(&s, 3, 1, v, 1));
        CU_ASSERT(in[0] == 0 && !memcmp(in, in + 1, 511));
    }
    else
        CU_ASSERT_EQUAL(errno, EOPNOTSUPP);

    /* Cut short behind our back: an error, no end of the program. */
    CU_ASSERT_EQUAL(truncate(path, 2048), 0);
    v[0] = (struct iovec){ in, 1024 };
    CU_ASSERT_FALSE(storage_read(&s, 3, 2, v, 1));
    CU_ASSERT_EQUAL(errno, EIO);
    storage_close(&s);

    CU_ASSERT_PTR_NULL_FATAL(storage_open(&s, path, true));
    v[0] = (struct iovec){ out, 512 };
    CU_ASSERT_FALSE(storage_write(&s, 0, 1, v, 1));
    storage_close(&s);
    unlink(path);
}

void suite_blkif(void)
{
    CU_pSuite s = CU_add_suite("blkif", NULL, NULL);

    CU_add_test(s, "a direct request", test_direct);
    CU_add_test(s, "ranges that wrap or pass the end", test_range);
    CU_add_test(s, "segments off the page, none, too many", test_segments);
    CU_add_test(s, "indirect requests", test_indirect);
    CU_add_test(s, "a read-only disk", test_readonly);
    CU_add_test(s, "flush, discard, unknown operations", test_other);
    CU_add_test(s, "images that cannot be a disk", test_images);
    CU_add_test(s, "what is written is read, also in pieces", test_transfer);
}
