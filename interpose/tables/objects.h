/* SPDX-License-Identifier: MIT
 *
 * The live objects in the interpreter's arenas: as live.h, but nearly for nothing. An object there lies at a multiple of 16 bytes, and
 * has at most MT_OBJECT_MAX. A table beside the arena has 5 bytes for each 32 of it. They hold the object that begins there: nearly
 * all are longer than 16 bytes, so no other one does. Where one does all the same, it stands in a second such table, which takes
 * memory only there.
 *
 * Callable with the guard set, by a thread that may use the arenas (it holds its interpreter's
 * GIL). No locks: threads touch different words.
 */
#ifndef MT_OBJECTS_H
#define MT_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/near.h"
#include "tables/live.h"

#define MT_OBJECT_TABLE_BITS 20 /* a table covers 1 MiB of addresses */
#define MT_OBJECT_TABLES     4096u
#define MT_OBJECT_PLACES     (1u << (MT_OBJECT_TABLE_BITS - 5))
#define MT_OBJECT_MAX        512u /* bytes: the largest object that an interpreter puts into an arena */

struct mt_object_places {
    /* unit / 2 (a record of allocations has an even first unit) << 5 | the size's low bits; 0: none */
    uint32_t word[MT_OBJECT_PLACES];
    uint8_t more[MT_OBJECT_PLACES]; /* the size's high bits, and: */
};
#define MT_OBJECT_UPPER 32u /* the object begins at the upper 16 of the 32 bytes */
#define MT_OBJECT_TWO   64u /* there is one in the second table, too; stands without an object, too */

struct mt_object_table {
    uintptr_t window;                /* address >> MT_OBJECT_TABLE_BITS; 0: empty */
    struct mt_object_places *places; /* the first and the second table */
};
MT_EXTERN struct mt_object_table mt_object_tables[MT_OBJECT_TABLES];

/* An arena was mapped. If there is no memory for a table, its objects go into the table of live
 * blocks. */
void mt_objects_arena(uintptr_t arena, size_t bytes);

/* Child of a fork, which has the arenas, too: as mt_live_inherit and mt_live_inherited_take. */
void mt_objects_inherit(void);
bool mt_objects_inherited_take(uintptr_t at, struct mt_live *live);

/* What mt_objects_enter and mt_objects_take do where two objects begin in the same 32 bytes: they tell of one in `places` by
 * MT_LIVE_REPLACED, or true. */
enum mt_live_entered mt_objects_enter_second(struct mt_object_places *places, uintptr_t at,
                                             struct mt_live live, struct mt_live *stale);
bool mt_objects_take_second(struct mt_object_places *places, uintptr_t at, struct mt_live *live);

/* The two tables for an object at this address; NULL: no object of an arena lies there. */
static inline struct mt_object_places *mt_objects_at(uintptr_t at)
{
    uintptr_t window = at >> MT_OBJECT_TABLE_BITS;
    const struct mt_object_table *b = &mt_object_tables[window % MT_OBJECT_TABLES];

    if (__builtin_expect(__atomic_load_n(&b->window, __ATOMIC_ACQUIRE) != window || at & 15, 0))
        return NULL;
    return b->places;
}

/* Its place in them. */
static inline uint32_t mt_objects_place(uintptr_t at)
{
    return (uint32_t)(at >> 5) % MT_OBJECT_PLACES;
}

/* MT_OBJECT_UPPER or 0. */
static inline uint32_t mt_objects_half(uintptr_t at)
{
    return (uint32_t)at << 1 & MT_OBJECT_UPPER;
}

/* Write the object into one of the tables. `keep`: MT_OBJECT_TWO, if that stands there. */
static inline void mt_objects_put(struct mt_object_places *places, uint32_t i, uint32_t half,
                                  uint32_t keep, struct mt_live live)
{
    uint32_t size = (uint32_t)live.size - 1;
    places->word[i] = live.unit >> 1 << 5 | (size & 31);
    places->more[i] = (uint8_t)(size >> 5 | half | keep);
}

/* What stands at a place where the word isn't 0. */
static inline struct mt_live mt_objects_get(const struct mt_object_places *places, uint32_t i)
{
    return (struct mt_live){((places->word[i] & 31) | (places->more[i] & 31u) << 5) + 1,
                            places->word[i] >> 5 << 1};
}

/* As mt_live_enter. MT_LIVE_NOT: it lies in no arena, or is too large, or its unit is odd: it must go into the table of live blocks. */
static inline enum mt_live_entered mt_objects_enter(uintptr_t at, struct mt_live live,
                                                    struct mt_live *stale)
{
    struct mt_object_places *places = mt_objects_at(at);
    uint32_t i = mt_objects_place(at);
    if (__builtin_expect(!places || live.size - 1 >= MT_OBJECT_MAX || live.unit & 1, 0))
        return MT_LIVE_NOT;
    if (__builtin_expect(places->word[i] || places->more[i] & MT_OBJECT_TWO, 0))
        return mt_objects_enter_second(places, at, live, stale);
    mt_objects_put(places, i, mt_objects_half(at), 0, live);
    return MT_LIVE_ENTERED;
}

/* Take the object at `at` out. False: it is not in these tables. */
static inline bool mt_objects_take(uintptr_t at, struct mt_live *live)
{
    struct mt_object_places *places = mt_objects_at(at);
    uint32_t i = mt_objects_place(at);
    if (__builtin_expect(!places, 0))
        return false;
    if (__builtin_expect(
            !places->word[i] || (places->more[i] & MT_OBJECT_UPPER) != mt_objects_half(at), 0))
        return mt_objects_take_second(places, at, live);
    *live = mt_objects_get(places, i);
    places->word[i] = 0;
    return true;
}

#endif
