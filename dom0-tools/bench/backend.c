#include "bench/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/confine.h"
#include "backend/host.h"
#include "backend/loop.h"
#include "catalogue/catalogue.h"
#include "catalogue/select.h"
#include "guests/domain.h"
#include "measure/environment.h"
#include "measure/merge.h"
#include "measure/runner.h"
#include "report/json.h"
#include "report/table.h"
#include "xenometer.h"

#define DOMAIN_DEADLINE 60u
#define CLEARING_PATIENCE 5u   /* seconds for xl to destroy a domain that ended */

/* A domain we have seen; served or passed over, never looked at again. */
struct served {
    struct served *next;
    uint32_t domid;
    char *name;                  /* for messages */
    bool ours;                   /* the rest is in use */
    struct runner runner;
    struct records records;
    struct results results;
    const struct image_row **rows;
};

struct server {
    const struct backend_options *options;
    const struct selection *selection;
    struct session_options session;
    struct environment environment;
    struct host host;
    struct served *domains;
    unsigned finished;
    bool refused;                /* the domain that --domain names is not served */
    bool failed;                 /* some row or domain */
};

/* ---------------------------------------------------------- recognising -- */

static bool wanted(const struct backend_options *o, uint32_t domid, const char *name)
{
    char number[16];

    if ( o->domain )
    {
        snprintf(number, sizeof(number), "%u", domid);
        return !strcmp(o->domain, number) || !strcmp(o->domain, name);
    }
    /* A run drives its domains itself. */
    return !strncmp(name, o->prefix, strlen(o->prefix)) &&
           strncmp(name, RUN_PREFIX, strlen(RUN_PREFIX));
}

/* Rows of the selection that run in the column; the array is the caller's. */
static const struct image_row **runnable(const struct selection *selection,
                                         const struct column *column, size_t *count)
{
    const struct image_row **rows = xcalloc(selection->count, sizeof(*rows));

    *count = 0;
    for ( size_t i = 0; i < selection->count; i++ )
        if ( columns_have(&selection->rows[i]->columns, column) && !row_is_own(selection->rows[i]) )
            rows[(*count)++] = selection->rows[i];
    return rows;
}

/* Serve it, or say why not: false. */
static bool attach(struct server *s, struct served *d)
{
    const struct column *column =
        column_of_domain(xenctrl_domain(s->host.xen, d->domid).mode);
    char *error;

    if ( !columns_have(&s->options->columns, column) )
    {
        message("%s (domain %u) is %s: passed over", d->name, d->domid, column->name);
        return false;
    }
    d->results.environment = environment_copy(&s->environment);
    environment_started(&d->results.environment);
    d->rows = runnable(s->selection, column, &d->runner.count);
    d->runner.host = &s->host;
    d->runner.column = column;
    d->runner.options = &s->session;
    d->runner.rows = d->rows;
    d->runner.records = &d->records;
    d->runner.domid = d->domid;
    d->runner.patient = true;   /* it may be paused, by hand */
    error = runner_start(&d->runner);
    if ( error )
    {
        message("%s (domain %u): %s", d->name, d->domid, error);
        free(error);
        free(d->rows);
        d->rows = NULL;
        results_free(&d->results);
        return false;
    }
    d->ours = true;
    xenbus_offer_words(s->host.bus, d->domid);   /* without it, some deaths say nothing */
    message("%s (domain %u, %s): waiting for it to connect", d->name, d->domid,
            column->name);
    return true;
}

static struct served *known(struct server *s, uint32_t domid)
{
    struct served *d;

    for ( d = s->domains; d && d->domid != domid; d = d->next )
        ;
    return d;
}

static void look_for_domains(struct server *s)
{
    size_t count;
    uint32_t *domids = xenbus_domains(s->host.bus, &count);

    for ( size_t i = 0; i < count; i++ )
    {
        char *name = known(s, domids[i]) ? NULL
                                         : xenbus_domain_name(s->host.bus, domids[i]);
        struct domain_state state;
        struct served *d;

        if ( !name )
            continue;
        state = xenctrl_domain(s->host.xen, domids[i]);
        if ( !wanted(s->options, domids[i], name) || xenctrl_end(&state) )
        {
            free(name);
            continue;
        }
        d = xcalloc(1, sizeof(*d));
        d->domid = domids[i];
        keys_show_name(name);
        d->name = name;
        d->next = s->domains;
        s->domains = d;
        if ( !attach(s, d) && s->options->domain )
            s->refused = true;
    }
    free(domids);
}

/* ------------------------------------------------------------ finishing -- */

static void print(const struct server *s, const struct results *results)
{
    char *text = s->options->json ? results_to_json(results) : NULL;

    if ( text )
        fputs(text, stdout);
    else
        table_print(stdout, results);
    fflush(stdout);
    free(text);
}

