/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/meta.h"
#include "loader/modules.h"
#include "log/intern.h"
#include "log/log.h"
#include "os/os.h"
#include "python/interpreter.h"
#include "python/merge.h"
#include "python/thread.h"
#include "tables/capture.h"
#include "tables/runs.h"
#include "tables/state.h"
#include "tables/tree.h"
#include "unwind/unwind.h"
#include "unwind/whole.h"

/* Keys of frames that are neither native nor Python; no address and no FRAME index looks like
 * these. */
#define KEY_CUT (1ull << 62)

/* ---- Whole stacks: a hash of all keys -> leaf, so that an event costs one look-up however much of the stack is new. Two
 * stacks of the same 64-bit hash would be taken for one: with a million stacks, that happens once in 40 million runs ---- */

static uint64_t hash_of(uint64_t outer, mt_key key)
{
    uint64_t h = (outer ^ key) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 32;
}

static struct mt_known *known_at(const struct mt_capture *c, uint64_t hash)
{
    uint64_t mask = ((uint64_t)1 << c->known_bits) - 1;
    uint64_t at = hash >> 16 & mask;
    while (c->known[at].leaf && c->known[at].hash != hash)
        at = (at + 1) & mask;
    return &c->known[at];
}

static bool grow_known(struct mt_capture *c)
{
    struct mt_known *old = c->known;
    size_t old_count = old ? (size_t)1 << c->known_bits : 0;
    uint32_t bits = old ? c->known_bits + 1 : 8;
    struct mt_known *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    c->known = grown;
    c->known_bits = bits;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].leaf)
            *known_at(c, old[i].hash) = old[i];
    mt_meta_free(old);
    return true;
}

/* ---- */

/* A thread's arrays at their full size: address space that costs memory only as deep as
 * stacks really are. */
#define KEYS_MAX    (2 * MT_DEPTH_MAX + 4) /* native and Python frames, a cut mark, the root */
#define ARRAY_BYTES (KEYS_MAX * (2 * sizeof(mt_key) + sizeof(uint64_t) + sizeof(uint32_t)))

static bool arrays_init(struct mt_capture *c)
{
    char *at = mt_os_map(ARRAY_BYTES);
    if (!at)
        return false;
    c->keys = (mt_key *)at;
    c->scratch = c->keys + KEYS_MAX;
    c->hashes = c->scratch + KEYS_MAX;
    c->path = (uint32_t *)(c->hashes + KEYS_MAX);
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
    for (uint32_t i = t->capture.path_used - 1; i < t->capture.keys_used; i++) {
        uint32_t frame = frame_of(t->capture.keys[i]);
        uint32_t node = frame ? mt_tree_child(&t->tree, t->capture.path[i], frame) : 0;
        if (!node)
            return 0;
        t->capture.path[i + 1] = node;
        t->capture.path_used = i + 2;
    }
    return t->capture.path[t->capture.keys_used];
}

/* The keys from `same` to `n` are new, and stand in t->capture.keys. Finds the leaf. */
static bool settle(struct mt_thread *t, uint32_t same, uint32_t n)
{
    for (uint32_t i = same; i < n; i++)
        t->capture.hashes[i + 1] = hash_of(t->capture.hashes[i], t->capture.keys[i]);
    t->capture.keys_used = n;
    if (t->capture.path_used > same + 1)
        t->capture.path_used = same + 1;
    if (!t->capture.known || (uint64_t)t->capture.known_used * 4 >= 3ull << t->capture.known_bits)
        if (!grow_known(&t->capture))
            return false;
    t->capture.hint = known_at(&t->capture, t->capture.hashes[n]);
    if (!t->capture.hint->leaf) {
        uint32_t leaf = descend(t);
        if (!leaf)
            return false;
        *t->capture.hint = (struct mt_known){t->capture.hashes[n], leaf, 0};
        t->capture.known_used++;
    }
    return true;
}

