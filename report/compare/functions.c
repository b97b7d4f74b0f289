/* SPDX-License-Identifier: MIT
 *
 * Which functions are the same: those of one name; then those whose first line became the other's; then those that look alike.
 */
#include <string.h>

#include "compare/twins.h"

/* Where it is: its file, or else its module, by the number in both sides. False: no such one is in the other side. */
static bool where(const struct twins *twins, unsigned s, const struct group *group,
                  uint64_t *number)
{
    const struct pairs *pairs = group->file ? &twins->files : &twins->modules;
    uint32_t thing = group->file ? group->file : group->module;
    if (thing >= pairs->count[s] || !pairs->with[s][thing])
        return false;
    *number = (uint64_t)pairs_id(pairs, s, thing) << 1 | (group->file != 0);
    return true;
}

/* Its first line, in the new text. */
static uint32_t first_of(const struct twins *twins, unsigned s, const struct group *group)
{
    bool edited;
    if (!group->file || !group->first || !twins_text(twins, s, group->file))
        return 0;
    return s == SIDE_NEW ? group->first : twins_line(twins, group->file, group->first, &edited);
}

static bool by_name_and_line(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    key[1] = group->name;
    key[2] = first_of(twins, s, group);
    return group->name && key[2] && where(twins, s, group, &key[0]);
}

static bool by_name(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    key[1] = group->name;
    return where(twins, s, group, &key[0]);
}

static bool by_line(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    key[1] = first_of(twins, s, group);
    return key[1] && where(twins, s, group, &key[0]);
}

/* Where a text is not known: as long, and with lines in the same places. */
static bool by_shape(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    key[1] = group->last > group->first ? group->last - group->first : 0;
    key[2] = group->lines;
    key[3] = group->shape;
    return group->file && group->first && group->lines && !twins_text(twins, s, group->file) &&
           where(twins, s, group, &key[0]);
}

/* All its lines say the same. */
static bool by_words(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    key[1] = group->words;
    key[2] = group->lines;
    return group->words && where(twins, s, group, &key[0]);
}

/* Of all files. */
static bool by_name_alone(const void *context, unsigned s, uint32_t g, uint64_t key[PAIRS_KEY])
{
    const struct twins *twins = context;
    const struct group *group = &twins->group[s][g];
    const char *name = strings_get(&twins->strings, group->name);
    key[0] = group->name;
    return name && group->file && !strchr("<(", name[0]);
}

static void find_shapes(struct twins *twins)
{
    for (unsigned s = 0; s < SIDES; s++)
        for (uint32_t l = 0; l < twins->lines.count[s]; l++) {
            const struct line *line = &twins->line[s][l];
            struct group *group = &twins->group[s][line->group];
            uint32_t offset = line->line == PLACE_RETURNS ? line->line : line->line - group->first;
            uint32_t says = twins_says(twins, s, l);
            group->shape += map_hash(&offset, sizeof offset); /* in any order */
            group->words += says ? map_hash(&says, sizeof says) : 0;
        }
}

void twins_functions(struct twins *twins)
{
    struct pairs *groups = &twins->groups;
    find_shapes(twins);
    pairs_pass(groups, by_name_and_line, twins, false, MATCHED_NAME);
    pairs_pass(groups, by_name, twins, false, MATCHED_NAME);
    pairs_pass(groups, by_line, twins, true, MATCHED_TEXT);
    pairs_pass(groups, by_words, twins, true, MATCHED_TEXT);
    pairs_pass(groups, by_shape, twins, true, MATCHED_FUNCTION);
    pairs_pass(groups, by_name_alone, twins, true, MATCHED_TEXT);
}
