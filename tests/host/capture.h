/*
 * What the code under test says on stderr, as a string.
 */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include <stdbool.h>

void capture_begin(void);
/* Back to the real stderr; the text is valid until the next capture. */
const char *capture_end(void);

/* Is `needle` in `text`?  Prints the text when it isn't. */
bool says(const char *text, const char *needle);

/* The same, wherever the text's lines were wrapped. */
bool tells(const char *text, const char *needle);

#endif
