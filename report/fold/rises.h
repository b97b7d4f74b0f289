/* SPDX-License-Identifier: MIT
 *
 * What each key rose: the highest that the thread's level stood, while the key was on the stack, above what it was when the
 * key came there. Made of the runs of nodes (read/runs.h), of which a log has each node's best one; no other file of fold/
 * looks into a run, so that another record can take their place by changing these two modules alone.
 *
 * Exact where one node stands for the key in a run, or where the best runs of its nodes follow each other without a gap. Else too
 * low.
 */
#ifndef FOLD_RISES_H
#define FOLD_RISES_H

#include "fold/rows.h"
#include "fold/select.h"
#include "fold/stacks.h"

/* Fill list[].rise. `tree` has the keys of the rows; `row_of` gives an entry's row, NULL: its own number. `outermost`, by
 * entry: it is the outermost of its key on its path; the others count nothing. Nodes that are not selected count nothing. Linear,
 * but for a sort of siblings. */
void rises_of_keys(const struct stacks *stacks, const struct selection *selection,
                   const struct tree *tree, const uint32_t *row_of, const unsigned char *outermost,
                   struct row *list);
/* What one node rose, in bytes. */
uint64_t rise_of_node(const struct stacks *stacks, uint32_t node);

#endif
