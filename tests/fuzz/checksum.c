/* backend/checksum.c on frames of anybody: what it completes is right, else it leaves all as it was. */
#include <stdlib.h>

#include <backend/checksum.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of its own size, so that the sanitizer sees one byte too far. */
    uint8_t *frame = malloc(size + !size), *again = malloc(size + !size);
    size_t changed = 0;

    memcpy(frame, data, size);
    if ( !checksum_complete(frame, size) )
        MUST(!memcmp(frame, data, size));
    else
    {
        for ( size_t i = 0; i < size; i++ )
            changed += frame[i] != data[i];
        MUST(changed <= 2);
        /* Whatever stood in the field before, it is the same after. */
        memcpy(again, frame, size);
        MUST(checksum_complete(again, size) && !memcmp(again, frame, size));
    }
    free(frame);
    free(again);
    return 0;
}
