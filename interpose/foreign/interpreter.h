/* SPDX-License-Identifier: MIT
 *
 * How the stack reaches an interpreter: by four functions, and one pointer that says whether there
 * is one. CPython's are in python/stack.c; another language brings its own. There is one
 * interpreter at a time.
 */
#ifndef MT_FOREIGN_INTERPRETER_H
#define MT_FOREIGN_INTERPRETER_H

#include "base/near.h"
#include "foreign/stack.h"

/* What a reading found. */
enum mt_foreign_reading {
    MT_FOREIGN_NONE,     /* no memory: *stack is NULL */
    MT_FOREIGN_READ,     /* frames, same, cut and readable are those of this reading */
    MT_FOREIGN_UNCHANGED /* the frames are the last reading's */
};

/* All are called with the guard set and no lock of ours held, and keep errno. */
struct mt_interpreter {
    /* Read the calling thread's frames. *stack is the thread's own pointer: NULL at first, then
     * made here. `object`: the event is one of the interpreter's own allocator, so nobody else can
     * change the thread's frames now. */
    enum mt_foreign_reading (*read)(struct mt_foreign **stack, bool object);
    /* Whether the native code at return address `pc` is an interpreter loop. False where it is not
     * known. */
    bool (*is_loop)(uintptr_t pc);
    /* How many of the innermost keys, at the end of keys[0..count), are native code of the
     * interpreter itself or of its standard library. `stack`: the calling thread's. */
    size_t (*own_frames)(struct mt_foreign *stack, const mt_key *keys, size_t count);
    /* Where the word is that is not 0 once the interpreter has begun to finalise: what it releases
     * from then on is not the program's doing. */
    const uintptr_t *const *finishing;
    /* The thread ends: release what *stack has. It becomes NULL. */
    void (*thread_exit)(struct mt_foreign **stack);
};

/* NULL: no interpreter is attached to. Set once, with release; to be loaded with acquire. */
MT_EXTERN const struct mt_interpreter *mt_interpreter;

#endif
