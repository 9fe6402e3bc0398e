/* report/json.c on a results file from anywhere: refused, or read and written again. */
#include <stdio.h>
#include <stdlib.h>

#include <report/json.h>
#include <report/table.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct results results = { .count = 0 };
    char *text = NULL;
    size_t length = 0;
    FILE *out;

    if ( results_from_json((const char *)data, size, "the input", &results) )
        return 0;
    out = open_memstream(&text, &length);
    table_print(out, &results);
    table_print_wide(out, &results);
    table_print_markdown(out, &results);
    fclose(out);
    free(text);
    results_free(&results);
    return 0;
}
