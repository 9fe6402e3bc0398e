/*
 * A column that does nothing but count: what adding one takes is this file.  In the program
 * it would be in dom0-tools/guests/, and be there in the same way.
 */
#include <stdlib.h>
#include <string.h>

#include <xenometer/protocol.h>

#include "catalogue/column.h"
#include "xenometer.h"

static const char *impossible(const struct lab_options *machine)
{
    (void)machine;
    return NULL;
}

/* READY, and for each command as many samples as it wants: its number, counted from 1. */
static int count(struct batch *b)
{
    const struct control_response *commands = b->commands;
    size_t n = b->size / sizeof(*commands), at = sizeof(struct control_request);

    b->results_size = at;
    for ( size_t i = 0; i < n; i++ )
        b->results_size += sizeof(struct control_request) + commands[i].samples * sizeof(uint64_t);
    b->results = xcalloc(1, b->results_size);
    for ( size_t i = 0; i < n; i++ )
    {
        const struct control_request answer = {
            .kind = CONTROL_RESULT, .id = commands[i].id, .outcome = OUTCOME_SUCCESS,
            .samples = commands[i].samples,
        };
        const uint64_t number = i + 1;

        memcpy((char *)b->results + at, &answer, sizeof(answer));
        at += sizeof(answer);
        for ( uint32_t k = 0; k < answer.samples; k++, at += sizeof(number) )
            memcpy((char *)b->results + at, &number, sizeof(number));
    }
    return STATUS_OK;
}

COLUMN(count) = {
    .name = "count", .title = "count", .order = 90, .home = HOME_BESIDE, .mode = MODE_BARE,
    .what = "nothing but counting",
    .classes = "image",
    .elsewhere = "nobody counts that",
    .note = "Column count: which command it was.",
    .impossible = impossible, .batch = count,
};
