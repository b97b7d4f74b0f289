/* SPDX-License-Identifier: MIT */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "base.h"

/* ---- the tree of keys ---- */

static uint32_t tree_child(struct fold_tree *tree, struct map *index, uint32_t parent, uint32_t key)
{
    uint32_t *found = map_at(index, (uint64_t)parent << 32 | key);
    if (*found)
        return *found;
    tree->parent =
        base_room(tree->parent, &tree->cap_parent, tree->count + (size_t)1, sizeof *tree->parent);
    tree->key = base_room(tree->key, &tree->cap_key, tree->count + (size_t)1, sizeof *tree->key);
    tree->parent[tree->count] = parent;
    tree->key[tree->count] = key;
    *found = tree->count;
    return tree->count++;
}

void fold_tree_make(struct fold_tree *tree, const struct model *model, const struct frames *frames,
                    const uint32_t *key_of_place, bool threads)
{
    const struct log *log = model->log;
    struct map index = {0};
    *tree = (struct fold_tree){0};
    tree->of_node = base_alloc(log->node_count + (size_t)1, sizeof *tree->of_node);
    tree_child(tree, &index, 0, UINT32_MAX); /* the root: entry 0, which no look-up ever asks for */
    for (uint32_t i = 1; i < log->node_count; i++) {
        const struct model_node *node = &model->nodes[i];
        uint32_t at = tree->of_node[node->parent];
        if (threads && !node->parent)
            at = tree_child(tree, &index, 0, FOLD_THREAD + node->thread);
        const uint32_t *places;
        uint32_t count = frames_places(frames, node->frame, &places);
        for (uint32_t k = 0; k < count; k++)
            at = tree_child(tree, &index, at, key_of_place[places[k]]);
        tree->of_node[i] = at;
    }
    map_free(&index);
}

void fold_tree_free(struct fold_tree *tree)
{
    free(tree->parent);
    free(tree->key);
    free(tree->of_node);
    *tree = (struct fold_tree){0};
}

/* Children of entries as lists: first[parent], next[child]; 0 ends. In ascending order. */
struct lists {
    uint32_t *first, *next;
};

static void lists_add(struct lists *lists, uint32_t parent, uint32_t child)
{
    lists->next[child] = lists->first[parent];
    lists->first[parent] = child;
}

static void lists_free(struct lists *lists)
{
    free(lists->first);
    free(lists->next);
}

/* ---- sums ---- */

/* Mem usage: the latest event's level. Within a thread the place in time decides; between threads
 * only its high half (the tick) can be compared, then the higher level wins. Entries come thread by
 * thread, so each thread's latest is found first and is compared with the other threads' when the
 * thread is done. */
struct latest {
    uint32_t thread;
    bool happened;
    uint64_t last, level;
};

static void latest_settle(struct latest *latest, struct sums *sums)
{
    if (!latest->happened)
        return;
    uint32_t tick = (uint32_t)(latest->last >> 32), known = (uint32_t)(sums->last >> 32);
    if (!sums->happened || tick > known || (tick == known && latest->level > sums->level)) {
        sums->last = latest->last;
        sums->level = latest->level;
        sums->happened = true;
    }
    latest->happened = false;
}

static void key_take(struct fold_key *key, struct latest *latest, const struct sums *subtree,
                     uint32_t thread)
{
    struct sums sums = *subtree;
    if (latest->thread != thread)
        latest_settle(latest, &key->sums);
    latest->thread = thread;
    if (sums.happened && (!latest->happened || sums.last > latest->last)) {
        latest->last = sums.last;
        latest->level = sums.level;
        latest->happened = true;
    }
    sums.happened = false;
    sums_add(&key->sums, &sums);
    key->seen = true;
}

