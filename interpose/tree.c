/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "meta.h"
#include "modules.h"
#include "os.h"
#include "runs.h"
#include "tree.h"
#include "unwind_whole.h"

/* Keys of frames that are neither native nor Python; no address and no FRAME index looks like
 * these. */
#define KEY_CUT (1ull << 62)

/* ---- Nodes: (parent, frame) -> node. Open addressing, at most three quarters full. A place holds the node's index and some bits
 * of its hash: most of the nodes that are not the one looked for need not be read, each of which is somewhere else in memory ---- */

#define INDEX_BITS 29 /* a region of 16 GiB has no more */
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

static uint64_t place_hash(uint32_t parent, uint32_t frame)
{
    return ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15u;
}

static uint32_t *first_place(const struct mt_thread *t, uint64_t hash)
{
    return &t->places[hash >> (64 - t->places_bits)];
}

static uint32_t *next_place(const struct mt_thread *t, uint32_t *p)
{
    return p + 1 == t->places + ((size_t)1 << t->places_bits) ? t->places : p + 1;
}

/* Bits that the place's number depends on in the largest tables only. */
static uint32_t mark_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) << INDEX_BITS;
}

static bool grow_places(struct mt_thread *t)
{
    uint32_t *old = t->places;
    size_t old_count = old ? (size_t)1 << t->places_bits : 0;
    uint32_t bits = old ? t->places_bits + 1 : 8;
    uint32_t *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    t->places = grown;
    t->places_bits = bits;
    for (size_t i = 0; i < old_count; i++) {
        if (i + 16 < old_count)
            __builtin_prefetch(mt_tree_node(old[i + 16] & INDEX_MASK));
        if (!old[i])
            continue;
        const struct mt_node *node = mt_tree_node(old[i] & INDEX_MASK);
        uint32_t *p = first_place(t, place_hash(node->parent, node->frame));
        while (*p)
            p = next_place(t, p);
        *p = old[i];
    }
    mt_meta_free(old);
    return true;
}

/* The child of `parent` for `frame`; made on first sight. 0: no space. */
static uint32_t child(struct mt_thread *t, uint32_t parent, uint32_t frame)
{
    if ((!t->places || (uint64_t)t->nodes * 4 >= 3ull << t->places_bits) && !grow_places(t))
        return 0;
    uint64_t hash = place_hash(parent, frame);
    uint32_t mark = mark_of(hash), *p = first_place(t, hash);
    for (; *p; p = next_place(t, p)) {
        uint32_t index = *p & INDEX_MASK;
        if ((*p ^ index) != mark)
            continue;
        const struct mt_node *node = mt_tree_node(index);
        if (node->parent == parent && node->frame == frame)
            return index;
    }
    uint64_t n = mt_log_reserve(MT_REGION_NODE, sizeof(struct mt_node), 1);
    if (!n || n > INDEX_MASK)
        return 0;
    struct mt_node *node = mt_tree_node((uint32_t)n);
    node->parent = parent;
    __atomic_store_n(&node->frame, frame, __ATOMIC_RELEASE);
    *p = (uint32_t)n | mark;
    t->nodes++;
    return (uint32_t)n;
}

/* ---- Whole stacks: a hash of all keys -> leaf, so that an event costs one look-up however much of the stack is new. Two
 * stacks of the same 64-bit hash would be taken for one: with a million stacks, that happens once in 40 million runs ---- */

static uint64_t hash_of(uint64_t outer, mt_key key)
{
    uint64_t h = (outer ^ key) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static struct mt_known *known_at(const struct mt_thread *t, uint64_t hash)
{
    uint64_t mask = ((uint64_t)1 << t->known_bits) - 1;
    uint64_t at = hash >> 16 & mask;
    while (t->known[at].leaf && t->known[at].hash != hash)
        at = (at + 1) & mask;
    return &t->known[at];
}

static bool grow_known(struct mt_thread *t)
{
    struct mt_known *old = t->known;
    size_t old_count = old ? (size_t)1 << t->known_bits : 0;
    uint32_t bits = old ? t->known_bits + 1 : 8;
    struct mt_known *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    t->known = grown;
    t->known_bits = bits;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].leaf)
            *known_at(t, old[i].hash) = old[i];
    mt_meta_free(old);
    return true;
}

/* ---- */

/* A thread's arrays at their full size: address space that costs memory only as deep as
 * stacks really are. */
