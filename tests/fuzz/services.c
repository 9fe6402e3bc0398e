/*
 * backend/services.c against a frontend that may write anything into its data ring: what
 * pages it has us map and copy, and that it gets none of our memory.
 */
#include <backend/services.h>

#include "fuzz.h"

#define FIRST_REF 8u
#define PAGES     40u

static _Alignas(4096) uint8_t theirs[PAGES * PAGE_BYTES], buffer[DATA_PAGES * PAGE_BYTES];
static uint32_t mapped;

static bool granted(uint32_t gref, uint32_t pages)
{
    MUST(pages >= 1 && pages <= DATA_PAGES && gref <= UINT32_MAX - (pages - 1));
    return gref >= FIRST_REF && (uint64_t)gref + pages <= FIRST_REF + PAGES;
}

static uint8_t *map(void *context, uint32_t gref, uint32_t pages, bool writable)
{
    (void)context;
    (void)writable;
    if ( !granted(gref, pages) )
        return NULL;
    mapped += pages;
    return theirs + (gref - FIRST_REF) * PAGE_BYTES;
}

static bool unmap(void *context, uint8_t *pages, uint32_t count)
{
    (void)context;
    MUST(pages >= theirs && pages + count * PAGE_BYTES <= theirs + sizeof(theirs));
    MUST(mapped >= count);
    mapped -= count;
    return true;
}

static bool copy(void *context, uint32_t gref, uint32_t pages, uint32_t offset, uint32_t length,
                 uint8_t *local, bool out)
{
    (void)context;
    MUST(length >= 1 && offset + (uint64_t)length <= PAGE_BYTES);
    MUST(local >= buffer && local + pages * PAGE_BYTES <= buffer + sizeof(buffer));
    if ( !granted(gref, pages) )
        return false;
    for ( uint32_t i = 0; i < pages; i++ )
    {
        uint8_t *page = theirs + (gref - FIRST_REF + i) * PAGE_BYTES + offset;
        uint8_t *ours = local + i * PAGE_BYTES + offset;

        memcpy(out ? page : ours, out ? ours : page, length);
    }
    return true;
}

static bool count(void *context, uint32_t port, uint64_t *value)
{
    (void)context;
    *value = port;
    return port < 4;
}

static void awake(void *context, bool on)
{
    (void)context;
    (void)on;
}

static bool stream(void *context, bool on)
{
    (void)context;
    return on;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct services services = {
        .access = { .map = map, .unmap = unmap, .copy = copy },
        .events = { .count = count, .awake = awake, .linger = awake },
        .stream = { .serve = stream }, .buffer = buffer,
    };
    struct input in = { data, size };
    struct data_request request;
    struct data_response one, two;

    for ( unsigned i = 0; i < 16 && in.size; i++ )
    {
        bool kept = services.kept;

        input_take(&in, &request, sizeof(request));
        memset(&one, 0x00, sizeof(one));
        services_answer(&services, &request, &one);
        MUST(one.id == request.id && one.operation == request.operation);
        MUST(mapped == (services.kept ? services.kept_pages : 0));
        /* What the answer does not set would be what stood there before. */
        if ( !kept && !services.kept )
        {
            memset(&two, 0xff, sizeof(two));
            services_answer(&services, &request, &two);
            MUST(!memcmp(&one, &two, sizeof(one)));
        }
    }
    services_release(&services);
    MUST(mapped == 0);
    return 0;
}
