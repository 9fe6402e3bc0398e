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

#include "backend/xenctrl.h"
#include "bench/checks.h"
#include "measure/environment.h"
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

/* What only Xen knows, and only root may ask: checks_xen() says so otherwise. */
static void check_xen(struct checks *checks)
{
    struct xenctrl *xen = geteuid() == 0 ? xenctrl_open() : NULL;
    char *pinned, *mitigations;

    if ( xen == NULL )
        return;
    pinned = xenctrl_pinned(xen);
    mitigations = xenctrl_mitigations(xen);
    if ( pinned != NULL )
        checks_add(checks, GROUP, "pinning", xenctrl_spare_cpu(xen) >= 0 ? CHECK_OK
                                                                         : CHECK_NOTE,
                   "a CPU that dom0 keeps away from is best: start Xen with "
                   "dom0_max_vcpus=N dom0_vcpus_pin, N below the number of CPUs",
                   "%s", pinned);
    checks_add(checks, GROUP, "mitigations", CHECK_OK, NULL, "%s",
               mitigations ? mitigations
                           : "unknown: Xen's boot messages are gone from `xl dmesg`");
    free(pinned);
    free(mitigations);
    xenctrl_close(xen);
}

void checks_figures(struct checks *checks)
{
    static const char *const info_argv[] = { "xl", "info", NULL };
    static const char *const xenpm_argv[] = { "xenpm", "get-cpufreq-para", "0",
                                              NULL };
    static const char *const cpuidle_argv[] = { "xenpm", "get-cpuidle-states", "0", NULL };
    bool dom0 = access("/proc/xen/capabilities", F_OK) == 0;
    char *info = dom0 ? program_output(info_argv) : NULL;
    char *xenpm = dom0 ? program_output(xenpm_argv) : NULL;
    char *cpuidle = dom0 ? program_output(cpuidle_argv) : NULL;

    check_governor(checks, xenpm);
    check_turbo(checks, xenpm);
    check_smt(checks, info);
    check_tsc(checks);
    if ( dom0 )
        check_xen(checks);
    if ( info )
        checks_host(checks, info, cpuidle, environment_below());
    free(cpuidle);
    free(info);
    free(xenpm);
}
