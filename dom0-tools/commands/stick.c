/*
 * `xenometer stick`: an image that boots any PC into Xen and measures there.
 *
 * Try: xenometer stick stick.img
 */
#include <argp.h>
#include <errno.h>

#include "machines/stick.h"
#include "systems/suite.h"
#include "xenometer.h"

enum { OPTION_DEVICE = 256, OPTION_CACHE, OPTION_SUITE };

static const struct argp_option options_table[] = {
    { "yes-write-to-device", OPTION_DEVICE, NULL, 0,
      "FILE is a block device, the whole stick; all that is on it is lost", 0 },
    { "lab-suite", OPTION_SUITE, "SUITE", 0, "Of another Debian suite's packages, such as bookworm (default: "
      "$XENOMETER_LAB_SUITE, or " LAB_SUITE ")", 0 },
    { "cache", OPTION_CACHE, "DIR", 0,
      "Where the lab is kept (default $XENOMETER_CACHE, or ~/.cache/xenometer)", 0 },
    { "quiet", 'q', NULL, 0, "No progress lines", 0 },
    { 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct stick_options *o = state->input;

    switch ( key )
    {
    case OPTION_DEVICE: o->device = true;          return 0;
    case OPTION_SUITE:  o->lab.suite = argument;   return 0;
    case OPTION_CACHE:  o->lab.cache = argument;   return 0;
    case 'q':           o->lab.quiet = true;       return 0;
    case ARGP_KEY_ARG:
        if ( o->file )
            return ARGP_ERR_UNKNOWN;
        o->file = argument;
        return 0;
    case ARGP_KEY_END:
        if ( !o->file )
        {
            message("stick: name the file to write, such as stick.img");
            return EINVAL;
        }
        return suite_choose(&o->lab.suite) ? EINVAL : 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static const struct argp parser = {
    .options = options_table, .parser = parse, .args_doc = "FILE",
    .doc = "Write an image for a USB stick or a CD that boots any PC with 2 GiB, by BIOS or UEFI, into Xen "
           "and the lab's dom0.  There it measures the headline rows in cycles, shows the table, and "
           "leaves results.json on the stick."
           "\vExamples:\n"
           "  xenometer stick stick.img\n"
           "  sudo xenometer stick --yes-write-to-device /dev/sdX\n\n"
           "The PC's own disks are neither read nor written: the stick's system has no drivers for "
           "them.  UEFI's Secure Boot must be off.  The same packages give the same bytes.  It takes "
           "Debian's grub-common, grub-pc-bin, grub-efi-amd64-bin, xorriso and mtools.\n\n"
           "Exit status: 0 fine, 2 usage, 3 something is missing on this machine or cannot be written.",
};

int command_stick(int argc, char **argv)
{
    struct stick_options o = { 0 };

    return argp_parse(&parser, argc, argv, 0, NULL, &o) ? STATUS_USAGE : stick_make(&o);
}
