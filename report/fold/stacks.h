/* SPDX-License-Identifier: MIT
 *
 * A log, read and resolved: all its stacks, with names, and what happened at the leaf of each. What every view begins with.
 *
 *     struct stacks stacks;
 *     if (stacks_open(&stacks, "app.mt", ALL_PERIODS)) {
 *         struct leaf leaf;
 *         for (size_t at = 0; stacks_next(&stacks, &at, &leaf);)
 *             ... leaf.sums, and its frames by stack_next
 *     }
 *     stacks_close(&stacks);
 *
 * Most views need no such loop: fold.h makes rows.
 */
#ifndef FOLD_STACKS_H
#define FOLD_STACKS_H

#include "fold/exact.h"
#include "read/model.h"
#include "resolve/frames.h"

struct stacks {
    struct log log;
    struct model model;
    struct frames frames;
    struct exact exact; /* executions of lines */
    bool running;       /* the process was still there when the log was read */
    bool damaged;       /* something in the log could not be read; it was said */
    bool absent;        /* the log has no such function; it was said */
    bool periodless;    /* the log has no such period; it was said */
    bool under;         /* only what happened under calls of one function */
    struct stem *stem;  /* tree.h's; NULL: trees share nothing */
    size_t processes;   /* that they are of; 0: of one (joined.h) */
};

/* Read and resolve what happened in these periods of the process: names outside of them are not looked up. Says on standard
 * error what is wrong with the log. False: nothing can be shown, and only log.name and stacks_status may be used. `file` stays the
 * caller's and must outlive the stacks. stacks_close in any case. */
bool stacks_open(struct stacks *stacks, const char *file, struct periods periods);
/* The same of what happened there under calls of the functions that `under` means (resolve/match.h): frames further out and other
 * stacks are as if outside of the periods. Executions are not known then, as they are not counted by stack. NULL: of all. */
bool stacks_open_under(struct stacks *stacks, const char *file, struct periods periods,
                       const char *under);
/* The same, and sizes_add (read/sizes.h) may be asked, which takes memory. */
bool stacks_open_sized(struct stacks *stacks, const char *file, struct periods periods,
                       const char *under);
/* The same of a log that is in stacks->log already. Says nothing. */
void stacks_make(struct stacks *stacks, struct periods periods);
void stacks_close(struct stacks *stacks);
/* The exit status that it comes to: STATUS_DONE, STATUS_NO where the function that was asked for is not in the log, STATUS_BAD. */
int stacks_status(const struct stacks *stacks);
/* The same of several logs: the highest of theirs, but that the function need not be in all of them. Begins zeroed. */
struct stacks_several {
    int status;       /* of those that have it */
    bool any, absent; /* one could be shown; one has not the function */
};
void stacks_several_add(struct stacks_several *several, const struct stacks *stacks);
int stacks_several_status(const struct stacks_several *several);
/* All periods are looked at. */
bool stacks_whole(const struct stacks *stacks);

/* What happened at the end of one stack, in one class. */
struct leaf {
    uint32_t node, thread; /* in the model */
    unsigned class;
    struct sums sums;
};
/* The next leaf; *at begins as 0. In the order of nodes: a node's classes follow each other. False: there is none. */
static inline bool stacks_next(const struct stacks *stacks, size_t *at, struct leaf *leaf)
{
    const struct model *model = &stacks->model;
    if (*at >= model->entries.count)
        return false;
    const struct entry *entry = &model->entries.list[(*at)++];
    *leaf = (struct leaf){.node = entry->node,
                          .thread = model->nodes[entry->node].thread,
                          .class = entry->class,
                          .sums = entry_sums(&model->entries, entry)};
    return true;
}

/* The places of a node's stack, from the innermost outward. */
struct stack {
    const struct stacks *of;
    uint32_t node; /* the next one outward */
    uint32_t left; /* places of the present node that are still to come */
    const uint32_t *places;
};
struct stack stack_of(const struct stacks *stacks, uint32_t node);
/* False: the stack is at its end. */
bool stack_next(struct stack *stack, uint32_t *place);
/* The innermost place of code of this rank or a better one; UINT32_MAX: there is none. `ranks`: those of own_ranks (own.h), by function;
 * NULL: the functions' own. */
uint32_t stack_innermost(const struct stacks *stacks, uint32_t node, enum rank rank,
                         const unsigned char *ranks);

#endif
