/* SPDX-License-Identifier: MIT */
#include "base/meta.h"
#include "base/near.h"
#include "log/log.h"
#include "tables/tree.h"

/* ---- Nodes: (parent, frame) -> node. Open addressing, at most three quarters full. A place holds
 * the node's index and some bits of its hash. So most nodes that are not the wanted one need not be
 * read: each would be a cache miss ---- */

#define INDEX_BITS 29
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

static uint64_t place_hash(uint32_t parent, uint32_t frame)
{
    return ((uint64_t)parent << 32 | frame) * 0x9e3779b97f4a7c15u;
}

static uint32_t *first_place(const struct mt_tree *tree, uint64_t hash)
{
    return &tree->places[hash >> (64 - tree->places_bits)];
}

static uint32_t *next_place(const struct mt_tree *tree, uint32_t *p)
{
    return p + 1 == tree->places + ((size_t)1 << tree->places_bits) ? tree->places : p + 1;
}

/* Bits of the hash that the place's number depends on in the largest tables only. */
static uint32_t mark_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32) << INDEX_BITS;
}

static bool grow_places(struct mt_tree *tree)
{
    uint32_t *old = tree->places;
    size_t old_count = old ? (size_t)1 << tree->places_bits : 0;
    uint32_t bits = old ? tree->places_bits + 1 : 8;
    uint32_t *grown = mt_meta_alloc(sizeof *grown << bits);
    if (!grown)
        return false;
    tree->places = grown;
    tree->places_bits = bits;
    for (size_t i = 0; i < old_count; i++) {
        if (i + 16 < old_count)
            __builtin_prefetch(mt_log_node(old[i + 16] & INDEX_MASK));
        if (!old[i])
            continue;
        const struct mt_node *node = mt_log_node(old[i] & INDEX_MASK);
        uint32_t *p = first_place(tree, place_hash(node->parent, MT_NODE_FRAME(node->frame)));
        while (*p)
            p = next_place(tree, p);
        *p = old[i];
    }
    mt_meta_free(old);
    return true;
}

MT_HOT uint32_t mt_tree_child(struct mt_tree *tree, uint32_t parent, uint32_t frame)
{
    if ((!tree->places || (uint64_t)tree->nodes * 4 >= 3ull << tree->places_bits) &&
        !grow_places(tree))
        return 0;
    uint64_t hash = place_hash(parent, frame);
    uint32_t mark = mark_of(hash), *p = first_place(tree, hash);
    for (; *p; p = next_place(tree, p)) {
        uint32_t index = *p & INDEX_MASK;
        if ((*p ^ index) != mark)
            continue;
        const struct mt_node *node = mt_log_node(index);
        if (node->parent == parent && MT_NODE_FRAME(node->frame) == frame)
            return index;
    }
    uint64_t n = mt_log_reserve(MT_REGION_NODE, sizeof(struct mt_node), 1);
    if (!n || n > INDEX_MASK)
        return 0;
    struct mt_node *node = mt_log_node((uint32_t)n);
    node->parent = parent;
    __atomic_store_n(&node->frame, frame, __ATOMIC_RELEASE);
    *p = (uint32_t)n | mark;
    tree->nodes++;
    return (uint32_t)n;
}

void mt_tree_free(struct mt_tree *tree)
{
    mt_meta_free(tree->places);
    *tree = (struct mt_tree){.places = NULL};
}
