/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/meta.h"
#include "base/near.h"
#include "foreign/interpreter.h"
#include "foreign/merge.h"
#include "loader/modules.h"
#include "log/intern.h"
#include "log/log.h"
#include "os/os.h"
#include "tables/capture.h"
#include "tables/finish.h"
#include "unwind/unwind.h"
#include "unwind/whole.h"

/* ---- Whole stacks: a hash of all keys -> leaf, so that an event costs one look-up however much of
 * the stack is new. Two stacks with the same 64-bit hash would be mistaken for each other: with a
 * million stacks that happens once in 40 million processes ---- */

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

/* A thread's arrays at their full size. It is address space, and costs memory only as deep as
 * stacks really are. */
#define KEYS_MAX    (2 * MT_DEPTH_MAX + 4) /* native and foreign frames, a cut mark, the root */
#define ARRAY_BYTES (KEYS_MAX * (2 * sizeof(mt_key) + sizeof(uint64_t) + sizeof(uint32_t)))

static bool arrays_init(struct mt_capture *c)
{
    char *at = mt_meta_map(ARRAY_BYTES);
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
    if (key & MT_KEY_FOREIGN)
        return (uint32_t)key;
    if (key & MT_KEY_CUT)
        return mt_log_frame(MT_FRAME_CUT, 0, key & 3);
    return mt_modules_frame(key);
}

/* The leaf of a stack that is not known yet: node by node, from the outermost one whose path[] is
 * not right. */
static uint32_t descend(struct mt_capture *c)
{
    for (uint32_t i = c->path_used - 1; i < c->keys_used; i++) {
        if (__builtin_expect(mt_finish_is(c->keys[i]), 0))
            mt_finish(true);
        uint32_t frame = frame_of(c->keys[i]);
        uint32_t node = frame ? mt_tree_child(&c->tree, c->path[i], frame) : 0;
        if (!node)
            return 0;
        c->path[i + 1] = node;
        c->path_used = i + 2;
    }
    return c->path[c->keys_used];
}

/* The keys from `same` to `n` are new, and stand in c->keys. Find the leaf. */
MT_HOT static bool settle(struct mt_capture *c, uint32_t same, uint32_t n)
{
    for (uint32_t i = same; i < n; i++)
        c->hashes[i + 1] = hash_of(c->hashes[i], c->keys[i]);
    c->keys_used = n;
    if (c->path_used > same + 1)
        c->path_used = same + 1;
    if (!c->known || (uint64_t)c->known_used * 4 >= 3ull << c->known_bits)
        if (!grow_known(c))
            return false;
    c->hint = known_at(c, c->hashes[n]);
    if (!c->hint->leaf) {
        uint32_t leaf = descend(c);
        if (!leaf)
            return false;
        *c->hint = (struct mt_known){c->hashes[n], leaf, 0};
        c->known_used++;
    }
    return true;
}

/* ---- How much of the last event's stack is in this one's, counted in nodes: the root is in both
 * ---- */

