/* SPDX-License-Identifier: MIT
 *
 * The first page: the answers of fold/answers.h as three lists.
 */
#ifndef SHOW_ANSWERS_H
#define SHOW_ANSWERS_H

#include "fold/answers.h"
#include "show/json.h"
#include "show/view.h"

/* The three lists, each with its total. */
void answers_print(const struct stacks *stacks, const struct answers *answers, FILE *out);
/* The member "questions". */
void answers_json(struct view *view, const struct answers *answers, struct json *json);

#endif
