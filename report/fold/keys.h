/* SPDX-License-Identifier: MIT
 *
 * Which key each place has.
 */
#ifndef FOLD_KEYS_H
#define FOLD_KEYS_H

#include "fold/query.h"
#include "fold/stacks.h"

/* How many keys the grouping has, as far as that depends on the frames: not for BY_SITE and BY_TREE. */
uint32_t keys_count(const struct stacks *stacks, enum grouping by);
/* The key of each place, to be freed; NULL: the place itself. For BY_LINE, BY_FUNCTION, BY_FILE and BY_MODULE. */
uint32_t *keys_of_places(const struct stacks *stacks, enum grouping by);

#endif
