/* SPDX-License-Identifier: MIT
 *
 * Stacks as JSON, each frame of them once: rows point into a tree. report/SCHEMA.md says what the members mean.
 */
#ifndef SHOW_STACKS_JSON_H
#define SHOW_STACKS_JSON_H

#include "fold/tree.h"
#include "show/json.h"

/* Which entries of a tree are written, and as what. */
struct stacks_json {
    uint32_t *
        node; /* of each entry of the tree: its index in "tree"; STACKS_JSON_NONE: it is not written */
};
#define STACKS_JSON_NONE UINT32_MAX

/* Writes the members "frames" and "tree" of an object that is open: the stacks of entries[0..count) of `tree`, whose keys are
 * places, and nothing else. Needs memory for the tree's entries and the places, not for what is written. stacks_json_end
 * afterwards. */
struct stacks_json stacks_json(const struct frames *frames, const struct tree *tree,
                               const uint32_t *entries, size_t count, struct json *json);
/* The member "node" of a row: where its stack ends in "tree"; null for entry 0, which has no stack. */
void stacks_json_node(const struct stacks_json *stacks, struct json *json, uint32_t entry);
void stacks_json_end(struct stacks_json *stacks);

#endif
