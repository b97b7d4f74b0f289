/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/near.h"
#include "log/log.h"
#include "tables/runs.h"

static inline uint64_t rise_of(int64_t highest, int64_t begin)
{
    return highest > begin ? (uint64_t)(highest - begin) : 0;
}

static inline int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- Runs of nodes that end ---- */

/* A rise that is too high for the nodes' entries: of `count` nodes from `node` outward, alone or not. Without space for a record it is
 * told too low. */
static __attribute__((noinline, cold)) void raise_high(struct mt_runs *r, uint32_t node,
                                                       uint32_t count, uint64_t rise, bool alone)
{
    for (; count; count--) {
        struct mt_node *n = mt_log_node(node);
        bool there = mt_stretches_node(&r->stretches, node, rise, alone ? rise : 0);
        uint32_t high = there ? MT_RISE_HIGH : MT_RISE_HIGH - 1;
        if (n->rise < high)
            __atomic_store_n(&n->rise, high, __ATOMIC_RELEASE);
        if (alone && n->alone < high) {
            __atomic_store_n(&n->alone, high, __ATOMIC_RELEASE);
            n->covered = 1;
        }
        node = n->parent;
    }
}

/* The node's own run ended; `alone`: and so did its frame's, in which no other call site came up. */
static inline __attribute__((always_inline)) void end_node(struct mt_runs *r, uint32_t node,
                                                           uint64_t rise, bool alone)
{
    struct mt_node *n = mt_log_node(node);
    if (__builtin_expect(rise >= MT_RISE_HIGH, 0)) {
        raise_high(r, node, 1, rise, alone);
        return;
    }
    if (rise > n->rise)
        n->rise = (uint32_t)rise;
    if (alone && rise > n->alone) {
        n->alone = (uint32_t)rise;
        n->covered = 1;
    }
}

/* `count` nodes from `node` outward ended the same run, each alone below its frame. A node's `covered` says how many of the nodes
 * outward from it, itself included, have risen alone at least as high as it has, up to 255: where that is as high as this run, there is
 * nothing to do for them. Rises only grow, so it stays true until the node itself rises higher. */
static inline __attribute__((always_inline)) void end_alone(struct mt_runs *r, uint32_t node,
                                                            uint32_t count, uint64_t rise)
{
    if (__builtin_expect(rise >= MT_RISE_HIGH, 0)) {
        raise_high(r, node, count, rise, true);
        return;
    }
    uint32_t low = (uint32_t)rise;
    for (uint32_t left = count, n = node, done; left; left -= done, n = mt_log_ancestor(n, done)) {
        struct mt_node *at = mt_log_node(n);
        done = at->covered ? at->covered : 1;
        if (low > at->alone) {
            at->alone = low;
            if (low > at->rise)
                at->rise = low;
            at->covered = (uint8_t)(left < 255 ? left : 255);
            done = 1;
        } else if (low == at->alone && left > done) {
            at->covered = (uint8_t)(left < 255 ? left : 255);
        }
        if (done >= left)
            return;
    }
}

/* ---- Stretches that end. An entry's is that of the sites that came up since it began: the first node of the last entry of this
 * depth, and what came before the entries in between ---- */

/* Those of the entries from `top`, the last one of its depth, to `oldest`; and, if `whole`, the one that began with the stay of the frame,
 * further out than `oldest`. `after`: what came up now, 0: the frame closed. */
static __attribute__((noinline)) void end_stretches(struct mt_runs *r, const struct mt_run *top,
                                                    const struct mt_run *oldest, bool whole,
                                                    uint32_t after)
{
    struct mt_ended *ended = &r->ended;
    ended->after = after;
    ended->before = top->first;
    ended->count = 0;
    bool cut = oldest->frames ==
               MT_RUN_CUT; /* the stretch from the beginning has more sites than are known */
    int64_t highest = INT64_MIN;
    const struct mt_run *e = top;
    for (; e >= oldest && !(cut && !e->before); e--) {
        highest = higher(highest, e->max);
        ended->site[ended->count] = ended->before;
        ended->rise[ended->count++] = rise_of(highest, e->begin);
        ended->before = e->before;
    }
    if (whole || e >= oldest) {
        highest = higher(highest, e->max);
        uint64_t rise = rise_of(highest, e->begin);
        if (cut) {
            mt_stretches_other(&r->stretches, mt_log_node(top->first)->parent,
                               after ? MT_STRETCH_LARGE : MT_STRETCH_ALL, rise);
        } else {
            ended->site[ended->count] = ended->before;
            ended->rise[ended->count++] = rise;
            ended->before = 0;
        }
    }
    mt_stretches_ended(&r->stretches, ended);
}

