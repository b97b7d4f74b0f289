/* SPDX-License-Identifier: MIT
 *
 * What each key rose: the highest that the thread's level stood, while the key was on the stack, above what it was when the
 * key came there. Made of what read/runs.h has; no other file of fold/ looks into that, so that another record can take its
 * place by changing these two modules alone.
 *
 * A run of a key below one node is a sequence of consecutive events that all went through children of the node that have the key.
 * Where that is one child, the node knows its best run. Where there are several, the key's runs are the stretches of the
 * node's children that used children of the key only, between others or none: no rise is too high, and what stretches were not
 * recorded tells how much too low one may be.
 */
#ifndef FOLD_RISES_H
#define FOLD_RISES_H

#include "fold/rows.h"
#include "fold/select.h"
#include "fold/stacks.h"

/* Rows whose rises are asked for. */
struct rising {
    const uint32_t
        *key_of_place; /* the row of a place; NULL: its own number. One of them at most has it */
    const uint32_t *
        on_path; /* by row: not 0 where its key is on the path to the present node, and counts nothing further in */
    const struct tree *
        tree; /* a row for each entry of this tree of places, in place of these two; NULL: by key */
    struct row *list;
    uint32_t count;
};

struct rises {
    const struct stacks *stacks;
    const struct selection *selection;
    const struct children *children;
    const struct rising *of, *order; /* of these the one by which children are sorted */
    size_t of_count;
    uint32_t *stretches;      /* by node: 1 + its first one; 0: none */
    struct rises_child *list; /* of the present node */
    size_t count, cap;
    uint32_t all; /* how many children the log has of it, those that are not selected as well */
};
/* Fill list[].rise and list[].rise_most, of nodes that are selected. `children`: of nodes. First this, with all rises 0, */
void rises_begin(struct rises *rises, const struct stacks *stacks,
                 const struct selection *selection, const struct children *children,
                 const struct rising *of, size_t count);
/* then what its children rose, of each node once, 0 as well, with on_path as it is there. Linear, but for sorts of siblings; */
void rises_below(struct rises *rises, uint32_t node);
/* then this. */
void rises_end(struct rises *rises);
/* A function's rise that is a lower bound is raised to what its lines' rises tell of it: a run of a line lies in a run of its function, and
 * begins below where that began by no more than what was released under the function. So a function that released may still rise less
 * than its line. Rows by line and by function, of the same selection. */
void rises_of_functions(const struct stacks *stacks, const struct rows *lines,
                        struct rows *functions);
/* What one node rose, in bytes. */
uint64_t rise_of_node(const struct stacks *stacks, uint32_t node);

#endif
