/* io_uring: requests in shared memory, one system call that hands them over and waits. */
#include <errno.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/row.h"

#define NAME    "xenometer-data"
#define BLOCK   4096u
#define ENTRIES 4u

static int ring = -1, file = -1;
static struct io_uring_params parameters;
static uint8_t *shared, *entries, block[BLOCK];
static size_t shared_size;

static uint32_t *word(uint32_t offset)
{
    return (uint32_t *)(shared + offset);
}

static const char *setup_ring(struct row_run *r)
{
    size_t sq, cq;

    (void)r;
    parameters = (struct io_uring_params){ 0 };
    ring = (int)system_call3(SYS_io_uring_setup, ENTRIES, (long)&parameters, 0);
    if ( ring < 0 )
        return refused("io_uring_setup", -ring);
    /* io_uring(7): with IORING_FEAT_SINGLE_MMAP, from Linux 5.4 on, both rings are in one mapping. */
    sq = parameters.sq_off.array + parameters.sq_entries * sizeof(uint32_t);
    cq = parameters.cq_off.cqes + parameters.cq_entries * sizeof(struct io_uring_cqe);
    shared_size = sq > cq ? sq : cq;
    shared = mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
                  IORING_OFF_SQ_RING);
    entries = mmap(NULL, parameters.sq_entries * sizeof(struct io_uring_sqe),
                   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    if ( shared == MAP_FAILED || entries == MAP_FAILED ||
         !(parameters.features & IORING_FEAT_SINGLE_MMAP) )
    {
        close(ring);
        return "this kernel's io_uring has no single mapping (older than Linux 5.4)";
    }
    return NULL;
}

static const char *setup_read(struct row_run *r)
{
    file = data_file_make(NAME, BLOCK);
    return file < 0 ? refused("a file in the working directory", errno) : setup_ring(r);
}

static void teardown(struct row_run *r)
{
    (void)r;
    munmap(entries, parameters.sq_entries * sizeof(struct io_uring_sqe));
    munmap(shared, shared_size);
    close(ring);
    if ( file >= 0 )
    {
        close(file);
        unlink(NAME);
        file = -1;
    }
}

/* One request, handed over, waited for and taken out; its result. */
static int32_t request(const struct io_uring_sqe *sqe)
{
    uint32_t tail = *word(parameters.sq_off.tail), mask = *word(parameters.sq_off.ring_mask);
    uint32_t head = *word(parameters.cq_off.head);
    struct io_uring_cqe *done = (struct io_uring_cqe *)(shared + parameters.cq_off.cqes) +
                                (head & *word(parameters.cq_off.ring_mask));
    int32_t result;

    ((struct io_uring_sqe *)entries)[tail & mask] = *sqe;
    word(parameters.sq_off.array)[tail & mask] = tail & mask;
    /* The entry must be seen before the tail that covers it. */
    __atomic_store_n(word(parameters.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
    if ( system_call(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) != 1 ||
         __atomic_load_n(word(parameters.cq_off.tail), __ATOMIC_ACQUIRE) != head + 1 )
        return -EIO;
    result = done->user_data == sqe->user_data ? done->res : -EIO;
    /* The completion must have been read before the kernel may use its place. */
    __atomic_store_n(word(parameters.cq_off.head), head + 1, __ATOMIC_RELEASE);
    return result;
}

static void run_nop(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        struct io_uring_sqe sqe = { .opcode = IORING_OP_NOP, .user_data = i + 1 };
        int32_t result;

        sample_keep(r, i, TIMED(result = request(&sqe)));
        if ( result )
            r->failure = "io_uring did not do nothing";
    }
}

EXPLANATION(app_uring_nop) =
    "A request to do nothing, put into the ring, handed over by io_uring_enter, and its completion "
    "taken out: what the ring costs when it has one request at a time.  The default filters of "
    "container engines (podman, Docker) do not allow io_uring, and gVisor has it switched off.";
ROW(app_uring_nop, .setup = setup_ring, .run = run_nop, .teardown = teardown) = {
    .name = "app/uring-nop", .work = "have io_uring do nothing",
    .path = "ring, io_uring_enter", .help = "io_uring: a request to do nothing",
    .explanation = explanation_app_uring_nop,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};

static void run_read(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        struct io_uring_sqe sqe = { .opcode = IORING_OP_READ, .fd = file, .user_data = i + 1,
                                    .addr = (uintptr_t)block, .len = BLOCK };
        int32_t result;

        block[0] = block[BLOCK - 1] = 0xaa;
        sample_keep(r, i, TIMED(result = request(&sqe)));
        for ( uint32_t k = 0; k < BLOCK && result == (int32_t)BLOCK; k++ )
            if ( block[k] != data_byte(k) )
                result = 0;
        if ( result != (int32_t)BLOCK )
            r->failure = "io_uring gave other bytes than were written";
    }
}

EXPLANATION(app_uring_read_4k) =
    "As app/pread-4k by a ring: beside that row it is dearer, because the ring pays where several "
    "requests are handed over at once, or a kernel thread looks for them.";
ROW(app_uring_read_4k, .setup = setup_read, .run = run_read, .teardown = teardown) = {
    .name = "app/uring-read-4k", .work = "read 4 KiB of a cached file",
    .path = "ring, io_uring_enter, page cache", .help = "io_uring: 4 KiB of a cached file",
    .against = "app/pread-4k", .explanation = explanation_app_uring_read_4k,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32, .bytes = BLOCK,
};
