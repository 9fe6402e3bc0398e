/*
 * `xenometer factors`: the options of Xen and dom0 that are worth a `run --factor`.
 */
#include <argp.h>
#include <stdio.h>

#include "bench/factors.h"
#include "xenometer.h"

static const struct argp parser = {
    .doc = "List options of Xen and of dom0's kernel that are known to change what paths take, with "
           "their values."
           "\vExample:\n"
           "  xenometer run --factor=xen:spec-ctrl=no --factor=xen:sched=credit 'hypercall/*'\n",
};

int command_factors(int argc, char **argv)
{
    if ( argp_parse(&parser, argc, argv, 0, NULL, NULL) )
        return STATUS_USAGE;
    factors_list(stdout);
    return STATUS_OK;
}
