/*
 * `xenometer trace`: where every instruction of one crossing goes.
 *
 * Try: xenometer trace port/qemu-ide --mode=hvm
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/select.h"
#include "lab/symbols.h"
#include "measure/environment.h"
#include "report/trace_table.h"
#include "trace/capture.h"
#include "trace/symbols.h"
#include "trace/trace.h"
#include "xenometer.h"

#define DEADLINE 120u   /* seconds, each of the two runs */

struct arguments {
    const char *row, *image;
    enum mode mode;
    bool nrip;
    struct trace_view view;
};

enum { OPTION_NRIP = 256, OPTION_IMAGE };

static const struct argp_option options[] = {
    { "mode", 'm', "MODE", 0, "pv, pvh, hvm or bare (default: the row's first)", 0 },
    { "nrip", OPTION_NRIP, NULL, 0, "Emulate NRIP-save, which QEMU's CPU lacks and hardware has", 0 },
    { "image", OPTION_IMAGE, "FILE", 0, "The unikernel (default: xenometer.elf beside the program)", 0 },
    { "verbose", 'v', NULL, 0, "Say more about what happens", 0 },
    { 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *a = state->input;
    uint32_t modes;

    switch ( key )
    {
    case 'm':
        if ( parse_modes(text, &modes) )
            return EINVAL;
        if ( modes & (modes - 1) )
        {
            message("--mode=%s: one mode at a time", text);
            return EINVAL;
        }
        a->mode = (enum mode)modes;
        return 0;
    case 'v':            verbose = true;    return 0;
    case OPTION_NRIP:    a->nrip = true;    return 0;
    case OPTION_IMAGE:   a->image = text;   return 0;
    case ARGP_KEY_ARG:
        if ( a->row )
        {
            message("one row at a time; `xenometer list` shows them");
            return EINVAL;
        }
        a->row = text;
        return 0;
    case ARGP_KEY_END:
        if ( a->row )
            return 0;
        message("which row? `xenometer list` shows them");
        return EINVAL;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options, .parser = parse, .args_doc = "ROW",
    .doc = "Show where every instruction of one crossing goes.",
};

int command_trace(int argc, char **argv)
{
    struct arguments a = { .view = { .stages = true, .functions = true, .limit = 20 } };
    struct lab_options lab = { .clock = LAB_EXACT };
    struct lab_symbols symbols = { 0 };
    struct capture capture = { 0 };
    struct trace trace = { 0 };
    struct names *names = NULL;
    struct image *image;
    const struct image_row *row;
    char *elf, *configs;
    int status;

    if ( argp_parse(&parser, argc, argv, 0, NULL, &a) )
        return STATUS_USAGE;
    image = select_image(a.image);
    if ( !image )
        return STATUS_ENVIRONMENT;
    elf = a.image ? xstrdup(a.image) : data_file("xenometer.elf");
    configs = data_file("configs");
    row = image_find(image, a.row);
    if ( !row )
    {
        message("there is no row %s; `xenometer list` shows them", a.row);
        return STATUS_USAGE;
    }
    if ( !a.mode )
        a.mode = row->modes & MODE_PV ? MODE_PV : row->modes & MODE_PVH ? MODE_PVH : MODE_HVM;
    status = lab_symbols(&lab, &symbols);
    if ( status == STATUS_OK )
        status = capture_take(&(struct capture_options){
            .lab = &lab, .image = image, .elf = elf, .config_dir = configs, .row = row,
            .mode = a.mode, .deadline = DEADLINE,
            .svm_feature_flags = a.nrip ? symbols_address(symbols.xen, "svm_feature_flags") : 0,
            }, &capture);
    if ( status == STATUS_OK )
    {
        names = names_new(&symbols, elf, &capture.record);
        if ( !trace_make(&capture, names, &trace) )
            status = STATUS_FAILED;
        trace.row = xstrdup(row->name);
        trace.mode = a.mode;
    }
    if ( status == STATUS_OK )
        trace_print(stdout, &trace, &a.view);
    trace_free(&trace);
    names_free(names);
    capture_free(&capture);
    lab_symbols_free(&symbols);
    image_free(image);
    free(elf);
    free(configs);
    return status;
}
