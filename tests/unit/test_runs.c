/* SPDX-License-Identifier: MIT
 *
 * Runs against a model that follows each node by itself: events at random places of a random tree.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "../../interpose/tables/counters.h"
#include "../../interpose/log/log.h"
#include "../../interpose/tables/runs.h"

enum { NODES = 48, RUNS = 4096 };

struct mt_log mt_log;
static struct mt_node nodes[NODES];
static struct mt_run runs[RUNS];
static struct mt_wide wide[NODES];
static uint64_t runs_used;

uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count)
{
    cr_assert_eq(region, MT_REGION_RUN);
    cr_assert_eq(bytes, sizeof(struct mt_run));
    uint64_t first = runs_used;
    cr_assert_leq(runs_used += count, RUNS);
    return first;
}

/* Records of MT_KIND_WIDE alone, a unit for each node. */
uint32_t mt_counters_find(struct mt_counters *c, uint32_t node, uint32_t kind)
{
    (void)c;
    cr_assert_eq(kind, MT_KIND_WIDE);
    return node;
}

struct follower {
    bool open;
    int64_t begin, max;
    uint64_t begin_event;
    /* the best */
    bool any;
    int64_t rise, net;
    uint64_t best_event, len;
};

static uint64_t seed;

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static uint32_t path_of(uint32_t node, uint32_t *path)
{
    uint32_t depth = 0, n = 0;
    for (uint32_t at = node; at; at = nodes[at].parent)
        depth++;
    for (uint32_t at = node; at; at = nodes[at].parent)
        path[depth - ++n] = at;
    return depth;
}

static void end(struct follower *f, int64_t level, uint64_t events)
{
    int64_t rise = f->max > f->begin ? f->max - f->begin : 0;
    if (!f->any || rise > f->rise) {
        f->any = true;
        f->rise = rise;
        f->net = level - f->begin;
        f->best_event = f->begin_event;
        f->len = events - f->begin_event;
    }
    f->open = false;
}

/* One tree, whose chains are long or short, and `events` events of at most `bytes` each. */
static void one(uint64_t number, uint32_t chain, unsigned events, uint64_t bytes)
{
    static struct follower followers[NODES];
    struct mt_thread_entry entry = {0};
    struct mt_runs r = {.entry = &entry};
    struct mt_counters c = {0};
    uint32_t path[NODES], before[NODES], depth, depth_before = 0;

    seed = number;
    memset(nodes, 0, sizeof nodes);
    memset(wide, 0, sizeof wide);
    memset(followers, 0, sizeof followers);
    runs_used = 1;
    for (uint32_t i = 2; i < NODES; i++)
        nodes[i].parent = draw(chain) ? i - 1 : 1 + (uint32_t)draw(i - 1);
    for (unsigned i = 0; i < events; i++) {
        uint32_t leaf = 1 + (uint32_t)draw(NODES - 1), same = 0;
        depth = path_of(leaf, path);
        while (same < depth && same < depth_before && path[same] == before[same])
            same++;
        for (uint32_t k = same; k < depth_before; k++)
            end(&followers[before[k]], entry.level, entry.events);
        for (uint32_t k = same; k < depth; k++) {
            struct follower *f = &followers[path[k]];
            f->open = true;
            f->begin = entry.level;
            f->max = INT64_MIN;
            f->begin_event = entry.events;
        }
        cr_assert(mt_runs_move(&r, &c, depth, same, leaf));
        entry.level += (int64_t)draw(2 * bytes) - (int64_t)bytes;
        entry.events++;
        mt_runs_level(&r, entry.level);
        for (uint32_t k = 0; k < depth; k++)
            if (entry.level > followers[path[k]].max)
                followers[path[k]].max = entry.level;
        memcpy(before, path, sizeof path);
        depth_before = depth;
    }
    mt_runs_close(&r, &c, 0);
    for (uint32_t n = 1; n < NODES; n++) {
        struct follower *f = &followers[n];
        if (f->open)
            end(f, entry.level, entry.events);
        cr_assert_eq(nodes[n].run_len != 0, f->any, "tree %lu node %u", number, n);
        if (!f->any)
            continue;
        bool is_wide = nodes[n].run_len & MT_RUN_WIDE;
        cr_assert_eq(is_wide ? wide[n].rise : nodes[n].run_rise, f->rise, "tree %lu node %u: rise",
                     number, n);
        cr_assert_eq(is_wide ? wide[n].net : nodes[n].run_net, f->net, "tree %lu node %u: net",
                     number, n);
        cr_assert_eq(nodes[n].run_begin, f->best_event,
                     "tree %lu node %u: begin %u not %lu, rise %ld len %u %lu", number, n,
                     nodes[n].run_begin, f->best_event, f->rise, nodes[n].run_len, f->len);
        cr_assert_eq(nodes[n].run_len & ~MT_RUN_WIDE, f->len, "tree %lu node %u: length", number,
                     n);
    }
}

static void many(uint64_t bytes)
{
    _Static_assert(sizeof(struct mt_wide) == MT_UNIT, "a unit for each node");
    mt_log.base[MT_REGION_NODE] = (void *)nodes;
    mt_log.base[MT_REGION_RUN] = (void *)runs;
    mt_log.base[MT_REGION_COUNTER] = (void *)wide;
    for (uint64_t number = 1; number <= 4000; number++)
        one(number, 1 + number % 8, 10 + (unsigned)(number % 300), bytes);
}

Test(runs, as_each_node_by_itself)
{
    many(5); /* many that rise as high as each other */
    many(1000);
}

Test(runs, beyond_four_gigabytes)
{
    many((uint64_t)1 << 33);
}