/* A stretch of more sites than are kept, below the frame of `top`, began at level `begin`, and from there on `highest` was the most. */
static __attribute__((noinline)) void end_cut(struct mt_runs *r, const struct mt_run *top,
                                              int64_t begin, int64_t highest)
{
    if (highest - begin > mt_stretches_floor)
        mt_stretches_other(&r->stretches, mt_log_node(top->first)->parent, MT_STRETCH_LARGE,
                           (uint64_t)(highest - begin));
}

/* ---- Frames that close ---- */

/* The nodes of an entry left the stack. `alone`: the first one, too, ends together with its frame's run. Where the level did not rise,
 * as when something is released, no node need be read. */
static inline __attribute__((always_inline)) void
end_run(struct mt_runs *r, const struct mt_run *run, int64_t highest, bool alone)
{
    int64_t rise = highest - run->begin;
    if (rise <= 0)
        return;
    if (run->frames != 1)
        end_alone(r, run->node, run->frames - 1u, (uint64_t)rise);
    end_node(r, run->first, (uint64_t)rise, alone);
}

/* Did the frame of these entries' nodes use one site alone, since it began? Then mt_node.alone has it. */
static inline bool is_alone(const struct mt_run *top, const struct mt_run *oldest)
{
    return top == oldest && !top->before;
}

/* The entries of one depth, the last of which is `top`, go away: their nodes left the stack, and their frame closes. `*highest`: since
 * what is further in began, and then since they did. Returns the entry below. */
static inline struct mt_run *close_frame(struct mt_runs *r, struct mt_run *top, int64_t *highest)
{
    struct mt_run *run = top;
    top->max = *highest = higher(*highest, top->max);
    end_run(r, top, *highest, !top->before);
    bool high = *highest - run->begin > mt_stretches_floor, whole;
    while (run->before && run[-1].depth == run->depth) {
        run--;
        *highest = higher(*highest, run->max);
        high |= *highest - run->begin > mt_stretches_floor;
    }
    whole = run->before; /* the stay began with the frame's own run */
    if (whole)
        high |= higher(*highest, run[-1].max) - run[-1].begin > mt_stretches_floor;
    if (__builtin_expect(high, 0) && !is_alone(top, run))
        end_stretches(r, top, run, whole, 0);
    if (__builtin_expect(run->frames == MT_RUN_CUT, 0))
        end_cut(r, top, run->dropped, *highest);
    return run - 1;
}

/* All entries that are deeper than `depth` go away. Returns the highest level since the first of them began. */
static MT_HOT __attribute__((noinline)) int64_t close_deeper(struct mt_runs *r, int32_t depth)
{
    struct mt_thread_entry *e = r->entry;
    int64_t highest = INT64_MIN;
    struct mt_run *run = r->runs + e->runs_used - 1;
    while (run >= r->runs && run->depth > depth)
        run = close_frame(r, run, &highest);
    e->runs_used = (uint32_t)(run + 1 - r->runs);
    return highest;
}

/* The stretch of the first site that came up below its frame. */
static __attribute__((noinline)) void end_first(struct mt_runs *r, uint32_t site, uint32_t after,
                                                uint64_t rise)
{
    struct mt_ended *ended = &r->ended;
    ended->before = 0;
    ended->after = after;
    ended->count = 1;
    ended->site[0] = site;
    ended->rise[0] = rise;
    mt_stretches_ended(&r->stretches, ended);
}

/* The nodes of entry `run` from depth `keep` inward leave the stack, those further out stay: `site` is the node at that depth, the first
 * that came up there. `highest` as above; `after` comes now, 0: none. */
