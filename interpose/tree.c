/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "meta.h"
#include "modules.h"
#include "os.h"
#include "tree.h"

/* Keys of frames that are neither native nor Python; no address and no FRAME index looks like
 * these. */
#define KEY_CUT (1ull << 62)

static uint32_t bucket_of(const struct mt_thread *t, uint32_t parent, uint32_t frame)
{
    uint64_t h = ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> (64 - t->bucket_bits));
}

static bool grow_buckets(struct mt_thread *t)
{
    uint32_t bits = t->buckets ? t->bucket_bits + 1 : 8;
    uint32_t *old = t->buckets, old_count = old ? 1u << t->bucket_bits : 0;
    uint32_t *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    t->buckets = grown;
    t->bucket_bits = bits;
    for (uint32_t i = 0; i < old_count; i++) {
        for (uint32_t n = old[i]; n;) {
            struct mt_node *node = mt_tree_node(n);
            uint32_t next = node->next;
            uint32_t *head = &grown[bucket_of(t, node->parent, node->frame)];
            node->next = *head;
            *head = n;
            n = next;
        }
    }
    mt_meta_free(old);
    return true;
}

/* The child of `parent` for `frame`, made on first sight. 0: no space. */
static uint32_t child(struct mt_thread *t, uint32_t parent, uint32_t frame)
{
    if (t->buckets) {
        for (uint32_t n = t->buckets[bucket_of(t, parent, frame)]; n;) {
            struct mt_node *node = mt_tree_node(n);
            if (node->parent == parent && node->frame == frame)
                return n;
            n = node->next;
        }
    }
    if ((!t->buckets || t->nodes >= 1u << t->bucket_bits) && !grow_buckets(t) && !t->buckets)
        return 0;
    uint64_t n = mt_log_reserve(MT_REGION_NODE, sizeof(struct mt_node), 1);
    if (!n || n > UINT32_MAX)
        return 0;
    uint32_t *head = &t->buckets[bucket_of(t, parent, frame)];
    struct mt_node *node = mt_tree_node((uint32_t)n);
    node->parent = parent;
    node->next = *head;
    __atomic_store_n(&node->frame, frame, __ATOMIC_RELEASE);
    *head = (uint32_t)n;
    t->nodes++;
    return (uint32_t)n;
}

/* A thread's three arrays at their full size: address space that costs memory only as deep as
 * stacks really are. */
#define KEYS_MAX    (2 * MT_DEPTH_MAX + 2) /* native and Python frames, a cut mark */
#define ARRAY_BYTES (2 * KEYS_MAX * sizeof(mt_key) + (KEYS_MAX + 1) * sizeof(uint32_t))

static bool arrays_init(struct mt_thread *t)
{
    char *at = mt_os_map(ARRAY_BYTES);
    if (!at)
        return false;
    t->keys = (mt_key *)at;
    t->scratch = t->keys + KEYS_MAX;
    t->path = (uint32_t *)(t->scratch + KEYS_MAX);
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

/* The nodes of the new keys, from `same` to `n` in t->scratch. False: no space; t->keys_used of them stand. */
static bool descend(struct mt_thread *t, uint32_t same, uint32_t n)
{
    const mt_key *keys = t->scratch;
    t->keys_used = same;
    for (uint32_t i = same; i < n; i++) {
        uint32_t frame = frame_of(keys[i]);
        uint32_t node = frame ? child(t, t->path[i], frame) : 0;
        if (!node)
            return false;
        t->path[i + 1] = node;
        t->keys[i] = keys[i];
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
        merged = mt_python_merge(&t->python, &t->stack, t->scratch + n, KEYS_MAX - n);
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
        t->path[0] = root ? child(t, 0, root) : 0;
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
    mt_meta_free(t->buckets);
    if (t->keys)
        mt_os_unmap(t->keys, ARRAY_BYTES);
    mt_unwind_thread_exit(&t->stack);
    mt_python_thread_exit(&t->python);
}
