/*
 * Whatever makes cycles less than exact: frequency, SMT, turbo, an unsteady
 * TSC, a dom0 that wanders between CPUs. (checks.h)
 *
 * On a Xen host the hypervisor, not dom0's kernel, knows most of it: xl and
 * xenpm are asked first.  The lab's instruction clock depends on none of this.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/checks.h"
#include "xenometer.h"

#define GROUP "figures"
#define CPU   "/sys/devices/system/cpu/"

static void check_governor(struct checks *checks, const char *xenpm)
{
    char *governor = output_value(xenpm, "current_governor");

    if ( governor == NULL )
        governor = first_line(CPU "cpu0/cpufreq/scaling_governor");
    if ( governor == NULL )
        checks_add(checks, GROUP, "governor", CHECK_OK, NULL,
                   "no frequency scaling in sight");
    else if ( strcmp(governor, "performance") == 0 )
        checks_add(checks, GROUP, "governor", CHECK_OK, NULL, "performance");
    else
        checks_add(checks, GROUP, "governor", CHECK_NOTE,
                   xenpm ? "xenpm set-scaling-governor performance"
                         : "cpupower frequency-set -g performance",
                   "%s: the frequency changes with the load", governor);
    free(governor);
}

static void check_turbo(struct checks *checks, const char *xenpm)
{
    char *xen = output_value(xenpm, "turbo mode");
    char *intel = first_line(CPU "intel_pstate/no_turbo");
    char *boost = first_line(CPU "cpufreq/boost");
    bool on = (xen != NULL && strncmp(xen, "enabled", 7) == 0) ||
              (xen == NULL && ((intel != NULL && strcmp(intel, "0") == 0) ||
                               (boost != NULL && strcmp(boost, "1") == 0)));

    if ( on )
        checks_add(checks, GROUP, "turbo", CHECK_NOTE,
                   xen ? "xenpm disable-turbo-mode"
                       : "turn it off in /sys/devices/system/cpu",
                   "on: the core outruns the TSC, and not evenly");
    else
        checks_add(checks, GROUP, "turbo", CHECK_OK, NULL, "%s",
                   xen || intel || boost ? "off" : "none in sight");
    free(xen);
    free(intel);
    free(boost);
}

static void check_smt(struct checks *checks, const char *info)
{
    char *threads = output_value(info, "threads_per_core");
    char *active = first_line(CPU "smt/active");
    bool on = threads ? strcmp(threads, "1") != 0
                      : active != NULL && strcmp(active, "1") == 0;

    if ( on )
        checks_add(checks, GROUP, "SMT", CHECK_NOTE,
                   threads ? "start Xen with smt=0"
                           : "echo off > /sys/devices/system/cpu/smt/control",
                   "on: the other thread of a core slows the measured one");
    else
        checks_add(checks, GROUP, "SMT", CHECK_OK, NULL, "off");
    free(threads);
    free(active);
}

static void check_tsc(struct checks *checks)
{
    FILE *in = fopen("/proc/cpuinfo", "re");
    bool constant = false, nonstop = false;
    char *line = NULL;
    size_t room = 0;

    while ( in != NULL && getline(&line, &room, in) > 0 )
        if ( strncmp(line, "flags", 5) == 0 )
        {
            constant = strstr(line, " constant_tsc") != NULL;
            nonstop = strstr(line, " nonstop_tsc") != NULL;
            break;
        }
    free(line);
    if ( in != NULL )
        fclose(in);
    if ( constant && nonstop )
        checks_add(checks, GROUP, "TSC", CHECK_OK, NULL,
                   "invariant (constant_tsc, nonstop_tsc)");
    else
        checks_add(checks, GROUP, "TSC", CHECK_NOTE,
                   "distrust figures in cycles from this machine",
                   "not invariant: its rate may change or stop");
}

/*
 * "Domain-0  0  0  0  r--  8.8  all / all": the word before the slash is the
 * hard affinity of dom0's first vCPU.
 */
static void check_pinning(struct checks *checks)
{
    static const char *const argv[] = { "xl", "vcpu-list", "0", NULL };
    char *list = program_output(argv);
    char *row = list ? strchr(list, '\n') : NULL;
    char *slash = row ? strstr(row, " / ") : NULL, *word;

    if ( slash != NULL )
    {
        *slash = '\0';
        word = strrchr(row, ' ');
        if ( word != NULL && strcmp(word + 1, "all") != 0 )
            checks_add(checks, GROUP, "dom0", CHECK_OK, NULL,
                       "its vCPU 0 is pinned to CPU %s", word + 1);
        else
            checks_add(checks, GROUP, "dom0", CHECK_NOTE,
                       "start Xen with dom0_max_vcpus=N dom0_vcpus_pin",
                       "not pinned: it may share a CPU with the measured "
                       "domain");
    }
    free(list);
}

void checks_figures(struct checks *checks)
{
    static const char *const info_argv[] = { "xl", "info", NULL };
    static const char *const xenpm_argv[] = { "xenpm", "get-cpufreq-para", "0",
                                              NULL };
    bool dom0 = access("/proc/xen/capabilities", F_OK) == 0;
    char *info = dom0 ? program_output(info_argv) : NULL;
    char *xenpm = dom0 ? program_output(xenpm_argv) : NULL;

    check_governor(checks, xenpm);
    check_turbo(checks, xenpm);
    check_smt(checks, info);
    check_tsc(checks);
    if ( dom0 )
        check_pinning(checks);
    free(info);
    free(xenpm);
}
