/*
 * From an architecture's entry (entry/) to what is the same for all (main.c).
 */
#ifndef MAIN_H
#define MAIN_H

struct start_info;

/* PV: the page Xen's builder, or a restore, has filled in; NULL elsewhere. */
extern struct start_info *start_info;

/* With boot_mode, memory, traps and hypercalls ready: connect, run rows, end. */
void serve_dom0(void) __attribute__((noreturn));

#endif
