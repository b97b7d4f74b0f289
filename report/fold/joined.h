/* SPDX-License-Identifier: MIT
 *
 * The stacks of several processes as those of one: a place of one source line is one place, whichever process was there.
 */
#ifndef FOLD_JOINED_H
#define FOLD_JOINED_H

#include "fold/stacks.h"

/* A process among them: what tells its nodes and threads, which stand together, and what its header says. */
struct joined_part {
    const char *log;       /* its name: the log's own text */
    uint32_t node, thread; /* its first ones */
    uint32_t logged; /* nodes from here on are none of its log: model.logged, as they stand here */
    size_t entry;    /* first of its figures */
    int32_t pid;
    bool python, finished, running;
    bool periods;              /* the program began some */
    struct sums lost[CLASSES]; /* of no node */
};

/* What branches_make and selections read: places, nodes, threads, modules, figures. There are no runs, so rises are not known, and of
 * the log only the modules' paths. Begins zeroed; joined_free in any case. */
struct joined {
    struct stacks stacks; /* after joined_end */
    struct strings functions, places, modules;
    struct sums lost[CLASSES]; /* of no node */
    struct joined_part *parts;
    size_t part_count, part_cap;
    size_t frame_count, place_of_count;
    size_t node_cap, thread_cap, module_cap, start_cap, place_of_cap;
};

/* Adds a process; `part` may be closed then. Figures add up: what was held at the peaks was not held at one time. */
void joined_add(struct joined *joined, const struct stacks *part);
/* Adds its functions and places alone, where figures are kept elsewhere: by the index of each place in `part`, that of it here. To be
 * freed. */
uint32_t *joined_names(struct joined *joined, const struct stacks *part);
void joined_end(struct joined *joined);
void joined_free(struct joined *joined);

#endif
