/* SPDX-License-Identifier: MIT
 *
 * The frames of an interpreter on one thread's stack. The interpreter's reader fills them in, and
 * the merge uses them.
 */
#ifndef MT_FOREIGN_STACK_H
#define MT_FOREIGN_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign/key.h"

/* One frame. The first three fields and `extra` are the reader's own: the merge does not look at
 * them. */
struct mt_foreign_frame {
    uintptr_t frame;    /* where it lies */
    uintptr_t code;     /* the code that it runs */
    uintptr_t position; /* where in that, as it stands in the frame */
    uintptr_t
        /* with `bottom`: an address in the native frame of its interpreter loop; 0: not known */
        marker;
    uint16_t bottom; /* 1: the outermost frame that its interpreter loop runs */
    uint16_t extra;
    uint32_t index; /* in FRAME, or MT_FOREIGN_HIDDEN */
};

/* Stands for a frame that nobody wrote: it is passed over. */
#define MT_FOREIGN_HIDDEN UINT32_MAX

/* How far a merge had come when it reached a native frame. */
struct mt_foreign_place {
    uint32_t next; /* the next foreign frame then */
    uint32_t used; /* keys put */
};

/* A thread's stack. The interpreter keeps it at the beginning of its memory of a thread. */
struct mt_foreign {
    struct mt_foreign_frame *frames; /* outermost first */
    size_t used, cap;
    /* So many outer frames have the same index, marker and bottom as in the last merged reading;
     * while reading, as in the one before. */
    size_t same;
    bool merged_last; /* the last reading was merged */
    bool readable;    /* the last reading succeeded */
    bool cut;         /* frames further out are missing */
    bool by_code;     /* no marker is known: a loop is known by its code alone */
    bool others;      /* with by_code: loops of another interpreter may stand further out */
    /* For merge.c alone: */
    uint64_t *prints; /* prints[i]: of the outer i + 1 frames, as far as `printed` */
    size_t prints_cap, printed;
    struct mt_foreign_place
        *places; /* of the last merge: before each native frame, and at the end */
    size_t places_cap;
    uint32_t places_used; /* native frames of it; 0: no merge can start from it */
    const mt_key *merged; /* where its keys stand */
};

#endif
