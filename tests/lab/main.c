/* Lab tests: a real Xen, real domains.  Run from the checkout's top. */
#include <stdio.h>
#include <unistd.h>

#include <CUnit/Basic.h>

#include "program.h"

int main(void)
{
    unsigned failures;

    if ( access("build/xenometer", X_OK) )
    {
        fprintf(stderr, "run this by `make test`, from the top of the checkout\n");
        return 3;
    }
    setbuf(stdout, NULL);
    CU_initialize_registry();
    suite_rows();
    suite_backend();
    suite_errors();
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}
