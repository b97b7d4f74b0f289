/* SPDX-License-Identifier: MIT
 *
 * Which code is the user's own.
 */
#ifndef RANK_H
#define RANK_H

#include <stdbool.h>

/* Whose code it is: what tables show first. */
enum rank {
    RANK_USER, /* the user's own code, with its source file known */
    RANK_PROGRAM, /* the same without line information, but with a name; or without, where the program has none */
    RANK_LIBRARY, /* runtimes, the interpreter, code that is not known */
    RANKS
};

/* A Python file: the user's own unless it belongs to the standard library or to an installed
 * package. */
enum rank rank_python(const char *file);
/* A native function. The user's own is the program itself and what is no runtime that rules.h knows; where Python runs, the program
 * is Python's, and neither the interpreter nor a library of the system without lines is. */
struct rank_code {
    const char *name, *file; /* NULL: not known */
    const char *module;      /* path of its module; "": none */
    bool program;            /* the module is the program itself */
    bool python;             /* the program runs Python */
};
enum rank rank_native(const struct rank_code *code);

/* Is this module the tracker's own library? */
bool rank_is_tracker(const char *module);

#endif
