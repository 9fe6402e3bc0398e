/* `xenometer lab shell`: dom0 by hand. */
#ifndef MACHINES_SHELL_H
#define MACHINES_SHELL_H

#include "machines/lab.h"

/*
 * Boot the lab from power-on with its serial console on this terminal, and a
 * shell in dom0 once it is up, with `push` in the working directory.  Ends
 * with the shell or with Ctrl-a x.  The terminal is restored in any case.
 */
int lab_shell(const struct lab_options *options, const struct lab_file *push, size_t push_count);

#endif
