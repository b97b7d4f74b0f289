/* SPDX-License-Identifier: MIT
 *
 * Which lines and functions are shown, and which part of a function's source.
 */
#ifndef SHOW_LISTING_H
#define SHOW_LISTING_H

#include "show/view.h"

/* Places with figures of functions up to `rank`, the highest by the metric first. To be freed. */
uint32_t *lines_by(const struct view *view, enum metric metric, enum rank rank, size_t *count);

/* A function with the places in it that have figures, by line. */
struct listing {
    uint32_t function;
    uint32_t *places; /* its lines */
    size_t count;
    const struct row *returns;   /* "on return"; NULL: nothing happened then */
    uint64_t most;               /* highest rise of these places */
    bool exact;                  /* line executions were counted */
    bool discards;               /* some of it gave memory back and left it mapped */
    uint32_t first, last;        /* lines to show; 0: the places have no lines */
    bool whole;                  /* not only those with figures and what is next to them */
    const struct source *source; /* NULL: its text is not known */
    bool changed;                /* ... because it is not what it was */
};
/* Listings of the functions in functions[0..count). One pass over the places. To be freed with
 * listings_free. */
struct listing *listings_make(struct view *view, const uint32_t *functions, size_t count);
void listings_free(struct listing *listings, size_t count);

#endif
