/* SPDX-License-Identifier: MIT
 *
 * A sorted array under one spin lock: mappings are few and change seldom, compared with blocks. A
 * change in the middle moves what is behind it, 32 bytes a mapping.
 */
#include <string.h>

#include "base/lock.h"
#include "base/meta.h"
#include "format.h"
#include "os/os.h"
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

/* What is wanted of a range. */
struct wanted {
    uintptr_t start, end;
    enum { WANTED_ALL, WANTED_PROTECTED, WANTED_ATTACHED } which;
    uint16_t class;     /* with WANTED_PROTECTED */
    uintptr_t attached; /* with WANTED_ATTACHED */
};

static bool is_wanted(const struct wanted *w, const struct mt_mapping *m)
{
    switch (w->which) {
    case WANTED_PROTECTED:
        if (w->class == MT_RESERVED)
            return m->class == MT_ANON || m->class == MT_SHARED;
        return m->class == MT_RESERVED && m->usable == w->class;
    case WANTED_ATTACHED:
        return m->attached == w->attached;
    default:
        return true;
    }
}

/* Under lock, with room for one more mapping and for all pieces. */
static void take(const struct wanted *w, struct mt_pieces *pieces)
{
    size_t at = first_behind(w->start);
    size_t keep = at; /* where the next mapping that stays goes */
    size_t from = at; /* the next one to look at */
    while (from < used && sorted[from].start < w->end) {
        struct mt_mapping m = sorted[from++];
        if (!is_wanted(w, &m)) {
            sorted[keep++] = m;
            continue;
        }
        struct mt_mapping taken = m;
        if (taken.start < w->start)
            taken.start = w->start;
        if (taken.end > w->end)
            taken.end = w->end;
        pieces->piece[pieces->used++] = taken;
        bool head = m.start<w->start, tail = m.end> w->end;
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
            sorted[keep++].end = w->start;
        }
        if (tail) {
            sorted[keep] = m;
            sorted[keep++].start = w->end;
        }
    }
    memmove(&sorted[keep], &sorted[from], (used - from) * sizeof *sorted);
    used -= from - keep;
}

/* Under lock. */
static bool take_locked(const struct wanted *w, struct mt_pieces *pieces)
{
    size_t count = 0;
    for (size_t i = first_behind(w->start); i < used && sorted[i].start < w->end; i++)
        count += is_wanted(w, &sorted[i]);
    bool ok = !count || (room(1) && pieces_room(pieces, count));
    if (ok && count)
        take(w, pieces);
    return ok;
}

static bool take_wanted(const struct wanted *w, struct mt_pieces *pieces)
{
    mt_lock_take(&lock);
    bool ok = take_locked(w, pieces);
    mt_lock_drop(&lock);
    return ok;
}

bool mt_mappings_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces)
{
    struct wanted w = {.start = start, .end = end, .which = WANTED_ALL};
    return take_wanted(&w, pieces);
}

bool mt_mappings_take_protected(uintptr_t start, uintptr_t end, uint16_t class,
                                struct mt_pieces *pieces)
{
    struct wanted w = {.start = start, .end = end, .which = WANTED_PROTECTED, .class = class};
    return take_wanted(&w, pieces);
}

/* Its size is no longer known by then, and pieces of other mappings may lie between its own. So all mappings behind it are looked at. */
bool mt_mappings_take_attached(uintptr_t attached, struct mt_pieces *pieces)
{
    struct wanted w = {
        .start = attached, .end = UINTPTR_MAX, .which = WANTED_ATTACHED, .attached = attached};
    return take_wanted(&w, pieces);
}

/* Under lock. */
static bool find(uintptr_t at, struct mt_mapping *mapping)
{
    size_t i = first_behind(at);
    bool found = i < used && sorted[i].start <= at;
    if (found)
        *mapping = sorted[i];
    return found;
}

bool mt_mappings_find(uintptr_t at, struct mt_mapping *mapping)
{
    mt_lock_take(&lock);
    bool found = find(at, mapping);
    mt_lock_drop(&lock);
    return found;
}

/* Bytes of [start, end) that lie in mappings of these classes. Under lock. */
static size_t within(uintptr_t start, uintptr_t end, uint32_t mask)
{
    size_t bytes = 0, page = mt_os_page();
    for (size_t i = first_behind(start); i < used && sorted[i].start < end; i++) {
        uintptr_t from = sorted[i].start > start ? sorted[i].start : start;
        uintptr_t to = (sorted[i].end + page - 1) & ~(uintptr_t)(page - 1);
        if (mask >> sorted[i].class & 1)
            bytes += (to < end ? to : end) - from;
    }
    return bytes;
}

/* One mapping was cut at this address: join its parts again. */
static void join(uintptr_t at)
{
    size_t i = first_behind(at);
    if (!i || i == used || sorted[i].start != at || sorted[i - 1].end != at ||
        sorted[i].unit != sorted[i - 1].unit || sorted[i].attached != sorted[i - 1].attached)
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
    mt_lock_forget(&lock);
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

static void inherited_take(const struct wanted *w, struct mt_pieces *pieces)
{
    if (!inherited.used)
        return;
    mt_lock_take(&lock);
    change_tables();
    take_locked(w, pieces);
    bool stay = w->which == WANTED_PROTECTED && w->class == MT_RESERVED;
    for (uint32_t i = 0; stay && i < pieces->used; i++) {
        struct mt_mapping m = pieces->piece[i];
        m.class = MT_RESERVED;
        insert(m);
    }
    change_tables();
    mt_lock_drop(&lock);
}

bool mt_mappings_inherited_find(uintptr_t at, struct mt_mapping *mapping)
{
    if (!inherited.used)
        return false;
    mt_lock_take(&lock);
    change_tables();
    bool found = find(at, mapping);
    change_tables();
    mt_lock_drop(&lock);
    return found;
}

void mt_mappings_inherited_take(uintptr_t start, uintptr_t end, struct mt_pieces *pieces)
{
    struct wanted w = {.start = start, .end = end, .which = WANTED_ALL};
    inherited_take(&w, pieces);
}

void mt_mappings_inherited_take_protected(uintptr_t start, uintptr_t end, uint16_t class,
                                          struct mt_pieces *pieces)
{
    struct wanted w = {.start = start, .end = end, .which = WANTED_PROTECTED, .class = class};
    inherited_take(&w, pieces);
}

void mt_mappings_inherited_take_attached(uintptr_t attached, struct mt_pieces *pieces)
{
    struct wanted w = {
        .start = attached, .end = UINTPTR_MAX, .which = WANTED_ATTACHED, .attached = attached};
    inherited_take(&w, pieces);
}

size_t mt_mappings_without(uintptr_t start, uintptr_t end, uint32_t mask)
{
    mt_lock_take(&lock);
    size_t left = end - start - within(start, end, mask);
    if (inherited.used) {
        change_tables();
        left -= within(start, end, mask);
        change_tables();
    }
    mt_lock_drop(&lock);
    return left;
}
