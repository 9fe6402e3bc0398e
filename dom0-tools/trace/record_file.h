/*
 * One record of the plugin, read: what was executed, block by block.
 */
#ifndef TRACE_RECORD_FILE_H
#define TRACE_RECORD_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/record.h"

struct record {
    void *data;                              /* the file; the rest points into it */
    const struct record_marker *markers;
    const struct record_event *events;
    const struct record_context *contexts;
    const struct record_segment *segments;
    const struct record_block **blocks;      /* owned list */
    size_t marker_count, event_count, context_count, segment_count, block_count;
    bool link_register;                      /* struct record_answer */
};

/*
 * Write a request for the plugin into an empty memory file.  False when there is
 * no memory.
 */
bool record_ask(int fd, const struct record_request *request,
                const struct record_marker *markers);

/*
 * Read the plugin's answer.  NULL, or why there is none (the caller's); every index
 * in it is within bounds.
 */
char *record_read(int fd, struct record *record);
void record_free(struct record *);

/* Lengths of a block's instructions, in bytes; `count` of them. */
static inline const uint8_t *record_lengths(const struct record_block *block)
{
    return (const uint8_t *)(block + 1);
}

#endif
