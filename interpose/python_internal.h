/* SPDX-License-Identifier: MIT
 *
 * What the python_*.c files share. See python.h for who may call.
 */
#ifndef MT_PYTHON_INTERNAL_H
#define MT_PYTHON_INTERNAL_H

#include "python.h"
#include "python_code.h"
#include "python_layout.h"
#include "python_objects.h"

/* The interpreter we are attached to. Written by mt_python_init before mt_python_attached is set,
 * then constant (but for `epoch`). */
struct mt_python {
    struct mt_python_layout layout;
    const char *runtime;     /* _PyRuntime */
    void *(*own)(void);      /* PyGILState_GetThisThreadState */
    void *(*current)(void);  /* 3.12 on: the attached thread state or NULL */
    uintptr_t loop_begin[2]; /* native code of the interpreter loop, as far as its symbols tell:
                                [begin, end) */
    uintptr_t loop_end[2];
    uintptr_t text_begin; /* the object that the interpreter is in */
    uintptr_t text_end;
    uint32_t epoch; /* counts the logs (fork): what was remembered for another one is void */
};
extern struct mt_python mt_python;

/* Stands for a frame that nobody wrote: it is passed over. */
#define MT_PYTHON_HIDDEN UINT32_MAX

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
    uint32_t reading; /* 1: reads frames without the GIL, see python_thread.c */
    uint32_t epoch;
    uintptr_t attached;             /* its thread state, if it held the GIL at the last reading */
    uint32_t generation;            /* mt_python_generation when `frames` was read */
    struct mt_python_frame *frames; /* the last stack, outermost first */
    struct mt_python_frame *fresh;  /* frames that were not there before, innermost first */
    size_t used, frames_cap, fresh_cap;
    size_t
        same; /* outer frames with the index, marker and bottom that they had in the last merged reading; while
                       * reading: in the one before */
    bool merged_last;    /* the last reading was merged */
    uintptr_t proven[4]; /* where frames lay that the kernel has read for us, see python_thread.c */
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

static inline uintptr_t mt_load(uintptr_t at, unsigned offset)
{
    return *(const volatile uintptr_t *)(at + offset);
}

/* Up to 3.11: whether there are several interpreters. They stand in a list, each before the ones made earlier; nothing of it
 * but its head is read, since others may go at any time. */
static inline bool mt_python_several(void)
{
    uintptr_t interpreters = (uintptr_t)mt_python.runtime + mt_python.layout.runtime_interpreters;

    return mt_load(interpreters, 0) != mt_load(interpreters, sizeof(uintptr_t));
}

/* Whether there is any interpreter: from its configuration on to the end of its finalisation. */
static inline bool mt_python_runs(void)
{
    return mt_load((uintptr_t)mt_python.runtime, mt_python.layout.runtime_interpreters) != 0;
}

/* Equal to what was loaded from the chain, but the compiler must not know: it would wait for the load. */
static inline uintptr_t mt_python_predicted(uintptr_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* python_thread.c: */
/* The cell's thread memory, made or reset as needed; NULL: no memory. */
struct mt_python_thread *mt_python_thread_of(void **state);
/* Read the calling thread's Python stack into th->frames (0 frames: none). False: it could not be
 * read. */
bool mt_python_thread_read(struct mt_python_thread *th);
/* For an object, whose thread holds the GIL: true if all frames are as they were read last, and then the same as a reading.
 * Otherwise it is to be read. NULL: false. */
bool mt_python_thread_unchanged(struct mt_python_thread *th);

/* python_walk.c: bring th->frames up to date from the innermost frame on. False: no memory, no
 * space in the log. */
bool mt_python_walk(struct mt_python_thread *th, struct mt_python_at at);

#endif
