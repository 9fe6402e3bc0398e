#include "commands/lab_options.h"

#include <errno.h>

#include "xenometer.h"

enum { OPTION_XEN = 0x1000, OPTION_SYMBOLS, OPTION_KERNEL, OPTION_MODULES, OPTION_XEN_OPTIONS,
       OPTION_DOM0_OPTIONS };

static const struct argp_option options[] = {
    { "xen", OPTION_XEN, "FILE|DIRECTORY", 0, "The lab with another Xen, of your own build: xen.gz, xen or xen-syms; or with its tools too: what `make dist` or `make install DESTDIR=` leaves", 0 },
    { "xen-symbols", OPTION_SYMBOLS, "FILE", 0, "Its xen-syms or xen-syms.map, for names in traces (default: looked for beside it)", 0 },
    { "dom0-kernel", OPTION_KERNEL, "FILE", 0, "Another kernel for dom0, a bzImage or vmlinux built with CONFIG_XEN_DOM0", 0 },
    { "modules", OPTION_MODULES, "DIRECTORY", 0, "Its modules, as in /lib/modules/RELEASE", 0 },
    { "xen-options", OPTION_XEN_OPTIONS, "TEXT", 0, "Further options on Xen's command line", 0 },
    { "dom0-options", OPTION_DOM0_OPTIONS, "TEXT", 0, "Likewise on that of dom0's kernel", 0 },
    { 0 }
};

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct variant *v = state->input;

    switch ( key )
    {
    case OPTION_XEN:     variant_take_xen(v, text); return 0;
    case OPTION_SYMBOLS: v->symbols = text; return 0;
    case OPTION_KERNEL:  v->dom0_kernel = text; return 0;
    case OPTION_MODULES: v->modules = text; return 0;
    case OPTION_XEN_OPTIONS:  v->xen_options = *text ? text : NULL;  return 0;
    case OPTION_DOM0_OPTIONS: v->dom0_options = *text ? text : NULL; return 0;
    case ARGP_KEY_SUCCESS:
        if ( v->symbols && !v->xen )
        {
            message("--xen-symbols=%s: which Xen's? add --xen=FILE", v->symbols);
            return EINVAL;
        }
        return variant_check(v) ? EINVAL : 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = { .options = options, .parser = parse };

const struct argp_child lab_options_children[] = {
    { &parser, 0, "What the lab is made of:", 1 },
    { 0 }
};
