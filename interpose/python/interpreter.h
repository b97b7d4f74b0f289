/* SPDX-License-Identifier: MIT
 *
 * The interpreter that we are attached to, and how its memory is read.
 */
#ifndef MT_PYTHON_INTERPRETER_H
#define MT_PYTHON_INTERPRETER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"
#include "loader/library.h"
#include "python/layout.h"

/* The interpreter that we are attached to. Written by mt_python_init before mt_python_attached is
 * set; constant afterwards, except `epoch`. */
struct mt_python {
    struct mt_library symbols;
    struct mt_python_layout layout;
    const char *runtime;    /* _PyRuntime */
    void *(*own)(void);     /* PyGILState_GetThisThreadState */
    void *(*current)(void); /* 3.12 on: the attached thread state or NULL */
    /* native code of the interpreter loop, as far as its symbols tell: [begin, end) */
    uintptr_t loop_begin[2];
    uintptr_t loop_end[2];
    uintptr_t text_begin; /* the object that the interpreter is in */
    uintptr_t text_end;
    /* counts the logs (a fork begins one): what was remembered for an earlier one is void */
    uint32_t epoch;
};
MT_EXTERN struct mt_python mt_python;

/* A word of the interpreter's, as it stands there now. It must be mapped. */
static inline uintptr_t mt_load(uintptr_t at, unsigned offset)
{
    return *(const volatile uintptr_t *)(at + offset);
}

/* Up to 3.11: whether there are several interpreters. They stand in a list, each before the ones
 * made earlier. Only the list's head is read, since the others may go at any time. */
static inline bool mt_python_several(void)
{
    uintptr_t interpreters = (uintptr_t)mt_python.runtime + mt_python.layout.runtime_interpreters;

    return mt_load(interpreters, 0) != mt_load(interpreters, sizeof(uintptr_t));
}

/* Whether there is any interpreter: from its configuration to the end of its finalisation. */
static inline bool mt_python_runs(void)
{
    return mt_load((uintptr_t)mt_python.runtime, mt_python.layout.runtime_interpreters) != 0;
}

/* The same value, but the compiler must not know that it was loaded from the chain: it would wait
 * for the load. */
static inline uintptr_t mt_python_predicted(uintptr_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* True once attached; any thread. */
MT_EXTERN bool mt_python_attached;

/* The interpreter's word that says whether it is finalising. Before we are attached, a word that is
 * always 0. */
MT_EXTERN const uintptr_t *mt_python_finalizing;

/* Something is to be done at the next allocation: see mt_python_check in attach.h. */
MT_EXTERN bool mt_python_unsettled;

/* Whether a mapping without reserve, made from `pc`, is that of an interpreter without the GIL. Its
 * allocator takes 1 GiB of addresses at once, which says nothing about what it uses. Any thread,
 * takes no lock. */
bool mt_python_reserves(uintptr_t pc);

#endif
