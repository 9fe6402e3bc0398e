#include "measure/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/party.h"
#include "measure/row.h"
#include "xenometer.h"

static char *run_both(struct row_run *r, struct party *p)
{
    uint32_t first = p->members[0].guest.domid, second = p->members[1].guest.domid;
    const struct device *d = p->members[0].device;
    struct control_response command;
    char *error;
    int port = xenctrl_alloc_port(r->domains->host->xen, first, second);

    if ( port < 0 )
        return xasprintf("no event channel between the domains: %s", strerror(errno));
    command = image_command(r->row, PARTY_COMMAND, r->count);
    command.peer_port = (uint32_t)port;
    /* The second first: it only waits. */
    command.half = PEER_SECOND;
    command.peer_domain = first;
    party_tell(p, 1, &command);
    command.half = PEER_FIRST;
    command.peer_domain = second;
    party_tell(p, 0, &command);
    error = party_wait(p, r->domains->options->row_deadline);
    /* Where one of them cannot, the other waits in vain. */
    for ( unsigned i = 0; i < 2; i++ )
        if ( error && p->members[i].device->request.kind == CONTROL_RESULT &&
             p->members[i].device->request.id == PARTY_COMMAND &&
             p->members[i].device->request.outcome == OUTCOME_SKIP )
        {
            free(error);
            r->skip = party_trouble(p, i, r->count);
            return NULL;
        }
    for ( unsigned i = 0; i < 2 && !error; i++ )
        error = party_trouble(p, i, r->count);
    if ( error )
        return error;
    r->first = d->request.first;
    r->taken = d->request.samples;
    device_samples(d, r->ticks, r->taken);
    return NULL;
}

void peer_run(struct row_run *r)
{
    unsigned cpus = xenctrl_cpus(r->domains->host->xen);
    const char *settings[2] = { NULL };
    struct party party = { .count = 0 };
    char cpu[24];

    /* Not the first: dom0 is likely to live there. */
    if ( cpus > 1 )
    {
        snprintf(cpu, sizeof(cpu), "cpus=\"%u\"", cpus - 1);
        settings[0] = cpu;
    }
    r->error = party_make(&party, r->domains, r->column, r->row->needs, settings, 2);
    if ( !r->error )
        r->error = party_connect(&party, r->row->needs);
    if ( !r->error )
        r->error = party_overhead(&party, 0, &r->overhead);
    if ( !r->error )
        r->error = run_both(r, &party);
    party_end(&party);
}
