/* SPDX-License-Identifier: MIT
 *
 * Which line of one text became which of another.
 */
#ifndef COMPARE_ALIGN_H
#define COMPARE_ALIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct aligned {
    uint32_t count;  /* lines of the old text */
    uint32_t *lines; /* by line of the old text, from 1: the line of the new one; 0: it is gone */
    /* Likewise: its text is another one that is much like it, between the same lines. */
    unsigned char *edited;
    /* What each line says, from line 1 at [0]: equal numbers, equal lines. Of the old text and the new one. */
    uint32_t *says[2], says_count[2];
};

/* Lines are the same where they are without blanks at both ends. Lines that moved past others are not found. Sorts, and at most so
 * many passes as ALIGN_DEPTH: n log n. `strings`: has what
 * lines say, of any number of texts. aligned_free afterwards. */
#define ALIGN_DEPTH 32u
void align(struct aligned *aligned, struct strings *strings, const char *old, size_t old_bytes,
           const char *new, size_t new_bytes);
void aligned_free(struct aligned *aligned);

/* Pairs lines that are much alike, in one order, so that they are most alike in all: to[i] is the number of the new line, from 1, that
 * line i of the old ones, from 0, became; 0: none. Lines are numbers in `strings`. The product of the numbers of lines. */
#define ALIKE_LINES 200u /* more lines on a side are not looked at: all of it is another text */
void align_alike(const struct strings *strings, const uint32_t *old, uint32_t olds,
                 const uint32_t *new, uint32_t news, uint32_t *to);

#endif
