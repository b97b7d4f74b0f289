/* SPDX-License-Identifier: MIT
 *
 * The checked content of a log: the tree of stacks with sound indices, what happened at each of its nodes, the best run of each
 * node. Everything by node; fold/ makes rows of it.
 */
#ifndef READ_MODEL_H
#define READ_MODEL_H

#include "read/entries.h"
#include "read/log.h"
#include "read/node.h"
#include "read/runs.h"

/* A slot for threads: used by one thread at a time, then by later ones. */
struct thread {
    uint32_t leaf;    /* node of the last event; 0: none, or the thread has ended */
    int32_t tid;      /* of the present or last thread */
    char name[17];    /* of that one */
    uint32_t earlier; /* threads that had its slot before, whose figures are here, too */
    uint64_t events;
    int64_t level; /* bytes allocated less released by them */
};

struct model {
    struct log *log;
    struct periods periods;
    struct node *nodes; /* node_count of them; 0 is none */
    uint32_t node_count;
    uint32_t logged; /* nodes from here on are none of the log: model_below */
    struct runs runs;
    struct thread *threads; /* thread_count of them; 0 is none */
    uint32_t thread_count;
    struct entries entries; /* in the order of their nodes, at most one for a node and class */
    struct sums classes[CLASSES];
    struct sums total; /* of what is in the level */
    /* Of all classes, what no node is known of, for want of space: in `entries` as node 0's. */
    struct sums lost;
    /* Releases that have taken something away but are not counted themselves yet, as the log was
     * read or left in the middle of them: also node 0's, so that what was allocated is live or
     * released. Less than 0: the other way round. */
    int64_t under_way, under_way_bytes;
    uint64_t events; /* of all threads, when the log was read */
};

/* Check and add up what happened in some periods. Adds problems to the log; the log must outlive the model. Where the log was read
 * or left in the middle of events, its levels become those of what was read. Linear in the log's size.
 * Once for a log: its tables are given back then. */
void model_make(struct model *model, struct log *log, struct periods periods);
/* Keep what happened at the nodes that have a byte here, `inside` of node_count; the others become as those outside of the periods.
 * Linear. */
void model_keep(struct model *model, const unsigned char *inside);
/* For model_make: what is gone and released, and what was live at the finish, as the header's levels have it; what no record tells is node
 * 0's. After all entries, of whole logs alone. */
void model_settle(struct model *model);
/* For resolve/: what happened at nodes that have a frame here, by node, 0: none, happened one node further in, of that frame.
 * Their runs: of a node that the log has nothing below, the same; of others the highest rise that is certain. Once, linear. */
void model_below(struct model *model, const uint32_t *frames);
/* Add what happened in a class to the totals. */
static inline void model_count(struct model *model, uint32_t class, const struct sums *sums)
{
    sums_add(&model->classes[class], sums);
    if (class_counts(class))
        sums_add(&model->total, sums);
}
void model_free(struct model *model);

#endif
