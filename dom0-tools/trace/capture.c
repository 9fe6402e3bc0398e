#include "trace/capture.h"

void capture_free(struct capture *c)
{
    struct results r = { .environment = c->environment };

    record_free(&c->record);
    results_free(&r);
    *c = (struct capture){ 0 };
}
