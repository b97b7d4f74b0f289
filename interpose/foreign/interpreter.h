/* SPDX-License-Identifier: MIT
 *
 * How the stack reaches an interpreter: five functions, and one pointer that says whether there is one. CPython's are in
 * python/stack.c; another language brings its own. One interpreter at a time.
 */
#ifndef MT_FOREIGN_INTERPRETER_H
#define MT_FOREIGN_INTERPRETER_H

#include "foreign/stack.h"

/* What a reading found. */
enum mt_foreign_reading {
    MT_FOREIGN_NONE,     /* no memory: *stack is NULL */
    MT_FOREIGN_READ,     /* frames, same, cut and readable are those of this reading */
    MT_FOREIGN_UNCHANGED /* the frames are the last reading's */
};

/* All are called with the guard set, no lock of ours held, and keep errno. */
struct mt_interpreter {
    /* Read the calling thread's frames. *stack is the thread's own pointer: NULL at first, made here. `object`: the event is one
     * of the interpreter's own allocator, which the thread calls while nobody else can change its frames. */
    enum mt_foreign_reading (*read)(struct mt_foreign **stack, bool object);
    /* Whether the native code at return address `pc` is an interpreter loop. False where it is not known. */
    bool (*is_loop)(uintptr_t pc);
    /* How many of the innermost keys, the last of keys[0..count), are native code of the interpreter itself or of its standard
     * library. `stack`: the calling thread's. */
    size_t (*own_frames)(struct mt_foreign *stack, const mt_key *keys, size_t count);
    /* Whether the interpreter has begun to finalise: what it releases from then on is not the program's doing. */
    bool (*finishing)(void);
    /* The thread ends: free what *stack has, which becomes NULL. */
    void (*thread_exit)(struct mt_foreign **stack);
};

/* NULL: none is attached to. Set once, by release; to be loaded by acquire. */
extern const struct mt_interpreter *mt_interpreter;

#endif