static uint32_t same_as_keys(const struct mt_capture *c, const struct mt_whole *whole)
{
    uint32_t n = whole->frames < c->keys_used ? whole->frames : c->keys_used, same = 0;
    while (same < n && mt_whole_pc(whole, same) == c->keys[same])
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

static __attribute__((noinline)) void name_nodes(struct mt_whole *whole)
{
    uint32_t *nodes = mt_whole_nodes(whole), node = whole->known.leaf;
    for (uint32_t at = whole->frames; at-- > 0; node = mt_log_node(node)->parent)
        nodes[at] = node;
    whole->named = true;
}

/* The nodes of a remembered stack's frames, the outermost first. */
static inline const uint32_t *nodes_of(struct mt_whole *whole)
{
    if (!whole->named)
        name_nodes(whole);
    return mt_whole_nodes(whole);
}

/* By their nodes, from the inside: mostly only a few are not shared. */
static uint32_t same_as_whole(struct mt_whole *a, struct mt_whole *b)
{
    const uint32_t *in_a = nodes_of(a), *in_b = nodes_of(b);
    uint32_t n = a->frames < b->frames ? a->frames : b->frames;
    while (n && in_a[n - 1] != in_b[n - 1])
        n--;
    return n + 1;
}

/* Where the stack of the event before goes on behind the first `same` nodes, if that is at hand. */
static uint32_t turned_from(struct mt_capture *c, uint32_t same)
{
    if (c->whole)
        return same <= c->whole->frames ? nodes_of(c->whole)[same - 1] : 0;
    return !c->elsewhere && same < c->path_used && same <= c->keys_used ? c->path[same] : 0;
}

/* The event's whole stack was met before. Most events follow the same one again and again. */
static void again(struct mt_capture *c, struct mt_whole *whole)
{
    c->turned = 0;
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
        c->turned = turned_from(c, c->same);
    }
    c->site = c->same <= whole->frames ? nodes_of(whole)[c->same - 1] : 0;
    c->frames = whole->frames;
    c->hint = &whole->known;
    c->last_leaf = whole->known.leaf;
    c->elsewhere = true;
    c->whole = whole;
    c->whole_at = whole->at;
}

/* The event's stack is in keys, and shares `same` nodes with the last captured one. */
MT_HOT static void captured(struct mt_capture *c, uint32_t same)
{
    if (c->whole)
        same = same_as_keys(c, c->whole);
    else if (c->elsewhere)
        same = same_by_leaves(c->last_leaf, c->frames, c->hint->leaf, c->keys_used);
    c->turned = c->whole && !c->new_root ? turned_from(c, same) : 0;
    c->same = c->new_root ? 0 : same;
    c->site = c->same <= c->keys_used ? mt_log_ancestor(c->hint->leaf, c->keys_used - c->same) : 0;
    c->new_root = false;
    c->frames = c->keys_used;
    c->last_leaf = c->hint->leaf;
    c->elsewhere = false;
    c->whole = NULL;
    c->whole_at = 0;
}

/* ---- An interpreter: a native stack together with the foreign stack that it was met with ---- */

#define PAIRS 4096u

struct mt_mixed {
    uint64_t tag; /* of both; 0: empty */
    struct mt_known known;
    uint32_t depth;       /* nodes, without the root */
    uint32_t before;      /* leaf of the event before ... */
    uint32_t before_same; /* ... and how many nodes it shares with this one */
};

/* Two pairs with the same tag would be mistaken for each other; see `known`. */
static uint64_t tag_of(uint64_t whole_and_kind, uint64_t print)
{
    uint64_t h = hash_of(print * 0x94d049bb133111ebu, whole_and_kind);
    return h ? h : 1;
}

/* A pair may stand in two neighbouring places, so that two hot ones do not push each other out
 * again and again. */
static struct mt_mixed *pair_find(const struct mt_capture *c, uint64_t tag)
{
    size_t at = tag >> 20 & (PAIRS - 1);
    if (__builtin_expect(!c->pairs, 0))
        return NULL;
    if (__builtin_expect(c->pairs[at].tag == tag, 1))
        return &c->pairs[at];
    return c->pairs[at ^ 1].tag == tag ? &c->pairs[at ^ 1] : NULL;
}

/* It gets the first of its places; what stood there moves to the other one. */
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
    c->turned = 0;
    c->site = c->same <= pair->depth ? mt_log_ancestor(pair->known.leaf, pair->depth - c->same) : 0;
    c->frames = pair->depth;
    c->hint = &pair->known;
    c->last_leaf = pair->known.leaf;
    c->elsewhere = true;
    c->whole = NULL;
    c->whole_at = 0;
}

/* There are foreign frames among the native ones, or a cut mark in front of them: the keys are put
 * together anew and compared. */
