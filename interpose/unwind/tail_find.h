/* SPDX-License-Identifier: MIT
 *
 * Known stacks, frame by frame (tail.h). By the thread.
 */
#ifndef MT_UNWIND_TAIL_FIND_H
#define MT_UNWIND_TAIL_FIND_H

#include <stdbool.h>

#include "unwind/stack.h"

struct mt_tails;
struct mt_whole_picked;

/* The stack of an event from `from`, if it is known. `found`: that of the event before. By the thread. */
bool mt_tails_find(struct mt_tails *tails, const struct mt_start *from, struct mt_found *found);

/* In its place, where the stack is not to be known: nothing of the last one counts. */
void mt_tails_skip(struct mt_tails *tails);

/* After mt_tails_find: the words of the whole stack, for mt_whole_add, and whether it depends on the event's fp. False: too many. */
bool mt_tails_words(struct mt_tails *tails, struct mt_whole_picked *words, bool *need);
#endif
