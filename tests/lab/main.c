/* Lab tests: a real Xen, real domains.  Run from the checkout's top. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include <stdbool.h>

#include "program.h"

int main(int argc, char **argv)
{
    bool slow = argc == 2 && !strcmp(argv[1], "--long");
    unsigned failures;

    if ( access("build/xenometer", X_OK) )
    {
        fprintf(stderr, "run this by `make test`, from the top of the checkout\n");
        return 3;
    }
    setbuf(stdout, NULL);
    CU_initialize_registry();
    if ( slow )
        suite_long();
    else
    {
        suite_rows();
        suite_catalogue();
        suite_backend();
        suite_errors();
        suite_hostile();
    }
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
