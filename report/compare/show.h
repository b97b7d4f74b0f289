/* SPDX-License-Identifier: MIT
 *
 * Changes as text and as JSON.
 */
#ifndef COMPARE_SHOW_H
#define COMPARE_SHOW_H

#include <stdio.h>

#include "compare/changes.h"
#include "show/json.h"

struct changes_shown {
    const struct side *sides;
    const struct comparing *comparing;
    const struct changes *changes;
    const char *said[SIDES]; /* what a side is called */
    size_t shown;            /* of the list */
    double least;            /* per cent of the whole that a row was to have */
};

/* A table, or one sentence where there is nothing to show. */
void changes_print(const struct changes_shown *shown, FILE *out);
/* Members of the open object. */
void changes_json(const struct changes_shown *shown, struct json *json);
/* What a row is called: of the new side, or of the old one where it is in that alone. To be freed; foreign text. */
char *change_name(const struct changes_shown *shown, const struct change *change);

#endif
