/* A command line that is put together word by word. */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include <stddef.h>

struct words {
    char **list;   /* owned, ended by NULL once there is one */
    size_t count;
};

void words_add(struct words *, const char *word);
void words_format(struct words *, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *const *words_argv(const struct words *);
void words_free(struct words *);

#endif
