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

/* Fill list[].rise and list[].rise_most. `tree` has the keys of the rows; `row_of` gives an entry's row, NULL: its own number. `outermost`,
 * by entry: it is the outermost of its key on its path; the others count nothing. Nodes that are not selected count nothing. Linear, but
 * for sorts of siblings. */
void rises_of_keys(const struct stacks *stacks, const struct selection *selection,
                   const struct tree *tree, const uint32_t *row_of, const unsigned char *outermost,
                   struct row *list, uint32_t count);
/* A function's rise that is a lower bound is raised to what its lines' rises tell of it: a run of a line lies in a run of its function, and
 * begins below where that began by no more than what was released under the function. So a function that released may still rise less
 * than its line. Rows by line and by function, of the same selection. */
void rises_of_functions(const struct stacks *stacks, const struct rows *lines,
                        struct rows *functions);
/* What one node rose, in bytes. */
uint64_t rise_of_node(const struct stacks *stacks, uint32_t node);

#endif
