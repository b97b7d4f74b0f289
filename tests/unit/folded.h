/* SPDX-License-Identifier: MIT
 *
 * For tests of figures: a log made of Python frames, folded by line and by function.
 */
#ifndef FOLDED_H
#define FOLDED_H

#include "../../report/fold/fold.h"
#include "log_builder.h"

struct folded {
    unsigned char *file;
    struct stacks stacks;
    struct rows lines, functions;
};

/* All metrics. */
#define EVERYTHING ((1u << METRICS) - 1)

/* Read the log and fold it; the log must be sound. */
void fold_log(struct folded *f, struct builder *b);
void unfold(struct folded *f, struct builder *b);

/* By name; there must be one. */
uint32_t function_of(const struct folded *f, const char *name);
const struct row *function(const struct folded *f, const char *name);
const struct row *line(const struct folded *f, const char *name, uint32_t number);

struct py {
    struct builder b;
    uint32_t root;
    uint32_t f, g; /* codes */
};

void py_start(struct py *py);
uint32_t py_node(struct py *py, uint32_t parent, uint32_t code, uint32_t number);
void py_alloc(struct py *py, uint32_t node, uint64_t allocated, uint64_t gone);
void py_rise(struct py *py, uint32_t node, uint64_t rise, uint64_t alone);

#endif
