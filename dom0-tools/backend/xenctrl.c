#include "xenctrl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xentoollog.h>

#include "xenometer.h"

struct xenctrl {
    xc_interface *xc;
};

/* -------------------------------------------------------------- logger -- */

static void log_line(struct xentoollog_logger *logger, xentoollog_level level,
                     int error, const char *context, const char *format, va_list al)
{
    char text[256];

    (void)logger;
    if ( !verbose || level < XTL_WARN )
        return;
    vsnprintf(text, sizeof(text), format, al);
    message("%s: %s%s%s", context ? context : "xen", text,
            error > 0 ? ": " : "", error > 0 ? strerror(error) : "");
}

static void log_nothing(struct xentoollog_logger *logger)
{
    (void)logger;
}

struct xentoollog_logger *xenctrl_logger(void)
{
    static struct xentoollog_logger logger = {
        .vmessage = log_line, .destroy = log_nothing,
    };

    return &logger;
}

/* ------------------------------------------------------------- domains -- */

struct xenctrl *xenctrl_open(void)
{
    xentoollog_logger *logger = xenctrl_logger();
    struct xenctrl *x = xcalloc(1, sizeof(*x));

    x->xc = xc_interface_open(logger, logger, 0);
    if ( x->xc )
        return x;
    message("cannot talk to Xen: %s; this needs root in a Xen dom0 with the "
            "module xen-privcmd", strerror(errno));
    free(x);
    return NULL;
}

void xenctrl_close(struct xenctrl *x)
{
    if ( !x )
        return;
    xc_interface_close(x->xc);
    free(x);
}

static enum mode mode_of(const xc_domaininfo_t *info)
{
    if ( !(info->flags & XEN_DOMINF_hvm_guest) )
        return MODE_PV;
    /* libxl builds PVH with a local APIC and no other device. */
    return info->arch_config.emulation_flags & XEN_X86_EMU_PIT ? MODE_HVM : MODE_PVH;
}

struct domain_state xenctrl_domain(struct xenctrl *x, uint32_t domid)
{
    struct domain_state s = { 0 };
    xc_domaininfo_t info;

    /* The call gives the first domain from `domid` on: look which it is. */
    if ( xc_domain_getinfolist(x->xc, domid, 1, &info) != 1 || info.domain != domid )
        return s;
    s.exists = true;
    s.dying = info.flags & XEN_DOMINF_dying;
    s.paused = info.flags & XEN_DOMINF_paused;
    s.shutdown = info.flags & XEN_DOMINF_shutdown;
    s.reason = (info.flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
    s.mode = mode_of(&info);
    s.vcpus = info.max_vcpu_id + 1;
    s.online_vcpus = info.nr_online_vcpus;
    return s;
}

const char *xenctrl_end(const struct domain_state *s)
{
    if ( !s->exists || (s->dying && !s->shutdown) )
        return "was destroyed";
    if ( !s->shutdown )
        return NULL;
    switch ( s->reason )
    {
    case SHUTDOWN_poweroff:   return "shut itself down (poweroff)";
    case SHUTDOWN_reboot:     return "shut down for a reboot (a triple fault does that)";
    case SHUTDOWN_suspend:    return "shut down for a suspend";
    case SHUTDOWN_crash:      return "crashed";
    case SHUTDOWN_watchdog:   return "was shut down by its watchdog";
    case SHUTDOWN_soft_reset: return "shut down for a soft reset";
    }
    return "shut down for an unknown reason";
}

bool xenctrl_unpause(struct xenctrl *x, uint32_t domid)
{
    return xc_domain_unpause(x->xc, domid) == 0;
}

bool xenctrl_destroy(struct xenctrl *x, uint32_t domid)
{
    return xc_domain_destroy(x->xc, domid) == 0;
}

/* --------------------------------------------------------- environment -- */

uint32_t xenctrl_modes(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };
    uint32_t modes = 0;

    if ( xc_physinfo(x->xc, &info) )
        return MODES_XEN;   /* cannot ask: xl create will tell */
    if ( info.capabilities & XEN_SYSCTL_PHYSCAP_pv )
        modes |= MODE_PV;
    if ( info.capabilities & XEN_SYSCTL_PHYSCAP_hvm )
        modes |= MODE_PVH | MODE_HVM;
    return modes;
}

uint64_t xenctrl_tsc_hz(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };

    return xc_physinfo(x->xc, &info) ? 0 : (uint64_t)info.cpu_khz * 1000;
}

char *xenctrl_version(struct xenctrl *x)
{
    int version = xc_version(x->xc, XENVER_version, NULL);
    xen_extraversion_t extra = "";

    if ( version < 0 )
        return NULL;
    xc_version(x->xc, XENVER_extraversion, extra);
    extra[sizeof(extra) - 1] = '\0';
    return xasprintf("%d.%d%s", version >> 16, version & 0xffff, extra);
}

