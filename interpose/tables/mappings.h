/* SPDX-License-Identifier: MIT
 *
 * The live mappings: ranges of addresses -> class and counter record. Callable with the guard set,
 * in any thread.
 */
#ifndef MT_MAPPINGS_H
#define MT_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mt_mapping {
    uintptr_t start;
    uintptr_t end;  /* as requested: the kernel maps up to the end of that page */
    uint32_t unit;  /* the mt_alloc that counts it */
    uint32_t class; /* enum mt_class */
};

/* What a munmap or a fixed mapping takes away. */
struct mt_pieces {
    struct mt_mapping *piece; /* own, or from mt_meta_alloc */
    uint32_t used;
    uint32_t cap;
    bool cut_head, cut_tail; /* the first, the last was cut off a mapping whose rest stays */
    struct mt_mapping own[16];
};

/* Begin with no pieces; and release their memory at the end. */
void mt_pieces_init(struct mt_pieces *pieces);
void mt_pieces_free(struct mt_pieces *pieces);

/* Enter a mapping. Nothing may stand in its range: take that first. False: no memory. */
bool mt_mappings_enter(struct mt_mapping mapping);

/* Take out whatever lies in [start, end), which are page bounds. Mappings that reach beyond are
 * cut. The pieces are appended to `pieces` in the order of addresses. A mapping that loses its
 * middle needs memory for one more entry; false: there is none, and nothing is changed. */
bool mt_mappings_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces);

/* Put back what mt_mappings_take took: the call failed. */
void mt_mappings_put_back(const struct mt_pieces *pieces);

/* Child of a fork: as mt_live_inherit; and take out what it has inherited in [start, end), as
 * mt_mappings_take does. Where memory lacks it stays. */
void mt_mappings_inherit(void);
void mt_mappings_inherited_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces);

#endif