/* ---- How much of the last event's stack is in this one's, in nodes: the root is in all ---- */

static uint32_t same_as_keys(const struct mt_capture *c, const struct mt_whole *whole)
{
    uint32_t n = whole->frames < c->keys_used ? whole->frames : c->keys_used, same = 0;
    while (same < n && mt_whole_pc(whole, same) == c->keys[same])
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
        a = mt_log_node(a)->parent;
    for (; depth_b > depth_a; depth_b--)
        b = mt_log_node(b)->parent;
    for (; a != b; depth_a--) {
        a = mt_log_node(a)->parent;
        b = mt_log_node(b)->parent;
    }
    return depth_a + 1;
}

/* The event has a stack that was met before, as a whole. Most follow the same one again and again. */
static void again(struct mt_capture *c, struct mt_whole *whole)
{
    if (whole->at == c->whole_at) {
        c->same = whole->frames + 1;
    } else if (c->whole_at && whole->before == c->whole_at) {
        c->same = whole->before_same;
    } else {
        if (c->whole)
            c->same = same_as_whole(c->whole, whole);
        else if (c->elsewhere)
            c->same = same_by_leaves(c->last_leaf, c->frames, whole->known.leaf, whole->frames);
        else
            c->same = same_as_keys(c, whole);
        whole->before = c->whole_at;
        whole->before_same = c->same;
    }
    c->frames = whole->frames;
    c->hint = &whole->known;
    c->last_leaf = whole->known.leaf;
    c->elsewhere = true;
    c->whole = whole;
    c->whole_at = whole->at;
}

