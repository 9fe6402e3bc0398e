#include "measure/party.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/loop.h"
#include "measure/record.h"
#include "measure/row.h"
#include "xenometer.h"

static void expired(void *context)
{
    struct party *p = context;

    p->late = true;
}

static void begin(struct party *p, struct domains *domains, const struct column *column)
{
    p->domains = domains;
    p->column = column;
    p->count = p->busy = 0;
    p->late = false;
    p->lost = NULL;
    p->deadline = (struct loop_timer){ .expired = expired, .context = p };
}

static struct member *add(struct party *p)
{
    struct member *m = &p->members[p->count++];

    m->device = NULL;
    m->party = p;
    m->told = m->leaving = false;
    return m;
}

char *party_make(struct party *p, struct domains *domains, const struct column *column,
                 row_needs needs, const char *const *extra, unsigned count)
{
    if ( !p->count )
        begin(p, domains, column);
    while ( p->count < count )
    {
        struct guest guest;
        char *error;

        if ( loop_interrupted )
            return xstrdup("interrupted");
        error = guest_start(domains, column, needs, extra, NULL, &guest);
        if ( error )
            return error;
        add(p)->guest = guest;
    }
    return NULL;
}

void party_adopt(struct party *p, struct domains *domains, struct guest *guest)
{
    begin(p, domains, guest->column);
    add(p)->guest = *guest;
}

/* The device's `changed`: note it; what follows is done outside. */
static void changed(void *context)
{
    struct member *m = context;
    struct party *p = m->party;

    if ( m->device->phase == DEVICE_CLOSED && m->leaving )
    {
        m->leaving = false;
        p->busy--;
    }
    else if ( m->device->phase == DEVICE_FAILED || m->device->phase == DEVICE_DIED ||
         m->device->phase == DEVICE_CLOSED )
        p->lost = m;
    else if ( m->device->asks && m->told )
    {
        m->told = false;
        p->busy--;
        if ( p->answered )
            p->answered(p, m);
    }
}

/* Why the party cannot go on, with the last words of the one to blame. */
static char *blame(struct party *p, unsigned seconds)
{
    struct member *m = p->lost;
    char tail[200] = "";

    if ( m )
    {
        console_settle(&m->guest.console);
        console_last_words(&m->guest.console, tail, sizeof(tail));
        return xasprintf("%s%s%s",
                         m->device->trouble ? m->device->trouble
                                            : "the domain closed its device",
                         *tail ? "; its last words: " : "", tail);
    }
    return xasprintf("%u of %u domains gave no answer within %u s", p->busy, p->count,
                     seconds);
}

char *party_wait(struct party *p, unsigned seconds)
{
    struct host *host = p->domains->host;

    p->late = false;
    loop_timer_set(&host->loop, &p->deadline, SECONDS(seconds));
    while ( p->busy && !p->late && !p->lost && !loop_interrupted )
        if ( host_turn(host) != STATUS_OK )
            break;
    loop_timer_clear(&host->loop, &p->deadline);
    if ( loop_interrupted )
        return xstrdup("interrupted");
    if ( host->lost )
        return xstrdup("lost the connection to xenstored");
    return p->busy || p->lost ? blame(p, seconds) : NULL;
}

static char *connect(struct party *p, struct member *m, row_needs needs)
{
    struct host *host = p->domains->host;
    char *error = NULL, *path;

    m->told = true;   /* it will ask, with READY */
    p->busy++;
    m->device = device_new(host, m->guest.domid, needs, changed, m, &error);
    if ( !m->device )
        return error;
    m->unpaused = tsc_begin();
    if ( !xenctrl_unpause(host->xen, m->guest.domid) )
        return xasprintf("cannot unpause domain %u: %s", m->guest.domid, strerror(errno));
    path = xenbus_console(host->bus, m->guest.domid);
    console_open(&m->guest.console, path);
    free(path);
    return NULL;
}

char *party_connect(struct party *p, row_needs needs)
{
    const struct session_options *options = p->domains->options;
    char *error = NULL;

    unsigned first = p->count;   /* that is new; all behind it are */

    while ( first && !p->members[first - 1].device )
        first--;
    for ( unsigned i = first; i < p->count && !error; i++ )
        error = connect(p, &p->members[i], needs);
    if ( !error )
        error = party_wait(p, options->domain_deadline);
    for ( unsigned i = first; i < p->count && !error; i++ )
    {
        const struct device *d = p->members[i].device;

        if ( d->request.kind != CONTROL_READY )
            error = xstrdup("the domain did not begin with READY");
        else if ( strcmp(d->keys.image, options->image->build_id) )
            error = xstrdup("the domain runs another image");
    }
    return error;
}

void party_tell(struct party *p, unsigned member, const struct control_response *response)
{
    struct member *m = &p->members[member];

    m->told = true;
    p->busy++;
    device_answer(m->device, response);
}

char *party_trouble(const struct party *p, unsigned member, uint32_t samples)
{
    const struct control_request *q = &p->members[member].device->request;
    const char *wrong = record_nonsense(q, PARTY_COMMAND, samples);
    char reason[REASON_SIZE];

    if ( wrong )
        return xstrdup(wrong);
    if ( q->outcome == OUTCOME_SUCCESS )
        return NULL;
    keys_printable(reason, sizeof(reason), q->reason, sizeof(q->reason));
    return xstrdup(reason);
}

char *party_overhead(struct party *p, unsigned member, uint64_t *overhead)
{
    const struct image_row *empty = image_baseline(p->domains->options->image);
    struct control_response command;
    uint64_t *ticks;
    char *error;

    if ( !empty )
        return xstrdup("the image has no baseline row to subtract: rebuild it");
    command = image_command(empty, PARTY_COMMAND, 0);
    party_tell(p, member, &command);
    error = party_wait(p, p->domains->options->row_deadline);
    if ( !error )
        error = party_trouble(p, member, empty->samples);
    if ( error )
        return error;
    ticks = xcalloc(empty->samples, sizeof(*ticks));
    device_samples(p->members[member].device, ticks,
                   p->members[member].device->request.samples);
    *overhead = record_overhead(ticks, p->members[member].device->request.samples);
    free(ticks);
    return NULL;
}

char *party_suspend(struct party *p, unsigned member)
{
    const struct control_response command = { .operation = CONTROL_SUSPEND };
    struct member *m = &p->members[member];

    m->leaving = true;
    p->busy++;
    device_answer(m->device, &command);
    return party_wait(p, p->domains->options->row_deadline);
}

void party_saved(struct party *p, unsigned member)
{
    struct member *m = &p->members[member];

    console_close(&m->guest.console);
    device_free(m->device);
    m->device = NULL;
}

void party_end(struct party *p)
{
    for ( unsigned i = 0; i < p->count; i++ )
        device_free(p->members[i].device);
    for ( unsigned i = 0; i < p->count; i++ )
        guest_end(p->domains, &p->members[i].guest);
    *p = (struct party){ .count = 0 };
}