#define KEYS_MAX    (2 * MT_DEPTH_MAX + 4) /* native and Python frames, a cut mark, the root */
#define ARRAY_BYTES (KEYS_MAX * (2 * sizeof(mt_key) + sizeof(uint64_t) + sizeof(uint32_t)))

static bool arrays_init(struct mt_thread *t)
{
    char *at = mt_os_map(ARRAY_BYTES);
    if (!at)
        return false;
    t->keys = (mt_key *)at;
    t->scratch = t->keys + KEYS_MAX;
    t->hashes = t->scratch + KEYS_MAX;
    t->path = (uint32_t *)(t->hashes + KEYS_MAX);
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

/* The leaf of a stack that is not known yet: node by node from the outermost one whose path[] is not right. */
static uint32_t descend(struct mt_thread *t)
{
    for (uint32_t i = t->path_used - 1; i < t->keys_used; i++) {
        uint32_t frame = frame_of(t->keys[i]);
        uint32_t node = frame ? child(t, t->path[i], frame) : 0;
        if (!node)
            return 0;
        t->path[i + 1] = node;
        t->path_used = i + 2;
    }
    return t->path[t->keys_used];
}

/* The keys from `same` to `n` are new, and stand in t->keys. Finds the leaf. */
static bool settle(struct mt_thread *t, uint32_t same, uint32_t n)
{
    for (uint32_t i = same; i < n; i++)
        t->hashes[i + 1] = hash_of(t->hashes[i], t->keys[i]);
    t->keys_used = n;
    if (t->path_used > same + 1)
        t->path_used = same + 1;
    if (!t->known || (uint64_t)t->known_used * 4 >= 3ull << t->known_bits)
        if (!grow_known(t))
            return false;
    t->hint = known_at(t, t->hashes[n]);
    if (!t->hint->leaf) {
        uint32_t leaf = descend(t);
        if (!leaf)
            return false;
        *t->hint = (struct mt_known){t->hashes[n], leaf, 0};
        t->known_used++;
    }
    return true;
}

/* ---- How much of the last event's stack is in this one's, in nodes: the root is in all ---- */

static uint32_t same_as_keys(const struct mt_thread *t, const struct mt_whole *whole)
{
    uint32_t n = whole->frames < t->keys_used ? whole->frames : t->keys_used, same = 0;
    while (same < n && mt_whole_pc(whole, same) == t->keys[same])
        same++;
    return same + 1;
}

static uint32_t same_as_whole(const struct mt_whole *a, const struct mt_whole *b)
{
    uint32_t n = a->frames < b->frames ? a->frames : b->frames, same = 0;
    while (same < n && mt_whole_pc(a, same) == mt_whole_pc(b, same))
        same++;
    return same + 1;
}

/* The same by the leaves alone: one step for each node that they do not share. */
static uint32_t same_by_leaves(uint32_t a, uint32_t depth_a, uint32_t b, uint32_t depth_b)
{
    if (!a)
        return 1;
    for (; depth_a > depth_b; depth_a--)
        a = mt_tree_node(a)->parent;
    for (; depth_b > depth_a; depth_b--)
        b = mt_tree_node(b)->parent;
    for (; a != b; depth_a--) {
        a = mt_tree_node(a)->parent;
        b = mt_tree_node(b)->parent;
    }
    return depth_a + 1;
}

/* The event has a stack that was met before, as a whole. Most follow the same one again and again. */
static void again(struct mt_thread *t, struct mt_whole *whole)
{
    if (whole->at == t->whole_at) {
        t->same = whole->frames + 1;
    } else if (t->whole_at && whole->before == t->whole_at) {
        t->same = whole->before_same;
    } else {
        if (t->whole)
            t->same = same_as_whole(t->whole, whole);
        else if (t->elsewhere)
            t->same = same_by_leaves(t->last_leaf, t->frames, whole->known.leaf, whole->frames);
        else
            t->same = same_as_keys(t, whole);
        whole->before = t->whole_at;
        whole->before_same = t->same;
    }
    t->frames = whole->frames;
    t->hint = &whole->known;
    t->last_leaf = whole->known.leaf;
    t->elsewhere = true;
    t->whole = whole;
    t->whole_at = whole->at;
}

/* The event's stack is in keys; `same` nodes of it are the last captured stack's. */
static void captured(struct mt_thread *t, uint32_t same)
{
    if (t->whole)
        same = same_as_keys(t, t->whole);
    else if (t->elsewhere)
        same = same_by_leaves(t->last_leaf, t->frames, t->hint->leaf, t->keys_used);
    t->same = same;
    t->frames = t->keys_used;
    t->last_leaf = t->hint->leaf;
    t->elsewhere = false;
    t->whole = NULL;
    t->whole_at = 0;
}

/* ---- Python: a remembered native stack together with a Python stack that it was met with ---- */

#define PAIRS 4096u

struct mt_mixed {
    uint64_t tag; /* of both; 0: empty */
    struct mt_known known;
    uint32_t depth;       /* nodes, without the root */
    uint32_t before;      /* leaf of the event before ... */
    uint32_t before_same; /* ... and how many nodes it shares with this one */
};

/* Two pairs of the same tag would be taken for one; see `known`. */
static uint64_t tag_of(uint64_t whole_and_kind, uint64_t print)
{
    uint64_t h = hash_of(print * 0x94d049bb133111ebu, whole_and_kind);
    return h ? h : 1;
}

/* A pair may stand in two places beside each other: hot ones that meet do not push each other out again and again. */
static struct mt_mixed *pair_find(const struct mt_thread *t, uint64_t tag)
{
    size_t at = tag >> 20 & (PAIRS - 1);
    if (__builtin_expect(!t->pairs, 0))
        return NULL;
    if (__builtin_expect(t->pairs[at].tag == tag, 1))
        return &t->pairs[at];
    return t->pairs[at ^ 1].tag == tag ? &t->pairs[at ^ 1] : NULL;
}

/* In the first of its places; what stood there moves to the other one. */
static void pair_put(struct mt_thread *t, const struct mt_mixed *pair)
{
    size_t at = pair->tag >> 20 & (PAIRS - 1);
    if (!t->pairs && !(t->pairs = mt_meta_alloc(PAIRS * sizeof *t->pairs)))
        return;
    if (t->pairs[at].tag != pair->tag)
        t->pairs[at ^ 1] = t->pairs[at];
    t->pairs[at] = *pair;
}

static void pairs_forget(struct mt_thread *t)
{
    if (t->pairs)
        memset(t->pairs, 0, PAIRS * sizeof *t->pairs);
}

static void pair_again(struct mt_thread *t, struct mt_mixed *pair)
{
    if (t->last_leaf == pair->known.leaf) {
        t->same = pair->depth + 1;
    } else {
        if (!t->last_leaf || pair->before != t->last_leaf) {
            pair->before = t->last_leaf;
            pair->before_same =
                same_by_leaves(t->last_leaf, t->frames, pair->known.leaf, pair->depth);
        }
        t->same = pair->before_same;
    }
    t->frames = pair->depth;
    t->hint = &pair->known;
    t->last_leaf = pair->known.leaf;
    t->elsewhere = true;
    t->whole = NULL;
    t->whole_at = 0;
}

/* Python frames among the native ones, or a cut mark in front of them: the keys are put together anew and compared. */
static bool walk_mixed(struct mt_thread *t, bool object)
{
    uint32_t n = 0, same = 0;
    size_t merged = 0;
    if (t->stack.cut) {
        t->scratch[n++] = KEY_CUT | t->stack.cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    if (mt_python_attached)
        merged = mt_python_merge(&t->python, &t->stack, t->scratch + n, KEYS_MAX - 1 - n, &same);
    if (n)
        same = 0; /* a cut mark stands before these keys */
    if (same > t->keys_used)
        same = t->keys_used; /* the last keys are gone, or were trimmed */
    if (merged)
        n = (uint32_t)(object ? mt_python_trim(t->scratch, n + merged) : n + merged);
    else
        for (uint32_t i = 0; i < t->stack.used; i++)
            t->scratch[n++] = t->stack.frames[i].pc;
    if (same > n)
        same = n;
    while (same < n && same < t->keys_used && t->scratch[same] == t->keys[same])
        same++;
    memcpy(t->keys + same, t->scratch + same, (n - same) * sizeof *t->keys);
    t->mixed = merged || t->stack.cut;
    if (!settle(t, same, n))
        return false;
    captured(t, same + 1);
    return true;
}

/* Native frames only, before and now: the unwinder knows how much of the stack it kept. */
static bool walk_native(struct mt_thread *t, const struct mt_start *from)
{
    const struct mt_frame *frames = t->stack.frames;
    uint32_t n = t->stack.used, same = t->stack.kept < t->keys_used ? t->stack.kept : t->keys_used;
    while (same < n && same < t->keys_used && frames[same].pc == t->keys[same])
        same++;
    for (uint32_t i = same; i < n; i++)
        t->keys[i] = frames[i].pc;
    if (!settle(t, same, n))
        return false;
    captured(t, same + 1);
    struct mt_whole *whole = mt_unwind_remember(&t->stack, from);
    if (whole) {
        whole->known = *t->hint;
        t->whole_at = whole->at;
    }
    return true;
}

static bool root_init(struct mt_thread *t)
{
    if (!t->keys && !arrays_init(t))
        return false;
    t->period = __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED);
    uint32_t frame = mt_log_frame(MT_FRAME_THREAD, t->slot, t->period);
    t->path[0] = frame ? child(t, 0, frame) : 0;
    t->entry->root = t->path[0];
    t->path_used = t->path[0] != 0; /* else the next event tries again */
    t->hashes[0] = frame;
    return t->path[0] != 0;
}

/* A new period: its stacks have a root of their own. No run goes over into it. */
static bool change_root(struct mt_thread *t)
{
    mt_runs_close(t, 0);
    t->last_leaf = 0;
    t->elsewhere = false;
    return root_init(t);
}

/* Addresses have changed their meaning: stacks are known by addresses. Or a period has begun. */
static bool forget_known(struct mt_thread *t, uint32_t generation)
{
    if (t->known)
        memset(t->known, 0, sizeof *t->known << t->known_bits);
    t->known_used = 0;
    t->path_used = 1;
    t->keys_used = 0;
    t->elsewhere = true; /* where the last event was is told by its leaf alone */
    t->whole = NULL;
    t->whole_at = 0;
    pairs_forget(t);
    mt_unwind_forget(&t->stack);
    t->generation = generation;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the period is stepped before the generation */
    return t->period == __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED) || change_root(t);
}