/* The event's stack is in keys; `same` nodes of it are the last captured stack's. */
static void captured(struct mt_capture *c, uint32_t same)
{
    if (c->whole)
        same = same_as_keys(c, c->whole);
    else if (c->elsewhere)
        same = same_by_leaves(c->last_leaf, c->frames, c->hint->leaf, c->keys_used);
    c->same = same;
    c->frames = c->keys_used;
    c->last_leaf = c->hint->leaf;
    c->elsewhere = false;
    c->whole = NULL;
    c->whole_at = 0;
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
static struct mt_mixed *pair_find(const struct mt_capture *c, uint64_t tag)
{
    size_t at = tag >> 20 & (PAIRS - 1);
    if (__builtin_expect(!c->pairs, 0))
        return NULL;
    if (__builtin_expect(c->pairs[at].tag == tag, 1))
        return &c->pairs[at];
    return c->pairs[at ^ 1].tag == tag ? &c->pairs[at ^ 1] : NULL;
}

/* In the first of its places; what stood there moves to the other one. */
static void pair_put(struct mt_capture *c, const struct mt_mixed *pair)
{
    size_t at = pair->tag >> 20 & (PAIRS - 1);
    if (!c->pairs && !(c->pairs = mt_meta_alloc(PAIRS * sizeof *c->pairs)))
        return;
    if (c->pairs[at].tag != pair->tag)
        c->pairs[at ^ 1] = c->pairs[at];
    c->pairs[at] = *pair;
}

static void pairs_forget(struct mt_capture *c)
{
    if (c->pairs)
        memset(c->pairs, 0, PAIRS * sizeof *c->pairs);
}

static void pair_again(struct mt_capture *c, struct mt_mixed *pair)
{
    if (c->last_leaf == pair->known.leaf) {
        c->same = pair->depth + 1;
    } else {
        if (!c->last_leaf || pair->before != c->last_leaf) {
            pair->before = c->last_leaf;
            pair->before_same =
                same_by_leaves(c->last_leaf, c->frames, pair->known.leaf, pair->depth);
        }
        c->same = pair->before_same;
    }
    c->frames = pair->depth;
    c->hint = &pair->known;
    c->last_leaf = pair->known.leaf;
    c->elsewhere = true;
    c->whole = NULL;
    c->whole_at = 0;
}

/* Python frames among the native ones, or a cut mark in front of them: the keys are put together anew and compared. */
static bool walk_mixed(struct mt_thread *t, bool object)
{
    uint32_t n = 0, same = 0;
    size_t merged = 0;
    if (t->stack.cut) {
        t->capture.scratch[n++] = KEY_CUT | t->stack.cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    if (mt_python_attached)
        merged =
            mt_python_merge(&t->python, &t->stack, t->capture.scratch + n, KEYS_MAX - 1 - n, &same);
    if (n)
        same = 0; /* a cut mark stands before these keys */
    if (same > t->capture.keys_used)
        same = t->capture.keys_used; /* the last keys are gone, or were trimmed */
    if (merged)
        n = (uint32_t)(object ? mt_python_trim(t->capture.scratch, n + merged) : n + merged);
    else
        for (uint32_t i = 0; i < t->stack.used; i++)
            t->capture.scratch[n++] = t->stack.frames[i].pc;
    if (same > n)
        same = n;
    while (same < n && same < t->capture.keys_used &&
           t->capture.scratch[same] == t->capture.keys[same])
        same++;
    memcpy(t->capture.keys + same, t->capture.scratch + same, (n - same) * sizeof *t->capture.keys);
    t->capture.mixed = merged || t->stack.cut;
    if (!settle(t, same, n))
        return false;
    captured(&t->capture, same + 1);
    return true;
}

/* In the hash of a remembered stack: it has no leaf, as the log had no space for it. */
#define NO_SPACE 1u

/* The log had no space for a stack that is met again. Is that still so? Asked seldom. */
static bool still_unknown(struct mt_capture *c)
{
    return ++c->unknown % 64 != 0;
}

/* Native frames only, before and now: the unwinder knows how much of the stack it kept. `whole`: what the stack is remembered as,
 * or NULL. */
static bool walk_native(struct mt_thread *t, const struct mt_start *from, struct mt_whole *whole)
{
    const struct mt_frame *frames = t->stack.frames;
    uint32_t n = t->stack.used,
             same = t->stack.kept < t->capture.keys_used ? t->stack.kept : t->capture.keys_used;
    while (same < n && same < t->capture.keys_used && frames[same].pc == t->capture.keys[same])
        same++;
    for (uint32_t i = same; i < n; i++)
        t->capture.keys[i] = frames[i].pc;
    bool found = settle(t, same, n);
    if (!whole)
        whole = mt_unwind_remember(&t->stack, from);
    if (!found) {
        if (whole)
            whole->known.hash = NO_SPACE;
        return false;
    }
    captured(&t->capture, same + 1);
    if (whole) {
        whole->known = *t->capture.hint;
        t->capture.whole_at = whole->at;
    }
    return true;
}

/* The thread gets its entry in the log. False: no space; it is tried again at each event. */
static bool list(struct mt_thread *t)
{
    uint64_t slot = mt_log_reserve(MT_REGION_THREAD, sizeof(struct mt_thread_entry), 1);
    if (!slot)
        return false;
    t->entry = (struct mt_thread_entry *)mt_log.base[MT_REGION_THREAD] + slot;
    *t->entry = t->unlisted;
    t->slot = (uint32_t)slot;
    return true;
}

static bool root_init(struct mt_thread *t)
{
    if (!t->slot && !list(t))
        return false;
    if (!t->capture.keys && !arrays_init(&t->capture))
        return false;
    t->capture.period = __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED);
    uint32_t frame = mt_log_frame(MT_FRAME_THREAD, t->slot, t->capture.period);
    t->capture.path[0] = frame ? mt_tree_child(&t->tree, 0, frame) : 0;
    t->entry->root = t->capture.path[0];
    t->capture.path_used = t->capture.path[0] != 0; /* else the next event tries again */
    t->capture.hashes[0] = frame;
    return t->capture.path[0] != 0;
}

/* A new period: its stacks have a root of their own. No run goes over into it. */
static bool change_root(struct mt_thread *t)
{
    mt_runs_close(t, 0);
    t->capture.last_leaf = 0;
    t->capture.elsewhere = false;
    return root_init(t);
}

/* Addresses have changed their meaning: stacks are known by addresses. Or a period has begun. */
static bool forget_known(struct mt_thread *t, uint32_t generation)
{
    if (t->capture.known)
        memset(t->capture.known, 0, sizeof *t->capture.known << t->capture.known_bits);
    t->capture.known_used = 0;
    t->capture.path_used = 1;
    t->capture.keys_used = 0;
    t->capture.elsewhere = true; /* where the last event was is told by its leaf alone */
    t->capture.whole = NULL;
    t->capture.whole_at = 0;
    pairs_forget(&t->capture);
    mt_unwind_forget(&t->stack);
    t->capture.generation = generation;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the period is stepped before the generation */
    return t->capture.period == __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED) ||
           change_root(t);
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
        pair = pair_find(&t->capture, tag);
        if (pair && !mt_unwind_doubted()) {
            if (__builtin_expect(pair->known.leaf != 0, 1)) {
                pair_again(&t->capture, pair);
                return true;
            }
            if (still_unknown(&t->capture))
                return false;
        }
    }
    mt_unwind(&t->stack, from);
    bool found = walk_mixed(t, from->object);
    if (!whole)
        whole = mt_unwind_remember(&t->stack, from);
    if (whole && printed) {
        struct mt_known known = found ? *t->capture.hint : (struct mt_known){0, 0, 0};
        tag = tag_of(whole->at + from->object, print);
        pair = pair_find(&t->capture, tag);
        if (pair && found)
            mt_unwind_compared(pair->known.leaf == known.leaf || !pair->known.leaf);
        pair_put(&t->capture, &(struct mt_mixed){tag, known, t->capture.frames, 0, 0});
    }
    return found;
}

