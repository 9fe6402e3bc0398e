/*
 * `xenometer verify`: do QEMU and Bochs count the same?
 *
 * Try: xenometer verify hypercall
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/verify.h"
#include "catalogue/catalogue.h"
#include "report/changes.h"
#include "report/json.h"
#include "xenometer.h"

/* Differences that are known, with their reasons. */
#define EXPLAINED "configs/emulators.txt"

struct arguments {
    struct verify_options options;
    const char *output[2];
    char **patterns;
    size_t pattern_count;
    struct column_set columns;
};

enum { OPTION_CPU = 256, OPTION_QEMU, OPTION_BOCHS };

static const struct argp_option options_table[] = {
    { "modes", 'm', "LIST", 0, "Modes: pv, pvh, hvm (default all)", 0 },
    { "samples", 'n', "N", 0, "Samples per row and boot (default 200)", 0 },
    { "boots", 'b', "N", 0, "Domains of each kind (default 1)", 0 },
    { "cpu", OPTION_CPU, "CPU", 0, "Bochs's CPU (default amd-bochs)", 0 },
    { "qemu", OPTION_QEMU, "FILE", 0, "Write QEMU's results as JSON", 0 },
    { "bochs", OPTION_BOCHS, "FILE", 0, "Write Bochs's results as JSON", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *a = state->input;

    switch ( key )
    {
    case 'm':
        return parse_modes(argument, &a->columns) ? EINVAL : 0;
    case 'n':
        return parse_count("--samples", argument, 1, 8192, &a->options.samples) ? EINVAL : 0;
    case 'b':
        return parse_count("--boots", argument, 1, 100, &a->options.boots) ? EINVAL : 0;
    case OPTION_CPU:   a->options.cpu = argument; return 0;
    case OPTION_QEMU:  a->output[0] = argument;   return 0;
    case OPTION_BOCHS: a->output[1] = argument;   return 0;
    case ARGP_KEY_ARGS:
        a->patterns = state->argv + state->next;
        a->pattern_count = (size_t)(state->argc - state->next);
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "[ROW…]",
    .doc = "Measure the rows that stay between guest and Xen (default: the headline rows among "
           "them; not those whose figure depends on how long a second is) in QEMU and in Bochs, two emulators written by different people, both with an "
           "AMD CPU, and say how many figures agree to the instruction."
           "\vExamples:\n"
           "  xenometer verify\n"
           "  xenometer verify 'exit/*' 'hypercall/*' --modes=pvh\n\n"
           "Exit status: 0 all agree or are explained, 1 some do not, 2 usage, 3 something is "
           "missing on this machine, 4 deadline.",
};

static int conclude(const struct results *qemu, const struct results *bochs,
                    struct explanations *explanations)
{
    const struct allowance allowed = { .across_features = true };
    struct comparison comparison;
    struct agreement a;
    size_t agree, other;
    char *error;
    int status;

    if ( !comparison_make(qemu, bochs, &allowed, &comparison, &error) )
    {
        message("%s", error);
        free(error);
        return STATUS_ENVIRONMENT;
    }
    explanations_apply(explanations, &comparison);
    verify_levels(&comparison);
    status = changes_print(&comparison, bochs->environment.clock, "QEMU", "BOCHS");
    a = verify_count(&comparison);
    agree = a.equal + a.levels;
    other = a.cells - agree;
    if ( a.cells == 0 )
    {
        message("nothing was measured in both emulators");
        comparison_free(&comparison);
        return STATUS_FAILED;
    }
    printf("QEMU %s and Bochs %s agree to the instruction in %zu of %zu cells between guest and "
           "Xen (%.1f %%).\n", qemu->environment.qemu, bochs->environment.bochs, agree, a.cells,
           100. * (double)agree / (double)a.cells);
    if ( a.levels )
        printf("In %zu of these, figures alternate between two, the same in both, of which one's "
               "median is one and the other's the other.\n", a.levels);
    if ( other )
        printf("Of the other %zu: %zu within %u and explained, %zu by more and explained, %zu not "
               "explained.\n", other, a.near, VERIFY_NEAR, a.far, other - a.near - a.far);
    if ( status == STATUS_OK && comparison.beyond > comparison.explained )
        status = STATUS_FAILED;
    comparison_free(&comparison);
    return status;
}

static int verify(const struct arguments *a, const struct selection *selection,
                  struct explanations *explanations)
{
    struct results qemu = { 0 }, bochs = { 0 };
    int status = verify_measure(&a->options, selection, &qemu, &bochs);

    if ( status == STATUS_OK && a->output[0] )
        status = results_write(a->output[0], &qemu);
    if ( status == STATUS_OK && a->output[1] )
        status = results_write(a->output[1], &bochs);
    if ( status == STATUS_OK )
        status = conclude(&qemu, &bochs, explanations);
    results_free(&qemu);
    results_free(&bochs);
    return status;
}

int command_verify(int argc, char **argv)
{
    struct arguments a = { .options = { .cpu = "amd-bochs", .boots = 1, .samples = 200 },
                           .columns = columns_usual() };
    struct column_set domains = columns_at(HOME_XEN);
    struct selection selection = { 0 };
    struct explanations *explanations = NULL;
    struct image *image;
    char *path;
    int status;

    if ( argp_parse(&parser, argc, argv, 0, NULL, &a) )
        return STATUS_USAGE;
    image = select_catalogue(NULL);
    if ( !image )
        return STATUS_ENVIRONMENT;
    domains = columns_common(&a.columns, &domains);
    status = select_rows(image, a.patterns, a.pattern_count, &domains, true, &selection);
    if ( status == STATUS_OK )
    {
        verify_rows(&selection);
        path = data_file(EXPLAINED);
        if ( selection.count == 0 )
            message("none of these rows stays between guest and Xen, with no timer in its figure");
        status = selection.count == 0 ? STATUS_USAGE : STATUS_ENVIRONMENT;
        if ( selection.count && path == NULL )
            message("%s not found beside the program: run `make`", EXPLAINED);
        else if ( selection.count && (explanations = explanations_read(path)) != NULL )
            status = verify(&a, &selection, explanations);
        free(path);
    }
    explanations_free(explanations);
    selection_free(&selection);
    image_free(image);
    return status;
}
