/* SPDX-License-Identifier: MIT
 *
 * Verdicts for people and for other programs.
 */
#ifndef BUDGET_FORMATS_H
#define BUDGET_FORMATS_H

#include <stdio.h>

#include "budget/verdict.h"

enum verdict_format {
    FORMAT_TEXT,
    FORMAT_GITHUB, /* workflow commands: an annotation at the line */
    FORMAT_JUNIT,  /* JUnit's XML */
    FORMAT_SARIF,  /* SARIF 2.1.0 */
    FORMAT_JSON,
    FORMATS
};
const char *verdict_format_name(enum verdict_format format);
void verdicts_write(const struct verdicts *verdicts, enum verdict_format format, FILE *out);
void verdicts_junit(const struct verdicts *verdicts, FILE *out);
void verdicts_sarif(const struct verdicts *verdicts, FILE *out);
void verdicts_json(const struct verdicts *verdicts, FILE *out);

/* The path below the working folder, as what shows annotations knows it; else the path itself. Points into it. */
const char *path_here(const char *path);

/* Writes a file of budgets: of each program what the highest of its logs took, and `percent` of that more. False after a message. `force`: replaces a
 * file that is no such. */
bool verdicts_save(const struct verdicts *measured, const char *path, double percent, bool force);

#endif
