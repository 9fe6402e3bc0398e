/*
 * What a run says, in one sentence.
 */
#ifndef REPORT_ANSWER_H
#define REPORT_ANSWER_H

#include "measure/result.h"

/*
 * What entering the hypervisor and asking a dom0 process cost in each kind of domain, by the
 * cheapest path of one operation; where those were not measured, what was measured most.  The
 * caller's.
 */
char *answer_sentence(const struct results *);

#endif