/* What follows `heading` on its line of the log; the caller's, NULL: not there. */
static char *line_after(const char *log, const char *heading)
{
    const char *line = strstr(log, heading);

    if ( !line )
        return NULL;
    line += strlen(heading);
    return xasprintf("%.*s", (int)strcspn(line, "\r\n"), line);
}

/* From the banner of Xen's print_details(), arch/x86/spec_ctrl.c. */
char *xenctrl_mitigations_in(const char *log)
{
    char *settings = line_after(log, "Xen settings: ");
    char *xpti = line_after(log, "XPTI (64-bit PV only): "), *both;

    if ( !settings || !xpti )
    {
        free(xpti);
        return settings;
    }
    both = xasprintf("%s; XPTI: %s", settings, xpti);
    free(settings);
    free(xpti);
    return both;
}

char *xenctrl_mitigations(struct xenctrl *x)
{
    unsigned size = 64u << 10;
    char *log = xcalloc(1, size + 1), *answer = NULL;

    if ( xc_readconsolering(x->xc, log, &size, 0, 0, NULL) == 0 )
    {
        log[size] = '\0';
        answer = xenctrl_mitigations_in(log);
    }
    free(log);
    return answer;
}

static unsigned bits(const uint8_t *map, int bytes)
{
    unsigned sum = 0;

    for ( int i = 0; i < bytes; i++ )
        sum += (unsigned)__builtin_popcount(map[i]);
    return sum;
}

/* Clear in `spare` the CPUs that a vCPU of dom0 may run on; false: cannot ask. */
static bool leave_to_dom0(struct xenctrl *x, uint32_t vcpus, uint8_t *spare, int bytes,
                          unsigned *pinned)
{
    xc_cpumap_t hard = xc_cpumap_alloc(x->xc), soft = xc_cpumap_alloc(x->xc);
    bool known = hard && soft;

    for ( uint32_t v = 0; known && v < vcpus; v++ )
    {
        known = xc_vcpu_getaffinity(x->xc, 0, (int)v, hard, soft, XEN_VCPUAFFINITY_HARD) == 0;
        *pinned += known && bits(hard, bytes) == 1;
        for ( int i = 0; known && i < bytes; i++ )
            spare[i] &= (uint8_t)~hard[i];
    }
    free(hard);
    free(soft);
    return known;
}

/* The CPUs in use that dom0 keeps away from; the caller's, NULL: cannot ask. */
static uint8_t *find_spare(struct xenctrl *x, int *bytes, unsigned *pinned)
{
    struct domain_state dom0 = xenctrl_domain(x, 0);
    unsigned count = 0;
    xc_cputopo_t *cpus;
    uint8_t *spare;
    bool known;

    *pinned = 0;
    *bytes = xc_get_cpumap_size(x->xc);
    if ( *bytes <= 0 || !dom0.exists || xc_cputopoinfo(x->xc, &count, NULL) )
        return NULL;
    cpus = xcalloc(count, sizeof(*cpus));
    spare = xcalloc((size_t)*bytes, 1);
    known = xc_cputopoinfo(x->xc, &count, cpus) == 0;
    for ( unsigned i = 0; known && i < count && i / 8 < (unsigned)*bytes; i++ )
        if ( cpus[i].core != XEN_INVALID_CORE_ID )   /* else parked, as by smt=0 */
            spare[i / 8] |= (uint8_t)(1u << (i % 8));
    known = known && leave_to_dom0(x, dom0.vcpus, spare, *bytes, pinned);
    free(cpus);
    if ( known )
        return spare;
    free(spare);
    return NULL;
}

/* -1: none. */
static int first_cpu(const uint8_t *map, int bytes)
{
    for ( int i = 0; map && i < 8 * bytes; i++ )
        if ( map[i / 8] >> (i % 8) & 1 )
            return i;
    return -1;
}

int xenctrl_spare_cpu(struct xenctrl *x)
{
    unsigned pinned;
    int bytes, cpu;
    uint8_t *spare = find_spare(x, &bytes, &pinned);

    cpu = first_cpu(spare, bytes);
    free(spare);
    return cpu;
}

char *xenctrl_pinned(struct xenctrl *x)
{
    struct domain_state dom0 = xenctrl_domain(x, 0);
    xc_physinfo_t info = { 0 };
    unsigned pinned;
    uint8_t *spare;
    char *domains, *answer;
    int bytes, cpu;

    if ( xc_physinfo(x->xc, &info) || !dom0.exists )
        return NULL;
    if ( info.nr_cpus == 1 )
        return xstrdup("one CPU for all");
    spare = find_spare(x, &bytes, &pinned);
    cpu = first_cpu(spare, bytes);
    free(spare);
    domains = cpu < 0 ? xstrdup("not pinned") : xasprintf("on CPU %d", cpu);
    answer = xasprintf("%u CPUs; dom0: %u of %u vCPUs pinned; domains: %s", info.nr_cpus,
                       pinned, dom0.online_vcpus, domains);
    free(domains);
    return answer;
}