static bool walk_mixed(struct mt_capture *c, bool object)
{
    uint32_t n = 0, same = 0;
    size_t merged = 0;
    if (c->stack.cut) {
        c->scratch[n++] = MT_KEY_CUT | c->stack.cut;
        __atomic_fetch_add(&mt_log.header->cut_stacks, 1, __ATOMIC_RELAXED);
    }
    if (mt_interpreter)
        merged = mt_foreign_merge(c->foreign, &c->stack, c->scratch + n, KEYS_MAX - 1 - n, &same);
    if (n)
        same = 0; /* a cut mark stands before these keys */
    if (same > c->keys_used)
        same = c->keys_used; /* the last keys are gone, or were trimmed */
    if (merged)
        n = (uint32_t)(object ? mt_foreign_trim(c->foreign, c->scratch, n + merged) : n + merged);
    else
        for (uint32_t i = 0; i < c->stack.used; i++)
            c->scratch[n++] = c->stack.frames[i].pc;
    if (same > n)
        same = n;
    while (same < n && same < c->keys_used && c->scratch[same] == c->keys[same])
        same++;
    memcpy(c->keys + same, c->scratch + same, (n - same) * sizeof *c->keys);
    c->mixed = merged || c->stack.cut;
    if (!settle(c, same, n))
        return false;
    captured(c, same + 1);
    return true;
}

/* In the hash of a remembered stack: it has no leaf, as the log had no space for it. */
#define NO_SPACE 1u

/* The log had no space for a stack that is met again. Is that still so? It is asked seldom. */
static bool still_unknown(struct mt_capture *c)
{
    return ++c->unknown % 64 != 0;
}

/* There are native frames only, before and now: the unwinder knows how much of the stack it kept.
 * `whole`: what the stack is remembered as, or NULL. */
static MT_HOT __attribute__((noinline)) bool
walk_native(struct mt_capture *c, const struct mt_start *from, struct mt_whole *whole)
{
    const struct mt_frame *frames = c->stack.frames;
    uint32_t n = c->stack.used, same = c->stack.kept < c->keys_used ? c->stack.kept : c->keys_used;
    while (same < n && same < c->keys_used && frames[same].pc == c->keys[same])
        same++;
    for (uint32_t i = same; i < n; i++)
        c->keys[i] = frames[i].pc;
    bool found = settle(c, same, n);
    if (found)
        captured(c,
                 same + 1); /* first: it reads the remembered stack that may be overwritten now */
    if (!whole)
        whole = mt_unwind_remember(&c->stack, from);
    if (!found) {
        if (whole)
            whole->known.hash = NO_SPACE;
        return false;
    }
    if (whole) {
        whole->known = *c->hint;
        c->whole_at = whole->at;
    }
    return true;
}

static __attribute__((noinline, cold)) bool root_init(struct mt_capture *c)
{
    if (!c->slot || (!c->keys && !arrays_init(c)))
        return false;
    c->period = __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED);
    uint32_t frame = mt_log_frame(MT_FRAME_THREAD, c->slot, c->period);
    c->path[0] = frame ? mt_tree_child(&c->tree, 0, frame) : 0;
    c->entry->root = c->path[0];
    c->path_used = c->path[0] != 0; /* else the next event tries again */
    c->hashes[0] = frame;
    return c->path[0] != 0;
}

/* A new period begins: its stacks have a root of their own, and no run goes on into it. */
static bool change_root(struct mt_capture *c)
{
    c->new_root = true;
    c->last_leaf = 0;
    c->elsewhere = false;
    return root_init(c);
}

/* Addresses, by which stacks are known, have changed their meaning. Or a period has begun. */
static __attribute__((noinline, cold)) bool forget_known(struct mt_capture *c, uint32_t generation)
{
    if (c->known)
        memset(c->known, 0, sizeof *c->known << c->known_bits);
    c->known_used = 0;
    c->path_used = 1;
    c->keys_used = 0;
    c->elsewhere = true; /* only the last event's leaf tells where it was */
    c->whole = NULL;
    c->whole_at = 0;
    pairs_forget(c);
    mt_unwind_forget(&c->stack);
    c->generation = generation;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the period is stepped before the generation */
    return c->period == __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED) || change_root(c);
}

