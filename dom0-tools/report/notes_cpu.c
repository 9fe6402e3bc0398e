/*
 * What a real CPU has for Xen and the lab's emulated one lacks, and the rows whose figures that
 * moves.
 *
 * By the words that Xen says a feature with (start_svm() and vmx_display_features() in its
 * arch/x86/hvm, 4.20), in the form that environment.cpu_features has them.  Left out is what only
 * nested virtualization, debugging or newer CPUs than the lab's models use.
 */
#include <stdlib.h>
#include <string.h>

#include "report/notes.h"

static const struct {
    const char *kind, *feature;   /* beside which in the list it is missed */
    const char *text;
    const char *rows;             /* NULL: no row's figure */
} lacks[] = {
    { "svm", "nrip-save", "NRIP-save", "each exit by CPUID, VMMCALL or an MSR" },
    { "svm", "decodeassists", "decode assists", "mmio/*" },
    { "svm", "pause-intercept-filter", "the pause filter", "exit/pause-loop" },
    { "svm", "vmcb-clean-bits", "VMCB clean bits", NULL },
    { "svm", "tlb-flush-by-asid", "TLB flush by ASID", NULL },
    { "svm", "tsc-rate-msr", "the TSC's rate", NULL },
    { "vmx", "posted-interrupt-processing", "posted interrupts", "interrupt/*" },
};

/* Those that the CPU lacks and that move figures, or that do not; whether there was one. */
static bool put_lacks(FILE *out, const struct environment *e, bool moving, const char *separator)
{
    bool any = false;

    for ( size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++ )
    {
        if ( !lacks[i].rows == moving || !environment_has(e, lacks[i].kind) ||
             environment_has(e, lacks[i].feature) )
            continue;
        fprintf(out, "%s%s", any ? ", " : separator, lacks[i].text);
        if ( moving )
            fprintf(out, " (%s)", lacks[i].rows);
        any = true;
    }
    return any;
}

void notes_lacks(struct notes *notes, const struct results *results)
{
    const struct environment *e = &results->environment;
    char *text = NULL;
    size_t size;
    bool any;
    FILE *out;

    if ( !e->host || strncmp(e->host, "lab-", 4) || !strcmp(e->host, "lab-kvm") ||
         !e->cpu_features || (!e->xen && e->linux_system) )
        return;
    out = notes_begin(&text, &size);
    any = put_lacks(out, e, true, "");
    /* What Xen has of the CPU against speculation. */
    if ( e->mitigations && strstr(e->mitigations, "SPEC_CTRL: No") )
    {
        fprintf(out, "%sIBRS and IBPB (exit/ibrs, exit/ibpb, and what Xen executes for them at its "
                "entries and between vCPUs)", any ? ", " : "");
        any = true;
    }
    if ( put_lacks(out, e, false, any ? "; and without a figure moved: " : "") )
        any = true;
    fclose(out);
    if ( any )
        notes_add(notes, "What a real CPU has for Xen and this one lacks, and the rows whose figures "
                  "that moves: %s.", text);
    free(text);
}
