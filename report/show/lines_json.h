/* SPDX-License-Identifier: MIT
 *
 * The arrays `lines` and `functions` of the JSON views.
 */
#ifndef LINES_JSON_H
#define LINES_JSON_H

#include "show/json.h"
#include "show/view.h"

/* `wanted`: by function, which ones; NULL: all. The highest by the metric first. */
void lines_json(struct view *view, struct json *json, const unsigned char *wanted,
                enum metric metric);

#endif
