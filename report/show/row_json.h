/* SPDX-License-Identifier: MIT
 *
 * What the JSON of several views has in common: members of an object that is open. report/SCHEMA.md says what they mean.
 */
#ifndef SHOW_ROW_JSON_H
#define SHOW_ROW_JSON_H

#include "fold/rows.h"
#include "resolve/frames.h"
#include "show/json.h"

/* file, line, function, language, module, and the address where nothing better is known. */
void json_place(const struct frames *frames, struct json *json, uint32_t place);
/* function, language, module. */
void json_function(const struct frames *frames, struct json *json, uint32_t function);
/* rise_bytes, rise_at_least, rise_most_bytes; null where the row is without a rise. */
void json_rise(struct json *json, const struct row *row);
/* temporary, temporary_bytes, slack_bytes. */
void json_temporary(struct json *json, const struct sums *sums);
/* The figures of a row. */
void json_row(struct json *json, const struct row *row);
/* Executions of a line, calls of a function: null where they were not counted. */
void json_executions(struct json *json, const char *member, const struct row *row);
/* program, argv, pid, parent_pid. */
void json_process(const struct log *log, struct json *json);

#endif
