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
#include "unwind/tail.h"
#include "unwind/unwind.h"
#include "unwind/whole.h"

/* ---- Whole stacks: a hash of all keys -> leaf, so that an event costs one look-up however much of the stack is new. Two stacks with the
 * same 64-bit hash would be mistaken for each other: with a million stacks that happens once in 40 million processes ---- */

static struct mt_known *known_at(const struct mt_capture *c, uint64_t hash)
{
    uint64_t mask = ((uint64_t)1 << c->known_bits) - 1, at = hash >> 16 & mask;
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

/* A thread's arrays at their full size. It is address space, and costs memory only as deep as stacks really are. */
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

/* The node of a key below another node; 0: no space. */
static inline __attribute__((always_inline)) uint32_t child_of(struct mt_capture *c, uint32_t node,
                                                               mt_key key)
{
    mt_finish_seen(key);
    uint32_t frame = mt_foreign_frame(key);
    return frame ? mt_tree_child(&c->tree, node, frame) : 0;
}

/* The leaf of a stack that is not known yet: node by node, from the outermost one whose path[] is not right. */
static uint32_t descend(struct mt_capture *c)
{
    for (uint32_t i = c->path_used - 1; i < c->keys_used; i++) {
        uint32_t node = child_of(c, c->path[i], c->keys[i]);
        if (!node) {
            while (++i < c->keys_used) /* a log that is full knows when the program finishes, too */
                mt_finish_seen(c->keys[i]);
            return 0;
        }
        c->path[i + 1] = node;
        c->path_used = i + 2;
    }
    return c->path[c->keys_used];
}

/* The keys from `same` to `n` are new, and stand in c->keys. Find the leaf. */
MT_HOT static bool settle(struct mt_capture *c, uint32_t same, uint32_t n)
{
    for (uint32_t i = same; i < n; i++)
        c->hashes[i + 1] = mt_pair_hash(c->hashes[i], c->keys[i]);
    c->keys_used = n;
    if (c->path_used > same + 1)
        c->path_used = same + 1;
    if ((!c->known || (uint64_t)c->known_used * 4 >= 3ull << c->known_bits) && !grow_known(c))
        return false;
    c->now.known = known_at(c, c->hashes[n]);
    if (!c->now.known->leaf) {
        uint32_t leaf = descend(c);
        if (!leaf)
            return false;
        *c->now.known = (struct mt_known){c->hashes[n], leaf, 0};
        c->known_used++;
    }
    return true;
}

/* ---- How many nodes of the last event's stack are in this one's: the root is in both ---- */

/* The nodes of a remembered stack's frames, the outermost first. */
static const uint32_t *nodes_of(struct mt_whole *whole)
{
    if (!whole->named)
        mt_log_nodes(whole->known.leaf, mt_whole_nodes(whole), whole->frames);
    whole->named = true;
    return mt_whole_nodes(whole);
}

/* Where the stack of the event before goes on behind the first `same` nodes, if that is at hand. */
static uint32_t turned_from(struct mt_capture *c, uint32_t same)
{
    if (c->whole)
        return same <= c->whole->frames ? nodes_of(c->whole)[same - 1] : 0;
    return !c->elsewhere && same < c->path_used && same <= c->keys_used ? c->path[same] : 0;
}

/* The last event's stack is neither in `keys` nor a remembered one: only its leaf tells where it was. */
static inline void by_leaf_alone(struct mt_capture *c)
{
    c->elsewhere = true;
    c->whole = NULL;
    c->whole_at = 0;
}

/* What it shares with the stack of the event before, which is another one. */
static __attribute__((noinline)) void follows(struct mt_capture *c, struct mt_whole *whole)
{
    struct mt_found *now = &c->now;
    if (c->whole)
        now->same = mt_whole_same(c->whole, nodes_of(c->whole), whole, nodes_of(whole));
    else if (c->elsewhere)
        now->same = mt_log_shared(now->leaf, now->frames, whole->known.leaf, whole->frames);
    else
        now->same = mt_whole_same_keys(c->keys, c->keys_used, whole);
    now->site = now->same <= whole->frames ? nodes_of(whole)[now->same - 1] : 0;
    now->turned = turned_from(c, now->same);
    whole->before = c->whole_at;
    whole->before_same = (uint16_t)now->same;
    whole->before_site = now->site;
}

/* The event's whole stack was met before. Most events follow the same one again and again. */
static inline __attribute__((always_inline)) void again(struct mt_capture *c,
                                                        struct mt_whole *whole)
{
    struct mt_found *now = &c->now;
    now->turned = 0;
    if (whole->at == c->whole_at) {
        now->same = whole->frames + 1u;
        now->site = 0;
        if (c->whole == whole) /* all else is as it was */
            return;
    } else if (__builtin_expect(c->whole_at && whole->before == c->whole_at, 1)) {
        now->same = whole->before_same;
        now->site = whole->before_site;
    } else {
        follows(c, whole);
    }
    now->frames = whole->frames;
    now->known = &whole->known;
    now->leaf = whole->known.leaf;
    c->elsewhere = true;
    c->whole = whole;
    c->whole_at = whole->at;
}

/* The event's stack is in keys, and shares `same` nodes with the last captured one. */
MT_HOT static void captured(struct mt_capture *c, uint32_t same)
{
    if (c->whole)
        same = mt_whole_same_keys(c->keys, c->keys_used, c->whole);
    else if (c->elsewhere)
        same = mt_log_shared(c->now.leaf, c->now.frames, c->now.known->leaf, c->keys_used);
    c->now.turned = c->whole && !c->new_root ? turned_from(c, same) : 0;
    c->now.same = c->new_root ? 0 : same;
    c->now.site = mt_log_site(c->now.known->leaf, c->keys_used, c->now.same);
    c->new_root = false;
    c->now.frames = c->keys_used;
    c->now.leaf = c->now.known->leaf;
    by_leaf_alone(c);
    c->elsewhere = false;
}

/* ---- An interpreter: a native stack together with the foreign stack that it was met with ---- */

static void pair_again(struct mt_capture *c, struct mt_pair *pair)
{
    if (c->now.leaf == pair->known.leaf) {
        c->now.same = pair->depth + 1;
    } else {
        if (!c->now.leaf || pair->before != c->now.leaf) {
            pair->before = c->now.leaf;
            pair->before_same =
                mt_log_shared(c->now.leaf, c->now.frames, pair->known.leaf, pair->depth);
        }
        c->now.same = pair->before_same;
    }
    c->now.turned = 0;
    c->now.site = mt_log_site(pair->known.leaf, pair->depth, c->now.same);
    c->now.frames = pair->depth;
    c->now.known = &pair->known;
    c->now.leaf = pair->known.leaf;
    by_leaf_alone(c);
}

/* There are foreign frames among the native ones, or a cut mark in front of them: the keys are put together anew and compared. */
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
#define STILL_UNKNOWN(c) (++(c)->unknown % 64 != 0)

/* There are native frames only, before and now: the unwinder knows how much of the stack it kept. `whole`: what it is remembered as, or NULL. */
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
    if (found) /* first: it reads the remembered stack that may be overwritten now */
        captured(c, same + 1);
    if (!whole && c->full)
        whole = mt_unwind_remember(&c->stack, from);
    if (!found) {
        if (whole)
            whole->known.hash = NO_SPACE;
        return false;
    }
    if (whole) {
        whole->known = *c->now.known;
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
    c->now.leaf = 0;
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
    by_leaf_alone(c);
    mt_pair_forget(c->pairs);
    mt_unwind_forget(&c->stack);
    c->generation = generation;
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the period is stepped before the generation */
    return c->period == __atomic_load_n(&mt_log.header->period, __ATOMIC_RELAXED) || change_root(c);
}

/* What the event's stack is remembered as; NULL: it is not. */
#define REMEMBERED(stack, from)                                                                    \
    (__builtin_expect(mt_unwind_current(stack), 1) ? mt_whole_find((stack)->wholes, from)          \
                                                   : mt_unwind_again(stack, from))

/* There is an interpreter: its stack is read at each event, the native one only where it is new. */
static MT_HOT __attribute__((noinline)) bool walk_foreign(struct mt_capture *c,
                                                          const struct mt_start *from)
{
    struct mt_whole *whole = REMEMBERED(&c->stack, from);
    struct mt_pair *pair;
    uint64_t print, tag = 0;
    bool printed = mt_foreign_read(&c->foreign, from->object, &print);
    if (__builtin_expect(!printed, 0) && mt_foreign_refused(c->foreign))
        return false;
    if (__builtin_expect(__atomic_load_n(*mt_interpreter->finishing, __ATOMIC_RELAXED) != 0, 0))
        mt_finish(true);
    if (whole && printed) {
        tag = mt_pair_tag(whole->at + from->object, print);
        pair = mt_pair_find(c->pairs, tag);
        if (pair && !mt_unwind_doubted()) {
            if (__builtin_expect(pair->known.leaf != 0, 1)) {
                pair_again(c, pair);
                return true;
            }
            if (STILL_UNKNOWN(c))
                return false;
        }
    }
    mt_unwind(&c->stack, from);
    bool found = walk_mixed(c, from->object);
    if (!whole)
        whole = mt_unwind_remember(&c->stack, from);
    if (whole && printed) {
        struct mt_known known = found ? *c->now.known : (struct mt_known){0, 0, 0};
        tag = mt_pair_tag(whole->at + from->object, print);
        pair = mt_pair_find(c->pairs, tag);
        if (pair && found)
            mt_unwind_compared(pair->known.leaf == known.leaf || !pair->known.leaf);
        mt_pair_put(&c->pairs, tag, known, c->now.frames);
    }
    return found;
}

/* ---- Native frames only ---- */

/* The tree can't take another node: what has no leaf is not to be walked at each event, so whole stacks are remembered, with that. */
static __attribute__((noinline, cold)) bool
walk_full(struct mt_capture *c, const struct mt_start *from, struct mt_whole *whole)
{
    if (whole && whole->known.hash == NO_SPACE && STILL_UNKNOWN(c))
        return false;
    mt_unwind(&c->stack, from);
    if (c->stack.cut || c->mixed)
        return walk_mixed(c, false);
    return walk_native(c, from, whole);
}

/* What the unwinder does not know of it. `last`, of `frames` frames: the leaf of the event before. */
static __attribute__((noinline)) void share(struct mt_capture *c, uint32_t last, uint32_t frames)
{
    struct mt_found *found = &c->now;
    found->same = c->new_root ? 0 : mt_log_shared(last, frames, found->leaf, found->frames);
    found->site = mt_log_site(found->leaf, found->frames, found->same);
    found->turned = 0;
    c->new_root = false;
}

static inline __attribute__((always_inline)) void known(struct mt_capture *c, uint32_t last,
                                                        uint32_t frames)
{
    if (__builtin_expect(c->now.same == MT_SAME_UNKNOWN, 0))
        share(c, last, frames);
    by_leaf_alone(c);
}

/* A stack with more new frames than these is remembered at once, as it would be long to walk again; others when they come again. */
#define FAR 8u

static void remember(struct mt_capture *c, const struct mt_start *from)
{
    struct mt_whole *whole = mt_unwind_remember_known(&c->stack, from);
    if (!whole)
        return;
    whole->known = *c->now.known;
    c->now.known = &whole->known;
    c->whole = whole;
    c->whole_at = whole->at;
}

/* The nodes of the frames from `first` on. Returns that of the event's own frame; 0: no space. */
static uint32_t name_frames(struct mt_capture *c, struct mt_tail_frame *frames, uint32_t first,
                            uint32_t used, uintptr_t pc)
{
    uint32_t node = first ? frames[first - 1].node : c->path[0];
    for (uint32_t i = first; node; i++) {
        node = child_of(c, node, i < used ? frames[i].pc : pc);
        if (i == used)
            break;
        frames[i].node = node;
    }
    return node;
}

/* The event's whole stack is not remembered. If the unwinder knows it frame by frame it has come before, and will again. */
static MT_HOT __attribute__((noinline)) bool walk_known(struct mt_capture *c,
                                                        const struct mt_start *from)
{
    uint32_t last = c->now.leaf, before = c->now.frames;
    if (!c->stack.tails || !mt_unwind_known(&c->stack, from, &c->now))
        return false;
    known(c, last, before);
    remember(c, from);
    return true;
}

/* The unwinder has just found it, as `tails`; NULL: in c->stack. */
static __attribute__((noinline)) bool walk_new(struct mt_capture *c, const struct mt_start *from,
                                               struct mt_tails *tails)
{
    uint32_t used, leaf, last = c->now.leaf, before = c->now.frames;
    if (!tails)
        return c->stack.cut || c->mixed ? walk_mixed(c, false) : walk_native(c, from, NULL);
    c->mixed = true; /* what the unwinder keeps from now on is not what `keys` has */
    struct mt_tail_frame *frames = mt_tails_frames(tails, &used);
    if (!(leaf = name_frames(c, frames, c->first, used, from->pc))) {
        c->full = true;
        mt_unwind_forget(&c->stack);
        return false;
    }
    mt_tails_add(tails, from, c->first, leaf, &c->now);
    known(c, last, before);
    if (used - c->first > FAR)
        remember(c, from);
    return true;
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
    struct mt_whole *whole = REMEMBERED(&c->stack, from);
    if (__builtin_expect(whole && whole->known.leaf, 1)) {
        again(c, whole);
        return true;
    }
    if (__builtin_expect(c->full, 0))
        return walk_full(c, from, whole);
    if (walk_known(c, from))
        return true;
    return walk_new(c, from, mt_unwind_frames(&c->stack, from, &c->first));
}

void mt_capture_lost(struct mt_capture *c)
{
    c->now.leaf = 0; /* shares nothing with any other */
    by_leaf_alone(c);
}

void mt_capture_thread_end(struct mt_capture *c)
{
    mt_unwind_thread_exit(&c->stack);
    if (c->foreign)
        mt_interpreter->thread_exit(&c->foreign);
    /* They are told apart by `at` of remembered stacks, which are gone with c->stack: the next thread's begin with the same numbers. */
    mt_pair_forget(c->pairs);
    c->keys_used = 0;
    mt_capture_lost(c);
}

void mt_capture_rest(struct mt_capture *c)
{
    mt_meta_free(c->known), mt_meta_free(c->pairs);
    if (c->keys)
        mt_meta_unmap(c->keys, ARRAY_BYTES);
    c->known = NULL, c->pairs = NULL, c->keys = NULL;
    c->known_used = c->path_used = 0; /* the next event finds its root again */
}
