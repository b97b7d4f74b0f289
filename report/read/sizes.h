/* SPDX-License-Identifier: MIT
 *
 * How large the allocations of a call site were: numbers by powers of two of the requested size. They are read when they are asked for, as
 * they would make the model three times as large.
 */
#ifndef READ_SIZES_H
#define READ_SIZES_H

#include "read/model.h"

/* count[0]: of 0 to 7 bytes, count[i]: of 2^(i + 2) to 2^(i + 3) - 1, the last one: and more. */
#define SIZES 45u
struct sizes {
    uint64_t count[SIZES];
};

/* The smallest and the largest size that count[i] stands for; UINT64_MAX: there is no largest. */
uint64_t sizes_from(unsigned i);
uint64_t sizes_to(unsigned i);

/* Add the allocations of a node and class; nothing is added where the log does not have them (log->header.sizes). Their sum may be less than
 * the number of allocations, where the log was full. The model's log must still be open, and
 * have kept its tables (log->keeps_tables). */
void sizes_add(struct sizes *sizes, const struct model *model, uint32_t node, unsigned class);
/* Most has been asked for: what that took of the log's tables takes no memory until more is asked for. */
void sizes_rest(const struct model *model);

#endif
