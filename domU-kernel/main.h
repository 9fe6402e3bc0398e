/*
 * From an architecture's entry (entry/) to what is the same for all (main.c).
 */
#ifndef MAIN_H
#define MAIN_H

#include "arch/types.h"

/* With boot_mode, memory, traps and hypercalls ready: connect, run rows, end. */
void serve_dom0(void) __attribute__((noreturn));

/* Without Xen: run these, send what comes of it, end (protocol.h, "Bare mode"). */
struct control_response;
void serve_commands(const struct control_response *, u32 count) __attribute__((noreturn));

#endif
