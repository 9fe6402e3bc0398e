/* Modules of dom0's kernel that a session loads, and unloads again. */
#ifndef BACKEND_MODULES_H
#define BACKEND_MODULES_H

#include <xenometer/row.h>

#include <stdbool.h>
#include <stdint.h>

/* What a session loads for rows with these needs (DOMAIN_*), in its order: names, and a
 * NULL. */
const char *const *modules_of(row_needs needs);

/*
 * Where the kernel's modules were when the last of them was loaded: "name address" a line, as in
 * /proc/modules; the caller's, NULL: none was.
 */
char *modules_placed(void);

/*
 * Load one unless it is there already.  `parameters`: at most five and a NULL, or NULL.
 * *loaded: it is ours to unload.  NULL, or what went wrong (the caller's to free).
 */
char *module_load(const char *name, const char *const *parameters, bool *loaded);

/* Unload it if `*loaded`. */
void module_unload(const char *name, bool *loaded);

#endif
