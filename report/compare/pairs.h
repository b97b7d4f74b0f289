/* SPDX-License-Identifier: MIT
 *
 * Things of two lists that belong together, found in passes: each pass by another key.
 */
#ifndef COMPARE_PAIRS_H
#define COMPARE_PAIRS_H

#include <stdbool.h>
#include <stdint.h>

struct pairs {
    uint32_t count[2];  /* of the old things, of the new ones */
    uint32_t *with[2];  /* of each the other one, + 1; 0: it has none yet */
    unsigned char *how; /* of each old one: what the pass was given */
};

void pairs_begin(struct pairs *pairs, uint32_t olds, uint32_t news);
void pairs_free(struct pairs *pairs);
/* These two belong together; neither has another one. */
void pairs_put(struct pairs *pairs, uint32_t old, uint32_t new, unsigned how);

/* What a thing is known by in a pass. False: it takes no part. */
#define PAIRS_KEY 4u
typedef bool pairs_key(const void *context, unsigned side, uint32_t thing, uint64_t key[PAIRS_KEY]);
/* Those left that have the same key, in their order; `unique`: only where each list has one of that key. Linear. */
void pairs_pass(struct pairs *pairs, pairs_key *key, const void *context, bool unique,
                unsigned how);

/* The number that it has in both lists, less than pairs_ids. */
uint32_t pairs_id(const struct pairs *pairs, unsigned side, uint32_t thing);
static inline uint32_t pairs_ids(const struct pairs *pairs)
{
    return pairs->count[0] + pairs->count[1];
}

#endif
