/*
 * What perf, xentrace and Linux print about crossings.  (rates.h)
 */
#include "report/rates.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "xenometer.h"

struct counts {
    double of[MODEL_KINDS];
    double all;
};

static void count(struct counts *c, enum model_kind kind, double n)
{
    c->of[kind] += n;
    c->all += n;
}

/* The next line of a text, as a string of at most a size; false: there is none. */
static bool next_line(const char **text, char *line, size_t size)
{
    size_t length = strcspn(*text, "\n"), kept = length < size ? length : size - 1;

    if ( !**text )
        return false;
    memcpy(line, *text, kept);
    line[kept] = '\0';
    *text += length + ((*text)[length] == '\n');
    return true;
}

#define LINE 1024

/* ------------------------------------------------------------------ perf -- */

/* KVM's names, of arch/x86/include/uapi/asm/vmx.h and svm.h: the first of which one begins with counts. */
static const struct {
    const char *name;
    enum model_kind kind;
} reasons[] = {
    { "HLT", MODEL_HLT }, { "hlt", MODEL_HLT },
    { "MSR_", MODEL_MSR }, { "msr", MODEL_MSR }, { "read_msr", MODEL_MSR }, { "write_msr", MODEL_MSR },
    { "IO_INSTRUCTION", MODEL_IO }, { "io", MODEL_IO },
    { "EPT_MISCONFIG", MODEL_MMIO }, { "APIC_", MODEL_MMIO }, { "avic_", MODEL_MMIO },
    { "EPT_VIOLATION", MODEL_MEMORY }, { "npf", MODEL_MEMORY },
    { "VMCALL", MODEL_HYPERCALLS }, { "vmmcall", MODEL_HYPERCALLS }, { "hypercall", MODEL_HYPERCALLS },
};

static enum model_kind kind_of_name(const char *name)
{
    for ( size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++ )
        if ( !strncmp(name, reasons[i].name, strlen(reasons[i].name)) )
            return reasons[i].kind;
    return MODEL_EXITS;
}

static bool read_perf(const char *text, struct counts *c)
{
    char line[LINE], name[64], share[16];
    double samples;
    bool table = false;

    while ( next_line(&text, line, sizeof(line)) )
        if ( strstr(line, "VM-EXIT") && strstr(line, "Samples") )
            table = true;
        else if ( table && sscanf(line, " %63s %lf %15[0-9.]%%", name, &samples, share) == 3 )
            count(c, kind_of_name(name), samples);
    return table;
}

/* -------------------------------------------------------------- xentrace -- */

/* By the codes of both makers; one that is none of these is an exit of no other kind. */
static const struct {
    unsigned vmx, svm, last;   /* svm to last */
    enum model_kind kind;
} codes[] = {
    { 12, 0x78, 0x78, MODEL_HLT },
    { 18, 0x81, 0x81, MODEL_HYPERCALLS },
    { 30, 0x7b, 0x7b, MODEL_IO },
    { 31, 0x7c, 0x7c, MODEL_MSR },
    { 32, 0x7c, 0x7c, MODEL_MSR },
    { 44, 0x401, 0x402, MODEL_MMIO },
    { 49, 0x401, 0x402, MODEL_MMIO },
    { 48, 0x400, 0x400, MODEL_MEMORY },
};

static enum model_kind kind_of_code(unsigned code, bool svm)
{
    for ( size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++ )
        if ( svm ? code >= codes[i].svm && code <= codes[i].last : code == codes[i].vmx )
            return codes[i].kind;
    return MODEL_EXITS;
}

/* Before 4.19 both makers' are VMEXIT: Intel's reasons end below AMD's INTR (0x60), which is in any trace. */
static bool is_svm(const char *text)
{
    char line[LINE];

    while ( next_line(&text, line, sizeof(line)) )
    {
        const char *at = strstr(line, "exitcode = ");

        if ( strstr(line, "SVM_EXIT ") || (at && strtoul(at + strlen("exitcode = "), NULL, 16) >= 0x60) )
            return true;
    }
    return false;
}

/*
 * Hypercalls are told of PV domains alone, and a PV dom0 is one: beside exits they are not the guest's, whose own are
 * exits, too.
 */
static void count_pv(struct counts *c, double hypercalls)
{
    if ( c->all == 0 )
        count(c, MODEL_HYPERCALLS, hypercalls);
}

static bool read_xentrace(const char *text, struct counts *c)
{
    bool svm = is_svm(text), found = false;
    double hypercalls = 0;
    char line[LINE];

    while ( next_line(&text, line, sizeof(line)) )
    {
        const char *at = strstr(line, "_EXIT ");

        if ( strncmp(line, "CPU", 3) )
            continue;
        found = true;
        at = at ? at : strstr(line, " VMEXIT ");
        at = at ? strstr(at, "exitcode = ") : NULL;
        if ( at )
            count(c, kind_of_code((unsigned)strtoul(at + strlen("exitcode = "), NULL, 16), svm), 1);
        else if ( strstr(line, "  hypercall  ") || strstr(line, " hypercall [") || strstr(line, "PV_HYPERCALL") )
            hypercalls++;
    }
    count_pv(c, hypercalls);
    return found;
}

/* What xentrace itself writes: records of xen/trace.h, struct t_rec, as they stand in Xen's buffers.  From Xen 4.19
 * on AMD's exits have an event of their own; a CPU's records begin with TRC_TRACE_CPU_CHANGE. */
