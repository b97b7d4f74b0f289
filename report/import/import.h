/* SPDX-License-Identifier: MIT
 *
 * Other programs' files as logs: a file for each format. A new one: its file, its function below, a line in import.c.
 *
 * What the other program does not tell is not known in the log either (read/log.h: LOG_IMPORTED), and a note says so.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include "import/input.h"
#include "read/draft.h"

/* The log of a file of any of the formats, which it is known by. False after a message. draft_free in any case. */
bool import_file(struct draft *draft, const char *name);

/* Of one format: fills the draft. False after a message. */
bool heaptrack_import(struct draft *draft, struct input *input);
bool dhat_import(struct draft *draft, struct input *input);
bool memray_import(struct draft *draft, struct input *input);

/* What they have in common. */

/* The root of a thread's stacks. */
uint32_t import_root(struct draft *draft, const char *thread, size_t bytes);
/* A native frame: texts of names, empty where not known; `path` of its module. */
uint32_t import_module(struct draft *draft, const char *path, size_t bytes);
/* Figures of a stack. What is gone was released by nobody knows whom. Wraps around rather than fails. */
void import_add(struct draft *draft, uint32_t node, enum log_class class, const struct sums *sums,
                const struct sizes *sizes);
/* `command` with its arguments apart at blanks; the program is the module that its first word means. */
void import_command(struct draft *draft, const char *command, size_t bytes);
/* A number in text[*at..bytes), of base 10 or 16. False: there is none, or it does not fit. *at is then behind it, and behind a blank. */
bool import_number(const char *text, size_t bytes, size_t *at, unsigned base, uint64_t *value);

#endif
