/* SPDX-License-Identifier: MIT
 *
 * Rows by line, function, file or module, of several queries in one walk over all stacks.
 */
#ifndef FOLD_BY_PLACE_H
#define FOLD_BY_PLACE_H

#include "fold/rows.h"
#include "fold/select.h"

struct by_place {
    const struct query *query; /* by BY_LINE, BY_FUNCTION, BY_FILE or BY_MODULE */
    struct rows *rows;         /* of all its keys, without figures yet */
};
/* Fill in sums and rises. The queries have the same filter, of which `selection` is made. */
void fold_by_place(const struct stacks *stacks, const struct selection *selection,
                   const struct by_place *asked, size_t count);

#endif
