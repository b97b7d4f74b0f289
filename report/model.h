/* SPDX-License-Identifier: MIT
 *
 * The checked content of a log: the tree of stacks with sound indices, what happened at each of its
 * nodes, the best run of each node with the open runs closed. Everything by node; fold.h makes
 * lines of it.
 */
#ifndef MODEL_H
#define MODEL_H

#include "reader.h"

/* Counters, of a node or of anything that nodes add up to. Bytes of all but `allocations` ...
 * `frees`, `readings`. */
struct sums {
    uint64_t allocated;   /* by events here */
    uint64_t released;    /* by events here, whoever allocated it */
    uint64_t freed;       /* of what was allocated here, whoever released it */
    int64_t at_peak;      /* of what was allocated here, live at the process's peak */
    uint64_t allocations; /* numbers of these events */
    uint64_t releases;
    uint64_t frees;
    uint64_t live_peak; /* most that was ever live here; a sum of several is an upper bound */
    int64_t resident;   /* growth of the resident set seen here */
    uint64_t readings;  /* ... and of how many readings that is the sum */
    uint64_t last; /* place in time of the latest event, as in mt_alloc; with `level`, the process's
                      level after it */
    uint64_t level;
    bool happened; /* there was an event, so that last and level mean something */
};

/* What one node did with one class. */
struct model_entry {
    uint32_t node;
    uint32_t class; /* enum mt_class */
    struct sums sums;
};

/* A run, as in mt_node but with open runs closed. len 0: none. */
struct model_run {
    uint32_t begin, len;
    int64_t rise, net;
};

/* Which periods of the process are looked at. */
struct model_periods {
    uint32_t first, last;
};
#define MODEL_ALL_PERIODS ((struct model_periods){0, UINT32_MAX})

struct model_node {
    uint32_t parent; /* less than the node's own index; 0: none */
    uint32_t frame;  /* index in log->frames, 0: not known */
    uint32_t thread; /* entry in log->threads, 0: not known */
    bool outside;    /* of the periods looked at: its frame is 0 and it has no entries and no run */
    struct model_run run;
};

struct model {
    struct log *log;
    struct model_periods periods;
    struct model_node *nodes;    /* log->node_count of them */
    struct model_entry *entries; /* in the order of their nodes, at most one per node and class */
    size_t entry_count;
    struct sums classes[MT_CLASSES];
    struct sums lost; /* of all classes, what no node is known of: in `entries` as node 0's */
    /* Releases that have taken something away, but are not counted yet themselves, as the log was read or left in the middle
     * of them: also node 0's, so that what was allocated is live or released. Less than 0: the other way round. */
    int64_t under_way, under_way_bytes;
    uint64_t events;   /* of all threads, when the log was read */
    struct sums total; /* heap and anonymous mappings */
};

/* Check and add up. Adds problems to the log; the log must outlive the model. Linear in the log's
 * size. */
void model_make(struct model *model, struct log *log);
/* The same of some periods only. */
void model_make_periods(struct model *model, struct log *log, struct model_periods periods);
void model_free(struct model *model);

/* Add `more` to `sums`; of `last` and `level` the later one stays (same thread). */
void sums_add(struct sums *sums, const struct sums *more);

static inline bool class_counts(uint32_t class)
{
    return class == MT_HEAP || class == MT_ANON;
}

#endif
