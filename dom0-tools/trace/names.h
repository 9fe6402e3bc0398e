/*
 * Whose code an address is, and in which function: Xen, dom0's kernel, dom0's
 * programs, the unikernel.
 *
 * Programs are told apart by the content of their code pages, so that it does
 * not matter where they were loaded; a process is called by the program whose
 * pages run under its CR3.
 */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "trace/lab_symbols.h"
#include "trace/record_file.h"

struct names;

/*
 * `image`: path of the unikernel; its symbols stand beside it in IMAGE.debug (a hint is printed
 * when they don't).  The record must outlive the names.
 */
struct names *names_new(const struct lab_symbols *symbols, const char *image,
                        const struct record *record);
void names_free(struct names *);

/* "guest", "Xen", "dom0 kernel", "idle"; for a process its program's name.
 * Lives as long as the names. */
const char *names_place(struct names *, uint32_t context);

/* The function of one instruction of a block in a context; an address, in
 * hex, where no name is known.  Lives as long as the names; the same function
 * is the same pointer. */
const char *names_function(struct names *, uint32_t context, uint32_t block,
                           uint64_t address);

#endif
