/* SPDX-License-Identifier: MIT
 *
 * Frames and strings that stand in the log once. Look-ups of frames take no lock: a table is read
 * while it is filled, and each slot's key is written after its value. A table that became too small
 * stays where it is. Its successor is twice as big, so all old ones together are no bigger than the
 * present one.
 */
#include <string.h>

#include "base/aside.h"
#include "base/lock.h"
#include "base/meta.h"
#include "log/intern.h"
#include "log/log.h"

struct slot {
    uint64_t value;
    uint64_t owner_kind; /* owner << 8 | kind; 0: empty */
    uint32_t index;
    uint32_t reserved;
};

struct table {
    struct table *older;
    uint64_t mask;
    uint64_t used;
    struct slot slots[];
};

struct string {
    uint64_t hash;
    uint64_t at; /* of its record in RECORD */
    uint32_t id;
    uint32_t bytes;
};

static struct mt_lock frames_lock, strings_lock;
static struct table *frames;
static struct string *strings; /* open addressing; id 0: empty */
static uint64_t strings_mask, strings_used;

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15u;
    return x ^ x >> 29;
}

/* The slot with this key, or the empty one where it belongs. *there says which, and only that: without the lock an empty slot
 * may hold another thread's key when it is looked at again. */
static struct slot *find(struct table *t, uint64_t value, uint64_t owner_kind, bool *there)
{
    for (uint64_t i = mix(value + owner_kind * 0x100000001b3u);; i++) {
        struct slot *s = &t->slots[i & t->mask];
        uint64_t key = __atomic_load_n(&s->owner_kind, __ATOMIC_ACQUIRE);
        *there = key != 0;
        if (!key || (key == owner_kind && s->value == value))
            return s;
    }
}

static bool frames_grow_here(void)
{
    uint64_t slots = frames ? (frames->mask + 1) * 2 : 1024;
    struct table *t = mt_meta_alloc(sizeof *t + slots * sizeof(struct slot));
    if (!t)
        return false;
    t->older = frames;
    t->mask = slots - 1;
    for (uint64_t i = 0; frames && i <= frames->mask; i++) {
        struct slot *s = &frames->slots[i];
        bool there;
        if (s->owner_kind) {
            *find(t, s->value, s->owner_kind, &there) = *s;
            t->used++;
        }
    }
    __atomic_store_n(&frames, t, __ATOMIC_RELEASE);
    return true;
}

static void grow_aside(void *done)
{
    *(bool *)done = frames_grow_here();
}

/* Our allocator may have to wait for its lock, and a frame may be the innermost thing that an event does. */
static bool frames_grow(void)
{
    bool done;
    mt_aside(grow_aside, &done);
    return done;
}

static uint32_t frame_enter(enum mt_frame_kind kind, uint32_t owner, uint64_t value)
{
    uint64_t owner_kind = (uint64_t)owner << 8 | (uint64_t)kind;
    if ((!frames || frames->used * 4 >= (frames->mask + 1) * 3) && !frames_grow())
        return 0;
    bool there;
    struct slot *s = find(frames, value, owner_kind, &there);
    if (there)
        return s->index;
    uint64_t index = mt_log_reserve(MT_REGION_FRAME, sizeof(struct mt_frame_entry), 1);
    if (!index || index > UINT32_MAX)
        return 0;
    struct mt_frame_entry *e = (struct mt_frame_entry *)mt_log.base[MT_REGION_FRAME] + index;
    e->value = value;
    e->owner = owner;
    __atomic_store_n(&e->kind, (uint32_t)kind, __ATOMIC_RELEASE);
    s->value = value;
    s->index = (uint32_t)index;
    __atomic_store_n(&s->owner_kind, owner_kind, __ATOMIC_RELEASE);
    frames->used++;
    return (uint32_t)index;
}

uint32_t mt_log_frame(enum mt_frame_kind kind, uint32_t owner, uint64_t value)
{
    uint64_t owner_kind = (uint64_t)owner << 8 | (uint64_t)kind;
    struct table *t = __atomic_load_n(&frames, __ATOMIC_ACQUIRE);
    if (t) {
        bool there;
        struct slot *s = find(t, value, owner_kind, &there);
        if (there)
            return s->index;
    }
    mt_lock_take(&frames_lock);
    uint32_t index = frame_enter(kind, owner, value);
    mt_lock_drop(&frames_lock);
    return index;
}

static bool strings_grow(void)
{
    uint64_t slots = strings ? (strings_mask + 1) * 2 : 256;
    struct string *grown = mt_meta_alloc(slots * sizeof *grown);
    if (!grown)
        return false;
    for (uint64_t i = 0; strings && i <= strings_mask; i++) {
        if (!strings[i].id)
            continue;
        uint64_t j = strings[i].hash;
        while (grown[j & (slots - 1)].id)
            j++;
        grown[j & (slots - 1)] = strings[i];
    }
    mt_meta_free(strings);
    strings = grown;
    strings_mask = slots - 1;
    return true;
}

static uint32_t string_enter(const char *text, size_t bytes)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    if ((!strings || strings_used * 4 >= (strings_mask + 1) * 3) && !strings_grow())
        return 0;
    uint64_t i = hash;
    for (; strings[i & strings_mask].id; i++) {
        struct string *s = &strings[i & strings_mask];
        if (s->hash == hash && s->bytes == bytes &&
            !memcmp(mt_log.base[MT_REGION_RECORD] + s->at + sizeof(struct mt_record_string), text,
                    bytes))
            return s->id;
    }
    uint32_t head[2] = {(uint32_t)strings_used + 1, (uint32_t)bytes};
    struct mt_piece pieces[] = {{head, sizeof head}, {text, bytes}};
    uint64_t at;
    if (!mt_log_record_at(MT_RECORD_STRING, pieces, 2, &at))
        return 0;
    strings_used++;
    strings[i & strings_mask] = (struct string){hash, at, head[0], (uint32_t)bytes};
    return head[0];
}

uint32_t mt_log_string(const char *text, size_t bytes)
{
    if (bytes > 65536)
        bytes = 65536;
    mt_lock_take(&strings_lock);
    uint32_t id = string_enter(text, bytes);
    mt_lock_drop(&strings_lock);
    return id;
}

void mt_log_intern_forget(void)
{
    for (struct table *t = mt_meta_torn ? NULL : frames; t;) {
        struct table *older = t->older;
        mt_meta_free(t);
        t = older;
    }
    frames = NULL;
    if (!mt_meta_torn)
        mt_meta_free(strings);
    strings = NULL;
    strings_mask = strings_used = 0;
    mt_lock_forget(&frames_lock);
    mt_lock_forget(&strings_lock);
}