static inline __attribute__((always_inline)) void trim(struct mt_runs *r, struct mt_run *run,
                                                       uint32_t keep, int64_t highest,
                                                       uint32_t site, uint32_t after)
{
    uint32_t count = run->depth + run->frames - keep;
    run->max = highest = higher(highest, run->max);
    uint64_t rise = rise_of(highest, run->begin);
    end_alone(r, run->node, count - 1, rise);
    end_node(r, site, rise, !after);
    if (after && __builtin_expect(highest - run->begin > mt_stretches_floor, 0))
        end_first(r, site, after, (uint64_t)(highest - run->begin));
    run->node = mt_log_node(site)->parent;
    run->frames = (uint16_t)(run->frames - count);
}

/* The node at depth `depth` of the nodes of this entry. */
static uint32_t node_at(const struct mt_run *run, uint32_t depth)
{
    return mt_log_ancestor(run->node, run->depth + run->frames - 1u - depth);
}

/* Inlined, as each frame counts on the program's stack. */
static inline __attribute__((always_inline)) void close_to(struct mt_runs *r, uint32_t keep)
{
    struct mt_thread_entry *e = r->entry;
    if (r->depth <= keep)
        return;
    /* entries of depth `keep` go, too: their first node does not stay */
    int64_t highest = close_deeper(r, (int32_t)keep - 1);
    if (e->runs_used) {
        struct mt_run *run = &r->runs[e->runs_used - 1];
        if ((uint32_t)run->depth + run->frames > keep)
            trim(r, run, keep, highest, node_at(run, keep), 0);
        else
            run->max = higher(highest, run->max);
    }
    r->depth = keep;
}

void mt_runs_close(struct mt_runs *r, uint32_t keep)
{
    /* The event that opened the last entry may not have been counted: there was no space. */
    struct mt_run *last = r->entry->runs_used ? &r->runs[r->entry->runs_used - 1] : NULL;
    if (last && last->max == INT64_MIN)
        last->max = last->begin;
    close_to(r, keep);
}

/* ---- A stack that turns off at a frame that stays ---- */

static __attribute__((noinline, cold)) bool grow(struct mt_runs *r)
{
    struct mt_thread_entry *e = r->entry;
    uint32_t cap = e->runs_cap ? e->runs_cap * 2 : 64;
    uint64_t first = mt_log_reserve(MT_REGION_RUN, sizeof(struct mt_run), cap);
    if (!first)
        return false;
    struct mt_run *runs = (struct mt_run *)mt_log.base[MT_REGION_RUN] + first;
    if (e->runs_used)
        memcpy(runs, r->runs, e->runs_used * sizeof *runs);
    r->runs = runs;
    e->runs_cap = cap;
    __atomic_store_n(&e->runs, (uint32_t)first, __ATOMIC_RELEASE);
    return true;
}

/* Entry `run` goes away: what it reached the one below it reached, too. */
static inline __attribute__((always_inline)) void take_away(struct mt_runs *r, struct mt_run *run)
{
    struct mt_thread_entry *e = r->entry;
    struct mt_run *last = &r->runs[--e->runs_used];
    run[-1].max = higher(run[-1].max, run->max);
    for (; run < last; run++) {
        *run = run[1];
        __asm__("" : "+r"(run)); /* a few entries at most: no call of memmove */
    }
}

/* The lowest level at which one of the stretches began that the oldest entry of a depth is to tell of: those that were dropped, and
 * one more, at `begin`. */
static int64_t lowest_begin(const struct mt_run *oldest, int64_t begin)
{
    return oldest->frames == MT_RUN_CUT && oldest->dropped < begin ? oldest->dropped : begin;
}

/* The oldest entry of a depth goes away, and the next one tells from now on of stretches that were dropped, down to `begin`. `highest`:
 * since it began. There is a next one: an entry that goes away for a site that comes up is replaced, so that their number does not
 * fall below that of the sites kept. */
static __attribute__((noinline)) void pass_cut(struct mt_runs *r, struct mt_run *top,
                                               struct mt_run *oldest, int64_t begin,
                                               int64_t highest)
{
    end_cut(r, top, begin, highest);
    oldest[1].frames = MT_RUN_CUT;
    oldest[1].dropped = begin;
    take_away(r, oldest);
}

