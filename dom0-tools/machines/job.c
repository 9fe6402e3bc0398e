/*
 * lab_run(): one command in a fresh copy of the snapshot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cancel.h"
#include "lib/stage.h"
#include "machines/channel.h"
#include "machines/emulator.h"
#include "machines/instance.h"
#include "machines/job_data.h"
#include "machines/prepare.h"
#include "machines/snapshot.h"
#include "xenometer.h"

#define LOOK_INTERVAL  3     /* ms between looks at the streams */
#define PANIC_INTERVAL 500u  /* ms between looks for a panic on the serial line */

/* Until the emulator ends, by the agent's hand or another's. */
static int follow(struct instance *instance, const struct lab_job *job)
{
    struct channel_header *header = instance->header;
    struct tail out = { .stream = &header->out, .area = CHANNEL_OUT,
                        .capacity = CHANNEL_OUT_SIZE, .fd = job->stdout_fd, .name = "output" };
    struct tail err = { .stream = &header->err, .area = CHANNEL_ERR,
                        .capacity = CHANNEL_ERR_SIZE, .fd = job->stderr_fd,
                        .name = "error output" };
    uint64_t until = job->deadline_seconds
        ? now_ms() + (uint64_t)job->deadline_seconds * 1000 : UINT64_MAX;
    uint64_t next_look = now_ms() + PANIC_INTERVAL;
    bool ended;
    int status;

    do
    {
        ended = instance_wait(instance, LOOK_INTERVAL);
        status = tail_copy(&out, header);
        if ( status == STATUS_OK )
            status = tail_copy(&err, header);
        if ( status == STATUS_OK && cancelled() )
            status = cancelled();
        if ( status == STATUS_OK && now_ms() >= next_look )
        {
            next_look = now_ms() + PANIC_INTERVAL;
            if ( instance_panicked(instance) )
            {
                instance_wait(instance, 500);   /* its last words */
                instance_explain(instance, "the lab's kernel or Xen panicked under the command");
                status = STATUS_ENVIRONMENT;
            }
        }
        if ( status == STATUS_OK && !ended && now_ms() >= until )
        {
            message("the deadline of %u s passed in the lab", job->deadline_seconds);
            status = STATUS_DEADLINE;
        }
    } while ( !ended && status == STATUS_OK );
    if ( status == STATUS_OK )
    {
        status = tail_finish(&out);
        if ( tail_finish(&err) != STATUS_OK )
            status = STATUS_FAILED;
    }
    return status;
}

/* After the end: what the agent said last. */
static int conclude(struct instance *instance, const struct lab_job *job, int *exit_status)
{
    const struct channel_header *header = instance->header;
    uint32_t state = __atomic_load_n(&header->agent_state, __ATOMIC_ACQUIRE);
    char *text, *ending;

    switch ( state )
    {
    case CHANNEL_DONE:
        *exit_status = header->exit_status;
        return job_data_fetch(header, job);
    case CHANNEL_FAILED:
        message("dom0's agent: %.*s", (int)sizeof(header->error), header->error);
        return STATUS_ENVIRONMENT;
    default:
        ending = instance_ending(instance);
        text = xasprintf("the lab ended before dom0's command did: %s", ending);
        instance_explain(instance, text);
        free(text);
        free(ending);
        return STATUS_ENVIRONMENT;
    }
}

/* From the snapshot, or from power-on, and then wait for the agent. */
static int start(struct instance *instance, const struct cache *cache)
{
    int status;

    if ( !instance->options.cold )
        return instance_load(instance, cache);
    stage_begin("booting %s in %s", cache->system->title, instance->emulator->name);
    status = instance_boot(instance, cache, NULL);
    if ( status == STATUS_OK )
        status = instance_wait_for_agent(instance);
    stage_end();
    return status;
}

static int run(const struct lab_options *options, const struct cache *cache,
               const struct lab_job *job, int *exit_status)
{
    struct instance instance;
    int status, fetched;

    status = instance_prepare(&instance, options);
    if ( status == STATUS_OK )
        status = job_data_write(instance.header, job, 0);
    if ( status == STATUS_OK )
        status = start(&instance, cache);
    if ( status == STATUS_OK )
    {
        status = follow(&instance, job);
        /* Lost output does not make the files less worth. */
        if ( (status == STATUS_OK || status == STATUS_FAILED) && instance_wait(&instance, 0) )
        {
            fetched = conclude(&instance, job, exit_status);
            if ( fetched != STATUS_OK )
                status = fetched;
        }
    }
    instance_keep_logs(&instance, options->keep_logs);
    instance_end(&instance);
    return status;
}

int lab_run(const struct lab_options *options, const struct lab_job *job, int *exit_status)
{
    struct cache cache;
    int status;

    *exit_status = -1;
    cancel_begin();
    status = prepare(options, &cache, !options->cold, false);
    if ( status == STATUS_OK )
        status = run(options, &cache, job, exit_status);
    cache_close(&cache);
    cancel_end();
    return status;
}
