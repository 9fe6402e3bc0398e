/* `xenometer model`: figures, from a file or measured now, and what a workload spends by them. */
#ifndef BENCH_MODEL_H
#define BENCH_MODEL_H

#include "report/model.h"

struct model_options {
    struct model_workload workload;
    const char *from;       /* a file with rates (report/rates.h); NULL: none */
    double seconds;         /* that it is about; 0: not said */
    const char *unit;       /* of workload.cpu and .work, "instructions" or "cycles"; NULL: neither was given */
    const char *results;    /* a results file; NULL: measure what is needed */
    bool json;
};

/* An enum status; said why. */
int model_run(const struct model_options *);

#endif
