/* SPDX-License-Identifier: MIT
 *
 * The way from one log to the others of the same run.
 */
#ifndef SHOW_RELATIVES_H
#define SHOW_RELATIVES_H

#include <stdio.h>

#include "fold/relatives.h"
#include "show/json.h"

/* How many there are, which has the highest peak, and the command that shows all; nothing if there are none. */
void relatives_print(const struct relatives *relatives, const struct log *log, FILE *out);
/* Member "other_logs" of the present object. */
void relatives_json(const struct relatives *relatives, struct json *json);

#endif
