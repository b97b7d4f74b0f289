/* SPDX-License-Identifier: MIT */
#include "push/fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static size_t count_stacks(const struct profile *profile)
{
    size_t count = 0;
    for (uint32_t i = 1; i < profile->node_count; i++)
        count += profile_acts(&profile->nodes[i]);
    return count;
}

/* What a gzip file was before: its last four bytes. */
static uint64_t unpacked_of(const struct push_body *body)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < 4 && body->bytes >= 4; i++)
        bytes |= (uint64_t)(unsigned char)body->data[body->bytes - 4 + i] << 8 * i;
    return bytes;
}

static bool make(const struct profile *profile, const struct push_server *server,
                 const struct export_asked *asked, struct push_body *body)
{
    free(body->data);
    *body = (struct push_body){0};
    FILE *out = open_memstream(&body->data, &body->bytes);
    bool good = out && server->put(out, profile, asked);
    if (out && fclose(out) != 0)
        good = false;
    body->unpacked = good ? unpacked_of(body) : 0;
    return good;
}

static void lower(double *share, uint64_t limit, uint64_t value)
{
    if (!limit || value <= limit)
        return;
    double one = (double)limit / (double)value;
    one = one < 0.5 ? sqrt(one) : one; /* of deep recursion, size is the square of its stacks */
    *share = one < *share ? one : *share;
}

/* Which share of its stacks it may have; 1: it fits, and the body is made. Less than 0 after a message. */
static double share_of(const struct profile *profile, const struct push_server *server,
                       const struct export_asked *asked, struct push_body *body)
{
    double share = 1;
    lower(&share, server->samples, count_stacks(profile));
    /* A frame takes a byte or more: what is far too large is not even made. */
    lower(&share, server->unpacked, profile_frames(profile));
    lower(&share, PROFILE_FRAMES_MOST, profile_frames(profile));
    if (share < 1)
        return share;
    if (!make(profile, server, asked, body))
        return -1;
    lower(&share, server->unpacked, body->unpacked);
    lower(&share, server->packed, body->bytes);
    return share < 1 ? share * 0.95 : 1;
}

static void measure(const struct profile *profile, size_t before, struct fitted *fitted)
{
    *fitted = (struct fitted){.stacks = count_stacks(profile)};
    size_t frames = 0;
    for (uint32_t i = 1; i < profile->node_count; i++) {
        if (profile_at(profile, i)->kind != LOCATION_BELOW)
            continue;
        frames++;
        fitted->peak = figure_plus(fitted->peak, profile->nodes[i].own[FIGURE_PEAK]);
        fitted->allocated = figure_plus(fitted->allocated, profile->nodes[i].own[FIGURE_ALLOCATED]);
    }
    fitted->folded = frames ? before - (fitted->stacks - frames) : 0;
}

bool fit(struct profile *profile, const struct push_server *server, const struct pruning *pruning,
         const struct export_asked *asked, struct push_body *body, struct fitted *fitted)
{
    size_t before = count_stacks(profile);
    struct pruning more = *pruning;
    prune(profile, pruning);
    more.least = 0;
    *body = (struct push_body){0};
    for (;;) {
        double share = share_of(profile, server, asked, body);
        if (share < 0)
            return false;
        if (share == 1) {
            measure(profile, before, fitted);
            return true;
        }
        size_t count = count_stacks(profile);
        more.top = (size_t)(share * (double)count);
        if (more.in_one && count >= 2 && more.top > count - 2)
            more.top = count - 2; /* one is what they are folded into */
        if (count <= 1) {
            base_say("push: %s takes %s, and this is more even as one stack", server->title,
                     server->limits);
            return false;
        }
        prune(profile, &more);
        /* Folding at each branch may leave as many stacks as before. */
        more.in_one |= count_stacks(profile) > count - count / 10;
    }
}
