/* SPDX-License-Identifier: MIT
 *
 * Native stacks together with the foreign ones that they were met with, and their leaves; and the frames of both in the log. For
 * tables/capture.c; by the thread.
 */
#ifndef MT_FOREIGN_PAIR_H
#define MT_FOREIGN_PAIR_H

#include <stddef.h>
#include <stdint.h>

#include "foreign/key.h"
#include "unwind/stack.h"

struct mt_pair {
    uint64_t tag; /* of both; 0: empty */
    struct mt_known known;
    uint32_t depth;       /* nodes, without the root */
    uint32_t before;      /* leaf of the event before ... */
    uint32_t before_same; /* ... and how many nodes it shares with this one */
};

#define MT_PAIRS 4096u

/* A hash, of `key` behind what `outer` is the hash of. */
static inline uint64_t mt_pair_hash(uint64_t outer, uint64_t key)
{
    uint64_t h = (outer ^ key) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

/* Two pairs with the same tag would be mistaken for each other; see `known` in capture.c. */
static inline uint64_t mt_pair_tag(uint64_t whole_and_kind, uint64_t print)
{
    uint64_t h = mt_pair_hash(print * 0x94d049bb133111ebu, whole_and_kind);
    return h ? h : 1;
}

/* A pair may stand in two neighbouring places, so that two hot ones do not push each other out
 * again and again. `pairs`: NULL is none. */
static inline struct mt_pair *mt_pair_find(struct mt_pair *pairs, uint64_t tag)
{
    uint64_t at = tag >> 20 & (MT_PAIRS - 1);
    if (__builtin_expect(!pairs, 0))
        return NULL;
    if (__builtin_expect(pairs[at].tag == tag, 1))
        return &pairs[at];
    return pairs[at ^ 1].tag == tag ? &pairs[at ^ 1] : NULL;
}

/* Room for pairs, all empty. NULL: no memory. */
struct mt_pair *mt_pair_new(void);

/* It gets the first of its places; what stood there moves to the other one. *pairs is made when it is NULL. Inlined, as each frame counts
 * on the program's stack. */
static inline __attribute__((always_inline)) void mt_pair_put(struct mt_pair **pairs, uint64_t tag,
                                                              struct mt_known known, uint32_t depth)
{
    uint64_t at = tag >> 20 & (MT_PAIRS - 1);
    if (!*pairs && !(*pairs = mt_pair_new()))
        return;
    struct mt_pair *pair = &(*pairs)[at];
    if (pair->tag != tag)
        (*pairs)[at ^ 1] = *pair;
    *pair = (struct mt_pair){tag, known, depth, 0, 0};
}

/* Empty all. NULL is allowed. */
void mt_pair_forget(struct mt_pair *pairs);

/* The index in FRAME of a key. 0: no space. */
uint32_t mt_foreign_frame(mt_key key);

#endif