#define TRACE_EXIT     0x00081002u
#define TRACE_EXIT_SVM 0x00081003u
#define TRACE_CALL     0x0020100du   /* TRC_PV_HYPERCALL_V2 */
#define TRACE_64       0x00000100u   /* with a 64-bit address */
#define TRACE_CPU      0x0001f003u

static bool read_raw(const char *data, size_t size, struct counts *c)
{
    double calls = 0;
    bool svm = false;

    if ( size < 4 )
        return false;
    for ( unsigned pass = 0; pass < 2; pass++ )   /* first: whose codes? */
        for ( size_t at = 0; at + 4 <= size; )
        {
            uint32_t head, code = 0, event;
            size_t extra;

            memcpy(&head, data + at, sizeof(head));
            event = head & 0x0fffffff;
            extra = head >> 28 & 7;
            if ( at == 0 && event != TRACE_CPU )
                return false;
            at += head >> 31 ? 12 : 4;
            if ( at + 4 * extra > size )
                break;   /* cut off */
            if ( extra )
                memcpy(&code, data + at, sizeof(code));
            at += 4 * extra;
            event &= ~TRACE_64;
            svm |= event == TRACE_EXIT_SVM || (event == TRACE_EXIT && code >= 0x60);
            if ( pass && (event == TRACE_EXIT || event == TRACE_EXIT_SVM) )
                count(c, kind_of_code(code, svm), 1);
            calls += pass && event == TRACE_CALL;
        }
    count_pv(c, calls);
    return true;
}

/* ------------------------------------------------------- /proc/interrupts -- */

/* Words of a line's description, or its name. */
static const struct {
    const char *word;
    enum model_kind kind;
} interrupts[] = {
    { "LOC:", MODEL_TIMER }, { "timer", MODEL_TIMER },
    { "blkif", MODEL_REQUESTS }, { "virtio", MODEL_REQUESTS }, { "nvme", MODEL_REQUESTS }, { "ata", MODEL_REQUESTS },
    { "ahci", MODEL_REQUESTS },
    { "RES:", MODEL_EVENTS }, { "CAL:", MODEL_EVENTS }, { "TLB:", MODEL_EVENTS }, { "resched", MODEL_EVENTS },
    { "callfunc", MODEL_EVENTS }, { "vif", MODEL_EVENTS }, { "eth", MODEL_EVENTS },
};

/* Of all CPUs, of a line "  0:   45   0   IO-APIC   2-edge   timer". */
static double sum_line(const char *line, const char **rest)
{
    double sum = 0;

    line = strchr(line, ':') + 1;
    for ( ;; )
    {
        size_t blanks = strspn(line, " "), digits = strspn(line + blanks, "0123456789");

        /* "2-edge" is no count. */
        if ( digits == 0 || (line[blanks + digits] && line[blanks + digits] != ' ') )
            break;
        sum += strtod(line + blanks, NULL);
        line += blanks + digits;
    }
    *rest = line;
    return sum;
}

static bool read_interrupts(const char *text, struct counts *c)
{
    unsigned heads = 0;
    char line[LINE];
    struct counts each[2] = { { .all = 0 } };

    while ( next_line(&text, line, sizeof(line)) )
    {
        const char *name = line + strspn(line, " "), *rest;
        double sum;

        if ( !strncmp(name, "CPU0", 4) && ++heads > 2 )
            return false;
        if ( heads == 0 || !strchr(line, ':') || strncmp(name, "CPU0", 4) == 0 )
            continue;
        sum = sum_line(line, &rest);
        for ( size_t i = 0; i < sizeof(interrupts) / sizeof(interrupts[0]); i++ )
            if ( !strncmp(name, interrupts[i].word, strlen(interrupts[i].word)) || strstr(rest, interrupts[i].word) )
            {
                count(&each[heads - 1], interrupts[i].kind, sum);
                break;
            }
    }
    for ( enum model_kind k = 0; k < MODEL_KINDS && heads; k++ )
    {
        double n = heads == 2 ? each[1].of[k] - each[0].of[k] : each[0].of[k];

        if ( n > 0 )
            count(c, k, n);
    }
    return heads > 0;
}

/* ------------------------------------------------------------------ all -- */

int rates_read(const char *text, size_t size, const char *name, double seconds, double rate[MODEL_KINDS], char **what)
{
    static const struct {
        const char *what;
        bool (*read)(const char *, struct counts *);
    } forms[] = {
        { "exits counted by perf kvm stat", read_perf },
        { "a trace of xentrace's", read_xentrace },
        { "interrupts that Linux counted", read_interrupts },
    };
    struct counts c = { .all = 0 };
    size_t form = 0;

    bool raw = memchr(text, '\0', size) != NULL;

    *what = NULL;
    if ( raw && !read_raw(text, size, &c) )
    {
        message("%s: neither text nor a trace as xentrace writes it", name);
        return STATUS_USAGE;
    }
    form = raw;   /* 1: xentrace's */
    while ( !raw && form < sizeof(forms) / sizeof(forms[0]) && !forms[form].read(text, &c) )
        form++;
    if ( form == sizeof(forms) / sizeof(forms[0]) )
    {
        message("%s: neither `perf kvm stat report`'s output nor xentrace's, nor a /proc/interrupts", name);
        return STATUS_USAGE;
    }
    if ( c.all == 0 )
    {
        message("%s: %s, and no crossing in it", name, forms[form].what);
        return STATUS_USAGE;
    }
    for ( enum model_kind k = 0; k < MODEL_KINDS; k++ )
        rate[k] += c.of[k] / seconds;
    *what = xasprintf("%s, %.0f in %g s", forms[form].what, c.all, seconds);
    return STATUS_OK;
}
