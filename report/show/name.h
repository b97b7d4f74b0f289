/* SPDX-License-Identifier: MIT
 *
 * What places and functions are called in tables.
 */
#ifndef SHOW_NAME_H
#define SHOW_NAME_H

#include "read/model.h"
#include "resolve/frames.h"

/* Rows of what has no name: no code of the user's own did it; there was no space in the log for its call site. */
#define NAME_NOT_YOURS "not yours: libraries, interpreter, loader"
#define NAME_NOT_KNOWN "call sites that are not known: the log was full"

/* Behind the name of a function that a tail call took off the stack; else "". */
const char *tail_mark(const struct place *place);
/* The same as a word of JSON and tables: "always", "at times"; NULL: never. */
const char *tail_word(const struct place *place);
/* The name with that mark, to be freed. */
char *name_of_tail(const char *name, const struct place *place);
/* "file.c:12  function", "function  in module.so", "module.so+0x123", ... To be freed. Foreign text: print it by text_put or
 * table_cell. */
char *name_of_place(const struct frames *frames, uint32_t place);
/* "file.c: function", to be freed. */
char *name_of_function(const struct frames *frames, uint32_t function);
/* Has another thread this one's name? */
bool name_is_shared(const struct model *model, uint32_t thread);
/* A thread, with its number where another one has its name, and how many others are in its row: "worker (tid 4711, and 3 before it)". To
 * be freed. */
char *name_of_thread(const struct model *model, uint32_t thread);
/* Last component of a path; points into it. */
const char *path_base(const char *path);

#endif
