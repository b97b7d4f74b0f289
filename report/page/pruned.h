/* SPDX-License-Identifier: MIT
 *
 * The tree of stacks as a page shows it: what is too small to see is folded, and nothing is lost by that. At each node and for each
 * figure, what happened below it = its own + its children's + that of its row of others.
 */
#ifndef PAGE_PRUNED_H
#define PAGE_PRUNED_H

#include "fold/query.h"
#include "fold/stacks.h"
#include "fold/tree.h"

/* The figures of a page's tree: those that add up. */
#define PAGE_FIGURES 8u
extern const enum metric page_figures[PAGE_FIGURES];

/* Of a comparison: where those of the old side and the margins (compare/changes.h) begin; before them stand those of the new side. */
#define FIGURES_OLD    PAGE_FIGURES
#define FIGURES_MARGIN (2 * PAGE_FIGURES)
#define FIGURES_MOST   (3 * PAGE_FIGURES)

/* All stacks, with the figures of each. */
struct whole {
    struct tree tree; /* of places; below threads' roots if there are several threads */
    unsigned figures; /* PAGE_FIGURES; of a comparison FIGURES_MARGIN, with margins FIGURES_MOST */
    int64_t *own
        [FIGURES_MOST]; /* by entry; margins are those of the total. NULL: total less that of the children */
    int64_t *total[FIGURES_MOST]; /* by entry: with all below it; of entry 0 that of everything */
    float *
        share; /* by entry: the greatest share that it has of any figure, from 0 to 1; no less than its children's */
    float *shares;   /* those that are not 0, the greatest first */
    uint32_t acting; /* number of entries that have any figure */
    uint32_t *below; /* by entry: their number from it on inward */
    struct children children;
};
void whole_make(struct whole *whole, const struct stacks *stacks, const struct filter *filter);
void whole_free(struct whole *whole);
/* Are there several threads to be told apart? */
bool whole_threads(const struct stacks *stacks);
/* Fills in `share` and what stands behind it, for those who have filled in the figures. */
void whole_shares(struct whole *whole);
/* Sums of parts of a damaged log, too: they wrap. */
static inline int64_t whole_sum(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

#define PRUNED_OTHERS UINT32_MAX /* in place of a key: the row of others */
struct pruned {
    uint32_t count;
    uint32_t *key;    /* as in struct tree; row 0 is the root */
    uint32_t *entry;  /* in struct whole; of others: their parent */
    uint32_t *level;  /* 0: the root */
    uint32_t *folded; /* PRUNED_OTHERS: how many entries it stands for, else 0 */
    unsigned figures; /* as of struct whole */
    uint32_t kept;    /* rows that are no others */
    float least;      /* entries of this share and more were kept */
    const struct whole *whole;
};
/* At most `most` entries that reach `least`, from 0 to 1, and the rows of others that this takes. In pre-order. The whole must outlive it;
 * pruned_free afterwards. Linear. */
void pruned_make(struct pruned *pruned, const struct whole *whole, uint32_t most, double least);
void pruned_free(struct pruned *pruned);
/* A row's own figure; of others: of all that they stand for. Goes through the entry's children: all rows of a figure are linear. */
int64_t pruned_own(const struct pruned *pruned, unsigned figure, uint32_t row);

#endif
