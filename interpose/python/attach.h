/* SPDX-License-Identifier: MIT
 *
 * Python stacks of CPython 3.8 to 3.15 (3.13 also without the GIL). The thread that owns a stack
 * reads it from the interpreter's own structures: no Python API that allocates, no trace function,
 * no GIL. layout.c knows the offsets.
 */
#ifndef MT_PYTHON_H
#define MT_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/interpreter.h"

/* Look for a CPython interpreter among the loaded objects and attach to it. To be called by the
 * constructor, and in the child of a fork once it has its own log; one caller at a time. May call
 * dlsym: guard set, no lock held. False: there is none, or it is refused (then a note is in the
 * log). */
bool mt_python_init(void);

/* A loaded object was met, by the first of its addresses on a stack. If it is an interpreter that
 * came after the start, the next allocation attaches to it. `map`: the object's handle
 * (loader/object.h). Takes no lock, calls nothing. */
void mt_python_met(const char *path, const void *map, uintptr_t begin, uintptr_t end);

/* Attach to what was met, if anything was. Guard set, no lock held. Calls nothing of the loader's,
 * whose lock the program may be waiting for. */
void mt_python_attach_late(void);

/* What hooks/python/ puts into an interpreter. Called with the guard set and no lock held. Set by
 * the constructor before mt_python_init. */
struct mt_python_clients {
    /* CPython 3.`minor` is attached to: mt_python.symbols leads to its symbols. */
    void (*attached)(unsigned minor);
    /* See its objects from now on, if it does not run yet. False: a symbol is missing. */
    bool (*objects)(void);
    /* Something is to be done (mt_python_unsettled). */
    void (*settle)(void);
    /* Another log begins (fork child). */
    void (*forget)(void);
};
extern const struct mt_python_clients *mt_python_clients;

/* To be called at every allocation: an interpreter may have come, begun or ended since the last
 * one. Guard set, no lock held. */
void mt_python_settle(void);
static inline void mt_python_check(void)
{
    if (__builtin_expect(__atomic_load_n(&mt_python_unsettled, __ATOMIC_RELAXED), 0))
        mt_python_settle();
}

#endif
