/* SPDX-License-Identifier: MIT */
#ifndef FOLD_EXECUTIONS_H
#define FOLD_EXECUTIONS_H

#include "fold/rows.h"
#include "fold/stacks.h"

/* Put the executions that the log counted to rows by line or by function; without effect on others. Lines without events get
 * their mem usage. */
void executions_put(const struct stacks *stacks, struct rows *rows);

#endif
