/* SPDX-License-Identifier: MIT */
#include "tables/objects.h"

#include "base/lock.h"
#include "base/meta.h"

#define TABLE_BYTES (sizeof(uint32_t) << (MT_OBJECT_TABLE_BITS - 4))

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
        b->words = mt_meta_alloc(TABLE_BYTES);
        if (b->words)
            __atomic_store_n(&b->window, window, __ATOMIC_RELEASE);
    }
    mt_lock_drop(&lock);
}

/* A fork child's: the words of its parent's objects in these tables. */
static uint32_t *inherited[MT_OBJECT_TABLES];

/* The child's own words join those that it has inherited, as the next child inherits both. */
static void join(uint32_t *inherited_words, const uint32_t *words)
{
    for (size_t i = 0; i < TABLE_BYTES / sizeof *words; i++)
        if (words[i])
            inherited_words[i] = words[i];
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
            join(inherited[i], b->words);
            mt_meta_free(b->words);
        } else {
            inherited[i] = b->words;
        }
        b->words = mt_meta_alloc(TABLE_BYTES); /* the arena is the child's, too */
        if (!b->words)
            b->window = 0;
    }
    mt_lock_forget(&lock);
}

bool mt_objects_inherited_take(uintptr_t at, struct mt_live *live)
{
    size_t set = (at >> MT_OBJECT_TABLE_BITS) % MT_OBJECT_TABLES;

    if (!inherited[set] || !mt_objects_at(at))
        return false;
    uint32_t *words = inherited[set] + (at >> 4) % (1u << (MT_OBJECT_TABLE_BITS - 4));
    if (!*words)
        return false;
    *live = mt_objects_take(words);
    return true;
}
