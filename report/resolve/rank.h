/* SPDX-License-Identifier: MIT
 *
 * Which code is the user's own.
 */
#ifndef RANK_H
#define RANK_H

#include <stdbool.h>

/* Whose code it is: what tables show first. */
enum rank {
    RANK_USER,    /* the user's own code, with its source file known */
    RANK_PROGRAM, /* the program's, without line information */
    RANK_LIBRARY, /* libraries, the interpreter, code that is not known */
    RANKS
};

/* A Python file: the user's own unless it belongs to the standard library or to an installed
 * package. */
enum rank rank_python(const char *file);
/* A native function. `file`: its source or NULL; `module`: path of its module; `python`: the
 * program runs Python. */
enum rank rank_native(const char *file, const char *module, bool python);

/* Is this module the tracker's own library? */
bool rank_is_tracker(const char *module);

#endif
