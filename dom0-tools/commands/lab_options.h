/*
 * Options that every command with a lab has: what the lab has of the user's own.
 */
#ifndef COMMANDS_LAB_OPTIONS_H
#define COMMANDS_LAB_OPTIONS_H

#include <argp.h>

#include "systems/variant.h"

/* For argp's `children`, ended by an empty one; its input, set with ARGP_KEY_INIT by
 * state->child_inputs[0], is the struct variant to be filled.  What was named has been checked
 * when the parser has ended. */
extern const struct argp_child lab_options_children[];

#endif
