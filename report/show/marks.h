/* SPDX-License-Identifier: MIT
 *
 * The instants that a program named, and the periods that it began.
 */
#ifndef SHOW_MARKS_H
#define SHOW_MARKS_H

#include <stdio.h>

#include "read/log.h"
#include "show/json.h"

/* A table of them; nothing if there are none. */
void marks_print(const struct log *log, FILE *out);
/* The members "periods" and "marks". */
void marks_json(const struct log *log, struct json *json);

#endif
