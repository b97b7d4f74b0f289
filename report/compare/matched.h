/* SPDX-License-Identifier: MIT
 *
 * The two sides of a comparison, and how what is in one is known to be in the other.
 */
#ifndef COMPARE_MATCHED_H
#define COMPARE_MATCHED_H

enum side_which { SIDE_OLD, SIDE_NEW, SIDES };

/* By what two of them are taken for one. */
enum matched {
    MATCHED_NOT,    /* it is in one side only */
    MATCHED_NAME,   /* the same file, function and line, as far as it has those */
    MATCHED_TEXT,   /* a line moved, or its function was renamed, and its text is the same */
    MATCHED_EDITED, /* a line's text is another one that is much like it, between the same lines */
    MATCHED_PLACE, /* a text is not known; the line has the same distance from other lines of its function */
    MATCHED_FUNCTION, /* a text is not known; it is the only line left of its function. Or a function was renamed and has the same shape */
    MATCHEDS
};

#endif
