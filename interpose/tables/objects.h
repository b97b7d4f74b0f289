/* SPDX-License-Identifier: MIT
 *
 * The live objects in the interpreter's arenas: as live.h, but nearly for nothing. An object there
 * lies at a multiple of 16 bytes. A table beside the arena has one word for each multiple of 16;
 * the first two words of an object hold its counter record and its size.
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

struct mt_object_table {
    uintptr_t window; /* address >> MT_OBJECT_TABLE_BITS; 0: empty */
    uint32_t *words;
};
MT_EXTERN struct mt_object_table mt_object_tables[MT_OBJECT_TABLES];

/* An arena was mapped. If there is no memory for a table, its objects go into the table of live
 * blocks. */
void mt_objects_arena(uintptr_t arena, size_t bytes);

/* Child of a fork, which has the arenas, too: as mt_live_inherit and mt_live_inherited_take. */
void mt_objects_inherit(void);
bool mt_objects_inherited_take(uintptr_t at, struct mt_live *live);

/* The words of the object at `at`; NULL: it lies in no arena. */
static inline uint32_t *mt_objects_at(uintptr_t at)
{
    uintptr_t window = at >> MT_OBJECT_TABLE_BITS;
    const struct mt_object_table *b = &mt_object_tables[window % MT_OBJECT_TABLES];

    if (__builtin_expect(__atomic_load_n(&b->window, __ATOMIC_ACQUIRE) != window || at & 15, 0))
        return NULL;
    return b->words + (at >> 4) % (1u << (MT_OBJECT_TABLE_BITS - 4));
}

/* The first word: unit / 2 (a record of allocations has an even first unit) | more (1 bit) | low 4 bits of the
 * size, or of size - 1 if there is no more. An object of up to 16 bytes has no second word. */
static inline uint32_t mt_objects_pack(struct mt_live live, uint32_t *second)
{
    uint32_t more = live.size > 16;
    uint32_t low = (uint32_t)(more ? live.size : live.size ? live.size - 1 : 0) & 15;

    *second = more ? (uint32_t)(live.size >> 4) : 0;
    return (live.unit >> 1) << 5 | more << 4 | low;
}

/* Take the object out whose words these are, and which is there: *words is not 0. */
static inline struct mt_live mt_objects_take(uint32_t *words)
{
    struct mt_live live = {words[0] & 15, words[0] >> 5 << 1};

    if (words[0] & 16) {
        live.size |= (uint64_t)words[1] << 4;
        words[1] = 0; /* it may be the first word of another object some day */
    } else {
        live.size++;
    }
    words[0] = 0;
    return live;
}

#endif
