/* SPDX-License-Identifier: MIT
 *
 * Runs and stretches against the definition: events at random places of a random tree, whose nodes belong to random lines that
 * the tracker does not know. What the records say of a line must be what its events, one by one, say.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/meta.h"
#include "log/log.h"
#include "tables/runs.h"
#include "tables/stretches.h"

enum { NODES = 96, LINES = 16, RUNS = 4096, UNITS = 1 << 18, EVENTS = 1024 };

struct mt_log mt_log;
static struct mt_header header;
static struct mt_node nodes[NODES];
static struct mt_run runs[RUNS];
static _Alignas(16) struct mt_stretch units[UNITS];
static uint64_t used[MT_REGION_COUNT];

void *mt_meta_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void mt_meta_free(void *p)
{
    free(p);
}

uint64_t mt_log_reserve(enum mt_region region, uint32_t bytes, uint32_t count)
{
    uint64_t first = used[region];
    cr_assert(region == MT_REGION_RUN ? bytes == sizeof(struct mt_run)
                                      : region == MT_REGION_STRETCH && bytes == MT_STRETCH_UNIT);
    used[region] += count;
    cr_assert_leq(used[region], region == MT_REGION_RUN ? RUNS : UNITS);
    return first;
}

static uint64_t seed;
/* As the tracker does: the peak tells what is worth a record where a frame has many. */
static void follow_peak(int64_t level)
{
    if (level > 0 && (uint64_t)level > header.peak)
        header.peak = (uint64_t)level;
}

