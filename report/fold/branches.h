/* SPDX-License-Identifier: MIT
 *
 * The tree of stacks as a person looks at it: with one figure, the highest branch first, small ones folded into "others" that keep
 * the sum. At each branch total = own + the totals of its children, others included.
 */
#ifndef FOLD_BRANCHES_H
#define FOLD_BRANCHES_H

#include "fold/query.h"
#include "fold/stacks.h"

struct branching {
    enum grouping by; /* BY_LINE or BY_FUNCTION: what a branch stands for */
    enum metric metric;
    struct filter filter;
    /* Frames of worse ranks are passed over, but for the innermost of a stack: it says what allocated. */
    enum rank rank;
    bool inverted; /* from what allocated to its callers, else from the outermost caller inward */
    size_t depth;  /* branches below the root, SIZE_MAX: any */
    size_t top;    /* children of a branch that are not folded, likewise */
    double min_share; /* per cent of the root's total that a branch must have not to be folded */
};

/* In place of a key. */
#define BRANCH_ROOT    UINT32_MAX
#define BRANCH_OTHERS  (UINT32_MAX - 1) /* the folded children of the parent, together */
#define BRANCH_UNKNOWN (UINT32_MAX - 2) /* what no stack is known of */
#define BRANCH_APART                                                                               \
    (UINT32_MAX - 3) /* stacks without a frame of the rank asked for; not inverted */
static inline bool branch_has_name(uint32_t key)
{
    return key < BRANCH_APART;
}
struct branch {
    uint32_t parent; /* index of it; of the root 0 */
    uint32_t key;    /* as the grouping has it */
    uint32_t depth;  /* of the root 0 */
    uint32_t folded; /* OTHERS: how many branches these are */
    int64_t total;   /* of a metric that does not add up: the highest of the others */
    int64_t own;     /* of stacks that end here: inverted, that begin here */
    int64_t allocations;
};
struct branches {
    struct branch *list; /* the root first, each before its children */
    size_t count, cap;
    enum grouping by;
    enum metric metric;
    size_t entries; /* of the whole tree */
};

/* Linear in the number of nodes, with sorts of siblings; of an inverted tree only what is not folded is made. Without recursion.
 * branches_free afterwards. */
void branches_make(struct branches *branches, const struct stacks *stacks,
                   const struct branching *branching);
void branches_free(struct branches *branches);

#endif