/* One site more than are kept: that which has not come up for longest is forgotten, and with it where its stretch began. `oldest`:
 * the oldest entry of the depth; `highest`: since it began. */
static __attribute__((noinline)) void drop_oldest(struct mt_runs *r, struct mt_run *top,
                                                  struct mt_run *oldest, int64_t highest)
{
    if (oldest->before) {
        pass_cut(r, top, oldest, lowest_begin(oldest, oldest->begin), highest);
        return;
    }
    /* the entry of the frame's stay itself: it remains the oldest */
    oldest->dropped = lowest_begin(oldest, oldest[1].begin);
    oldest->frames = MT_RUN_CUT;
    take_away(r, oldest + 1);
}

/* `top` and what is below it are the entries of depth `depth`, and site `site` comes up there: the stretches of the sites more recent
 * than it end, and where it stood is taken away. Returns where the entry that begins now is to stand. */
static inline __attribute__((always_inline)) struct mt_run *
turn(struct mt_runs *r, struct mt_run *top, uint32_t depth, int64_t highest, uint32_t site)
{
    struct mt_run *run = top;
    const int64_t floor = mt_stretches_floor;
    top->max = highest = higher(highest, top->max);
    end_run(r, top, highest, false);
    top->frames = 0;
    bool high = highest - run->begin > floor, whole = false, found = false;
    for (;;) {
        if (run->before == site) {
            found = true;
            break;
        }
        if (!run->before)
            break;
        if (run[-1].depth != depth) { /* the stay began with the frame's own run */
            whole = true;
            high |= higher(highest, run[-1].max) - run[-1].begin > floor;
            break;
        }
        run--;
        highest = higher(highest, run->max);
        high |= highest - run->begin > floor;
    }
    if (__builtin_expect(high, 0))
        end_stretches(r, top, run, whole, site);
    if (__builtin_expect(found, 1)) {
        if (__builtin_expect(run->frames != MT_RUN_CUT, 1)) {
            take_away(r, run);
            return top;
        }
        pass_cut(r, top, run, run->dropped, highest);
    } else if (__builtin_expect(top - run + 1 >= (ptrdiff_t)MT_RUNS_SITES, 0)) {
        drop_oldest(r, top, run, highest);
    } else {
        return top + 1;
    }
    return r->runs + r->entry->runs_used;
}

MT_HOT bool mt_runs_move(struct mt_runs *r, uint32_t depth, uint32_t same, uint32_t site,
                         uint32_t turned, uint32_t leaf)
{
    struct mt_thread_entry *e = r->entry;
    uint32_t before = 0;
    if (__builtin_expect(!same, 0))
        close_to(r, 0);
    if (__builtin_expect(r->depth < same,
                         0)) { /* the first event, or the first since all were closed */
        same = r->depth;
        site = mt_log_ancestor(leaf, depth - 1 - same);
    }
    if (!site) {
        close_to(r, same);
        return true;
    }
    struct mt_run *next = r->runs + e->runs_used;
    if (r->depth > same) {
        int64_t highest = INT64_MIN;
        struct mt_run *run = next - 1;
        if (run->depth > same) {
            highest = close_deeper(r, (int32_t)same);
            run = &r->runs[e->runs_used - 1];
        }
        if (__builtin_expect(run->depth == same, 1)) {
            before = run->first;
            next = turn(r, run, same, highest, site);
        } else {
            before = turned ? turned : node_at(run, same);
            trim(r, run, same, highest, before, site);
            next = run + 1;
        }
    }
    uint32_t used = (uint32_t)(next - r->runs);
    if (__builtin_expect(used == e->runs_cap, 0)) {
        r->depth = same;
        if (!grow(r))
            return false;
        next = r->runs + used;
    }
    *next = (struct mt_run){.begin = e->level,
                            .max = INT64_MIN,
                            .node = leaf,
                            .first = site,
                            .before = before,
                            .depth = (uint16_t)same,
                            .frames = (uint16_t)(depth - same)};
    r->depth = depth;
    __atomic_store_n(&e->runs_used, used + 1, __ATOMIC_RELEASE);
    return true;
}
