/* SPDX-License-Identifier: MIT
 *
 * What is remembered of a thread: each part belongs to the module that it is named after, and only that one writes it.
 *
 * It belongs to a slot of the log (struct mt_thread_entry). Slots are used again by
 * later threads, with their tree, so that memory and log are bounded by the number of threads at
 * one time.
 */
#ifndef MT_STATE_H
#define MT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/guard.h"
#include "format.h"
#include "python/key.h"
#include "tables/tree.h"
#include "unwind/stack.h"

/* capture.c. The struct stands here and not in capture.h, as capture.c uses most of the others, too. */
struct mt_capture {
    /* The last event's stack, for all: */
    uint32_t frames;       /* depth of the last event's stack, without the root */
    uint32_t same;         /* nodes from the root that it shares with the one before */
    struct mt_known *hint; /* the last event's leaf */
    /* For capture.c alone: */
    struct mt_known *known; /* hash of a whole stack -> leaf */
    uint32_t known_bits;
    uint32_t known_used;
    uint32_t generation; /* of the meaning of addresses, as of the last event */
    uint32_t period;     /* that path[0] is the root of */
    uint32_t keys_used;  /* depth of the last stack in keys, without the root */
    uint32_t last_leaf;  /* the last event's; 0: the next one shares nothing but the root with it */
    bool elsewhere;      /* the last event's stack is not the one in keys ... */
    struct mt_whole *whole; /* ... but this remembered one, if not NULL */
    uint64_t whole_at;      /* its place if it is remembered now, else 0 */
    struct mt_mixed *pairs; /* native stack and Python stack -> leaf; NULL: not made yet */
    uint32_t path_used;     /* entries of path that are right for keys; the root's makes one */
    mt_key *keys;           /* the last captured stack, outermost first; keys[i] is path[i + 1] */
    mt_key *scratch;
    uint64_t *hashes; /* hashes[i]: of keys[0..i) */
    uint32_t *path;   /* nodes */
    bool mixed;       /* the last stack had frames that are not native */
    uint32_t unknown; /* events at stacks that are known to have no leaf */
};

struct mt_thread {
    struct mt_thread *next_free;
    struct mt_thread_entry *entry; /* in the log, or `unlisted` */
    uint32_t slot;                 /* 0: the log has no entry for it yet, or no space for one */
    struct mt_thread_entry unlisted;
    int32_t
        lent_to; /* tid of the thread that it was lent to, and whose stack it knows; 0: nobody's */
    struct mt_nesting nesting; /* hooks/enter.c */

    struct mt_tree tree;
    struct mt_capture capture;
    struct mt_stack stack;
    void *python; /* python/merge.h */

    /* runs.c */
    struct mt_run *runs; /* in the log, parallel to path */
    uint32_t depth;      /* nodes that have an open run */

    /* counters.c */
    uint32_t spare_unit; /* half of a pair of counter units, 0: none */

    /* account.c */
    uint32_t leaf_before; /* leaf of the event before the last */
    uint32_t ticks;       /* events since the last tick */

    /* timeline.c */
    uint32_t unsampled;     /* events since the last timeline sample by this thread */
    uint64_t sampled_level; /* level of the process then */
    uint64_t moved;         /* bytes since the last timeline sample by this thread */
    bool resident_due;      /* read the resident set at the next event */
};

#endif
