/* SPDX-License-Identifier: MIT
 *
 * Code objects and their ids in the log. An entry lives as long as the code object: PyCode_Type's
 * tp_dealloc is replaced, since a loop of exec(compile()) gets the same address again nearly every
 * time.
 */
#ifndef MT_PYTHON_CODE_H
#define MT_PYTHON_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "python/lines.h"

/* One code object. An entry is used again for another one when it has died: all but `next` change then. */
struct mt_python_code {
    struct mt_python_code *next;
    uintptr_t address; /* 0: dead */
    uint64_t serial;   /* tells the code objects apart that had this entry */
    uint32_t id;       /* in the log; others may have the same, see code.c */
    int32_t first_line;
    uint64_t exact; /* where its LINES record stands in RECORD, 0: none; hooks/python/exact.c's */
};

/* Counts the deaths of known code objects. What a thread remembers about addresses is void when it
 * has changed; for a code object on one's own stack a relaxed load suffices (it was made under the
 * GIL, after the death of the one before). */
extern uint32_t mt_python_generation;

/* Watch `code_type` (PyCode_Type). Called once, by mt_python_init; takes a store if the interpreter
 * doesn't run yet. */
void mt_python_code_watch(uintptr_t code_type);

/* Is this the type of code objects? */
bool mt_python_code_is(uintptr_t type);

/* Forget all (fork child: the ids are those of the parent's log). */
void mt_python_code_forget_all(void);

/* The entry of a code object on the calling thread's stack, entered in the log on first sight.
 * NULL: no memory, no space in the log, or not a code object at all. */
const struct mt_python_code *mt_python_code_enter(uintptr_t code);

/* The entry of a code object that lives, NULL if it has none. Takes no lock. */
struct mt_python_code *mt_python_code_find(uintptr_t code);

/* FRAME index of the line at `position` (as it stands in a frame); 0: no space. `mark`: of this
 * entry's line table. */
uint32_t mt_python_code_frame(const struct mt_python_code *entry, uintptr_t code,
                              uintptr_t position, struct mt_python_mark *mark);

/* Who wants to know of code objects; NULL: nobody. */
struct mt_python_listener {
    /* One was met for the first time. Guard set; inside an allocation. */
    void (*met)(void);
    /* Its file: a str, which is string `id` of the log. Guard set, no lock held; inside an allocation. */
    void (*file)(uint32_t id, uintptr_t file);
    /* One dies. In the program's context: may neither wait nor allocate. */
    void (*died)(uintptr_t code);
};
extern struct mt_python_listener mt_python_listener;

#endif
