#include "backend/xenctrl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xencall.h>
#include <xenctrl.h>
#include <xen/sched.h>
#include <xen/hvm/save.h>
#include <xentoollog.h>

#include "xenometer.h"

struct xenctrl {
    xc_interface *xc;
    xencall_handle *call;
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
    x->call = xencall_open(logger, 0);
    if ( x->xc && x->call )
        return x;
    message("cannot talk to Xen: %s; this needs root in a Xen dom0 with the "
            "module xen-privcmd", strerror(errno));
    xenctrl_close(x);
    return NULL;
}

void xenctrl_close(struct xenctrl *x)
{
    if ( !x )
        return;
    xencall_close(x->call);
    xc_interface_close(x->xc);
    free(x);
}

static enum mode mode_of(const xc_domaininfo_t *info)
{
#ifdef __aarch64__
    (void)info;
    return MODE_ARM64;
#else
    if ( !(info->flags & XEN_DOMINF_hvm_guest) )
        return MODE_PV;
    /* libxl builds PVH with a local APIC and no other device. */
    return info->arch_config.emulation_flags & XEN_X86_EMU_PIT ? MODE_HVM : MODE_PVH;
#endif
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
    if ( !s->exists ||
         (s->dying && (!s->shutdown || s->reason == SHUTDOWN_suspend)) )
        return "was destroyed";
    if ( !s->shutdown || s->reason == SHUTDOWN_suspend )
        return NULL;
    switch ( s->reason )
    {
    case SHUTDOWN_poweroff:   return "shut itself down (poweroff)";
    case SHUTDOWN_reboot:     return "shut down for a reboot (a triple fault does that)";
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

void xenctrl_yield(struct xenctrl *x)
{
    xencall2(x->call, __HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

#ifdef __aarch64__
/* Its guests' clock, the cycle counter, is not dom0's to read. */
bool xenctrl_tsc_offset(uint32_t domid, enum mode mode, uint64_t *offset, uint64_t *doubt)
{
    (void)domid;
    (void)mode;
    *offset = *doubt = 0;
    errno = ENOSYS;
    return false;
}
#else
/* rdtsc in dom0: with lfence no later than asked for. */
static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile ("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high) :: "memory");
    return ((uint64_t)high << 32) | low;
}

/* The record of vCPU 0 in an HVM context (xen/arch-x86/hvm/save.h). */
static const struct hvm_hw_cpu *find_cpu(const uint8_t *context, size_t size)
{
    size_t at = 0;

    while ( size - at >= sizeof(struct hvm_save_descriptor) )
    {
        const struct hvm_save_descriptor *d = (const void *)(context + at);

        at += sizeof(*d);
        if ( d->typecode == HVM_SAVE_CODE(END) || d->length > size - at )
            break;
        if ( d->typecode == HVM_SAVE_CODE(CPU) && d->instance == 0 &&
             d->length >= offsetof(struct hvm_hw_cpu, tsc) + sizeof(uint64_t) )
            return (const void *)(context + at);
        at += d->length;
    }
    return NULL;
}

/* XEN_DOMCTL_gethvmcontext with buffers of our own: nothing is allocated, and
 * nothing faults, between the two readings.  Bytes, or -1 with errno. */
static long get_context(xencall_handle *call, struct xen_domctl *op, uint32_t domid,
                        uint8_t *context, size_t size, uint64_t *begin, uint64_t *end)
{
    int failed;

    memset(op, 0, sizeof(*op));
    op->cmd = XEN_DOMCTL_gethvmcontext;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = (domid_t)domid;
    op->u.hvmcontext.size = (uint32_t)size;
    set_xen_guest_handle_raw(op->u.hvmcontext.buffer, context);
    *begin = ticks();
    failed = xencall1(call, __HYPERVISOR_domctl, (uintptr_t)op);
    *end = ticks();
    return failed < 0 ? -1 : (long)op->u.hvmcontext.size;
}

/*
 * Xen notes its TSC when it begins to collect an HVM context and writes the
 * guest's TSC of that moment into the vCPU's record.  Asking for the size alone
 * goes the same way in and out and collects nothing: half of that is how long
 * after our reading the moment is.
 */
static bool compare_clocks(xencall_handle *call, struct xen_domctl *op, uint8_t *context,
                           size_t size, uint32_t domid, uint64_t *offset, uint64_t *doubt)
{
    const struct hvm_hw_cpu *cpu;
    uint64_t begin, end, empty;
    long got;

    if ( get_context(call, op, domid, NULL, 0, &begin, &end) < 0 )
        return false;
    empty = end - begin;
    got = get_context(call, op, domid, context, size, &begin, &end);
    if ( got < 0 )
        return false;
    errno = EPROTO;
    cpu = find_cpu(context, (size_t)got);
    if ( !cpu )
        return false;
    *offset = cpu->tsc - (begin + empty / 2);
    *doubt = empty / 2;
    return true;
}

#define CONTEXT_PAGES 16u   /* more than any version's HVM context of one vCPU */

bool xenctrl_tsc_offset(uint32_t domid, enum mode mode, uint64_t *offset, uint64_t *doubt)
{
    xencall_handle *call;
    struct xen_domctl *op = NULL;
    uint8_t *context = NULL;
    bool done;

    *offset = *doubt = 0;
    if ( mode == MODE_PV )
        return true;
    call = xencall_open(xenctrl_logger(), 0);
    if ( call )
    {
        op = xencall_alloc_buffer(call, sizeof(*op));
        context = xencall_alloc_buffer_pages(call, CONTEXT_PAGES);
    }
    done = op && context;
    /* Twice: the first time everything is touched. */
    for ( int i = 0; i < 2 && done; i++ )
        done = compare_clocks(call, op, context, CONTEXT_PAGES * XC_PAGE_SIZE, domid,
                              offset, doubt);
    if ( op )
        xencall_free_buffer(call, op);
    if ( context )
        xencall_free_buffer_pages(call, context, CONTEXT_PAGES);
    xencall_close(call);
    return done;
}

#endif

int xenctrl_null(struct xenctrl *x)
{
    return xc_version(x->xc, XENVER_version, NULL);
}

int xenctrl_alloc_port(struct xenctrl *x, uint32_t domid, uint32_t remote)
{
    return xc_evtchn_alloc_unbound(x->xc, domid, remote);
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
#ifdef __aarch64__
    modes |= MODE_ARM64;
#else
    if ( info.capabilities & XEN_SYSCTL_PHYSCAP_pv )
        modes |= MODE_PV;
    if ( info.capabilities & XEN_SYSCTL_PHYSCAP_hvm )
        modes |= MODE_PVH | MODE_HVM;
#endif
    return modes;
}

row_needs xenctrl_lacks(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };
    row_needs lacks = 0;

    if ( xc_physinfo(x->xc, &info) )
        return 0;   /* cannot ask: xl create will tell */
    if ( !(info.capabilities & XEN_SYSCTL_PHYSCAP_shadow) )
        lacks |= DOMAIN_SHADOW;
    if ( !(info.capabilities & XEN_SYSCTL_PHYSCAP_hap) )
        lacks |= DOMAIN_ON_DEMAND;
    return lacks;
}

uint64_t xenctrl_tsc_hz(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };

    return xc_physinfo(x->xc, &info) ? 0 : (uint64_t)info.cpu_khz * 1000;
}

unsigned xenctrl_cpus(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };

    return xc_physinfo(x->xc, &info) ? 0 : info.nr_cpus;
}

uint64_t xenctrl_free_memory(struct xenctrl *x)
{
    xc_physinfo_t info = { 0 };

    return xc_physinfo(x->xc, &info) ? 0 : info.free_pages >> (20 - XC_PAGE_SHIFT);
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

char *xenctrl_build_id(struct xenctrl *x)
{
    union {
        xen_build_id_t id;
        unsigned char room[sizeof(xen_build_id_t) + 64];
    } answer = { .id.len = 64 };
    int length = xc_version(x->xc, XENVER_build_id, &answer);
    char *text;

    if ( length <= 0 || length > 64 )
        return NULL;
    text = xcalloc(1, 2 * (size_t)length + 1);
    for ( int i = 0; i < length; i++ )
        snprintf(text + 2 * i, 3, "%02x", answer.room[offsetof(xen_build_id_t, buf) + (size_t)i]);
    return text;
}

/* "Xen version 4.20.4 (Debian …) (…) (gcc …) debug=n Tue …": the first line of its boot log. */
char *xenctrl_debug_in(const char *log)
{
    char *banner = line_after(log, "Xen version "), *at = banner ? strstr(banner, " debug=") : NULL;
    char *answer = at && at[7] ? xasprintf("%c", at[7]) : NULL;

    free(banner);
    return answer;
}

/* From the banner of Xen's print_details(), arch/x86/spec_ctrl.c.  What it does for domains costs
 * at their switches: EAGER_FPU saves and loads all vector registers, RSB fills the return stack. */
char *xenctrl_mitigations_in(const char *log)
{
    static const struct { const char *heading, *title; } parts[] = {
        { "Support for HVM VMs: ", "for HVM" },
        { "Support for PV VMs: ", "for PV" },
        { "XPTI (64-bit PV only): ", "XPTI" },
    };
    char *all = line_after(log, "Xen settings: ");

    for ( size_t i = 0; all && i < sizeof(parts) / sizeof(parts[0]); i++ )
    {
        char *before = all, *part = line_after(log, parts[i].heading);

        if ( part )
        {
            all = xasprintf("%s; %s: %s", before, parts[i].title, part);
            free(before);
        }
        free(part);
    }
    return all;
}

/* "Extended Page Tables (EPT)": "ept"; what has no short name gets its words. */
static char *feature_name(const char *phrase, size_t length)
{
    static const char nrip_save[] = "Next-RIP Saved on #VMEXIT";
    const char *open = memchr(phrase, '(', length);
    char *name;

    if ( length == strlen(nrip_save) && !memcmp(phrase, nrip_save, length) )
        return xstrdup("nrip-save");
    /* "Last Branch Record (LBR) Virtualisation" is another thing than its records. */
    if ( open && phrase[length - 1] == ')' )
    {
        length -= (size_t)(open + 2 - phrase);
        phrase = open + 1;
    }
    name = xasprintf("%.*s", (int)length, phrase);
    for ( char *c = name; *c; c++ )
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c == ' ' || *c == ',' ? '-' : *c;
    return name;
}

/* From start_svm() and vmx_display_features() in Xen's arch/x86/hvm: a heading, then a line
 * each. */
char *xenctrl_features_in(const char *log)
{
    static const struct { const char *heading, *name; } kinds[] = {
        { "SVM: Supported advanced features:", "svm" },
        { "VMX: Supported advanced features:", "vmx" },
    };
    static const char item[] = "(XEN)  - ";

    for ( size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++ )
    {
        const char *line = strstr(log, kinds[i].heading);
        char *all = line ? xstrdup(kinds[i].name) : NULL;

        while ( line && (line = strchr(line, '\n')) != NULL )
        {
            char *name, *longer;

            /* Xen may put the time into its lines. */
            if ( strncmp(++line, item, strlen(item)) )
                break;
            line += strlen(item);
            name = feature_name(line, strcspn(line, "\r\n"));
            longer = xasprintf("%s,%s", all, name);
            free(name);
            free(all);
            all = longer;
        }
        if ( all )
            return all;
    }
    return NULL;
}

/* What `find` finds in Xen's boot log. */
static char *in_log(struct xenctrl *x, char *(*find)(const char *log))
{
    unsigned size = 64u << 10;
    char *log = xcalloc(1, size + 1), *answer = NULL;

    if ( xc_readconsolering(x->xc, log, &size, 0, 0, NULL) == 0 )
    {
        log[size] = '\0';
        answer = find(log);
    }
    free(log);
    return answer;
}

char *xenctrl_debug(struct xenctrl *x)
{
    return in_log(x, xenctrl_debug_in);
}

char *xenctrl_mitigations(struct xenctrl *x)
{
    return in_log(x, xenctrl_mitigations_in);
}

char *xenctrl_features(struct xenctrl *x)
{
    return in_log(x, xenctrl_features_in);
}

static unsigned bits(const uint8_t *map, int bytes)
{
    unsigned sum = 0;

    for ( int i = 0; i < bytes; i++ )
        sum += (unsigned)__builtin_popcount(map[i]);
    return sum;
}

/* Usable together: on different cores of one socket. */
static bool apart(const xc_cputopo_t *a, const xc_cputopo_t *b)
{
#ifdef __aarch64__
    /* Xen knows no topology there: each CPU is core 0 of socket 0 (its cpu_to_core()). */
    if ( a != b && a->core == 0 && b->core == 0 )
        return true;
#endif
    return a->socket == b->socket && a->core != b->core &&
           b->core != XEN_INVALID_CORE_ID;   /* that one is offline */
}

bool xenctrl_two_cpus(struct xenctrl *x, unsigned cpus[2])
{
    unsigned count = 0;
    xc_cputopo_t *cpu;

    cpus[0] = cpus[1] = 0;
    if ( xc_cputopoinfo(x->xc, &count, NULL) || count == 0 )
        return false;
    cpu = xcalloc(count, sizeof(*cpu));
    if ( xc_cputopoinfo(x->xc, &count, cpu) )
        count = 0;
    for ( unsigned i = 1; i < count && cpus[0] == 0; i++ )
        if ( apart(&cpu[cpus[1]], &cpu[i]) && apart(&cpu[0], &cpu[i]) )
        {
            /* The first is better than CPU 0, if there comes another. */
            cpus[0] = cpus[1];
            cpus[1] = i;
        }
    free(cpu);
    return cpus[1] != 0;
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
