/* SPDX-License-Identifier: MIT */
#ifndef SHOW_TREE_H
#define SHOW_TREE_H

#include <stdio.h>

#include "fold/branches.h"
#include "show/json.h"

/* The tree as text, a row for each branch; what has one child only, and nothing of its own, shares a row with it. */
void tree_print(const struct stacks *stacks, const struct branches *branches, FILE *out);
/* The members "frames" and "nodes" of the open object. */
void tree_json(const struct stacks *stacks, const struct branches *branches, struct json *json);

#endif
