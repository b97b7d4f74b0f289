/* SPDX-License-Identifier: MIT */
#include "export/profile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

enum figure figure_of(enum metric metric)
{
    switch (metric) {
    case METRIC_LIVE:
        return FIGURE_LIVE;
    case METRIC_LEAKED:
        return FIGURE_LEAKED;
    case METRIC_ALLOCATED:
        return FIGURE_ALLOCATED;
    case METRIC_ALLOCATIONS:
        return FIGURE_ALLOCATIONS;
    case METRIC_RELEASED:
        return FIGURE_RELEASED;
    default:
        return FIGURE_PEAK;
    }
}

/* ---- texts ---- */

uint32_t profile_text_add(struct profile *profile, const char *text, size_t bytes)
{
    if (!bytes)
        return 0;
    char *clean = base_alloc(3 * bytes + 1, 1);
    size_t used = 0, length;
    for (size_t i = 0; i < bytes; i += length) {
        uint32_t code = 0;
        length = text_decode(text + i, bytes - i, &code);
        if (!length || (code >= 0x80 && code < 0x10000 && text_harmful(code))) {
            memcpy(clean + used, "\xef\xbf\xbd", 3);
            used += 3;
            length += !length;
        } else if (code < 0x20 || code == 0x7f) {
            clean[used++] = ' ';
        } else {
            memcpy(clean + used, text + i, length);
            used += length;
        }
    }
    uint32_t id = strings_add(&profile->texts, clean, used);
    free(clean);
    return id;
}

const char *profile_text(const struct profile *profile, uint32_t text)
{
    const char *found = strings_get(&profile->texts, text);
    return found ? found : "";
}

/* ---- the tree ---- */

void profile_begin(struct profile *profile, unsigned how)
{
    *profile = (struct profile){.how = how,
                                .module_count = 1,
                                .function_count = 1,
                                .line_count = 1,
                                .location_count = 1,
                                .node_count = 1,
                                .held = true};
    profile->modules = base_room(NULL, &profile->module_cap, 1, sizeof *profile->modules);
    profile->functions = base_room(NULL, &profile->function_cap, 1, sizeof *profile->functions);
    profile->lines = base_room(NULL, &profile->line_cap, 1, sizeof *profile->lines);
    profile->locations = base_room(NULL, &profile->location_cap, 1, sizeof *profile->locations);
    profile->nodes = base_room(NULL, &profile->node_cap, 1, sizeof *profile->nodes);
    profile->no_module = profile_text_add(profile, "[no module]", strlen("[no module]"));
    profile->modules[0] = (struct profile_module){0};
    profile->functions[0] = (struct profile_function){0};
    profile->lines[0] = (struct profile_line){0};
    profile->locations[0] = (struct profile_location){0};
    profile->nodes[0] = (struct profile_node){0};
}

void profile_free(struct profile *profile)
{
    for (uint32_t i = 0; i < profile->process_count; i++) {
        free(profile->processes[i].samples);
        free(profile->processes[i].marks);
    }
    strings_free(&profile->texts);
    strings_free(&profile->functions_known);
    strings_free(&profile->locations_known);
    links_free(&profile->children);
    free(profile->modules);
    free(profile->functions);
    free(profile->lines);
    free(profile->locations);
    free(profile->nodes);
    free(profile->processes);
    *profile = (struct profile){0};
}

uint32_t profile_special(struct profile *profile, enum location_kind kind, const char *name,
                         uint32_t number)
{
    char key[48];
    uint32_t text = profile_text_add(profile, name, strlen(name));
    int length = snprintf(key, sizeof key, "%d %" PRIu32 " %" PRIu32, (int)kind, text, number);
    uint32_t id = strings_add(&profile->locations_known, key, (size_t)length);
    if (id < profile->location_count)
        return id;
    profile->functions = base_room(profile->functions, &profile->function_cap,
                                   profile->function_count + (size_t)1, sizeof *profile->functions);
    profile->lines = base_room(profile->lines, &profile->line_cap, profile->line_count + (size_t)1,
                               sizeof *profile->lines);
    profile->locations = base_room(profile->locations, &profile->location_cap,
                                   profile->location_count + (size_t)1, sizeof *profile->locations);
    /* Each function has its number in functions_known, too. */
    length = snprintf(key, sizeof key, "special %" PRIu32, id);
    strings_add(&profile->functions_known, key, (size_t)length);
    profile->functions[profile->function_count] =
        (struct profile_function){.name = text, .known = true};
    profile->lines[profile->line_count] =
        (struct profile_line){.function = profile->function_count++};
    profile->locations[profile->location_count++] = (struct profile_location){
        .kind = kind, .first = profile->line_count++, .count = 1, .number = number};
    return id;
}

static bool is_child(const void *table, uint32_t node, uint32_t parent, uint32_t location)
{
    const struct profile_node *one = &((const struct profile *)table)->nodes[node];
    return one->parent == parent && one->location == location;
}

uint32_t profile_child(struct profile *profile, uint32_t parent, uint32_t location)
{
    uint64_t *slot = links_slot(&profile->children, parent, location, is_child, profile);
    if (*slot)
        return links_entry(slot);
    profile->nodes = base_room(profile->nodes, &profile->node_cap, profile->node_count + (size_t)1,
                               sizeof *profile->nodes);
    profile->nodes[profile->node_count] =
        (struct profile_node){.parent = parent, .location = location};
    links_put(&profile->children, slot, parent, location, profile->node_count);
    return profile->node_count++;
}

bool profile_acts(const struct profile_node *node)
{
    for (unsigned f = 0; f < FIGURES; f++)
        if (node->own[f])
            return true;
    return false;
}

uint64_t profile_frames(const struct profile *profile)
{
    uint32_t *depth = base_alloc(profile->node_count, sizeof *depth);
    uint64_t frames = 0;
    for (uint32_t i = 1; i < profile->node_count; i++) {
        depth[i] = depth[profile->nodes[i].parent] + 1;
        frames += profile_acts(&profile->nodes[i]) ? depth[i] : 0;
    }
    free(depth);
    return frames;
}

void profile_end(struct profile *profile)
{
    unsigned char *kept = base_alloc(profile->node_count, 1);
    uint32_t *now = base_alloc(profile->node_count, sizeof *now), count = 1;
    for (uint32_t i = profile->node_count; i-- > 1;) {
        kept[i] |= profile_acts(&profile->nodes[i]);
        kept[profile->nodes[i].parent] |= kept[i];
    }
    for (uint32_t i = 1; i < profile->node_count; i++) {
        if (!kept[i])
            continue;
        now[i] = count;
        profile->nodes[count] = profile->nodes[i];
        profile->nodes[count].parent = now[profile->nodes[i].parent];
        count++;
    }
    profile->node_count = count;
    links_free(&profile->children);
    free(now);
    free(kept);
}

int64_t *profile_sums(const struct profile *profile, enum figure figure)
{
    int64_t *sums = base_alloc(profile->node_count, sizeof *sums);
    for (uint32_t i = profile->node_count; i-- > 0;) {
        sums[i] = figure_plus(sums[i], profile->nodes[i].own[figure]);
        if (i) {
            int64_t *parent = &sums[profile->nodes[i].parent];
            *parent = figure_plus(*parent, sums[i]);
        }
    }
    return sums;
}
