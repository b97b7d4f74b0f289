/* SPDX-License-Identifier: MIT
 *
 * How high the level rose, as a log has it, with what was open closed. Of each node: its runs; below it: the stretches in which its
 * children, its call sites, took turns. What lines and functions rose is made of them in fold/rises.h; no other file looks
 * into them.
 *
 * A run is a maximal sequence of consecutive events of a thread that all have the node on the stack. A stretch is a sequence of
 * consecutive events below a node that used the children of a set and no others, between events that did not.
 */
#ifndef READ_RUNS_H
#define READ_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "read/log.h"
#include "read/node.h"

/* Bytes: the highest level less the level before. */
struct run {
    uint64_t rise; /* of the node's runs, the highest */
    uint64_t
        alone; /* of those that were the whole of what happened below the node's parent meanwhile */
};

/* Stretches that ended together: of the first child, of the first two, and so on. */
enum stretch_kind {
    STRETCH_SET,
    /* One of children that are not known, and neither came before nor after any: count 1. */
    STRETCH_ALL,
    /* Bounds, count 1: no stretch below the node that is not here rose by more, neither one of more children than STRETCH_SITES ... */
    STRETCH_LARGE,
    STRETCH_LOST, /* ... nor one of fewer */
    STRETCH_KINDS
};
#define STRETCH_SITES 32u
struct stretch {
    uint32_t parent, before,
        after;      /* nodes; before (the last one) and after: 0 or children of the parent */
    uint8_t kind;   /* enum stretch_kind */
    uint8_t count;  /* of rises; and of sites, if of kind SET */
    uint32_t first; /* of them in runs->sites and runs->rises */
};

struct runs {
    struct run *of_node;
    struct stretch *stretches; /* in the order of their parents */
    size_t stretch_count;
    uint32_t *sites; /* children of the parent */
    uint64_t *rises;
};

/* For model.c. First room for all nodes; */
void runs_start(struct runs *runs, uint32_t node_count);
/* then the runs of one node; */
void runs_take(struct runs *runs, const struct log *log, uint32_t index);
/* then the stretches, and what was open. Adds problems to the log. Linear in the log's size but for a sort. */
void runs_close(struct runs *runs, struct log *log, const struct node *nodes);
void runs_free(struct runs *runs);

#endif
