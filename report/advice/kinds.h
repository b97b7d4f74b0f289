/* SPDX-License-Identifier: MIT
 *
 * The kinds of advice. To add one: here, in kinds.c, and in the list in advice.c.
 */
#ifndef ADVICE_KINDS_H
#define ADVICE_KINDS_H

#include "advice/list.h"
#include "advice/lines.h"

/* Each adds what it has to say of one line of the user's own, whose source line is known. */
void advise_growth(struct advices *advices, const struct stacks *stacks, uint32_t place,
                   const struct advice_line *line);
void advise_temporary(struct advices *advices, const struct stacks *stacks, uint32_t place,
                      const struct advice_line *line);
void advise_realloc(struct advices *advices, const struct stacks *stacks, uint32_t place,
                    const struct advice_line *line);
void advise_small(struct advices *advices, const struct stacks *stacks, uint32_t place,
                  const struct advice_line *line);
void advise_slack(struct advices *advices, const struct stacks *stacks, uint32_t place,
                  const struct advice_line *line);
void advise_reservation(struct advices *advices, const struct stacks *stacks, uint32_t place,
                        const struct advice_line *line);
/* And of the process. */
void advise_retained(struct advices *advices, const struct stacks *stacks);

#endif
