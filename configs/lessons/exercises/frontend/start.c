/*
 * A frontend: requests in, responses out.
 *
 * Complete the three functions; frontend.h says what each does, and `make` tells what is wrong.  Indices run freely
 * through 32 bits and wrap there; index i's slot is number i & (count - 1).  The backend is another domain: it may
 * read and write the shared page at any moment, and write nonsense.
 */
#include "frontend.h"

bool frontend_put(struct frontend *f, const struct data_request *request)
{
    /* To do. */
    (void)f;
    (void)request;
    return false;
}

bool frontend_publish(struct frontend *f)
{
    /* To do. */
    (void)f;
    return false;
}

enum ring_result frontend_take(struct frontend *f, struct data_response *response)
{
    /* To do. */
    (void)f;
    (void)response;
    return RING_EMPTY;
}