static uint64_t draw(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- One program: a tree, its lines, its events ---- */

static uint32_t lines[NODES]; /* of the nodes; those of different parents are never compared */
static struct {
    uint32_t leaf;
    int64_t change;
} events[EVENTS];
static uint32_t event_count;

/* `deep`: chains; else `hubs` nodes have most of the children. */
static void make_tree(bool deep, uint32_t hubs, uint32_t lines_each)
{
    memset(nodes, 0, sizeof nodes);
    for (uint32_t i = 2; i < NODES; i++) {
        uint32_t below = deep ? i - 1 : i - 1 < hubs ? i - 1 : hubs;
        nodes[i].parent = deep && draw(3) ? i - 1 : 1 + (uint32_t)draw(below);
        lines[i] = (uint32_t)draw(lines_each);
    }
    lines[1] = 0;
}

/* A leaf anywhere, or one of the same line as `like`. */
static uint32_t draw_leaf(uint32_t like)
{
    uint32_t leaf = 1 + (uint32_t)draw(NODES - 1);
    while (like && (nodes[leaf].parent != nodes[like].parent || lines[leaf] != lines[like]))
        leaf = 1 + (uint32_t)draw(NODES - 1);
    return leaf;
}

/* Changes of up to `most` times `unit` bytes. Loops over a few leaves, or over those of one line, once or several times. */
static void make_events(int64_t most, int64_t unit)
{
    event_count = 0;
    uint32_t want = 10 + (uint32_t)draw(EVENTS - 200);
    while (event_count < want) {
        uint32_t loop[48], length = 1 + (uint32_t)draw(48), times = 1 + (uint32_t)draw(6);
        uint32_t like = draw(2) ? draw_leaf(0) : 0;
        for (uint32_t i = 0; i < length; i++)
            loop[i] = draw_leaf(like);
        for (uint32_t i = 0; i < length * times && event_count < want; i++) {
            events[event_count].leaf = loop[i % length];
            events[event_count++].change = ((int64_t)draw(2 * (uint64_t)most) - most) * unit;
        }
    }
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

/* ---- The truth, by the definition ---- */

static uint64_t want[NODES][LINES]; /* rise of a line below a parent */
static bool many[NODES][LINES];     /* more of its sites came up than are kept in order */

static void find_truth(void)
{
    bool came[NODES] = {0};
    uint32_t sites[NODES][LINES] = {0};
    memset(want, 0, sizeof want);
    memset(many, 0, sizeof many);
    for (uint32_t p = 0; p < NODES; p++)
        for (uint32_t line = 0; line < LINES; line++) {
            int64_t level = 0, begin = 0, highest = 0;
            bool open = false;
            for (uint32_t i = 0; i < event_count; i++) {
                uint32_t at = events[i].leaf;
                while (at && nodes[at].parent != p)
                    at = nodes[at].parent;
                bool here = at && lines[at] == line;
                if (here && !open)
                    begin = highest = level;
                open = here;
                level += events[i].change;
                if (here && level > highest)
                    highest = level;
                if (here && (uint64_t)(highest - begin) > want[p][line])
                    want[p][line] = (uint64_t)(highest - begin);
                if (here && !came[at]) {
                    came[at] = true;
                    many[p][line] = ++sites[p][line] > MT_RUNS_SITES;
                }
            }
        }
}

/* ---- What the records say ---- */

/* The unit behind the record at unit `u`. */
static uint64_t behind(uint64_t u)
{
    return u + MT_STRETCH_UNITS(units[u].kind, units[u].count);
}

static bool in(uint32_t node, uint32_t p, uint32_t line)
{
    return node && nodes[node].parent == p && lines[node] == line;
}

/* The stretch of this record that is a run of the line, if one is: as many of its first sites as are the line's. */
static uint64_t run_of(const struct mt_stretch *r, uint32_t p, uint32_t line)
{
    const uint64_t *rise = (const void *)(r + 1);
    const uint32_t *low = (const void *)rise;
    const uint32_t *site = low + r->count * (r->kind == MT_STRETCH_SET ? 1 : 2);
    uint32_t n = 0;
    if (r->kind == MT_STRETCH_ALL) {
        for (n = 1; n < NODES; n++)
            if (nodes[n].parent == p && lines[n] != line)
                return 0;
        return *rise;
    }
    while (n < r->count && in(site[n], p, line))
        n++;
    if (!n || in(r->after, p, line) || (n == r->count && in(r->before, p, line)))
        return 0;
    return r->kind == MT_STRETCH_SET ? low[n - 1] : rise[n - 1];
}

/* A node's rise (0) or that of its runs alone (1), wherever it stands. */
static uint64_t of_node(uint32_t n, unsigned which)
{
    uint32_t low = which ? nodes[n].alone : nodes[n].rise;
    if (low != MT_RISE_HIGH)
        return low;
    for (uint64_t u = 1; u < used[MT_REGION_STRETCH]; u = behind(u))
        if (units[u].kind == MT_STRETCH_NODE && units[u].parent == n)
            return ((const uint64_t *)(const void *)(&units[u] + 1))[which];
    cr_assert_fail("node %u has no record of its rise", n);
    return 0;
}

static bool is_bound(const struct mt_stretch *r)
{
    return r->kind == MT_STRETCH_LARGE || r->kind == MT_STRETCH_LOST;
}

static uint64_t found(uint32_t p, uint32_t line, uint64_t *lost)
{
    uint32_t sites = 0, one = 0;
    uint64_t rise = 0;
    *lost = 0;
    for (uint32_t n = 1; n < NODES; n++)
        if (in(n, p, line)) {
            sites++;
            one = n;
            if (of_node(n, 1) > rise)
                rise = of_node(n, 1);
        }
    if (sites == 1)
        return of_node(one, 0);
    for (uint64_t u = 1; u < used[MT_REGION_STRETCH]; u = behind(u)) {
        const struct mt_stretch *r = &units[u];
        if (r->parent != p || r->kind == MT_STRETCH_NODE)
            continue;
        uint64_t height = is_bound(r) ? 0 : run_of(r, p, line),
                 bound = *(const uint64_t *)(const void *)(r + 1);
        if (height > rise)
            rise = height;
        if ((r->kind == MT_STRETCH_LOST ||
             (r->kind == MT_STRETCH_LARGE && sites > MT_RUNS_SITES)) &&
            bound > *lost)
            *lost = bound;
    }
    return rise;
}

/* ---- */

static void track(void)
{
    struct mt_thread_entry entry = {0};
    struct mt_runs r = {.entry = &entry};
    uint32_t path[NODES], before[NODES], depth_before = 0;
    memset(units, 0, used[MT_REGION_STRETCH] * sizeof *units);
    used[MT_REGION_RUN] = used[MT_REGION_STRETCH] = 1;
    mt_stretches_restart();
    header = (struct mt_header){0};
    for (uint32_t i = 0; i < event_count; i++) {
        uint32_t depth = path_of(events[i].leaf, path), same = 0;
        while (same < depth && same < depth_before && path[same] == before[same])
            same++;
        uint32_t site = same < depth ? path[same] : 0;
        uint32_t turned = same < depth_before && draw(2) ? before[same] : 0;
        if (!same) /* the first event */
            site = turned = 0;
        cr_assert(mt_runs_move(&r, depth, same ? same : 1, site, turned, events[i].leaf));
        entry.level += events[i].change;
        entry.events++;
        mt_runs_level(&r, entry.level);
        follow_peak(entry.level);
        memcpy(before, path, sizeof path);
        depth_before = depth;
    }
    mt_runs_close(&r, 0);
    cr_assert_eq(entry.runs_used, 0);
    mt_stretches_forget(&r.stretches);
}

/* The frame's records take as much as they may, or nearly. */
static bool is_full(uint32_t p)
{
    uint64_t bytes = 0;
    for (uint64_t u = 1; u < used[MT_REGION_STRETCH]; u = behind(u))
        if (units[u].parent == p &&
            (units[u].kind == MT_STRETCH_SET || units[u].kind == MT_STRETCH_HIGH))
            bytes += MT_STRETCH_UNITS(units[u].kind, units[u].count) * MT_STRETCH_UNIT;
    cr_assert_leq(bytes, MT_STRETCHES_BYTES);
    return bytes > MT_STRETCHES_BYTES / 2 - 1000;
}

/* Returns how many lines were known as a bound only. */
static uint32_t one(uint64_t number, int64_t most, int64_t unit)
{
    uint32_t bounds = 0;
    seed = number;
    make_tree(number % 2, 1 + (uint32_t)(number / 2 % 5), 1 + (uint32_t)draw(9));
    make_events(most, unit);
    track();
    find_truth();
    for (uint32_t p = 0; p < NODES; p++)
        for (uint32_t line = 0; line < LINES; line++) {
            uint64_t lost, rise = found(p, line, &lost);
            if (rise == want[p][line])
                continue;
            cr_assert_lt(rise, want[p][line], "program %lu node %u line %u: %lu, too high, not %lu",
                         number, p, line, rise, want[p][line]);
            cr_assert(many[p][line] || is_full(p), "program %lu node %u line %u: %lu not %lu",
                      number, p, line, rise, want[p][line]);
            cr_assert_geq(lost, want[p][line], "program %lu node %u line %u: bound %lu, not %lu",
                          number, p, line, lost, want[p][line]);
            bounds++;
        }
    return bounds;
}

/* Their events bring and take up to `most` times `unit` bytes. */
static uint32_t many_programs(int64_t most, int64_t unit)
{
    uint32_t bounds = 0;
    mt_log.header = &header;
    mt_log.base[MT_REGION_NODE] = (void *)nodes;
    mt_log.base[MT_REGION_RUN] = (void *)runs;
    mt_log.base[MT_REGION_STRETCH] = (void *)units;
    for (uint64_t number = 1; number <= 1000; number++)
        bounds += one(number, most, unit);
    return bounds;
}

Test(runs, as_the_definition)
{
    uint32_t bounds = many_programs(5, 1); /* many that rise as high as each other */
    bounds += many_programs(1000, 1);
    cr_assert_gt(bounds, 5, "too few lines had more sites than are kept: %u", bounds);
}

Test(runs, beyond_four_gigabytes)
{
    many_programs(1000, (int64_t)1 << 23);
}
