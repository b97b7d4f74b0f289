/* SPDX-License-Identifier: MIT
 *
 * Code objects and their ids in the log. An entry lives as long as the code object. To know its
 * end, PyCode_Type's tp_dealloc is replaced: a loop of exec(compile()) gets the same address again
 * nearly every time. Callable with the guard set, in any thread that may read the code object,
 * unless said otherwise.
 */
#ifndef MT_PYTHON_CODE_H
#define MT_PYTHON_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/near.h"
#include "python/lines.h"

/* One code object. When it has died, the entry is used again for another one: all but `next` change
 * then. */
struct mt_python_code {
    struct mt_python_code *next;
    uintptr_t address; /* 0: dead */
    uint64_t serial;   /* differs for each code object that had this entry */
    uint32_t id;       /* in the log; others may have the same, see code.c */
    int32_t first_line;
    /* where its LINES record stands in RECORD, 0: none. For hooks/python/exact_count.c */
    uint64_t exact;
};

/* Counts the deaths of known code objects. When it has changed, what a thread remembers about
 * addresses is void. For a code object on one's own stack a relaxed load suffices: it was made
 * under the GIL, after the death of the one before. */
MT_EXTERN uint32_t mt_python_generation;

/* Watch for the ends of code objects, whose type this is (PyCode_Type). To be called once, by
 * mt_python_init. It is one store, and does no harm while the interpreter runs. */
void mt_python_code_watch(uintptr_t code_type);

/* Whether this is the type of code objects. */
bool mt_python_code_is(uintptr_t type);

/* Forget all: in the child of a fork, as the ids are those of the parent's log. One thread. */
void mt_python_code_forget_all(void);

/* The entry of a code object on the calling thread's stack, which is written to the log when it is
 * first met. NULL: no memory, no space in the log, or not a code object at all. No lock held. */
const struct mt_python_code *mt_python_code_enter(uintptr_t code);
/* The same of one of those of `python -c`, which the log then says of it. */
const struct mt_python_code *mt_python_code_enter_command(uintptr_t code);

/* The entry of a live code object; NULL: it has none. Takes no lock. */
struct mt_python_code *mt_python_code_find(uintptr_t code);

/* Index in FRAME of the line at `position` (as it stands in a frame), or MT_FOREIGN_HIDDEN; 0: no
 * space. `mark`: of this entry's line table. */
uint32_t mt_python_code_frame(const struct mt_python_code *entry, uintptr_t code,
                              uintptr_t position, struct mt_python_mark *mark);

/* Who is told of code objects; NULL: nobody. */
struct mt_python_listener {
    /* One was met for the first time. Guard set; called inside an allocation. */
    void (*met)(void);
    /* The file of one that was met for the first time: a str, which is string `id` of the log. Guard set, no lock held; called inside an
     * allocation. */
    void (*file)(uint32_t id, uintptr_t file);
    /* One dies. Called in the program's context: may neither wait nor allocate. */
    void (*died)(uintptr_t code);
};
extern struct mt_python_listener mt_python_listener;

/* In place of a position: the frame is being taken down (MT_LINE_RETURN). */
#define MT_PYTHON_RETURNS (~(uintptr_t)0)

#endif
