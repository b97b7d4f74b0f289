/* SPDX-License-Identifier: MIT
 *
 * What is remembered of a thread's Python stack.
 */
#ifndef MT_PYTHON_MEMORY_H
#define MT_PYTHON_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign/stack.h"
#include "python/code.h"
#include "python/lines.h"

/* Which FRAME entry a code object and a position in it belong to. */
struct mt_python_line {
    uintptr_t code;
    uintptr_t position;
    const struct mt_python_code *entry;
    uint64_t serial; /* of `entry` then: it is the same code object as long as this is the same */
    uint32_t index;
};

/* A place in a code object's line table. */
struct mt_python_marked {
    const struct mt_python_code *entry;
    uint64_t serial;
    struct mt_python_mark mark;
};
#define MT_PYTHON_MARKS 64

/* What is remembered of a thread. It stays in a list, which mt_python_wait_for_readers walks, and
 * is used again by later threads. */
struct mt_python_thread {
    struct mt_foreign stack;       /* first: foreign/ knows the thread's memory by it */
    struct mt_python_thread *next; /* constant once published */
    uint32_t taken;
    uint32_t reading; /* 1: reads frames without the GIL, see thread.c */
    uint32_t epoch;
    uintptr_t attached;             /* its thread state, if it held the GIL at the last reading */
    uint32_t generation;            /* mt_python_generation when the frames were read */
    uintptr_t stack_top;            /* 3.11 on: of the thread state, at the last reading */
    uintptr_t top;                  /* the innermost frame of the present reading */
    struct mt_foreign_frame *fresh; /* frames that were not there before, innermost first */
    size_t fresh_cap;
    uintptr_t proven[4]; /* where frames lay that the kernel has read for us, see thread.c */
    /* The part of the standard library that stack.c met last. Valid while mt_modules_generation()
     * is library_generation. */
    uintptr_t library_begin, library_end;
    uint32_t library_generation;
    struct mt_python_line *lines; /* direct-mapped */
    uint32_t lines_mask;
    uint32_t lines_missed;
    uint32_t
        refused; /* lines that are not looked for any more, as the log had no space for one: walk.c */
    struct mt_python_marked marks[MT_PYTHON_MARKS];
};

/* Where a walk stands. */
struct mt_python_at {
    uintptr_t frame;  /* 0: at the end */
    uintptr_t cframe; /* of the loop that runs it (3.10, 3.11) */
};

/* All that were ever made, the first of a list by `next`; also those that nobody has now, and those
 * that a fork lost, which have another epoch. Any thread; takes no lock. */
struct mt_python_thread *mt_python_memory_list(void);

/* One for the calling thread alone: a new one, or one that was given back. NULL: no memory. Guard
 * set; takes no lock. */
struct mt_python_thread *mt_python_memory_take(void);

/* After a fork, in the child: forget what is of the parent's log. The thread's own. */
void mt_python_memory_reset(struct mt_python_thread *th);

/* The thread ends: release what is in it, and leave it to later threads. Guard set. */
void mt_python_memory_give_back(struct mt_python_thread *th);

#endif
