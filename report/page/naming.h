/* SPDX-License-Identifier: MIT
 *
 * The names of a page: frames, their functions, their texts, each once; those that occur most have the lowest numbers.
 */
#ifndef PAGE_NAMING_H
#define PAGE_NAMING_H

#include "fold/stacks.h"
#include "page/columns.h"
#include "page/pruned.h"

struct naming {
    const struct stacks *stacks;
    uint32_t *of_place, *of_thread, *of_function; /* number + 1; 0: it has none */
    uint32_t *frames, *functions; /* by number: TREE_THREAD + thread, or place; function */
    uint32_t frame_count, function_count;
};

/* Number what stands in the rows of a tree, and places[0..count) of tables. */
void naming_make(struct naming *names, const struct stacks *stacks, const struct pruned *pruned,
                 const uint32_t *places, size_t count);
void naming_free(struct naming *names);
/* A frame's number + 1; 0: the root, or a row of others. */
uint32_t naming_frame(const struct naming *names, uint32_t key);
/* The columns text, function.* and frame.*. `redact`: without home folders (text.h). */
void naming_columns(const struct naming *names, struct columns *columns, bool redact);

/* What a language is called in the column function.language; NULL: `index` is past the last one. */
const char *naming_language(unsigned index);

#endif
