/*
 * Whose code an address is, and in which function: Xen, a kernel, its processes, the unikernel or
 * the application.
 *
 * Programs are told apart by the content of their code pages, so that it does
 * not matter where they were loaded; a process is called by the program whose
 * pages run under its CR3.
 */
#ifndef TRACE_NAMES_H
#define TRACE_NAMES_H

#include "catalogue/column.h"
#include "trace/lab_symbols.h"
#include "trace/record_file.h"

struct names;

/*
 * `image`: path of the unikernel, whose symbols stand beside it in IMAGE.debug (a hint is printed
 * when they don't), or of the column's program, which has them.  The record must outlive the names.
 */
struct names *names_new(const struct lab_symbols *symbols, const char *image,
                        const struct column *column, const struct record *record);
void names_free(struct names *);

/* Whose a context is: the plugin's layer, and what only its neighbours tell. */
enum layer names_layer(const struct names *, uint32_t context);

/* "guest", "Xen", "dom0 kernel", "host kernel", "idle"; for a process its program's name, or what
 * that is to the application: "Sentry", "VMM".  Lives as long as the names. */
const char *names_place(struct names *, uint32_t context);

/* Does the address, of a context of layer KERNEL, lie in one of KVM's modules? */
bool names_is_kvm(const struct names *, uint64_t address);

/* The function of one instruction of a block in a context; an address, in
 * hex, where no name is known.  Lives as long as the names; the same function
 * is the same pointer. */
const char *names_function(struct names *, uint32_t context, uint32_t block,
                           uint64_t address);

#endif
