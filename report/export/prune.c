/* SPDX-License-Identifier: MIT */
#include "export/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* By node, from 0 to 1. */
struct shares {
    double *own, *with_below;
    int64_t whole; /* of the figure that frames are named by */
};

static void share_raise(double *share, int64_t part, int64_t whole)
{
    if (part <= 0 || whole <= 0)
        return;
    double one = (double)part / (double)whole;
    if (one > *share)
        *share = one;
}

static struct shares shares_make(const struct profile *profile, const struct pruning *pruning)
{
    struct shares shares = {base_alloc(profile->node_count, sizeof(double)),
                            base_alloc(profile->node_count, sizeof(double)), 0};
    for (unsigned f = 0; f < FIGURES; f++) {
        if (!(pruning->figures >> f & 1u) && f != (unsigned)pruning->named)
            continue;
        int64_t *sums = profile_sums(profile, (enum figure)f);
        if (f == (unsigned)pruning->named)
            shares.whole = sums[0];
        for (uint32_t i = 0; i < profile->node_count && (pruning->figures >> f & 1u); i++) {
            share_raise(&shares.own[i], profile->nodes[i].own[f], sums[0]);
            share_raise(&shares.with_below[i], sums[i], sums[0]);
        }
        free(sums);
    }
    return shares;
}

static int share_order(const void *a, const void *b, void *context)
{
    const double *own = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (own[x] != own[y])
        return own[x] > own[y] ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* Marks the stacks that stay; the share that is more than that of any other. */
static double choose(const struct profile *profile, const struct pruning *pruning,
                     const struct shares *shares, unsigned char *stays)
{
    uint32_t *stacks = base_alloc(profile->node_count, sizeof *stacks);
    size_t count = 0, kept;
    double least = pruning->least / 100, limit = least;
    for (uint32_t i = 1; i < profile->node_count; i++)
        if (profile_acts(&profile->nodes[i]))
            stacks[count++] = i;
    if (count > pruning->top)
        qsort_r(stacks, count, sizeof *stacks, share_order, shares->own);
    kept = count < pruning->top ? count : pruning->top;
    for (size_t i = 0; i < kept; i++)
        if (shares->with_below[stacks[i]] >= least)
            stays[stacks[i]] = 1;
    if (kept < count && shares->own[stacks[kept]] >= least)
        limit = shares->own[stacks[kept]];
    free(stacks);
    return limit;
}

/* The frame, named by the bytes that each stack in it is below. */
static uint32_t below(struct profile *profile, const struct shares *shares, double limit,
                      double least)
{
    char name[64];
    double bytes = limit * (double)(shares->whole > 0 ? shares->whole : 0);
    uint64_t under = limit > least ? (uint64_t)(bytes + 0.5) + 1 : (uint64_t)bytes;
    under += (double)under < bytes;
    snprintf(name, sizeof name, "(below %" PRIu64 " bytes)", under);
    return profile_special(profile, LOCATION_BELOW, name, 0);
}

void prune(struct profile *profile, const struct pruning *pruning)
{
    if (pruning->least <= 0 && pruning->top == SIZE_MAX)
        return;
    uint32_t before = profile->node_count;
    unsigned char *stays = base_alloc(before, 1);
    unsigned char *branch = base_alloc(before, 1);
    uint32_t *near = base_alloc(before, sizeof *near); /* the innermost branch that is left */
    struct shares shares = shares_make(profile, pruning);
    double limit = choose(profile, pruning, &shares, stays);
    uint32_t location = below(profile, &shares, limit, pruning->least / 100);
    for (uint32_t i = before; i-- > 1;) {
        branch[i] |= stays[i] || profile_at(profile, i)->kind == LOCATION_PROCESS;
        branch[profile->nodes[i].parent] |= branch[i];
    }
    for (uint32_t i = 1; i < before; i++) {
        bool stands =
            pruning->in_one ? profile_at(profile, i)->kind == LOCATION_PROCESS : branch[i];
        near[i] = stands ? i : near[profile->nodes[i].parent];
        if (stays[i] || !profile_acts(&profile->nodes[i]))
            continue;
        uint32_t to = profile_child(profile, near[i], location);
        for (unsigned f = 0; f < FIGURES; f++) {
            profile->nodes[to].own[f] =
                figure_plus(profile->nodes[to].own[f], profile->nodes[i].own[f]);
            profile->nodes[i].own[f] = 0;
        }
    }
    profile_end(profile);
    free(shares.own);
    free(shares.with_below);
    free(near);
    free(branch);
    free(stays);
}
