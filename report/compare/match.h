/* SPDX-License-Identifier: MIT
 *
 * What in one side is what in the other: files, modules, functions and lines by their names, never by addresses. A line that has
 * moved is known by its text; where that is not known for both sides, by its place in its function.
 */
#ifndef COMPARE_MATCH_H
#define COMPARE_MATCH_H

#include "compare/matched.h"
#include "compare/side.h"

/* The word for it in JSON. */
const char *matched_name(enum matched matched);

/* Each thing has a number that is the same in both sides. */
struct match {
    uint32_t *ids[SIDES]; /* by key of the side: a place, function, module, or site */
    uint32_t id_count;
    unsigned char *how; /* by number: enum matched */
    /* BY_LINE, by place of the old side: the line that its text is at now; 0: it is gone, or the texts are not known. */
    uint32_t *now;
};

/* `sides`: after side_end. match_free afterwards. */
void match_make(struct match *match, const struct side sides[SIDES], enum grouping by);
void match_free(struct match *match);

#endif