/* With an interpreter in the process: its stack is read at every event, the native one only where it is new. */
static bool walk_python(struct mt_thread *t, const struct mt_start *from)
{
    struct mt_whole *whole = mt_unwind_again(&t->stack, from);
    struct mt_mixed *pair;
    uint64_t print, tag = 0;
    bool printed = mt_python_read(&t->python, from->object, &print);
    if (whole && printed) {
        tag = tag_of(whole->at + from->object, print);
        pair = pair_find(t, tag);
        if (pair && !mt_unwind_doubted()) {
            pair_again(t, pair);
            return true;
        }
    }
    mt_unwind(&t->stack, from);
    if (!walk_mixed(t, from->object))
        return false;
    if (!whole)
        whole = mt_unwind_remember(&t->stack, from);
    if (whole && printed) {
        tag = tag_of(whole->at + from->object, print);
        pair = pair_find(t, tag);
        if (pair)
            mt_unwind_compared(pair->known.leaf == t->hint->leaf);
        pair_put(t, &(struct mt_mixed){tag, *t->hint, t->frames, 0, 0});
    }
    return true;
}

bool mt_tree_walk(struct mt_thread *t, const struct mt_start *from)
{
    if (__builtin_expect(!t->path_used, 0) && !root_init(t))
        return false;
    uint32_t generation = mt_modules_generation();
    if (__builtin_expect(t->generation != generation, 0) && !forget_known(t, generation))
        return false;
    if (__atomic_load_n(&mt_python_attached, __ATOMIC_ACQUIRE)) /* perhaps since a moment ago */
        return walk_python(t, from);
    struct mt_whole *whole = mt_unwind_again(&t->stack, from);
    if (whole && whole->known.leaf) {
        again(t, whole);
        return true;
    }
    mt_unwind(&t->stack, from);
    if (t->stack.cut || t->mixed)
        return walk_mixed(t, false);
    return walk_native(t, from);
}

void mt_tree_lost(struct mt_thread *t)
{
    t->keys_used = 0;
    t->last_leaf = 0;
    t->elsewhere = false;
    t->whole = NULL;
    t->whole_at = 0;
}

void mt_tree_thread_end(struct mt_thread *t)
{
    mt_unwind_thread_exit(&t->stack);
    mt_python_thread_exit(&t->python);
    /* Told apart by the numbers of whole stacks, which are gone with t->stack: the next thread's begin at the same ones. */
    pairs_forget(t);
    mt_tree_lost(t);
}

void mt_tree_forget(struct mt_thread *t)
{
    mt_tree_thread_end(t);
    mt_meta_free(t->places);
    mt_meta_free(t->known);
    mt_meta_free(t->pairs);
    if (t->keys)
        mt_os_unmap(t->keys, ARRAY_BYTES);
}
