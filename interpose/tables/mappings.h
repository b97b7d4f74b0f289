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
    uintptr_t end;      /* as requested: the kernel maps up to the end of that page */
    uintptr_t attached; /* where shmat attached the segment that this is of; 0: not by shmat */
    uint32_t unit;      /* the mt_alloc that counts it */
    uint16_t class;     /* enum mt_class, that it counts as */
    /* The class that it counts as while it may be accessed: else it is MT_RESERVED. Of a class whose protection does not matter
     * (MT_FILE), the same as `class`. */
    uint16_t usable;
};

/* What a munmap or a fixed mapping takes away. */
struct mt_pieces {
    struct mt_mapping *piece; /* own, or from mt_meta_alloc */
    uint32_t used;
    uint32_t cap;
    bool cut_head, cut_tail;  /* the first, the last was cut off a mapping whose rest stays */
    struct mt_mapping own[2]; /* it lies on the program's stack */
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

/* The same of what becomes `class` when the protection of that range changes: reservations of MT_ANON or MT_SHARED, or
 * (MT_RESERVED) what is either now. Not to be put back. */
bool mt_mappings_take_protected(uintptr_t start, uintptr_t end, uint16_t class,
                                struct mt_pieces *pieces);

/* The same of all that is left of what shmat attached at `attached`. */
bool mt_mappings_take_attached(uintptr_t attached, struct mt_pieces *pieces);

/* The mapping that `at` lies in. False: there is none. */
bool mt_mappings_find(uintptr_t at, struct mt_mapping *mapping);

/* How many bytes of [start, end), which are page bounds, lie in no mapping of the classes of `mask` (1 << class), nor in one that the
 * child of a fork has inherited. */
size_t mt_mappings_without(uintptr_t start, uintptr_t end, uint32_t mask);

/* Put back what a take took: the call failed. */
void mt_mappings_put_back(const struct mt_pieces *pieces);

/* Child of a fork: as mt_live_inherit; find what it has inherited at an address; and take out what it
 * has inherited in [start, end), as mt_mappings_take does. Where memory lacks it stays. */
void mt_mappings_inherit(void);
bool mt_mappings_inherited_find(uintptr_t at, struct mt_mapping *mapping);
void mt_mappings_inherited_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces);
/* The same of what becomes `class` by its new protection, as in mt_mappings_take_protected. What becomes MT_RESERVED stays in the
 * table, as that. */
void mt_mappings_inherited_take_protected(uintptr_t start, uintptr_t end, uint16_t class,
                                          struct mt_pieces *pieces);
/* The same of what is left of what shmat attached at `attached`. */
void mt_mappings_inherited_take_attached(uintptr_t attached, struct mt_pieces *pieces);

#endif
