/* SPDX-License-Identifier: MIT
 *
 * Collapsed stacks: "outer;inner;leaf NUMBER", a line for each stack. There is no escape, so what has a meaning is replaced. The first
 * frame is the process, so that each line has a semicolon, by which readers know the format.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "export/formats.h"
#include "export/words.h"

/* flamegraph.pl takes two numbers at the end for two profiles: a name may not end in one. */
static void part_number(char *text)
{
    size_t length = strlen(text), digits = 0;
    while (digits < length && isdigit((unsigned char)text[length - 1 - digits]))
        digits++;
    if (digits && digits < length && text[length - 1 - digits] == ' ')
        text[length - 1 - digits] = '_';
}

static char *frame_of(const struct profile *profile, const struct profile_location *location)
{
    char *text = words_short(profile, location);
    for (char *at = text; *at; at++)
        if (*at == ';')
            *at = ':';
    if (*text == '#')
        *text = '_'; /* a comment, to some */
    part_number(text);
    return text;
}

bool collapsed_put(FILE *out, const struct profile *profile, const struct export_asked *asked)
{
    enum figure figure = figure_of(asked->metric);
    char **frames = base_alloc(profile->location_count, sizeof *frames);
    uint32_t *stack = NULL;
    size_t cap = 0;
    for (uint32_t i = 1; i < profile->location_count; i++)
        frames[i] = frame_of(profile, &profile->locations[i]);
    for (uint32_t node = 1; node < profile->node_count; node++) {
        int64_t value = profile->nodes[node].own[figure];
        if (value <= 0)
            continue;
        size_t count = words_stack(profile, node, &stack, &cap);
        for (size_t i = 0; i < count; i++)
            fprintf(out, "%s%s", i ? ";" : "", frames[stack[i]]);
        fprintf(out, " %" PRId64 "\n", value);
    }
    for (uint32_t i = 1; i < profile->location_count; i++)
        free(frames[i]);
    free(frames);
    free(stack);
    return true;
}
