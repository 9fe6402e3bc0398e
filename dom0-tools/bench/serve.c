#include "bench/serve.h"

#include <stdlib.h>
#include <string.h>

#include "backend/confine.h"
#include "backend/loop.h"
#include "guests/domain.h"
#include "measure/session.h"
#include "xenometer.h"

#define TAKING   10u   /* seconds for the domain to take the device before we say so */
#define PATIENCE 10u   /* seconds for it to let go of it */

/* By name or number among the domains xenstored knows. */
static bool find(struct host *h, const char *wanted, uint32_t *domid)
{
    size_t count;
    uint32_t *domids = xenbus_domains(h->bus, &count);
    bool found = false;

    for ( size_t i = 0; i < count && !found; i++ )
    {
        char *name = xenbus_domain_name(h->bus, domids[i]);
        char *number = xasprintf("%u", domids[i]);

        found = (name && !strcmp(name, wanted)) || !strcmp(number, wanted);
        if ( found )
            *domid = domids[i];
        free(name);
        free(number);
    }
    free(domids);
    return found;
}

static bool lives(const struct split *s)
{
    struct domain_state state = xenctrl_domain(s->host->xen, s->name.domid);

    return !xenctrl_end(&state);
}

static void too_long(void *context)
{
    *(bool *)context = true;
}

/* Until Ctrl-C, the domain's end or trouble. */
static int serve_on(struct split *s, const struct served *device)
{
    bool late = false;
    struct loop_timer timer = { .expired = too_long, .context = &late };
    int status = STATUS_OK;

    loop_timer_set(&s->host->loop, &timer, SECONDS(TAKING));
    while ( status == STATUS_OK && !loop_interrupted && !split_trouble(s) && lives(s) )
    {
        status = host_turn(s->host);
        if ( late && s->phase == SPLIT_WAITING )
            message("domain %u has not taken the %s yet: does it run, and with %s loaded?  "
                    "Still waiting; Ctrl-C ends this", s->name.domid, s->what, device->driver);
        late = false;
    }
    loop_timer_clear(&s->host->loop, &timer);
    return status;
}

/* The domain may still use it: ask it to close, and wait for that. */
static int let_go(struct split *s, const struct served *device)
{
    bool late = false;
    struct loop_timer timer = { .expired = too_long, .context = &late };
    int status = STATUS_OK, first = loop_interrupted;

    loop_interrupted = 0;   /* a second Ctrl-C ends the waiting */
    loop_timer_set(&s->host->loop, &timer, SECONDS(PATIENCE));
    split_close(s);
    while ( status == STATUS_OK && !split_closed(s) && !split_trouble(s) && !late &&
            !loop_interrupted && lives(s) )
        status = host_turn(s->host);
    loop_timer_clear(&s->host->loop, &timer);
    if ( status == STATUS_OK && !split_closed(s) && !split_trouble(s) && lives(s) )
    {
        message("domain %u did not let go of the %s (%s): taken away all the same",
                s->name.domid, s->what, device->busy);
        status = STATUS_DEADLINE;
    }
    loop_interrupted = first;
    return status;
}

static int serve_domain(struct host *h, uint32_t domid, const struct served *device,
                        const void *options)
{
    char *error;
    struct split *s = device->begin(h, domid, options, &error);
    int status;
    bool stays, confined;

    if ( !s )
    {
        message("%s", error);
        free(error);
        return STATUS_ENVIRONMENT;
    }
    confined = confine_calls(&error);
    status = confine_or_complain(confined, error);
    if ( status == STATUS_OK )
        status = serve_on(s, device);
    if ( status == STATUS_OK && loop_interrupted )
        status = let_go(s, device);
    stays = lives(s);
    if ( status == STATUS_OK && split_trouble(s) && stays )
        status = STATUS_FAILED;   /* it was said already */
    device->end(s);
    if ( stays )
        split_settle();
    return status;
}

int serve(const char *domain, const struct served *device, const void *options, const char *file,
          bool writable)
{
    struct host h;
    uint32_t domid;
    char *trouble;
    bool confined = confine_files(file, writable, &trouble);
    int status = confine_or_complain(confined, trouble);

    if ( status == STATUS_OK )
        status = host_open(&h);
    if ( status != STATUS_OK )
        return status;
    domains_sweep(&h);
    if ( find(&h, domain, &domid) )
        status = serve_domain(&h, domid, device, options);
    else
    {
        message("there is no domain %s; `xl list` shows them", domain);
        status = STATUS_ENVIRONMENT;
    }
    host_close(&h);
    return status;
}
