/* Memory that the kernel gives at the first touch. */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "app/apart.h"
#include "app/row.h"

#define PAGE 4096ul

static uint8_t *pages;

static const char *setup_fault(struct row_run *r)
{
    size_t size = (r->warmup + r->count) * PAGE;

    pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ( pages == MAP_FAILED )
        return refused("mmap", errno);
    /* A page a fault; where the kernel has no huge ones, it says EINVAL. */
    madvise(pages, size, MADV_NOHUGEPAGE);
    return NULL;
}

static void run_fault(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        volatile uint8_t *page = pages + i * PAGE;

        sample_keep(r, i, TIMED(*page = 1));
        if ( page[0] != 1 || page[1] != 0 || page[PAGE - 1] != 0 )
            r->failure = "a new page was not zero";
    }
}

static void teardown_fault(struct row_run *r)
{
    munmap(pages, (r->warmup + r->count) * PAGE);
}

EXPLANATION(app_page_fault) =
    "The first write to a page of anonymous memory: an exception, a page allocated and zeroed (4 KiB "
    "by REP STOSQ or STOSB, of which the instruction clock counts each iteration), and its entry in the "
    "page table.  Every 512th needs a page table, too.  In gVisor the fault reaches the host's "
    "kernel, which gives it to the Sentry, which maps memory of its own into the process and often "
    "more than was asked for: then most samples touch what is there already.";
ROW(app_page_fault, .setup = setup_fault, .run = run_fault, .teardown = teardown_fault) = {
    .name = "app/page-fault", .work = "touch a page of new memory",
    .path = "#PF, a zeroed page", .help = "first write to a page of anonymous memory",
    .explanation = explanation_app_page_fault,
    .columns = "app", .operations = 1, .samples = 1000, .warmup = 16,
};
const struct row_code *const page_fault_again = &code_app_page_fault;

static void run_mmap(struct row_run *r)
{
    FOR_EACH_SAMPLE(r, i)
    {
        volatile uint8_t *page;
        uint8_t before = 1;
        long gone = -1;

        sample_keep(r, i, TIMED((
            page = (volatile uint8_t *)system_call(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE,
                                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            before = *page, *page = 2,
            gone = system_call3(SYS_munmap, (long)page, PAGE, 0))));
        if ( before != 0 || gone != 0 )
            r->failure = "a page could not be had, or was not zero";
    }
}

EXPLANATION(app_mmap) =
    "mmap of a page, a read and a write of it, munmap: two system calls and two faults, one for the "
    "shared page of zeroes and one for a page of one's own.";
ROW(app_mmap, .run = run_mmap) = {
    .name = "app/mmap-touch-munmap", .work = "get a page, use it and give it back",
    .path = "mmap, two #PF, munmap", .help = "mmap, read and write, munmap of one page",
    .explanation = explanation_app_mmap,
    .columns = "app", .operations = 1, .samples = 500, .warmup = 32,
};
