/* SPDX-License-Identifier: MIT
 *
 * What a budget is about: a figure, and which lines it comes from.
 */
#ifndef BUDGET_MEASURE_H
#define BUDGET_MEASURE_H

#include "budget/budget.h"
#include "fold/leaks.h"
#include "fold/stacks.h"

struct measured_line {
    uint32_t place;
    int64_t value;
};

struct measured {
    int64_t value;
    bool matched; /* the log has a place that `at` names */
    struct measured_line *
        lines; /* of what the figure is made of: the innermost line of the user's own code; the most first */
    size_t count;
};

/* `leaks`: of the same log. Linear in the number of nodes, and of their depths. measured_free afterwards. */
void measure(struct measured *measured, const struct stacks *stacks, const struct budget *budget,
             const struct leaks *leaks);
void measured_free(struct measured *measured);

#endif
