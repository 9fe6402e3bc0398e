/*
 * From an architecture's entry (entry/) to what is the same for all (main.c).
 */
#ifndef MAIN_H
#define MAIN_H

/* With boot_mode, memory, traps and hypercalls ready: connect, run rows, end. */
void serve_dom0(void) __attribute__((noreturn));

#endif