static void finish(struct server *s, struct served *d)
{
    enum outcome worst = records_worst(&d->records);

    if ( d->runner.trouble )
        message("%s (domain %u): %s", d->name, d->domid, d->runner.trouble);
    else if ( d->runner.next < d->runner.count )
        message("%s (domain %u): left, with %zu of %zu rows measured", d->name,
                d->domid, d->runner.next, d->runner.count);
    else
        message("%s (domain %u): done", d->name, d->domid);
    if ( d->runner.trouble || worst >= OUTCOME_ERROR )
        s->failed = true;
    if ( d->records.count )
    {
        merge_records(&d->records, 1, false, &d->results);
        d->results.environment.suspends = d->runner.suspends;
        print(s, &d->results);
    }
    runner_finish(&d->runner);
    records_free(&d->records);
    results_free(&d->results);
    free(d->rows);
    d->rows = NULL;
    d->ours = false;
    s->finished++;
}

/* Forget domains that are gone: their numbers may come again. */
static void forget(struct server *s)
{
    struct served **link = &s->domains;

    while ( *link )
    {
        struct served *d = *link;

        if ( d->ours || xenctrl_domain(s->host.xen, d->domid).exists )
        {
            link = &d->next;
            continue;
        }
        *link = d->next;
        free(d->name);
        free(d);
    }
}

static bool finish_done(struct server *s)
{
    bool any = false;

    for ( struct served *d = s->domains; d; d = d->next )
        if ( d->ours && d->runner.phase == RUNNER_DONE )
        {
            finish(s, d);
            any = true;
        }
    return any;
}

static bool busy(const struct server *s)
{
    for ( const struct served *d = s->domains; d; d = d->next )
        if ( d->ours )
            return true;
    return false;
}

/* Ctrl-C: domains that listen are told to stop; a second one is for us. */
static void wind_up(struct server *s)
{
    int first = loop_interrupted;

    loop_interrupted = 0;
    for ( struct served *d = s->domains; d; d = d->next )
        if ( d->ours )
            runner_stop(&d->runner);
    while ( finish_done(s), busy(s) && !loop_interrupted )
        if ( host_turn(&s->host) != STATUS_OK )
            break;
    for ( struct served *d = s->domains; d; d = d->next )
        if ( d->ours )
            finish(s, d);
    loop_interrupted = first;
}

static void waited_enough(void *context)
{
    *(bool *)context = true;
}

/*
 * With --once, scripts go on when we end: give the xl that started the domain
 * time to clear it away.  Another on_poweroff= keeps it, which is no fault.
 */
static void wait_until_gone(struct server *s)
{
    bool enough = false;
    struct loop_timer timer = { .expired = waited_enough, .context = &enough };

    loop_timer_set(&s->host.loop, &timer, SECONDS(CLEARING_PATIENCE));
    while ( forget(s), s->domains && !enough && !loop_interrupted )
        if ( host_turn(&s->host) != STATUS_OK )
            break;
    loop_timer_clear(&s->host.loop, &timer);
}

/* With --once: it was served, or is there and cannot be, for which the reason was said. */
static bool once_over(const struct server *s)
{
    return s->options->once && (s->finished || s->refused);
}

static int serve(struct server *s)
{
    char *trouble;
    bool confined;
    int status;

    if ( s->options->domain )
        message("waiting for domain %s; Ctrl-C ends this", s->options->domain);
    else
        message("waiting for domains named %s…; Ctrl-C ends this", s->options->prefix);
    domains_sweep(&s->host);
    confined = confine_calls(&trouble);
    status = confine_or_complain(confined, trouble);
    if ( status == STATUS_OK )
        look_for_domains(s);
    while ( status == STATUS_OK && !loop_interrupted && !once_over(s) )
    {
        status = host_turn(&s->host);
        if ( finish_done(s) || s->host.introduced )
        {
            s->host.introduced = false;
            forget(s);
            if ( !once_over(s) )
                look_for_domains(s);
        }
    }
    wind_up(s);
    if ( s->options->once && status == STATUS_OK && s->finished )
        wait_until_gone(s);
    while ( s->domains )
    {
        struct served *d = s->domains;

        s->domains = d->next;
        free(d->name);
        free(d);
    }
    /* Ctrl-C is the ordinary end, unless there was a domain to wait for. */
    if ( status == STATUS_OK && s->options->once && !s->finished )
        status = s->refused ? STATUS_FAILED : 128 + loop_interrupted;
    return status == STATUS_OK && s->failed ? STATUS_FAILED : status;
}

int backend_serve(const struct backend_options *o)
{
    struct selection selection = { 0 };
    struct server s = { .options = o, .selection = &selection };
    struct results unused = { 0 };
    struct image *image;
    char *trouble;
    bool confined;
    int status;

    image = select_image(o->image);
    if ( !image )
        return STATUS_ENVIRONMENT;
    status = select_rows(image, o->patterns, o->pattern_count, &o->columns, false, &selection);
    if ( status == STATUS_OK )
        status = environment_here(&unused.environment);
    if ( status == STATUS_OK )
    {
        confined = confine_files(NULL, false, &trouble);
        status = confine_or_complain(confined, trouble);
    }
    if ( status == STATUS_OK )
        status = host_open(&s.host);
    if ( status == STATUS_OK )
    {
        s.environment = unused.environment;
        s.session = (struct session_options){
            .image = image, .elf = o->image ? o->image : "our xenometer.elf",
            .samples = o->samples, .row_deadline = o->row_deadline,
            .domain_deadline = DOMAIN_DEADLINE,
        };
        status = serve(&s);
        host_close(&s.host);
    }
    results_free(&unused);
    selection_free(&selection);
    image_free(image);
    return status;
}
