/* SPDX-License-Identifier: MIT
 *
 * How large the allocations of a page's stacks were.
 */
#ifndef PAGE_SIZES_H
#define PAGE_SIZES_H

#include "page/columns.h"
#include "page/pruned.h"
#include "read/sizes.h"

/* Of everything. Where the log does not tell, nothing. Linear in the number of leaves. */
struct sizes sizes_of_all(const struct stacks *stacks, const struct filter *filter);

/* The columns sizes.*: of everything (row 0), and of the rows of the tree that allocated most often, at most `most`: how many
 * allocations there were of each power of two (read/sizes.h). sizes.row: less that before it; sizes.from: the first power that there
 * were; sizes.length: how many follow each other; sizes.count: all of them, row by row. Empty where the log does not tell. `all`:
 * sizes_of_all. */
void sizes_columns(const struct stacks *stacks, const struct filter *filter,
                   const struct pruned *pruned, const struct sizes *all, uint32_t most,
                   struct columns *columns);

#endif