/* Sums of each entry's subtree. */
static struct sums *subtree_sums(const struct fold_tree *tree, const struct model *model)
{
    struct sums *sums = base_alloc(tree->count, sizeof *sums);
    for (size_t i = 0; i < model->entry_count; i++) {
        const struct model_entry *entry = &model->entries[i];
        struct sums *own = &sums[tree->of_node[entry->node]];
        struct sums unclassed = {.resident = entry->sums.resident,
                                 .readings = entry->sums.readings,
                                 .discarded = entry->sums.discarded,
                                 .discards = entry->sums.discards};
        sums_add(own, model_counts(model, entry->class) ? &entry->sums : &unclassed);
    }
    for (uint32_t e = tree->count; e-- > 1;)
        sums_add(&sums[tree->parent[e]], &sums[e]);
    return sums;
}

/* Depth first over the tree without recursion: a stack may be 16,384 deep. */
struct walk {
    const struct fold_tree *tree;
    struct lists children;
    uint32_t *on_path;        /* times that each key stands on the path to the present entry */
    unsigned char *outermost; /* by entry: it is the outermost of its key on its path */
    uint32_t thread;
};

static void walk_enter(struct walk *walk, uint32_t entry)
{
    uint32_t key = walk->tree->key[entry];
    if (key >= FOLD_THREAD)
        walk->thread = key - FOLD_THREAD;
    else
        walk->outermost[entry] = walk->on_path[key]++ == 0;
}

static void walk_leave(struct walk *walk, uint32_t entry)
{
    if (walk->tree->key[entry] < FOLD_THREAD)
        walk->on_path[walk->tree->key[entry]]--;
}

static void walk_all(struct walk *walk, const struct sums *subtree, struct fold_key *keys,
                     struct latest *latest)
{
    const struct fold_tree *tree = walk->tree;
    uint32_t at = walk->children.first[0];
    while (at) {
        walk_enter(walk, at);
        if (walk->outermost[at])
            key_take(&keys[tree->key[at]], &latest[tree->key[at]], &subtree[at], walk->thread);
        uint32_t next = walk->children.first[at];
        while (!next && at) {
            walk_leave(walk, at);
            next = walk->children.next[at];
            if (!next)
                at = tree->parent[at];
        }
        at = next;
    }
}

/* ---- rises ---- */

/* A run that counts for a key's entry under one parent node. */
struct item {
    uint32_t entry;
    struct model_run run;
};

static int item_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->entry != y->entry)
        return x->entry < y->entry ? -1 : 1;
    return x->run.begin < y->run.begin ? -1 : x->run.begin > y->run.begin;
}

/* The item of items[0..count) that begins at `begin`; count if there is none. Sorted by begin. */
static size_t item_at(const struct item *items, size_t count, uint32_t begin)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].run.begin < begin)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && items[low].run.begin == begin ? low : count;
}

static int64_t plus(int64_t a, int64_t b)
{
    int64_t result;
    if (__builtin_add_overflow(a, b, &result))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return result;
}

/* The highest rise of siblings that stand for one entry: adjacent runs are one run. next[i] is the
 * item that continues item i; each continues at most one, so that the chains are disjoint and this
 * is linear but for the look-ups, whatever the file says. Runs that lead round in a cycle (only in
 * a damaged log) count singly. */
static uint64_t items_rise(const struct item *items, size_t count, uint32_t *next,
                           unsigned char *continues)
{
    uint64_t best = 0;
    memset(continues, 0, count);
    for (size_t i = 0; i < count; i++) {
        size_t found = item_at(items, count, items[i].run.begin + items[i].run.len);
        next[i] = UINT32_MAX;
        if (found < count && !continues[found]) {
            next[i] = (uint32_t)found;
            continues[found] = 1;
        }
        if (items[i].run.rise > 0 && (uint64_t)items[i].run.rise > best)
            best = (uint64_t)items[i].run.rise;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t before = 0;
        for (size_t at = i; !continues[i] && at != UINT32_MAX; at = next[at]) {
            int64_t rise = plus(before, items[at].run.rise);
            if (rise > 0 && (uint64_t)rise > best)
                best = (uint64_t)rise;
            before = plus(before, items[at].run.net);
        }
    }
    return best;
}