/* There is an interpreter: its stack is read at every event, the native one only where it is new.
 */
static MT_HOT __attribute__((noinline)) bool walk_foreign(struct mt_capture *c,
                                                          const struct mt_start *from)
{
    struct mt_whole *whole = mt_unwind_again(&c->stack, from);
    struct mt_mixed *pair;
    uint64_t print, tag = 0;
    bool printed = mt_foreign_read(&c->foreign, from->object, &print);
    if (__builtin_expect(!printed, 0) && mt_foreign_refused(c->foreign))
        return false;
    if (__builtin_expect(__atomic_load_n(*mt_interpreter->finishing, __ATOMIC_RELAXED) != 0, 0))
        mt_finish(true);
    if (whole && printed) {
        tag = tag_of(whole->at + from->object, print);
        pair = pair_find(c, tag);
        if (pair && !mt_unwind_doubted()) {
            if (__builtin_expect(pair->known.leaf != 0, 1)) {
                pair_again(c, pair);
                return true;
            }
            if (still_unknown(c))
                return false;
        }
    }
    mt_unwind(&c->stack, from);
    bool found = walk_mixed(c, from->object);
    if (!whole)
        whole = mt_unwind_remember(&c->stack, from);
    if (whole && printed) {
        struct mt_known known = found ? *c->hint : (struct mt_known){0, 0, 0};
        tag = tag_of(whole->at + from->object, print);
        pair = pair_find(c, tag);
        if (pair && found)
            mt_unwind_compared(pair->known.leaf == known.leaf || !pair->known.leaf);
        pair_put(c, &(struct mt_mixed){tag, known, c->frames, 0, 0});
    }
    return found;
}

MT_HOT bool mt_capture(struct mt_capture *c, const struct mt_start *from)
{
    if (__builtin_expect(!c->path_used, 0) && !root_init(c))
        return false;
    uint32_t generation = mt_modules_generation();
    if (__builtin_expect(c->generation != generation, 0) && !forget_known(c, generation))
        return false;
    if (__atomic_load_n(&mt_interpreter, __ATOMIC_ACQUIRE)) /* perhaps for a moment now */
        return walk_foreign(c, from);
    struct mt_whole *whole = mt_unwind_again(&c->stack, from);
    if (whole && whole->known.leaf) {
        again(c, whole);
        return true;
    }
    if (whole && whole->known.hash == NO_SPACE && still_unknown(c))
        return false;
    mt_unwind(&c->stack, from);
    if (c->stack.cut || c->mixed)
        return walk_mixed(c, false);
    return walk_native(c, from, whole);
}

void mt_capture_lost(struct mt_capture *c)
{
    c->last_leaf = 0;
    c->elsewhere = true; /* at a leaf that shares nothing with any other */
    c->whole = NULL;
    c->whole_at = 0;
}

void mt_capture_thread_end(struct mt_capture *c)
{
    mt_unwind_thread_exit(&c->stack);
    if (c->foreign)
        mt_interpreter->thread_exit(&c->foreign);
    /* They are told apart by `at` of remembered stacks, which are gone with c->stack: the next
     * thread's begin with the same numbers. */
    pairs_forget(c);
    c->keys_used = 0;
    mt_capture_lost(c);
}

void mt_capture_rest(struct mt_capture *c)
{
    mt_meta_free(c->known);
    mt_meta_free(c->pairs);
    if (c->keys)
        mt_meta_unmap(c->keys, ARRAY_BYTES);
    c->known = NULL, c->pairs = NULL, c->keys = NULL;
    c->known_used = c->path_used = 0; /* the next event finds its root again */
}
