/* What the files of a sweep's cells (cells.h) have of each other. */
#ifndef BENCH_CELLS_PARTS_H
#define BENCH_CELLS_PARTS_H

#include <stddef.h>

#include <jansson.h>

#define PLAN_SCHEMA "xenometer-plan/1"

struct plan {
    char *directory;
    json_t *document;
    const char *key;      /* the document's */
    const json_t *cells;  /* likewise; NULL: none was read */
};

/* STATUS_USAGE, said why: there is none, or it is damaged. */
int plan_read(const char *directory, struct plan *);
void plan_free(struct plan *);

/* Of cell `number`, from 0: "DIR/cells/NAME.END"; the caller's. */
char *plan_cell_path(const struct plan *, size_t number, const char *end);

enum cell_state {
    CELL_MISSING,
    CELL_DONE,
    CELL_FAILED,      /* it was tried */
    CELL_FOREIGN,     /* what is there is of another plan, or no results */
};
enum cell_state plan_cell_state(const struct plan *, size_t number);

#endif
