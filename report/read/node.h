/* SPDX-License-Identifier: MIT
 *
 * One frame of the tree of all stacks, with sound indices.
 */
#ifndef READ_NODE_H
#define READ_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct node {
    uint32_t parent; /* less than the node's own index; 0: none */
    uint32_t frame;  /* for log_frame; 0: not known */
    uint32_t thread; /* in model->threads; 0: not known */
    bool early;      /* before the program began a period */
    bool outside; /* of what is looked at: its frame is 0, and it has neither figures nor a run */
};

/* Which periods of the process are looked at. */
struct periods {
    uint32_t first, last;
};
#define ALL_PERIODS ((struct periods){0, UINT32_MAX})

#endif
