/*
 * What rows, groups of them and the words of the field mean, for people.
 */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include <stddef.h>

/*
 * Each word is a row or a pattern of rows (it has a slash in it or a *), a group, a term of the glossary,
 * or "glossary": all terms.  `elf` is the unikernel, NULL: this program's own.  STATUS_OK or, said why,
 * another status; what was found before stands on stdout then.
 */
int explain_print(const char *elf, char **words, size_t count);

#endif
