/* SPDX-License-Identifier: MIT
 *
 * Runs as a log has them: of each node the best one, the open ones closed. A run is a maximal sequence of consecutive events of a
 * thread that all have the node on the stack. What lines and functions rose is made of them in fold/rises.h; no other file looks
 * into a run.
 */
#ifndef READ_RUNS_H
#define READ_RUNS_H

#include <stdint.h>

#include "read/log.h"
#include "read/node.h"

struct run {
    uint32_t begin; /* event number of the thread (mod 2^32) */
    uint32_t len;   /* events; 0: there is no run */
    int64_t rise,
        net; /* bytes: highest level during it, and level at its end, less the level before it; rise >= 0 */
};
struct runs {
    struct run *of_node;
};

/* For model.c. First room for all nodes; */
void runs_start(struct runs *runs, uint32_t node_count);
/* then the best run of one node, with its record of a run that is too large for the node (NULL: it has none); */
struct mt_wide;
void runs_take(struct runs *runs, struct log *log, uint32_t index, const struct mt_wide *wide);
/* then the open runs end: each competes with the best one of its nodes. Adds problems to the log. */
void runs_close(struct runs *runs, struct log *log, const struct node *nodes);
void runs_free(struct runs *runs);

#endif
