#include "bench/verify.h"

#include <stdlib.h>
#include <string.h>

#include "bench/self.h"
#include "lib/cancel.h"
#include "machines/lab.h"
#include "report/json.h"
#include "xenometer.h"

void verify_rows(struct selection *s)
{
    size_t kept = 0;

    for ( size_t i = 0; i < s->count; i++ )
        if ( s->rows[i]->own == NULL &&
             !(s->rows[i]->flags & (ROW_DOM0 | ROW_BLOCKS | ROW_TIMER)) &&
             !(s->rows[i]->needs & (DOMAIN_SMP | DOMAIN_SMP_SHARED | DOMAIN_PEER |
                                    DOMAIN_NETWORKS | DOMAIN_DISKS)) )
            s->rows[kept++] = s->rows[i];
    s->count = kept;
}

/* `xenometer run` of ourselves; its JSON becomes *results. */
static int run(const struct verify_options *o, const struct selection *selection,
               const char *cpu, const char *without, struct results *results)
{
    const char **argv = xcalloc(selection->count + 9, sizeof(*argv));
    char *cpu_option = xasprintf("--cpu=%s", cpu), *boots = xasprintf("--boots=%u", o->boots);
    char *samples = o->samples ? xasprintf("--samples=%u", o->samples) : NULL;
    char *modes = columns_text(&selection->columns, ","), *list = NULL, *text;
    size_t n = 0, size;
    int status;

    list = xasprintf("--modes=%s", modes);
    argv[n++] = "run";
    argv[n++] = "--host=lab";
    argv[n++] = "--json";
    argv[n++] = cpu_option;
    argv[n++] = boots;
    argv[n++] = list;
    if ( samples )
        argv[n++] = samples;
    if ( without )
        argv[n++] = without;
    for ( size_t i = 0; i < selection->count; i++ )
        argv[n++] = selection->rows[i]->name;

    status = self_run(argv, &text, &size);
    if ( status == STATUS_OK && results_from_json(text, size, "the lab's answer", results) )
        status = STATUS_ENVIRONMENT;
    free(text);
    free(list);
    free(modes);
    free(samples);
    free(boots);
    free(cpu_option);
    free(argv);
    return status;
}

/* "--without=decodeassists": what QEMU's CPU has to be without; NULL: nothing.  The caller's. */
static char *without(const struct results *bochs)
{
    const char *has = bochs->environment.cpu_features, *name;
    char *option = NULL;

    /* What results call it is what the lab calls it. */
    for ( size_t i = 0; has && (name = lab_feature_name(i)) != NULL; i++ )
        if ( !strstr(has, name) )
        {
            char *longer = option ? xasprintf("%s,%s", option, name)
                                  : xasprintf("--without=%s", name);

            free(option);
            option = longer;
        }
    return option;
}

int verify_measure(const struct verify_options *o, const struct selection *selection,
                   struct results *qemu, struct results *bochs)
{
    char *option;
    int status;

    cancel_begin();
    status = run(o, selection, o->cpu, NULL, bochs);
    option = without(bochs);
    if ( status == STATUS_OK )
        status = run(o, selection, "amd", option, qemu);
    free(option);
    cancel_end();
    return status;
}

/* One sample in so many that has a value makes it a level. */
#define LEVEL_SHARE 4u

static bool has_level(const struct result *r, uint64_t value)
{
    size_t samples = 0, of_value = 0;

    for ( size_t i = 0; i < r->distinct; i++ )
    {
        samples += r->distribution[i].count;
        if ( r->distribution[i].value == value )
            of_value = r->distribution[i].count;
    }
    return of_value * LEVEL_SHARE >= samples && samples;
}

/* Each one's median is a level of the other. */
static bool alternates(const struct change *c)
{
    return c->kind == CHANGE_MEDIAN && has_level(c->before, c->after->median) &&
           has_level(c->after, c->before->median);
}

void verify_levels(struct comparison *comparison)
{
    for ( size_t i = 0; i < comparison->count; i++ )
    {
        struct change *c = &comparison->changes[i];

        if ( c->explained || !alternates(c) )
            continue;
        c->explained = "figures alternate, between the same in both";
        comparison->explained += c->counts;
    }
}

struct agreement verify_count(const struct comparison *comparison)
{
    struct agreement agreement = { .cells = 0 };

    for ( size_t i = 0; i < comparison->count; i++ )
    {
        const struct change *c = &comparison->changes[i];

        if ( !c->before || !c->after || c->before->outcome != OUTCOME_SUCCESS ||
             c->after->outcome != OUTCOME_SUCCESS )
            continue;
        agreement.cells++;
        if ( c->kind == CHANGE_NONE )
            agreement.equal++;
        else if ( alternates(c) )
            agreement.levels++;
        else if ( c->explained && c->after->median <= c->before->median + VERIFY_NEAR &&
                  c->before->median <= c->after->median + VERIFY_NEAR )
            agreement.near++;
        else if ( c->explained )
            agreement.far++;
    }
    return agreement;
}
