/*
 * Tests of everything that needs no Xen: shared code and host-side logic, run
 * natively under AddressSanitizer and UndefinedBehaviorSanitizer.
 *
 * Try: build/test-host            all suites
 *      build/test-host ring json  some of them
 */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static const struct {
    const char *name;
    void (*add)(void);
} suites[] = {
    { "arrows", suite_arrows },
    { "attacks", suite_attacks },
    { "ring", suite_ring },
    { "ring-hostile", suite_ring_hostile },
    { "protocol", suite_protocol },
    { "statistics", suite_statistics },
    { "image", suite_image },
    { "json", suite_json },
    { "select", suite_select },
    { "table", suite_table },
    { "notes", suite_notes },
    { "claims", suite_claims },
    { "model", suite_model },
    { "glossary", suite_glossary },
    { "lessons", suite_lesson },
    { "comparison", suite_comparison },
    { "program", suite_program },
    { "keys", suite_keys },
    { "services", suite_services },
    { "vigil", suite_vigil },
    { "ioreq", suite_ioreq },
    { "batch", suite_batch },
    { "record", suite_record },
    { "blkif", suite_blkif },
    { "disk run", suite_disk_run },
    { "vbd frontend", suite_vbd },
    { "frame", suite_frame },
    { "netif", suite_netif },
    { "checksum", suite_checksum },
    { "plan", suite_plan },
    { "merge", suite_merge },
    { "results", suite_results },
    { "catalogue", suite_catalogue },
    { "columns", suite_columns },
    { "xenctrl", suite_xenctrl },
    { "trace", suite_trace },
    { "region", suite_region },
    { "names", suite_names },
    { "doctor", suite_doctor },
    { "export", suite_export },
    { "page", suite_page },
    { "docs", suite_docs },
    { "own", suite_own },
    { "cells", suite_cells },
};

static int wanted(const char *name, int argc, char **argv)
{
    for ( int i = 1; i < argc; i++ )
        if ( strcmp(argv[i], name) == 0 )
            return 1;
    return argc < 2;
}

int main(int argc, char **argv)
{
    unsigned failures, added = 0;

    if ( CU_initialize_registry() != CUE_SUCCESS )
        return EXIT_FAILURE;
    for ( size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++ )
        if ( wanted(suites[i].name, argc, argv) )
        {
            suites[i].add();
            added++;
        }
    if ( added == 0 )
    {
        fprintf(stderr, "test-host: no such suite\n");
        CU_cleanup_registry();
        return 2;
    }
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
