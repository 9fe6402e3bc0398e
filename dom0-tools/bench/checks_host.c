/*
 * What makes a Xen host less still than it could be, from what `xl info`, `xenpm` and the firmware
 * say: scheduler, idle states, dom0's share, NUMA, a hypervisor below. (checks.h)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/checks.h"
#include "xenometer.h"

#define GROUP "figures"

static unsigned long number_of(const char *info, const char *key)
{
    char *text = output_value(info, key);
    unsigned long value = text ? strtoul(text, NULL, 10) : 0;

    free(text);
    return value;
}

/* A word of Xen's command line that begins so. */
static bool told(const char *info, const char *word)
{
    char *line = output_value(info, "xen_commandline"), *rest = line, *next;
    bool found = false;

    while ( line && !found && (next = strsep(&rest, " ")) != NULL )
        found = !strncmp(next, word, strlen(word));
    free(line);
    return found;
}

static void check_scheduler(struct checks *checks, const char *info)
{
    char *name = output_value(info, "xen_scheduler");

    if ( name && !strncmp(name, "credit", 6) )
        checks_add(checks, GROUP, "scheduler", CHECK_OK, NULL, "%s", name);
    else if ( name )
        checks_add(checks, GROUP, "scheduler", CHECK_NOTE, "start Xen with sched=credit2, its default, to "
                   "compare with others", "%s: what wakes and yields takes is this scheduler's", name);
    free(name);
}

/* "C1 [< 10000us]"-like lines of xenpm; what it may enter at most is told in "Max possible C-state". */
static void check_idle(struct checks *checks, const char *info, const char *cpuidle)
{
    char *most = cpuidle ? output_value(cpuidle, "Max possible C-state") : NULL;
    bool limited = told(info, "max_cstate=0") || told(info, "max_cstate=1") ||
                   (most && (!strcmp(most, "C0") || !strcmp(most, "C1")));

    if ( limited )
        checks_add(checks, GROUP, "idle states", CHECK_OK, NULL, "none deeper than C1");
    else if ( cpuidle )
        checks_add(checks, GROUP, "idle states", CHECK_NOTE, "xenpm set-max-cstate 1, or start Xen with "
                   "max_cstate=1", "a CPU may sleep deeper than C1: whoever waits pays for its waking");
    else
        checks_add(checks, GROUP, "idle states", CHECK_OK, NULL, "none in sight");
    free(most);
}

static void check_dom0(struct checks *checks, const char *info)
{
    unsigned long cpus = number_of(info, "nr_cpus");

    if ( cpus == 1 )
        checks_add(checks, GROUP, "CPUs", CHECK_NOTE, "measure on a machine with two CPUs or more",
                   "one: dom0 and the domain take turns on it");
    else if ( !told(info, "dom0_max_vcpus=") )
        checks_add(checks, GROUP, "dom0's vCPUs", CHECK_NOTE, "start Xen with dom0_max_vcpus=1 "
                   "dom0_vcpus_pin", "as many as there are CPUs (%lu): they disturb the domain's", cpus);
    else
        checks_add(checks, GROUP, "dom0's vCPUs", CHECK_OK, NULL, "limited, of %lu CPUs", cpus);
    if ( told(info, "dom0_mem=") )
        checks_add(checks, GROUP, "dom0's memory", CHECK_OK, NULL, "fixed");
    else
        checks_add(checks, GROUP, "dom0's memory", CHECK_NOTE, "start Xen with dom0_mem=2048M,max:2048M",
                   "all that is free: each domain that starts takes of it first");
}

static void check_numa(struct checks *checks, const char *info)
{
    unsigned long nodes = number_of(info, "nr_nodes");

    if ( nodes > 1 )
        checks_add(checks, GROUP, "NUMA", CHECK_NOTE, "keep dom0 and the domain on one node: dom0_nodes=0, "
                   "cpus=\"node:0\"", "%lu nodes: memory of another one is farther", nodes);
    else
        checks_add(checks, GROUP, "NUMA", CHECK_OK, NULL, "one node");
}

static void check_nested(struct checks *checks, const char *below)
{
    if ( below )
        checks_add(checks, GROUP, "nested", CHECK_NOTE, "measure on the bare machine: these figures are no "
                   "hardware's", "this Xen runs in a virtual machine (%s)", below);
    else
        checks_add(checks, GROUP, "nested", CHECK_OK, NULL, "no hypervisor below this Xen in sight");
}

void checks_host(struct checks *checks, const char *info, const char *cpuidle, const char *below)
{
    check_scheduler(checks, info);
    check_idle(checks, info, cpuidle);
    check_dom0(checks, info);
    check_numa(checks, info);
    check_nested(checks, below);
}
