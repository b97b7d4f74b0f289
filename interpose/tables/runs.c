/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "log/log.h"
#include "tables/runs.h"
#include "tables/stretches.h"

static uint32_t ancestor(uint32_t node, uint32_t levels)
{
    for (; levels; levels--)
        node = mt_log_node(node)->parent;
    return node;
}

static uint64_t rise_of(int64_t highest, int64_t begin)
{
    return highest > begin ? (uint64_t)(highest - begin) : 0;
}

static int64_t higher(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* ---- Runs of nodes that end ---- */

/* The node's own run ended; `alone`: and so did its frame's, in which no other call site came up. */
static void end_node(uint32_t node, uint64_t rise, bool alone)
{
    struct mt_node *n = mt_log_node(node);
    if (rise > n->rise)
        n->rise = rise;
    if (alone && rise > n->alone) {
        n->alone = rise;
        n->covered = 1;
    }
}

/* `count` nodes from `node` outward ended the same run, each alone below its frame. A node's `covered` says how many of the nodes
 * outward from it, itself included, have risen alone at least as high as it has: where that is as high as this run, there is
 * nothing to do for them. Rises only grow, so it stays true until the node itself rises higher. */
static void end_alone(uint32_t node, uint32_t count, uint64_t rise)
{
    for (uint32_t left = count, n = node, done; left; left -= done, n = ancestor(n, done)) {
        struct mt_node *at = mt_log_node(n);
        done = at->covered ? at->covered : 1;
        if (rise > at->alone) {
            at->alone = rise;
            if (rise > at->rise)
                at->rise = rise;
            at->covered = left;
            done = 1;
        } else if (rise == at->alone && left > done) {
            at->covered = left;
        }
        if (done >= left)
            return;
    }
}

/* ---- Stretches that end. An entry's is that of the sites that came up since it began: the first node of the last entry of this
 * depth, and what came before the entries in between ---- */

/* `top`: the last entry of this depth; `whole`: the stretch begins with the stay of the frame, further out than `entry`. */
static __attribute__((noinline)) void end_stretch(struct mt_thread *t, const struct mt_run *top,
                                                  const struct mt_run *entry, bool whole,
                                                  uint32_t after, uint64_t rise)
{
    uint32_t parent = mt_log_node(top->first)->parent, set[MT_RUNS_SITES + 1], count = 0;
    uint32_t before = whole ? 0 : entry->before;
    bool cut = !before && entry->cut; /* more sites than are known of */
    set[count++] = top->first;
    for (const struct mt_run *e = top; !cut && e >= entry + !whole; e--)
        if (e->before)
            set[count++] = e->before;
    if (cut || count > MT_RUNS_SITES)
        count = 0;
    if (!count && after)
        mt_stretches_lost(&t->stretches, parent, rise);
    else
        mt_stretches_ended(&t->stretches, parent, set, count, before, after, rise);
}

static inline void maybe_end(struct mt_thread *t, const struct mt_run *top,
                             const struct mt_run *entry, bool whole, uint32_t after,
                             int64_t highest, int64_t begin)
{
    uint64_t rise = rise_of(highest, begin);
    if (__builtin_expect(rise > mt_stretches_floor, 0))
        end_stretch(t, top, entry, whole, after, rise);
}

/* The frame of these entries closes, the oldest of which is `entry`: the level was `highest` at most. */
static __attribute__((noinline)) void end_cut(struct mt_thread *t, const struct mt_run *entry,
                                              int64_t highest)
{
    uint64_t rise = rise_of(highest, entry->dropped);
    if (rise > mt_stretches_floor)
        mt_stretches_lost(&t->stretches, mt_log_node(entry->first)->parent, rise);
}

/* ---- Frames that close ---- */

/* Take away the last entry: its nodes left the stack, and its frame closes. `top`: the last entry of this depth. Returns the
 * highest level since it began. */
static int64_t close_last(struct mt_thread *t, const struct mt_run *top, int64_t highest)
{
    struct mt_thread_entry *e = t->entry;
    const struct mt_run *run = &t->runs[e->runs_used - 1], *below = run - 1;
    highest = higher(highest, run->max);
    if (run->frames) {
        uint64_t rise = rise_of(highest, run->begin);
        end_alone(ancestor(run->node, run->skip), run->frames - 1u, rise);
        end_node(run->first, rise, !run->before);
    }
    if (run->before || run != top)
        maybe_end(t, top, run, false, 0, highest, run->begin);
    if (e->runs_used > 1 && below->depth != run->depth && run->before)
        /* the stay of the frame began with its own run */
        maybe_end(t, top, run, true, 0, higher(highest, below->max), below->begin);
    if (__builtin_expect(run->cut, 0))
        end_cut(t, run, run->before ? higher(highest, below->max) : highest);
    e->runs_used--;
    return highest;
}

/* All entries that are deeper than `depth` close. Returns the highest level since the first of them began. */
static int64_t close_deeper(struct mt_thread *t, int32_t depth)
{
    struct mt_thread_entry *e = t->entry;
    int64_t highest = INT64_MIN;
    const struct mt_run *top = NULL;
    while (e->runs_used) {
        const struct mt_run *run = &t->runs[e->runs_used - 1];
        if (run->depth <= depth)
            break;
        if (!top || top->depth != run->depth)
            top = run;
        highest = close_last(t, top, highest);
    }
    return highest;
}

/* The nodes of the last entry from depth `keep` inward leave the stack, those further out stay; `highest` as above. The call site
 * at that depth, the first that came up there: `after` comes now, 0: none. */
static uint32_t trim_last(struct mt_thread *t, uint32_t keep, int64_t highest, uint32_t after)
{
    struct mt_run *run = &t->runs[t->entry->runs_used - 1];
    uint32_t count = run->depth + run->frames - keep;
    run->max = highest = higher(highest, run->max);
    uint64_t rise = rise_of(highest, run->begin);
    uint32_t inner = ancestor(run->node, run->skip), site = ancestor(inner, count - 1);
    end_alone(inner, count - 1, rise);
    end_node(site, rise, !after);
    if (after && __builtin_expect(rise > mt_stretches_floor, 0))
        mt_stretches_ended(&t->stretches, mt_log_node(site)->parent, &site, 1, 0, after, rise);
    run->skip = (uint16_t)(run->skip + count);
    run->frames = (uint16_t)(run->frames - count);
    return site;
}

void mt_runs_close(struct mt_thread *t, uint32_t keep)
{
    struct mt_thread_entry *e = t->entry;
    if (t->depth <= keep)
        return;
    /* entries of depth `keep` close, too: their first node does not stay */
    int64_t highest = close_deeper(t, (int32_t)keep - 1);
    if (e->runs_used) {
        struct mt_run *run = &t->runs[e->runs_used - 1];
        if (run->depth + run->frames > (int32_t)keep)
            trim_last(t, keep, highest, 0);
        else
            run->max = higher(highest, run->max);
    }
    t->depth = keep;
}

/* ---- A stack that turns off at a frame that stays ---- */

static bool grow(struct mt_thread *t)
{
    struct mt_thread_entry *e = t->entry;
    uint32_t cap = e->runs_cap ? e->runs_cap * 2 : 64;
    uint64_t first = mt_log_reserve(MT_REGION_RUN, sizeof(struct mt_run), cap);
    if (!first)
        return false;
    struct mt_run *runs = (struct mt_run *)mt_log.base[MT_REGION_RUN] + first;
    if (e->runs_used)
        memcpy(runs, t->runs, e->runs_used * sizeof *runs);
    t->runs = runs;
    e->runs_cap = cap;
    __atomic_store_n(&e->runs, (uint32_t)first, __ATOMIC_RELEASE);
    return true;
}

/* Entry `at` goes away: what it reached the one below it reached, too. */
static void take_away(struct mt_thread *t, uint32_t at)
{
    struct mt_thread_entry *e = t->entry;
    struct mt_run *run = &t->runs[at];
    run[-1].max = higher(run[-1].max, run->max);
    memmove(run, run + 1, (e->runs_used - at - 1) * sizeof *run);
    e->runs_used--;
}

/* The oldest entry of a depth says, too, that sites were dropped; where it goes away the next one does. There is a next one: an
 * entry that goes away for a site that comes up is replaced, so that their number does not fall below that of the sites kept. */
static __attribute__((noinline)) void pass_cut(struct mt_run *run, int64_t begin)
{
    if (run->cut && run->dropped < begin)
        begin = run->dropped;
    run[1].cut = 1;
    run[1].dropped = begin;
}

/* One site more than are kept: that which has not come up for longest is forgotten, and with it where its stretch began. `first`:
 * the oldest entry of the depth. */
static __attribute__((noinline)) void drop_oldest(struct mt_thread *t, uint32_t first)
{
    struct mt_run *oldest = &t->runs[first];
    if (oldest->before) {
        pass_cut(oldest, oldest->begin);
        take_away(t, first);
        return;
    }
    /* the entry of the frame's stay itself: it remains the oldest */
    if (!oldest->cut || oldest[1].begin < oldest->dropped)
        oldest->dropped = oldest[1].begin;
    oldest->cut = 1;
    take_away(t, first + 1);
}

/* The last entries are those of depth `depth`, and site `site` comes up there: the stretches of the sites more recent than it end, and
 * where it stood is taken away. Returns the site that came up before. */
static uint32_t turn(struct mt_thread *t, uint32_t depth, int64_t highest, uint32_t site)
{
    struct mt_thread_entry *e = t->entry;
    uint32_t last = e->runs_used - 1, at = last, before_all = 0;
    struct mt_run *top = &t->runs[last], *run = top;
    uint32_t site_before = top->first;
    top->max = higher(highest, top->max);
    if (top->frames) {
        uint64_t rise = rise_of(top->max, top->begin);
        end_alone(ancestor(top->node, top->skip), top->frames - 1u, rise);
        end_node(top->first, rise, false);
        top->frames = 0;
    }
    highest = INT64_MIN;
    for (;; at--, run--) {
        highest = higher(highest, run->max);
        maybe_end(t, top, run, false, site, highest, run->begin);
        if (run->before == site) {
            if (__builtin_expect(run->cut, 0))
                pass_cut(run, run->dropped);
            take_away(t, at);
            return site_before;
        }
        if (!run->before)
            break;
        if (!at || run[-1].depth != depth) {
            before_all = 1;
            break;
        }
    }
    if (before_all)
        maybe_end(t, top, run, true, site, higher(highest, run[-1].max), run[-1].begin);
    if (last - at + 1 >= MT_RUNS_SITES)
        drop_oldest(t, at);
    return site_before;
}

bool mt_runs_move(struct mt_thread *t, uint32_t same, uint32_t leaf)
{
    struct mt_thread_entry *e = t->entry;
    uint32_t depth = t->capture.frames + 1, site = 0, before = 0;
    if (depth > same)
        site = ancestor(leaf, depth - 1 - same);
    if (t->depth > same && !site) {
        mt_runs_close(t, same);
    } else if (t->depth > same) {
        int64_t highest = close_deeper(t, (int32_t)same);
        const struct mt_run *run = &t->runs[e->runs_used - 1];
        before =
            run->depth == same ? turn(t, same, highest, site) : trim_last(t, same, highest, site);
        t->depth = same;
    }
    if (!site)
        return true;
    if (e->runs_used == e->runs_cap && !grow(t))
        return false;
    t->runs[e->runs_used] = (struct mt_run){.begin = e->level,
                                            .max = INT64_MIN,
                                            .node = leaf,
                                            .first = site,
                                            .before = before,
                                            .depth = (uint16_t)same,
                                            .frames = (uint16_t)(depth - same)};
    t->depth = depth;
    __atomic_store_n(&e->runs_used, e->runs_used + 1, __ATOMIC_RELEASE);
    return true;
}
