#include "trace/record_file.h"

#include <stdlib.h>
#include <string.h>

#include "lib/child.h"
#include "lib/files.h"
#include "xenometer.h"

bool record_ask(int fd, const struct record_request *request,
                const struct record_marker *markers)
{
    return write_all(fd, request, sizeof(*request)) == 0 &&
           write_all(fd, markers, request->marker_count * sizeof(*markers)) == 0;
}

/* `count` items of `size` bytes at *at; moves on.  NULL when they are not all there. */
static const void *take(const struct record *r, size_t length, size_t *at, uint64_t count,
                        size_t size)
{
    const char *from = (const char *)r->data + *at;

    if ( count > (length - *at) / size )
        return NULL;
    *at += (size_t)count * size;
    return from;
}

static bool index_blocks(struct record *r, const char *from, size_t bytes, size_t count)
{
    size_t at = 0;

    r->blocks = xcalloc(count + 1, sizeof(*r->blocks));
    for ( r->block_count = 0; r->block_count < count; r->block_count++ )
    {
        const struct record_block *b = (const void *)(from + at);

        if ( bytes - at < sizeof(*b) || b->count > bytes - at - sizeof(*b) )
            return false;
        r->blocks[r->block_count] = b;
        at += sizeof(*b) + ((b->count + 7u) & ~7u);
        if ( at > bytes )
            return false;
    }
    return at == bytes;
}

static bool sane(const struct record *r)
{
    for ( size_t i = 0; i < r->event_count; i++ )
        if ( r->events[i].marker >= r->marker_count )
            return false;
    for ( size_t i = 0; i < r->context_count; i++ )
        if ( r->contexts[i].layer >= LAYER_IDLE && r->contexts[i].layer != LAYER_GUEST_KERNEL )
            return false;
    for ( size_t i = 0; i < r->segment_count; i++ )
    {
        const struct record_segment *s = &r->segments[i];

        if ( s->context >= r->context_count ||
             (s->block != RECORD_IDLE && s->block >= r->block_count) )
            return false;
    }
    return true;
}

char *record_read(int fd, struct record *r)
{
    const struct record_request *request;
    const struct record_answer *answer;
    size_t length, at = 0;
    const char *blocks;
    char *error = NULL;

    *r = (struct record){ .data = memory_file_text(fd, &length) };
    request = take(r, length, &at, 1, sizeof(*request));
    if ( request )
    {
        r->marker_count = request->marker_count;
        r->markers = take(r, length, &at, r->marker_count, sizeof(*r->markers));
    }
    answer = r->markers ? take(r, length, &at, 1, sizeof(*answer)) : NULL;
    if ( !answer || answer->magic != RECORD_MAGIC )
        error = xstrdup("QEMU ended without a record: its plugin was not there at the end");
    else if ( *answer->error )
        error = xasprintf("%.*s", (int)sizeof(answer->error), answer->error);
    else if ( answer->truncated )
        error = xstrdup("this sample executes more than a record holds");
    else
    {
        r->link_register = answer->link_register;
        r->event_count = (size_t)answer->events;
        r->context_count = (size_t)answer->contexts;
        r->segment_count = (size_t)answer->segments;
        r->events = take(r, length, &at, answer->events, sizeof(*r->events));
        r->contexts = take(r, length, &at, answer->contexts, sizeof(*r->contexts));
        r->segments = take(r, length, &at, answer->segments, sizeof(*r->segments));
        blocks = take(r, length, &at, answer->block_bytes, 1);
        if ( !r->events || !r->contexts || !r->segments || !blocks ||
             !index_blocks(r, blocks, (size_t)answer->block_bytes, (size_t)answer->blocks) ||
             !sane(r) )
            error = xstrdup("the plugin's record is damaged");
    }
    if ( error )
        record_free(r);
    return error;
}

void record_free(struct record *r)
{
    free(r->blocks);
    free(r->data);
    *r = (struct record){ 0 };
}
