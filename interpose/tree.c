/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "meta.h"
#include "modules.h"
#include "os.h"
#include "tree.h"

/* Keys of frames that are neither native nor Python; no address and no FRAME index looks like
 * these. */
#define KEY_CUT (1ull << 62)

/* A place in the table of nodes: found by a hash of the whole path from the root, whose upper half stands here. The hash of
 * a path is made from its parent's, without a look at the nodes: so all places that an event needs are known, and
 * can be fetched, before the first one has arrived from memory. */
struct mt_place {
    uint32_t node; /* 0: empty */
    uint32_t tag;
};

static uint64_t hash_of(uint64_t parent_hash, uint32_t frame)
{
    uint64_t h = (parent_hash ^ frame) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static struct mt_place *first_place(const struct mt_thread *t, uint32_t tag)
{
    return &t->places[tag >> (32 - t->places_bits)];
}

static struct mt_place *next_place(const struct mt_thread *t, struct mt_place *p)
{
    return p + 1 == t->places + ((size_t)1 << t->places_bits) ? t->places : p + 1;
}

/* At most three quarters full, so that probing ends. */
static bool grow_places(struct mt_thread *t)
{
    struct mt_place *old = t->places;
    size_t old_count = old ? (size_t)1 << t->places_bits : 0;
    uint32_t bits = old ? t->places_bits + 1 : 8;
    struct mt_place *grown = bits < 32 ? mt_meta_alloc(sizeof *grown << bits) : NULL;
    if (!grown)
        return false;
    t->places = grown;
    t->places_bits = bits;
    for (size_t i = 0; i < old_count; i++) {
        if (!old[i].node)
            continue;
        struct mt_place *p = first_place(t, old[i].tag);
        while (p->node)
            p = next_place(t, p);
        *p = old[i];
    }
    mt_meta_free(old);
    return true;
}

/* The child of `parent` for `frame`, whose path has `hash`; made on first sight. 0: no space. */
static uint32_t child(struct mt_thread *t, uint32_t parent, uint32_t frame, uint64_t hash)
{
    uint32_t tag = tag_of(hash);
    if ((!t->places || (uint64_t)t->nodes * 4 >= 3ull << t->places_bits) && !grow_places(t))
        return 0;
    struct mt_place *p = first_place(t, tag);
    for (; p->node; p = next_place(t, p)) {
        const struct mt_node *node = mt_tree_node(p->node);
        if (p->tag == tag && node->parent == parent && node->frame == frame)
            return p->node;
    }
    uint64_t n = mt_log_reserve(MT_REGION_NODE, sizeof(struct mt_node), 1);
    if (!n || n > UINT32_MAX)
        return 0;
    struct mt_node *node = mt_tree_node((uint32_t)n);
    node->parent = parent;
    __atomic_store_n(&node->frame, frame, __ATOMIC_RELEASE);
    p->node = (uint32_t)n;
    p->tag = tag;
    t->nodes++;
    return (uint32_t)n;
}

/* The node that probably is the one of this path: its tag is. */
static uint32_t guess(const struct mt_thread *t, uint64_t hash)
{
    uint32_t tag = tag_of(hash);
    for (struct mt_place *p = first_place(t, tag); p->node; p = next_place(t, p))
        if (p->tag == tag)
            return p->node;
    return 0;
}

/* A thread's arrays at their full size: address space that costs memory only as deep as
 * stacks really are. */
#define KEYS_MAX    (2 * MT_DEPTH_MAX + 4) /* native and Python frames, a cut mark, the root */
#define ARRAY_BYTES (KEYS_MAX * (2 * sizeof(mt_key) + sizeof(uint64_t) + 2 * sizeof(uint32_t)))

static bool arrays_init(struct mt_thread *t)
{
    char *at = mt_os_map(ARRAY_BYTES);
    if (!at)
        return false;
    t->keys = (mt_key *)at;
    t->scratch = t->keys + KEYS_MAX;
    t->hashes = t->scratch + KEYS_MAX;
    t->path = (uint32_t *)(t->hashes + KEYS_MAX);
    t->frames = t->path + KEYS_MAX;
    return true;
}

static uint32_t frame_of(mt_key key)
{
    if (key & MT_KEY_PYTHON)
        return (uint32_t)key;
    if (key & KEY_CUT)
        return mt_log_frame(MT_FRAME_CUT, 0, key & 3);
    return mt_modules_frame(key);
}

/* A table of this size is not in the first caches any more: 512 KiB. */
#define BIG_BITS 16u

/* Ask for what the look-up of the new keys will read: first their places in the table, then the nodes. */
static bool fetch(struct mt_thread *t, uint32_t same, uint32_t n)
{
    for (uint32_t i = same; i < n; i++) {
        t->frames[i] = frame_of(t->scratch[i]);
        if (!t->frames[i])
            return false;
        t->hashes[i + 1] = hash_of(t->hashes[i], t->frames[i]);
        __builtin_prefetch(first_place(t, tag_of(t->hashes[i + 1])));
    }
    if (t->places_bits < BIG_BITS || n - same < 2)
        return true;
    for (uint32_t i = same; i < n; i++)
        __builtin_prefetch(mt_tree_node(guess(t, t->hashes[i + 1])));
    return true;
}

/* The nodes of the new keys, from `same` to `n` in t->scratch. False: no space; t->keys_used of them stand. */
static bool descend(struct mt_thread *t, uint32_t same, uint32_t n)
{
    t->keys_used = same;
    if (!fetch(t, same, n))
        return false;
    for (uint32_t i = same; i < n; i++) {
        uint32_t node = child(t, t->path[i], t->frames[i], t->hashes[i + 1]);
        if (!node)
            return false;
        t->path[i + 1] = node;
        t->keys[i] = t->scratch[i];
        t->keys_used = i + 1;
    }
    return true;
}

/* Python frames among the native ones, or a cut mark in front of them: the keys are put together anew and compared. */
static uint32_t walk_mixed(struct mt_thread *t)
{
    uint32_t n = 0, same = 0;
    size_t merged = 0;
    if (t->stack.cut) {
        t->scratch[n++] = KEY_CUT | t->stack.cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    if (mt_python_attached)
        merged = mt_python_merge(&t->python, &t->stack, t->scratch + n, KEYS_MAX - 1 - n);
    if (merged)
        n += (uint32_t)merged;
    else
        for (uint32_t i = 0; i < t->stack.used; i++)
            t->scratch[n++] = t->stack.frames[i].pc;
    while (same < n && same < t->keys_used && t->scratch[same] == t->keys[same])
        same++;
    t->mixed = merged || t->stack.cut;
    return descend(t, same, n) ? same + 1 : 0;
}

/* Native frames only, before and now: the unwinder knows how much of the stack it kept. */
static uint32_t walk_native(struct mt_thread *t)
{
    const struct mt_frame *frames = t->stack.frames;
    uint32_t n = t->stack.used, same = t->stack.kept < t->keys_used ? t->stack.kept : t->keys_used;
    while (same < n && same < t->keys_used && frames[same].pc == t->keys[same])
        same++;
    for (uint32_t i = same; i < n; i++)
        t->scratch[i] = frames[i].pc;
    return descend(t, same, n) ? same + 1 : 0;
}

uint32_t mt_tree_walk(struct mt_thread *t, const struct mt_start *from)
{
    if (!t->keys && !arrays_init(t))
        return 0;
    mt_unwind(&t->stack, from);
    if (!t->path[0]) {
        uint32_t root = mt_log_frame(MT_FRAME_THREAD, t->slot, 0);
        t->path[0] = root ? child(t, 0, root, hash_of(0, root)) : 0;
        t->hashes[0] = hash_of(0, root);
        if (!t->path[0])
            return 0;
        t->entry->root = t->path[0];
    }
    if (mt_python_attached || t->stack.cut || t->mixed)
        return walk_mixed(t);
    return walk_native(t);
}

void mt_tree_forget(struct mt_thread *t)
{
    mt_meta_free(t->places);
    if (t->keys)
        mt_os_unmap(t->keys, ARRAY_BYTES);
    mt_unwind_thread_exit(&t->stack);
    mt_python_thread_exit(&t->python);
}
