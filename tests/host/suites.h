/*
 * One function per test file: it adds its suite to CUnit's registry.
 */
#ifndef TESTS_SUITES_H
#define TESTS_SUITES_H

void suite_arrows(void);
void suite_attacks(void);
void suite_ring(void);
void suite_ring_hostile(void);
void suite_protocol(void);
void suite_statistics(void);
void suite_image(void);
void suite_json(void);
void suite_select(void);
void suite_table(void);
void suite_notes(void);
void suite_claims(void);
void suite_model(void);
void suite_glossary(void);
void suite_lesson(void);
void suite_comparison(void);
void suite_program(void);
void suite_keys(void);
void suite_services(void);
void suite_vigil(void);
void suite_ioreq(void);
void suite_batch(void);
void suite_record(void);
void suite_blkif(void);
void suite_disk_run(void);
void suite_vbd(void);
void suite_frame(void);
void suite_netif(void);
void suite_checksum(void);
void suite_plan(void);
void suite_merge(void);
void suite_results(void);
void suite_catalogue(void);
void suite_columns(void);
void suite_xenctrl(void);
void suite_trace(void);
void suite_region(void);
void suite_names(void);
void suite_export(void);
void suite_page(void);
void suite_docs(void);
void suite_own(void);
void suite_cells(void);
void suite_doctor(void);

#endif
