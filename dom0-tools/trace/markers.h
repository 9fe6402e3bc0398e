/*
 * Where the unikernel reads the TSC, which is where its timed regions begin and end: what the trace
 * plugin is asked to note.
 */
#ifndef TRACE_MARKERS_H
#define TRACE_MARKERS_H

#include <stdint.h>

/*
 * Ask the plugin, in an empty memory file, for the readings of the TSC in the unikernel `elf`
 * and what is executed between two of them (record.h).  STATUS_OK or, said
 * why, another.
 */
int markers_ask(const char *elf, uint64_t first, uint64_t last, int fd);

#endif
