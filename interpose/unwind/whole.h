/* SPDX-License-Identifier: MIT
 *
 * Remembered stacks: where an event starts (pc, sp, fp), and all words that the walk from there
 * read. As long as all of them stand on the stack, the walk would give the same frames: the stack
 * is known, and no frame need be looked at. That takes 5 to 10 ns for 20 frames; a walk of as many
 * takes 50 to 200.
 *
 * Each thread has one ring of entries: a new one takes the oldest's place. Only stacks get in that
 * lie on the thread's own stack and were walked by rules alone. Where few come again, the cache
 * rests for a while.
 */
#ifndef MT_UNWIND_WHOLE_H
#define MT_UNWIND_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind/arch.h"
#include "unwind/stack.h"

struct mt_walk;

/* An entry. `at` tells the entries of a cache apart, and is never used twice. */
struct mt_whole {
    uint64_t at;    /* its place in the endless ring */
    uint64_t older; /* next entry in the chain of its bucket, or one that is gone */
    struct mt_known known;
    uintptr_t pc, sp, fp;
    /* for tables/capture.c: `at` of the stack of the event before, and how many nodes they share */
    uint64_t before;
    uint32_t before_same;
    uint32_t frames;
    uint32_t
        /* of word[], which must be the same; the first frames - 1 are the return addresses,
         * innermost first */
        words;
    bool need_fp;
    bool named; /* nodes are filled in; as `known`, for whoever remembers stacks here */
    struct mt_whole_word {
        uintptr_t want;
        uintptr_t at;
    } word[];
};

/* The thread's cache, or NULL: no memory. */
struct mt_wholes *mt_wholes_new(void);
/* Release it; forget what it has. NULL is allowed. */
void mt_wholes_free(struct mt_wholes *wholes);
void mt_wholes_forget(struct mt_wholes *wholes);

/* The pc of its frame `i`, counted from the outermost. */
static inline uintptr_t mt_whole_pc(const struct mt_whole *whole, uint32_t i)
{
    return i + 1 == whole->frames ? whole->pc : mt_arch_ra(whole->word[whole->frames - 2 - i].want);
}

/* Room for a number for each frame, the outermost first, that goes away with the entry: see `named`. */
static inline uint32_t *mt_whole_nodes(struct mt_whole *whole)
{
    return (uint32_t *)(whole->word + whole->words);
}

/* Remember the stack that was just walked from `from`, in place of old ones. NULL: not possible. */
struct mt_whole *mt_whole_add(struct mt_wholes *wholes, const struct mt_stack *stack,
                              const struct mt_walk *walk, const struct mt_start *from);

#endif
