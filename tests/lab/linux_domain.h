/*
 * A Linux domU in the lab, whose dom0 runs a script of tests/lab/linux/ that makes it.
 */
#ifndef LAB_LINUX_DOMAIN_H
#define LAB_LINUX_DOMAIN_H

#include "program.h"

/*
 * The script `bash SCRIPT JOB`, with a file for its domU beside it and another that it may need
 * (or NULL); asserts that it ends well.  program_free().
 */
struct outcome_of linux_domain(const char *script, const char *guest, const char *tool,
                               const char *job);

/* Assert that `what` stands in the text; else show it. */
void says(const char *text, const char *what);

#endif