bool mt_capture(struct mt_thread *t, const struct mt_start *from)
{
    if (__builtin_expect(!t->capture.path_used, 0) && !root_init(t))
        return false;
    uint32_t generation = mt_modules_generation();
    if (__builtin_expect(t->capture.generation != generation, 0) && !forget_known(t, generation))
        return false;
    if (__atomic_load_n(&mt_python_attached, __ATOMIC_ACQUIRE)) /* perhaps since a moment ago */
        return walk_python(t, from);
    struct mt_whole *whole = mt_unwind_again(&t->stack, from);
    if (whole && whole->known.leaf) {
        again(&t->capture, whole);
        return true;
    }
    if (whole && whole->known.hash == NO_SPACE && still_unknown(&t->capture))
        return false;
    mt_unwind(&t->stack, from);
    if (t->stack.cut || t->capture.mixed)
        return walk_mixed(t, false);
    return walk_native(t, from, whole);
}

void mt_capture_lost(struct mt_thread *t)
{
    t->capture.last_leaf = 0;
    t->capture.elsewhere = true; /* at a leaf that shares nothing with any */
    t->capture.whole = NULL;
    t->capture.whole_at = 0;
}

void mt_capture_thread_end(struct mt_thread *t)
{
    mt_unwind_thread_exit(&t->stack);
    mt_python_thread_exit(&t->python);
    /* Told apart by the numbers of whole stacks, which are gone with t->stack: the next thread's begin at the same ones. */
    pairs_forget(&t->capture);
    t->capture.keys_used = 0;
    mt_capture_lost(t);
}

void mt_capture_forget(struct mt_thread *t)
{
    mt_capture_thread_end(t);
    mt_meta_free(t->tree.places);
    mt_meta_free(t->capture.known);
    mt_meta_free(t->capture.pairs);
    if (t->capture.keys)
        mt_os_unmap(t->capture.keys, ARRAY_BYTES);
}
