#include "measure/record.h"
#include "measure/runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/result.h"
#include "xenometer.h"

#define STOP_DEADLINE 10u   /* seconds from CONTROL_STOP to the domain's end */
#define PLEA_MS       100u  /* a domain whose row takes too long is told so, again and again: */
#define PLEAS         10u   /* it may have been at work, and slept after the one before */

/* ------------------------------------------------------------- the end -- */

static void done(struct runner *r, char *trouble)
{
    loop_timer_clear(&r->host->loop, &r->deadline);
    r->phase = RUNNER_DONE;
    r->trouble = trouble;
}

/*
 * It went wrong.  The row under way is what it cost: an error with the reason,
 * and what the domain said last.
 */
static void lost(struct runner *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void lost(struct runner *r, const char *format, ...)
{
    char tail[240] = "";
    char *text, *full;
    va_list arguments;

    va_start(arguments, format);
    if ( vasprintf(&text, format, arguments) < 0 )
        text = xstrdup("out of memory");
    va_end(arguments);
    /* Where we broke it off, its last words are about that. */
    if ( r->device->words && r->device->phase == DEVICE_DIED )
        snprintf(tail, sizeof(tail), "%s", r->device->words);
    else if ( r->console && r->device->phase != DEVICE_FAILED )
    {
        console_settle(r->console);
        console_last_words(r->console, tail, sizeof(tail));
    }
    full = *tail ? xasprintf("%s; its last words: %s", text, tail) : xstrdup(text);
    free(text);

    if ( r->phase == RUNNER_ROW )
    {
        const struct image_row *row = r->rows[r->next++];

        record_add(r->records, row, r->column, r->boot, OUTCOME_ERROR, full);
    }
    done(r, full);
}

static void set_deadline(struct runner *r, unsigned seconds)
{
    loop_timer_set(&r->host->loop, &r->deadline, SECONDS(seconds));
}

/* ------------------------------------------------------------- commands -- */

static void stop(struct runner *r)
{
    struct control_response response = { .operation = CONTROL_STOP, .id = ++r->id };

    r->phase = RUNNER_STOPPING;
    set_deadline(r, STOP_DEADLINE);
    device_answer(r->device, &response);
}

static void run(struct runner *r, const struct image_row *row, uint32_t samples)
{
    struct control_response response = image_command(row, ++r->id, samples);
    uint32_t capacity = device_capacity(r->device);

    if ( response.samples > capacity )
        response.samples = capacity;
    r->samples = response.samples;
    r->events = device_events(r->device);
    r->pleas = 0;
    set_deadline(r, r->options->row_deadline);
    device_answer(r->device, &response);
}

static void next(struct runner *r)
{
    if ( r->next == r->count )
    {
        stop(r);
        return;
    }
    r->phase = RUNNER_ROW;
    progress("%s: %s (%zu of %zu)", r->column->name,
             r->rows[r->next]->name, r->next + 1, r->count);
    run(r, r->rows[r->next], r->options->samples);
}

/*
 * The domain was in a row when its last backend went.  That one's figures went with it; if
 * the row is among ours, it is measured anew, and else it has failed.
 */
static void note_interrupted(struct runner *r, uint32_t number)
{
    const struct image *image = r->options->image;
    const struct image_row *row = number && number <= image->count ? &image->rows[number - 1] : NULL;
    bool again = false;

    if ( !row )
        return;
    for ( size_t i = r->next; i < r->count; i++ )
        again |= r->rows[i] == row;
    message("domain %u: taken over; its last backend ended in the row %s%s", r->domid, row->name,
            again ? ", which is measured anew" : "");
    if ( !again && row != image_baseline(image) )
        record_add(r->records, row, r->column, r->boot, OUTCOME_ERROR,
                   "interrupted: its backend ended");
}

static void begin(struct runner *r)
{
    const struct image *image = r->options->image;
    const struct image_row *empty = image_baseline(image);

    if ( strcmp(r->device->keys.image, image->build_id) )
    {
        lost(r, "the domain runs another image (build id %s) than %s (%s)",
             r->device->keys.image, r->options->elf, image->build_id);
        return;
    }
    r->suspends = r->device->request.suspends;
    free(r->left);
    r->left = NULL;
    /* Once: a domain that comes again and again says what it likes. */
    if ( !r->met )
        note_interrupted(r, r->device->request.interrupted);
    r->met = true;
    progress("%s: domain %u is connected, %llu ticks after its entry",
             r->column->name, r->domid,
             (unsigned long long)r->device->request.boot);
    if ( !empty )
    {
        next(r);
        return;
    }
    r->phase = RUNNER_BASELINE;
    run(r, empty, 0);
}

/* -------------------------------------------------------------- results -- */

/* The caller's to free. */
static uint64_t *fetch(const struct runner *r, uint32_t count)
{
    uint64_t *ticks = xcalloc(count, sizeof(*ticks));

    device_samples(r->device, ticks, count);
    return ticks;
}

static void take_baseline(struct runner *r, const struct control_request *q)
{
    uint64_t *ticks;

    /* A domain whose clock is too coarse skips it, and says so of each row. */
    if ( q->outcome == OUTCOME_SKIP )
    {
        next(r);
        return;
    }
    if ( q->outcome != OUTCOME_SUCCESS )
    {
        char reason[REASON_SIZE];

        keys_printable(reason, sizeof(reason), q->reason, sizeof(q->reason));
        lost(r, "the empty region cannot be measured: %s", reason);
        return;
    }
    ticks = fetch(r, q->samples);
    r->baseline = record_baseline(q, ticks);
    free(ticks);
    next(r);
}

static void take_row(struct runner *r, const struct control_request *q)
{
    struct record *record =
        record_result(r->records, r->rows[r->next++], r->column, r->boot, q,
                      fetch(r, q->samples), r->baseline);

    record->dom0_events = device_events(r->device) - r->events;
    if ( r->console )
        console_drain(r->console);
    next(r);
}

static void asked(struct runner *r)
{
    const struct control_request *q = &r->device->request;
    const char *wrong = NULL;

    if ( r->phase == RUNNER_CONNECTING )
        wrong = q->kind == CONTROL_READY ? NULL : "the domain did not begin with READY";
    else if ( r->phase == RUNNER_BASELINE || r->phase == RUNNER_ROW )
        wrong = record_nonsense(q, r->id, r->samples);
    else
        return;   /* it should stop, and will end at the deadline */

    if ( wrong )
        lost(r, "%s", wrong);
    else if ( r->phase == RUNNER_CONNECTING )
        begin(r);
    else if ( r->phase == RUNNER_BASELINE )
        take_baseline(r, q);
    else
        take_row(r, q);
}

/* --------------------------------------------------------------- events -- */

/* It closed its device in order, and said why: the toolstack wants something of it. */
static void leaves(struct runner *r)
{
    char *text = xasprintf("the domain was %s", r->device->words);

    if ( !r->patient )
        lost(r, "%s", text);
    else
    {
        if ( r->phase == RUNNER_ROW )
            record_add(r->records, r->rows[r->next++], r->column, r->boot, OUTCOME_ERROR,
                       text);
        loop_timer_clear(&r->host->loop, &r->deadline);
        r->phase = RUNNER_CONNECTING;
        free(r->left);
        r->left = text;
        return;
    }
    free(text);
}

static void changed(void *context)
{
    struct runner *r = context;
    struct device *d = r->device;

    if ( d->phase == DEVICE_DIED )
        r->ended = true;
    if ( r->phase == RUNNER_DONE )
        return;
    if ( r->phase == RUNNER_STOPPING )
    {
        if ( d->phase == DEVICE_DIED )
            done(r, NULL);
        return;
    }
    switch ( d->phase )
    {
    case DEVICE_DIED:
        if ( r->left )
        {
            done(r, r->left);
            r->left = NULL;
            return;
        }
        /* Fall through. */
    case DEVICE_FAILED:
        lost(r, "%s", d->trouble);
        return;
    case DEVICE_CLOSED:
        if ( d->words )
            leaves(r);
        else
            lost(r, "the domain closed its device");
        return;
    case DEVICE_WAITING:
    case DEVICE_CONNECTED:
        if ( d->asks )
            asked(r);
    }
}

static void too_late(void *context)
{
    struct runner *r = context;

    switch ( r->phase )
    {
    case RUNNER_CONNECTING:
        lost(r, "the domain did not connect within %u s", r->options->domain_deadline);
        break;
    case RUNNER_BASELINE:
    case RUNNER_ROW:
        if ( r->pleas++ < PLEAS )
        {
            device_give_up(r->device, r->id);
            loop_timer_set(&r->host->loop, &r->deadline, MILLISECONDS(PLEA_MS));
            return;
        }
        lost(r, "no result within %u s", r->options->row_deadline);
        break;
    case RUNNER_STOPPING:
        lost(r, "the domain did not stop within %u s", STOP_DEADLINE);
        break;
    case RUNNER_DONE:
        break;
    }
}

char *runner_start(struct runner *r)
{
    char *error = NULL;

    r->phase = RUNNER_CONNECTING;
    r->trouble = r->left = NULL;
    r->ended = r->met = false;
    r->baseline = (struct baseline){ 0 };
    r->id = 0;
    r->deadline = (struct loop_timer){ .expired = too_late, .context = r };
    r->device = device_new(r->host, r->domid, r->needs, changed, r, &error);
    if ( !r->device )
        return error;
    if ( !r->patient )
        set_deadline(r, r->options->domain_deadline);
    return NULL;
}

void runner_stop(struct runner *r)
{
    if ( r->phase == RUNNER_DONE || r->phase == RUNNER_STOPPING )
        return;
    if ( r->device->asks )
        stop(r);
    else
        done(r, NULL);
}

void runner_finish(struct runner *r)
{
    loop_timer_clear(&r->host->loop, &r->deadline);
    device_free(r->device);
    r->device = NULL;
    free(r->trouble);
    free(r->left);
    r->trouble = r->left = NULL;
}
