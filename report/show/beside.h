/* SPDX-License-Identifier: MIT
 *
 * The way from a log to those of the same family that lie beside it.
 */
#ifndef SHOW_BESIDE_H
#define SHOW_BESIDE_H

#include <stdio.h>

#include "read/log.h"
#include "show/json.h"

/* Lines of the summary: what the process was before an exec, what it became, its parent, its children. Nothing where there is none.
 * Where it went on by an exec and there is no log of that, this is said. */
void beside_print(const struct log *log, FILE *out);
/* The member "beside": a list of {"log", "relation", "peak_bytes"}. */
void beside_json(const struct log *log, struct json *json);

#endif
