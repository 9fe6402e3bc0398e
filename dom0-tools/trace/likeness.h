/*
 * Names for the functions of a stripped program, from another build of the
 * same source that has names: by the likeness of their code.
 */
#ifndef TRACE_LIKENESS_H
#define TRACE_LIKENESS_H

#include <stddef.h>

#include "trace/symbols.h"

/*
 * Name what is nameless in sorted `symbols` of the ELF file `data`, out of the ELF file
 * `other`.  A function gets a name where its code, apart from addresses, is
 * that of exactly one function on the other side, and where a function called
 * at the same place of two such functions is the same.  How many got one.
 */
size_t likeness_name(struct symbols *symbols, const void *data, size_t size,
                     const void *other, size_t other_size);

#endif
