/* SPDX-License-Identifier: MIT */
#include "tables/objects.h"

#include "base/lock.h"
#include "base/meta.h"

#define TABLES_BYTES (2 * sizeof(struct mt_object_places))

struct mt_object_table mt_object_tables[MT_OBJECT_TABLES];
static struct mt_lock lock;

void mt_objects_arena(uintptr_t arena, size_t bytes)
{
    uintptr_t last = (arena + bytes - 1) >> MT_OBJECT_TABLE_BITS;

    mt_lock_take(&lock);
    for (uintptr_t window = arena >> MT_OBJECT_TABLE_BITS; window <= last; window++) {
        struct mt_object_table *b = &mt_object_tables[window % MT_OBJECT_TABLES];

        if (b->window) /* this one, or another that has its place */
            continue;
        b->places = mt_meta_alloc(TABLES_BYTES);
        if (b->places)
            __atomic_store_n(&b->window, window, __ATOMIC_RELEASE);
    }
    mt_lock_drop(&lock);
}

/* Which of the two tables holds the object, or 2. The second one is not even read where MT_OBJECT_TWO does not stand: that would take
 * its memory. */
static uint32_t holder(const struct mt_object_places *places, uint32_t i, uint32_t half)
{
    if (places[0].word[i] && (places[0].more[i] & MT_OBJECT_UPPER) == half)
        return 0;
    if (places[0].more[i] & MT_OBJECT_TWO && (places[1].more[i] & MT_OBJECT_UPPER) == half)
        return 1;
    return 2;
}

enum mt_live_entered mt_objects_enter_second(struct mt_object_places *places, uintptr_t at,
                                             struct mt_live live, struct mt_live *stale)
{
    uint32_t i = mt_objects_place(at), half = mt_objects_half(at);
    uint32_t there = holder(places, i, half), to = there;

    if (there == 2)
        to = places[0].word[i] ? 1 : 0;
    else
        *stale = mt_objects_get(&places[there], i);
    if (to == 1)
        places[0].more[i] |= MT_OBJECT_TWO;
    mt_objects_put(&places[to], i, half, to ? 0 : places[0].more[i] & MT_OBJECT_TWO, live);
    return there == 2 ? MT_LIVE_ENTERED : MT_LIVE_REPLACED;
}

bool mt_objects_take_second(struct mt_object_places *places, uintptr_t at, struct mt_live *live)
{
    uint32_t i = mt_objects_place(at), there = holder(places, i, mt_objects_half(at));

    if (there == 2)
        return false;
    *live = mt_objects_get(&places[there], i);
    places[there].word[i] = 0;
    if (there == 1)
        places[0].more[i] &= (uint8_t)~MT_OBJECT_TWO;
    return true;
}

/* A fork child's: its parent's objects in these tables. */
static struct mt_object_places *inherited[MT_OBJECT_TABLES];

static void join_one(struct mt_object_places *to, uint32_t i, const struct mt_object_places *from)
{
    uintptr_t at = (uintptr_t)i << 5 | (from->more[i] & MT_OBJECT_UPPER) >> 1;
    struct mt_live stale;

    if (from->word[i])
        mt_objects_enter_second(to, at, mt_objects_get(from, i), &stale);
}

/* The child's own objects join those that it has inherited, as the next child inherits both. */
static void join(struct mt_object_places *to, const struct mt_object_places *from)
{
    for (uint32_t i = 0; i < MT_OBJECT_PLACES; i++) {
        join_one(to, i, &from[0]);
        if (from[0].more[i] & MT_OBJECT_TWO)
            join_one(to, i, &from[1]);
    }
}

void mt_objects_inherit(void)
{
    for (size_t i = 0; i < MT_OBJECT_TABLES; i++) {
        struct mt_object_table *b = &mt_object_tables[i];

        if (!b->window)
            continue;
        if (mt_meta_torn) {
            inherited[i] = NULL;
        } else if (inherited[i]) {
            join(inherited[i], b->places);
            mt_meta_free(b->places);
        } else {
            inherited[i] = b->places;
        }
        b->places = mt_meta_alloc(TABLES_BYTES); /* the arena is the child's, too */
        if (!b->places)
            b->window = 0;
    }
    mt_lock_forget(&lock);
}

bool mt_objects_inherited_take(uintptr_t at, struct mt_live *live)
{
    size_t set = (at >> MT_OBJECT_TABLE_BITS) % MT_OBJECT_TABLES;

    return inherited[set] && mt_objects_at(at) && mt_objects_take_second(inherited[set], at, live);
}
