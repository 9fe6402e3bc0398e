/*
 * Documents checked against the JSON Schemas in dom0-tools/report/schema/.
 */
#ifndef TESTS_SCHEMA_H
#define TESTS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>

/*
 * Does the document fit the schema in that file (of that folder)?  If not, stderr says where
 * and why.  Fields of which the schema does not tell are wrong, too, though readers ignore
 * them: what is written is to be documented.  A keyword that is not known here fails.
 */
bool schema_fits(const char *file, const char *document);

/* The same with a schema in memory, for tests of this. */
bool schema_fits_text(const char *schema, const char *document);

#endif
