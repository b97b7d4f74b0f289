/* SPDX-License-Identifier: MIT
 *
 * Pieces of advice.
 */
#ifndef ADVICE_LIST_H
#define ADVICE_LIST_H

#include <stddef.h>
#include <stdint.h>

enum advice_kind {
    ADVICE_GROWTH,      /* grew during the run and was never given back */
    ADVICE_TEMPORARY,   /* blocks that are given back at once, again and again */
    ADVICE_REALLOC,     /* blocks that grew by many reallocations */
    ADVICE_SMALL,       /* many small blocks, still live at the end */
    ADVICE_SLACK,       /* blocks that can hold much more than was asked for */
    ADVICE_RETAINED,    /* resident, but not the program's any more: the allocator keeps it */
    ADVICE_RESERVATION, /* address space that takes no memory */
    ADVICES
};

struct advice {
    enum advice_kind kind;
    int64_t bytes;    /* what it is about; the highest first */
    uint32_t place;   /* of the line; ADVICE_NO_PLACE: of the whole process */
    char *what, *act; /* sentences: what was seen, and what could be done; NULL: nothing */
};
#define ADVICE_NO_PLACE UINT32_MAX

struct advices {
    struct advice *list;
    size_t count, cap;
    uint32_t
        peak_place; /* the line that holds most of the peak, if it is a tenth or more; else ADVICE_NO_PLACE */
    int64_t peak_bytes;
    int64_t unknown_bytes; /* of the peak: held by call sites that the log had no space for */
};

/* `what` and `act` become the advice's; `act` may be NULL. */
void advices_add(struct advices *advices, enum advice_kind kind, int64_t bytes, uint32_t place,
                 char *what, char *act);
/* The most bytes first. */
void advices_sort(struct advices *advices);
void advices_free(struct advices *advices);
/* "growth", "temporary", ... */
const char *advice_name(enum advice_kind kind);

#endif