struct rises {
    const struct fold_tree *tree;
    const struct model *model;
    const struct frames *frames;
    const unsigned char *outermost;
    struct item *items;
    uint32_t *next;
    unsigned char *continues;
    size_t count, cap, next_cap, continues_cap;
};

static void rises_collect(struct rises *rises, uint32_t node)
{
    const struct model_node *n = &rises->model->nodes[node];
    if (!n->run.len)
        return;
    const uint32_t *places;
    uint32_t count = frames_places(rises->frames, n->frame, &places);
    uint32_t entry = rises->tree->of_node[node];
    for (uint32_t k = 0; k < count; k++, entry = rises->tree->parent[entry]) {
        if (!rises->outermost[entry])
            continue;
        rises->items = base_room(rises->items, &rises->cap, rises->count + 1, sizeof *rises->items);
        rises->items[rises->count++] = (struct item){entry, n->run};
    }
}

/* The children of one node, as lines. */
static void rises_settle(struct rises *rises, struct fold_key *keys)
{
    if (rises->count > 1)
        qsort(rises->items, rises->count, sizeof *rises->items, item_order);
    rises->next = base_room(rises->next, &rises->next_cap, rises->count + 1, sizeof *rises->next);
    rises->continues = base_room(rises->continues, &rises->continues_cap, rises->count + 1, 1);
    for (size_t i = 0, end; i < rises->count; i = end) {
        for (end = i + 1; end < rises->count && rises->items[end].entry == rises->items[i].entry;)
            end++;
        struct fold_key *key = &keys[rises->tree->key[rises->items[i].entry]];
        uint64_t rise = items_rise(rises->items + i, end - i, rises->next, rises->continues);
        if (rise > key->rise)
            key->rise = rise;
    }
    rises->count = 0;
}

static void fold_rises(struct rises *rises, struct fold_key *keys)
{
    const struct model *model = rises->model;
    uint32_t count = model->log->node_count;
    struct lists children = {base_alloc(count + (size_t)1, sizeof(uint32_t)),
                             base_alloc(count + (size_t)1, sizeof(uint32_t))};
    for (uint32_t i = count; i-- > 1;)
        lists_add(&children, model->nodes[i].parent, i);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t child = children.first[i]; child; child = children.next[child])
            rises_collect(rises, child);
        rises_settle(rises, keys);
    }
    lists_free(&children);
    free(rises->items);
    free(rises->next);
    free(rises->continues);
}

struct fold_key *fold_keys(const struct fold_tree *tree, const struct model *model,
                           const struct frames *frames, uint32_t key_count)
{
    struct fold_key *keys = base_alloc(key_count, sizeof *keys);
    struct latest *latest = base_alloc(key_count, sizeof *latest);
    struct sums *subtree = subtree_sums(tree, model);
    struct walk walk = {.tree = tree,
                        .children = {base_alloc(tree->count, sizeof(uint32_t)),
                                     base_alloc(tree->count, sizeof(uint32_t))},
                        .on_path = base_alloc(key_count, sizeof *walk.on_path),
                        .outermost = base_alloc(tree->count, 1)};
    for (uint32_t e = tree->count; e-- > 1;)
        lists_add(&walk.children, tree->parent[e], e);
    walk_all(&walk, subtree, keys, latest);
    for (uint32_t k = 0; k < key_count; k++)
        latest_settle(&latest[k], &keys[k].sums);
    struct rises rises = {
        .tree = tree, .model = model, .frames = frames, .outermost = walk.outermost};
    if (!model->periods.classes)
        fold_rises(&rises, keys);
    for (uint32_t k = 0; k < key_count; k++)
        keys[k].riseless = model->periods.classes != 0;
    lists_free(&walk.children);
    free(walk.on_path);
    free(walk.outermost);
    free(latest);
    free(subtree);
    return keys;
}
