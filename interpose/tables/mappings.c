/* SPDX-License-Identifier: MIT
 *
 * A sorted array under one spin lock: mappings are few and change seldom, compared with blocks. A
 * change in the middle moves what is behind it, 24 bytes a mapping.
 */
#include <string.h>

#include "base/lock.h"
#include "base/meta.h"
#include "tables/mappings.h"

static struct mt_lock lock;
static struct mt_mapping *sorted; /* by start, not overlapping */
static size_t used, cap;

void mt_pieces_init(struct mt_pieces *pieces)
{
    pieces->piece = pieces->own;
    pieces->used = 0;
    pieces->cut_head = pieces->cut_tail = false;
    pieces->cap = sizeof pieces->own / sizeof pieces->own[0];
}

void mt_pieces_free(struct mt_pieces *pieces)
{
    if (pieces->piece != pieces->own)
        mt_meta_free(pieces->piece);
}

static bool pieces_room(struct mt_pieces *p, size_t more)
{
    if (p->used + more <= p->cap)
        return true;
    uint32_t grown_cap = (uint32_t)(p->used + more) * 2;
    struct mt_mapping *grown = mt_meta_alloc(grown_cap * sizeof *grown);
    if (!grown)
        return false;
    memcpy(grown, p->piece, p->used * sizeof *grown);
    mt_pieces_free(p);
    p->piece = grown;
    p->cap = grown_cap;
    return true;
}

static bool room(size_t more)
{
    if (used + more <= cap)
        return true;
    size_t grown_cap = cap ? cap * 2 : 128;
    struct mt_mapping *grown =
        mt_meta_grow(sorted, cap * sizeof *sorted, grown_cap * sizeof *sorted);
    if (!grown)
        return false;
    sorted = grown;
    cap = grown_cap;
    return true;
}

/* Index of the first mapping that ends behind `at`. */
static size_t first_behind(uintptr_t at)
{
    size_t low = 0, high = used;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sorted[middle].end > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert(struct mt_mapping mapping)
{
    if (!room(1))
        return false;
    size_t at = first_behind(mapping.start);
    memmove(&sorted[at + 1], &sorted[at], (used - at) * sizeof *sorted);
    sorted[at] = mapping;
    used++;
    return true;
}

bool mt_mappings_enter(struct mt_mapping mapping)
{
    mt_lock_take(&lock);
    bool ok = insert(mapping);
    mt_lock_drop(&lock);
    return ok;
}

/* Under lock, with room for one more mapping and for all pieces. */
static void take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces)
{
    size_t at = first_behind(start);
    size_t keep = at; /* where the next mapping that stays goes */
    size_t from = at; /* the next one to look at */
    while (from < used && sorted[from].start < end) {
        struct mt_mapping m = sorted[from++];
        struct mt_mapping taken = m;
        if (taken.start < start)
            taken.start = start;
        if (taken.end > end)
            taken.end = end;
        pieces->piece[pieces->used++] = taken;
        bool head = m.start<start, tail = m.end> end;
        if (head && tail) {
            /* There is only ever one such mapping, and then it is the only one in the range. */
            memmove(&sorted[from + 1], &sorted[from], (used - from) * sizeof *sorted);
            used++;
            from++;
        }
        pieces->cut_head |= head;
        pieces->cut_tail |= tail;
        if (head) {
            sorted[keep] = m;
            sorted[keep++].end = start;
        }
        if (tail) {
            sorted[keep] = m;
            sorted[keep++].start = end;
        }
    }
    memmove(&sorted[keep], &sorted[from], (used - from) * sizeof *sorted);
    used -= from - keep;
}

bool mt_mappings_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces)
{
    mt_lock_take(&lock);
    size_t count = 0;
    for (size_t i = first_behind(start); i < used && sorted[i].start < end; i++)
        count++;
    bool ok = !count || (room(1) && pieces_room(pieces, count));
    if (ok && count)
        take(start, end, pieces);
    mt_lock_drop(&lock);
    return ok;
}

/* One mapping was cut at this address: join its parts again. */
static void join(uintptr_t at)
{
    size_t i = first_behind(at);
    if (!i || i == used || sorted[i].start != at || sorted[i - 1].end != at ||
        sorted[i].unit != sorted[i - 1].unit)
        return;
    sorted[i - 1].end = sorted[i].end;
    memmove(&sorted[i], &sorted[i + 1], (used - i - 1) * sizeof *sorted);
    used--;
}

void mt_mappings_put_back(const struct mt_pieces *pieces)
{
    mt_lock_take(&lock);
    for (uint32_t i = 0; i < pieces->used; i++)
        insert(pieces->piece[i]);
    /* Otherwise a later munmap of the whole would count as several releases. */
    if (pieces->used && pieces->cut_head)
        join(pieces->piece[0].start);
    if (pieces->used && pieces->cut_tail)
        join(pieces->piece[pieces->used - 1].end);
    mt_lock_drop(&lock);
}

/* ---- What a fork child has of its parent's ---- */

static struct {
    struct mt_mapping *sorted;
    size_t used, cap;
} inherited;

/* The other table is the one that the functions above work on. Under lock. */
static void change_tables(void)
{
    struct mt_mapping *mine = sorted;
    size_t mine_used = used, mine_cap = cap;
    sorted = inherited.sorted;
    used = inherited.used;
    cap = inherited.cap;
    inherited.sorted = mine;
    inherited.used = mine_used;
    inherited.cap = mine_cap;
}

void mt_mappings_inherit(void)
{
    lock.held = 0;
    if (mt_meta_torn) {
        inherited.sorted = sorted = NULL;
        inherited.used = inherited.cap = used = cap = 0;
        return;
    }
    change_tables();
    for (size_t i = 0; i < inherited.used; i++) /* its own join those that it has inherited */
        insert(inherited.sorted[i]);
    mt_meta_free(inherited.sorted);
    inherited.sorted = NULL;
    inherited.used = inherited.cap = 0;
    change_tables();
}

void mt_mappings_inherited_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces)
{
    if (!inherited.used)
        return;
    mt_lock_take(&lock);
    change_tables();
    size_t count = 0;
    for (size_t i = first_behind(start); i < used && sorted[i].start < end; i++)
        count++;
    if (count && room(1) && pieces_room(pieces, count))
        take(start, end, pieces);
    change_tables();
    mt_lock_drop(&lock);
}
