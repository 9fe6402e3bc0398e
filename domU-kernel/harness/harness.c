#include "harness.h"
#include "quiet.h"
#include "row.h"
#include "../arch/cpu.h"
#include "../arch/mode.h"
#include "../arch/smp.h"
#include "../arch/traps.h"
#include "../drivers/clock.h"
#include "../drivers/device.h"
#include "../arch/interrupts.h"
#include "../lib/string.h"
#include "../xen/control.h"
#include "../xen/events.h"
#include "../xen/xenstore.h"

#include <ring.h>

extern const struct row_code row_code_start[], row_code_end[];
extern u64 entry_tsc;

static char current_row[ROW_NAME_SIZE] = "none";
struct boot_times boot_times;
static u64 boot_times_work;   /* ticks from entry to READY, XenStore aside */

const char *harness_current_row(void)
{
    return current_row;
}

static void finish(struct control_request *result, enum outcome outcome, const char *reason)
{
    result->outcome = outcome;
    string_copy(result->reason, reason ? reason : "", sizeof(result->reason));
}

/* Why there is something else to do; END_STOP: there is not. */
static enum harness_end away;
static u32 suspends;        /* so far */
static u32 interrupted;     /* number of the row that lost its backend, from 1 */

void harness_resume(u32 count)
{
    away = END_STOP;
    suspends = count;
}

bool harness_called_away(void)
{
    if ( away == END_STOP && xenstore_has_news() )
    {
        if ( control_look() != WISH_NONE )
            away = END_WISH;
        else if ( device_lost() )
            away = END_LOST;
    }
    return away != END_STOP;
}

bool sample_wanted(const struct row_run *r, u32 i)
{
    return i < r->warmup + r->count && !r->failure && !r->error;
}

bool batch_wanted(struct row_run *r, u32 i)
{
    if ( !sample_wanted(r, i) )
    {
        r->batch = tsc_end() - r->batch;
        return false;
    }
    if ( i == r->warmup )
        r->batch = tsc_begin();
    return true;
}

void sample_keep(struct row_run *r, u32 i, u64 ticks)
{
    if ( i == 0 )
        r->first = ticks;
    if ( i >= r->warmup )
        r->ticks[r->taken++] = ticks;
    if ( harness_called_away() )
        r->error = "the row was interrupted";
    else if ( device_given_up() )
        r->error = "dom0 gave the row up";
}

void harness_run(const struct control_response *command,
                 struct control_request *result, u64 *ticks, u32 capacity)
{
    struct row_run r = {
        .command = command, .ticks = ticks, .count = command->samples, .warmup = command->warmup,
    };
    const struct row_code *row = &row_code_start[command->row];
    const char *reason = traps_clock_coarse();
    u64 upcalls, stolen, notifications;

    *result = (struct control_request){ .kind = CONTROL_RESULT, .id = command->id };
    device.command = command->id;
    device.missed = false;
    if ( command->row >= (u64)(row_code_end - row_code_start) )
        return finish(result, OUTCOME_ERROR, "no such row in this image");
    if ( command->samples > capacity )
        return finish(result, OUTCOME_ERROR, "more samples than the buffer holds");
    string_copy(current_row, command->name, sizeof(current_row));
    if ( !mode_is(command->modes) )
        return finish(result, OUTCOME_ERROR, "the row does not run in this mode");
    if ( !row->run )
        return finish(result, OUTCOME_ERROR, "the row has nothing to run");
    if ( row->setup && !reason )
        reason = row->setup(&r);
    if ( reason )
        finish(result, OUTCOME_SKIP, reason);
    else
    {
        quiet();
        stolen = clock_stolen();
        upcalls = event_upcalls + secondary_upcalls + device_interrupts;
        notifications = device.notifications;
        row->run(&r);
        result->upcalls = (u32)(event_upcalls + secondary_upcalls + device_interrupts -
                                upcalls);
        result->notifications = (u32)(device.notifications - notifications);
        stolen = clock_stolen() - stolen;
        result->stolen = stolen > ~0u ? ~0u : (u32)stolen;
        if ( row->teardown )
            row->teardown(&r);
        result->samples = r.taken;
        result->first = r.first;
        result->batch = r.batch;
        /* Rows know that an answer is missing, the driver why. */
        if ( r.failure )
            finish(result, OUTCOME_FAILURE, device.missed ? device.trouble : r.failure);
        else if ( r.error )
            finish(result, OUTCOME_ERROR, r.error);
        else
            finish(result, OUTCOME_SUCCESS, NULL);
    }
    interrupts_restore();
    string_copy(current_row, "none", sizeof(current_row));
}

/* One question and its answer; the ring never holds more.  False: called away before that. */
static bool ask(const struct control_request *request, struct control_response *response)
{
    struct ring_front *ring = &device.control_ring;
    enum ring_result r;

    if ( !ring_front_put(ring, request, CONTROL_SLOT_SIZE) )
        panic("the control ring is full or broken");
    if ( ring_front_push(ring) )
        event_send(device.control_port);
    control_listen();
    for ( ;; )
    {
        /* Count before check, as in data_wait(). */
        u64 seen = event_upcalls;

        r = ring_front_final_check(ring, 1);
        if ( r != RING_EMPTY )
            break;
        if ( harness_called_away() )
            return false;
        control_idle();
        if ( control_look() != WISH_NONE )   /* a button: no news of XenStore's */
        {
            away = END_WISH;
            return false;
        }
        event_sleep_any(seen);
    }
    if ( r == RING_BROKEN || ring_front_take(ring, response, CONTROL_SLOT_SIZE) != RING_TAKEN )
        panic("the backend broke the control ring");
    return true;
}

static void remember_ready(struct control_request *ready)
{
    if ( !boot_times.ready )
    {
        boot_times.entry = entry_tsc;
        boot_times.ready = tsc_end();
        boot_times_work = boot_times.ready - entry_tsc - xenstore_ticks;
    }
    *ready = (struct control_request){
        .kind = CONTROL_READY, .boot = boot_times_work, .times = boot_times,
        .suspends = suspends, .interrupted = interrupted,
    };
    interrupted = 0;
}

enum harness_end harness_serve_device(void)
{
    struct control_request request;
    struct control_response response;

    away = END_STOP;
    remember_ready(&request);
    while ( ask(&request, &response) )
    {
        if ( response.operation == CONTROL_STOP )
            return END_STOP;
        if ( response.operation == CONTROL_SUSPEND )
            return END_SUSPEND;
        if ( response.operation != CONTROL_RUN )
            panic("the backend asks for operation %u", response.operation);
        harness_run(&response, &request, device.samples, device.samples_capacity);
        if ( harness_called_away() )
        {
            if ( away == END_LOST )
                interrupted = response.row + 1;
            break;
        }
    }
    return away;
}
