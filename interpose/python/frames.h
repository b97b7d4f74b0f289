/* SPDX-License-Identifier: MIT
 *
 * What is remembered of a thread's Python stack.
 */
#ifndef MT_PYTHON_FRAMES_H
#define MT_PYTHON_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/code.h"
#include "python/key.h"
#include "python/lines.h"

/* One Python frame of a thread's stack. */
struct mt_python_frame {
    uintptr_t frame;
    uintptr_t code;
    uintptr_t position; /* as it stands in the frame */
    uintptr_t
        marker; /* bottom: an address in the native frame of its interpreter loop; 0: not known */
    uint16_t bottom; /* 1: the outermost frame that its interpreter loop runs */
    uint16_t entry;  /* 3.11: is_entry, as it stands in the frame */
    uint32_t index;  /* in FRAME, or MT_PYTHON_HIDDEN */
};

/* Which FRAME entry a code object and a position in it belong to. */
struct mt_python_line {
    uintptr_t code;
    uintptr_t position;
    const struct mt_python_code *entry;
    uint64_t serial; /* of `entry` then: the same code object as long as it is still this */
    uint32_t index;
};

/* A place in a code object's line table. */
struct mt_python_marked {
    const struct mt_python_code *entry;
    uint64_t serial;
    struct mt_python_mark mark;
};
#define MT_PYTHON_MARKS 64

/* What a merge had done when it came to a native frame. */
struct mt_python_place {
    uint32_t next; /* the Python frame whose turn it was */
    uint32_t used; /* keys put */
};

/* A thread's memory, kept in a list for the finaliser and used again by later threads. */
struct mt_python_thread {
    struct mt_python_thread *next; /* constant once published */
    uint32_t taken;
    uint32_t reading; /* 1: reads frames without the GIL, see thread.c */
    uint32_t epoch;
    uintptr_t attached;             /* its thread state, if it held the GIL at the last reading */
    uint32_t generation;            /* mt_python_generation when `frames` was read */
    struct mt_python_frame *frames; /* the last stack, outermost first */
    struct mt_python_frame *fresh;  /* frames that were not there before, innermost first */
    uintptr_t top;                  /* the innermost frame of the present reading */
    size_t used, frames_cap, fresh_cap;
    uintptr_t stack_top; /* 3.11 on: of the thread state, at the last reading */
    bool
        leaving; /* the innermost of `frames` is being taken down, and is not in the chain: leave.h */
    size_t
        same; /* outer frames with the index, marker and bottom that they had in the last merged reading; while
                       * reading: in the one before */
    bool merged_last;    /* the last reading was merged */
    uintptr_t proven[4]; /* where frames lay that the kernel has read for us, see thread.c */
    bool readable;       /* the last reading succeeded */
    uint64_t *prints;    /* prints[i]: of the outer i + 1 frames, as far as `printed` */
    size_t prints_cap, printed;
    bool cut; /* frames further out are missing */
    struct mt_python_place
        *places; /* of the last merge: before each native frame, and at the end */
    size_t places_cap;
    uint32_t places_used;         /* native frames of it; 0: it can't be gone on from */
    const mt_key *merged;         /* where its keys stand */
    struct mt_python_line *lines; /* direct-mapped */
    uint32_t lines_mask;
    uint32_t lines_missed;
    struct mt_python_marked marks[MT_PYTHON_MARKS];
};

/* Where a walk stands. */
struct mt_python_at {
    uintptr_t frame;  /* 0: at the end */
    uintptr_t cframe; /* of the loop that runs it (3.10, 3.11) */
};

#endif
