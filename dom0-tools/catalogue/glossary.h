/*
 * The words of the field: what each means, and the row or the trace that shows it.  `explain` and the
 * report's glossary are made of it.
 */
#ifndef CATALOGUE_GLOSSARY_H
#define CATALOGUE_GLOSSARY_H

#include <stdbool.h>
#include <stddef.h>

struct term {
    const char *name;        /* as people write it: "event channel" */
    const char *others;      /* other words for it, with "; " between; NULL: none */
    const char *text;        /* a paragraph; no figure in it, for those are measured */
    const char *picture;     /* lines of at most 72 columns, or NULL */
    const char *row;         /* a row that shows it, or NULL */
    const char *column;      /* in which a trace shows it; NULL: a run does */
    bool report;             /* in the report's glossary, which is for those who only read it */
};

/* The i-th, from 0, in alphabetical order; NULL: there are no more. */
const struct term *term_at(size_t i);

/* By one of its names, in any case; NULL: it is none. */
const struct term *term_find(const char *name);

/* What the rows of a group are about, one paragraph; NULL: the group is unknown. */
const char *group_text(const char *group);

#endif
