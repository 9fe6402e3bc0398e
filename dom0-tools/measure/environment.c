#include "measure/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "backend/xenctrl.h"
#include "lib/files.h"
#include "lib/lab_clock.h"
#include "lib/tsc.h"
#include "xenometer.h"

static void set(char **field, char *value)
{
    free(*field);
    *field = value;
}

bool environment_is_xen(char **why_not)
{
    static const char path[] = "/proc/xen/capabilities";
    FILE *f = fopen(path, "re");
    char line[64] = "";

    *why_not = NULL;
    if ( !f )
    {
        *why_not = xasprintf("no %s: this machine runs no Xen", path);
        return false;
    }
    if ( !fgets(line, sizeof(line), f) )
        line[0] = '\0';
    fclose(f);
    if ( strstr(line, "control_d") )
        return true;
    *why_not = xstrdup("this is a Xen domain, but not dom0");
    return false;
}

void environment_name_build(struct environment *e)
{
    if ( e->xen && e->xen_build_id )
        set(&e->xen, xasprintf("%s (%.8s)", e->xen, e->xen_build_id));
}

void environment_started(struct environment *e)
{
    char text[32];
    time_t now = time(NULL);
    struct tm t;

    gmtime_r(&now, &t);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &t);
    set(&e->started, xstrdup(text));
}

void environment_lab(struct environment *e, const char *clock)
{
    set(&e->host, xasprintf("lab-%s", clock));
    /*
     * QEMU's plain TCG shows the host's TSC, but it is an interpreter that
     * runs in between: not the emulated CPU's cycles.
     */
    set(&e->clock, xstrdup(!strcmp(clock, "exact") ? "instructions"
                           : !strcmp(clock, "kvm") ? "cycles" : "ticks"));
    set(&e->xenometer, xstrdup(XENOMETER_VERSION));
}

/* "model name" of /proc/cpuinfo; NULL: none there. */
static char *cpu_model(void)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256], *colon, *model = NULL;

    while ( f && !model && fgets(line, sizeof(line), f) )
        if ( !strncmp(line, "model name", 10) && (colon = strchr(line, ':')) )
        {
            colon += 1 + strspn(colon + 1, " \t");
            colon[strcspn(colon, "\n")] = '\0';
            model = xstrdup(colon);
        }
    if ( f )
        fclose(f);
    return model;
}

/* The TSC against the clock, for a tenth of a second. */
static uint64_t tsc_hz(void)
{
    const struct timespec pause = { .tv_nsec = 100000000 };
    struct timespec from, to;
    uint64_t begin, end;

    clock_gettime(CLOCK_MONOTONIC_RAW, &from);
    begin = tsc_begin();
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_MONOTONIC_RAW, &to);
    end = tsc_end();
    return (uint64_t)((double)(end - begin) * 1e9 /
                      ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)));
}

const char *environment_below(void)
{
    static const struct {
        const char *vendor, *name;
    } known[] = {
        { "QEMU", "QEMU" }, { "Bochs", "Bochs" }, { "VMware", "VMware" }, { "innotek", "VirtualBox" },
        { "Amazon EC2", "Amazon EC2" }, { "Google", "Google Cloud" },
        { "Xen", "Xen" }, { "Parallels", "Parallels" }, { "OpenStack", "OpenStack" },
        { "DigitalOcean", "DigitalOcean" },
    };
    char *vendor = read_whole_file("/sys/class/dmi/id/sys_vendor", NULL);
    const char *name = NULL;

    for ( size_t i = 0; vendor && i < sizeof(known) / sizeof(known[0]); i++ )
        if ( !strncmp(vendor, known[i].vendor, strlen(known[i].vendor)) )
            name = known[i].name;
    free(vendor);
    return name;
}

/* Without a Xen of ours CPUID tells as well (Intel SDM 3A, CPUID.1:ECX.31; AMD APM 3, E.3.2). */
static bool cpu_says_guest(void)
{
    char *text = read_whole_file("/proc/cpuinfo", NULL);
    bool says = text && strstr(text, " hypervisor");

    free(text);
    return says;
}

/* Of a machine that is no lab. */
static void set_below(struct environment *e, bool xen)
{
    const char *below = environment_below();

    if ( !below && !xen && cpu_says_guest() )
        below = "a hypervisor";
    if ( below )
        set(&e->below, xstrdup(below));
}

void environment_linux(struct environment *e)
{
    struct utsname system;

    set(&e->host, xstrdup("linux"));
    set(&e->clock, xstrdup("cycles"));
    set(&e->xenometer, xstrdup(XENOMETER_VERSION));
    e->tsc_hz = tsc_hz();
    if ( uname(&system) == 0 )
        set(&e->linux_system, xstrdup(system.release));
    set(&e->cpu, cpu_model());
    set_below(e, false);
    environment_started(e);
}

int environment_here(struct environment *e)
{
    const char *lab = getenv(LAB_VARIABLE);
    struct xenctrl *xen = xenctrl_open();
    struct utsname system;

    if ( !xen )
        return STATUS_ENVIRONMENT;
    if ( lab && (!strcmp(lab, "exact") || !strcmp(lab, "fast") || !strcmp(lab, "kvm")) )
        environment_lab(e, lab);
    else
    {
        set(&e->host, xstrdup("xen"));
        set(&e->clock, xstrdup("cycles"));
        set(&e->xenometer, xstrdup(XENOMETER_VERSION));
        set_below(e, true);
    }
    /* Counted instructions have no frequency. */
    e->tsc_hz = strcmp(e->clock, "instructions") ? xenctrl_tsc_hz(xen) : 0;
    set(&e->xen, xenctrl_version(xen));
    set(&e->xen_build_id, xenctrl_build_id(xen));
    set(&e->xen_debug, xenctrl_debug(xen));
    if ( uname(&system) == 0 )
        set(&e->dom0_kernel, xstrdup(system.release));
    set(&e->cpu, cpu_model());
    set(&e->pinned, xenctrl_pinned(xen));
    set(&e->mitigations, xenctrl_mitigations(xen));
    set(&e->cpu_features, xenctrl_features(xen));
    environment_started(e);
    xenctrl_close(xen);
    return STATUS_OK;
}
