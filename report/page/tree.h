/* SPDX-License-Identifier: MIT
 *
 * The columns of the tree of stacks, and of the curve.
 */
#ifndef PAGE_TREE_H
#define PAGE_TREE_H

#include "page/columns.h"
#include "page/naming.h"
#include "page/pruned.h"

/* The columns tree.*: in pre-order, without the root, whose own figures are in the facts.
 *   tree.up      0: a child of the row before; n: n - 1 levels up from there, and a child of that one's parent
 *   tree.frame   0: others, else the frame's number + 1
 *   tree.folded  of others: how many nodes they stand for
 *   tree.METRIC  own; of a comparison what all runs of the new side come to
 *   old.tree.METRIC, margin.tree.METRIC: of a comparison; by how much a row's total changes by chance at most, where there are
 *                more than two runs */
void tree_columns(const struct pruned *pruned, const struct naming *names, struct columns *columns);
/* The columns time.*: samples of the timeline; at: in microseconds, less that of the sample before. `old`: of the old side,
 * old.time.*. */
void time_columns(const struct log *log, bool old, struct columns *columns);

#endif
